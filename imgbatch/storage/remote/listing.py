"""Listing: what lies in a bucket, page by page?

Stores list keys in their order, a thousand with each request, with everything below a folder in between. A folder's own
entries are picked from that; one with much below it is left after two pages, and the listing begins again behind it.
Nothing but a page is held, so that a listing of ten thousand pages takes no more memory than one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imgbatch.storage.remote.address import Address
from imgbatch.storage.remote.client import attempt, client, library
from imgbatch.storage.remote.object_status import FOLDER_STATUS, ObjectEntry, object_status

PAGE = 1000
_LAST = "\U0010ffff"  # sorts behind every name
_DETOUR = 2 * PAGE  # keys of a folder below that are passed over before the listing begins again behind it


def objects_below(address: Address, offset: str = "") -> Iterator[Any]:
    """All objects below a folder, in the order of their keys; OSError, also in the middle.

    Parameters
    ----------
    address : Address
        Of the folder.
    offset : str, optional
        A key; only what comes behind it is listed.
    """
    obstore, store = library(), client(address)
    stream: Iterator[Any] | None = None

    def next_page() -> Any:
        nonlocal stream
        if stream is None:  # at first, and after an error, which ends one
            stream = obstore.list(store, address.key or None, offset=offset or None, chunk_size=PAGE)
        try:
            return next(stream, None)
        except BaseException:
            stream = None
            raise

    while (page := attempt(next_page, address)) is not None:
        yield from page
        if page:
            offset = page[-1]["path"]


def entries_below(address: Address) -> Iterator[ObjectEntry]:
    """All objects below a folder, however deep, as entries of a listing."""
    home = address.home + "/"
    for one in objects_below(address):
        yield ObjectEntry(home + one["path"], object_status(one["size"], one["e_tag"], one["last_modified"]))


def children(address: Address) -> Iterator[ObjectEntry]:
    """The objects and folders of a folder."""
    home, prefix = address.home + "/", f"{address.key}/" if address.key else ""
    offset, folder, count, is_finished = "", "", 0, False
    folders: set[str] = set()
    while not is_finished:
        is_finished = True
        for one in objects_below(address, offset):
            name, slash, _ = one["path"][len(prefix) :].partition("/")
            if not slash:
                yield ObjectEntry(home + one["path"], object_status(one["size"], one["e_tag"], one["last_modified"]))
                continue
            count = count + 1 if name == folder else 1
            folder = name
            if name not in folders:
                folders.add(name)
                yield ObjectEntry(home + prefix + name, FOLDER_STATUS)
            if count > _DETOUR:
                offset, is_finished = f"{prefix}{name}/{_LAST}", False
                break


def is_folder(address: Address) -> bool:
    """Whether there are objects below a key; of a whole bucket, whether it is there."""
    first = next(objects_below(address), None)
    return first is not None or not address.key
