"""Bucket: how are objects of Amazon S3, Google Cloud Storage and Azure read and written? ``s3:// gs:// az://``.

Keys are URLs. A PUT is whole or not at all; over nothing, or over an unchanged object only, by the conditions
``If-None-Match`` and ``If-Match``. Where an answer gets lost, the second attempt finds the object of the first one:
each carries a word of its own in its metadata, which tells it from another writer's of equal bytes. There are no
folders, no links, and no times or modes that could be given.

On a condition an object is sent in one request, and never in parts: S3 would heed If-None-Match where the parts are
joined, but obstore passes no condition there (`put` with a `mode` is one request, and its conditional copy joins one
part of 5 GB at most). So what is larger than the store takes at once, 5 GB in S3, fails by itself: "the store takes no
object of that size in one request (EntityTooLarge); S3 takes 5 GB". Only what may replace anything is sent in parts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from imgbatch.core.errors import DISK_ERRNOS, ImageError, Kind, kind_of_errno, one_line
from imgbatch.storage.atomic_write import content_hash
from imgbatch.storage.base import FolderEntry, Properties, Storage
from imgbatch.storage.below import Identity, Root
from imgbatch.storage.remote import listing
from imgbatch.storage.remote.address import Address, absolute, parse, refuse_long_name
from imgbatch.storage.remote.client import attempt, client, library, refuse_missing
from imgbatch.storage.remote.download import Download
from imgbatch.storage.remote.object_status import FOLDER_STATUS, etag_number, object_status
from imgbatch.storage.remote.prefix import Prefix

_LARGE = 64 << 20  # from here on what replaces an object is sent in parts
_PART = 16 << 20
_MARK = "imgbatch"  # the metadata that say which request wrote an object
_CONTENT_TYPES = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif",
    "gif": "image/gif", "tif": "image/tiff", "tiff": "image/tiff", "bmp": "image/bmp", "jxl": "image/jxl",
    "heic": "image/heic", "heif": "image/heif", "txt": "text/plain; charset=utf-8",
}  # fmt: skip


class Bucket(Storage):
    """The buckets of one kind of object store; keys are URLs."""

    properties = Properties(
        atomic_replace=True, exclusive_create=True, fingerprint=True, conditional_replace=True, listing=True,
        whole_after_power_cut=True,
    )  # fmt: skip

    def refuse_missing_package(self) -> None:
        """obstore, of the extra ``imgbatch[cloud]``."""
        refuse_missing()

    def absolute(self, key: str) -> str:
        """Without empty parts."""
        return absolute(key)

    def root(self, folder: str, identity: Identity | None = None) -> Root:
        """A prefix: there is no folder that could be swapped."""
        return Prefix(folder)

    def list(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """The objects and folders with that prefix, page by page."""
        address = parse(folder)
        entries = listing.children(address)
        first = next(entries, None)
        if first is None and address.key:
            if self._is_object(address):
                raise NotADirectoryError(errno.ENOTDIR, "it is an object, and not a folder of them", folder)
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", folder)
        return contextlib.nullcontext(_chain(first, entries))

    def walk(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """All objects below, however deep, in the order of their keys: one request for a thousand."""
        return contextlib.nullcontext(listing.entries_below(parse(folder)))

    def stat(self, key: str, *, follow_links: bool = True) -> os.stat_result:
        """HEAD, and for what is no object, whether others are below it."""
        address, refusal = _address(key), None
        if address.key:
            try:
                return _status(attempt(lambda: library().head(client(address), address.key), address))
            except FileNotFoundError:
                pass
            except PermissionError as error:  # that does not say why: a listing does, or is allowed where a HEAD is not
                refusal = error
        if listing.is_folder(address):
            return FOLDER_STATUS
        if refusal is not None:
            raise refusal
        what = "there is no object or folder of that name (a folder that may be empty ends in /)"
        raise FileNotFoundError(errno.ENOENT, what, key)

    def read(self, key: str) -> bytes:
        """One GET; after a broken connection the rest of the very same version, or all of a newer one."""
        try:
            address = parse(key)
            data = Download(address).run()
        except FileNotFoundError as error:
            if self.is_folder(key):
                raise ImageError("unsupported", "not a file but a folder") from error
            raise ImageError("io", str(error.strerror)) from error
        except FileExistsError as error:
            raise ImageError("changed", "it was changed while it was read; the next run takes it") from error
        except MemoryError as error:
            raise ImageError("memory", "not enough memory for this picture") from error
        except OSError as error:
            kind: Kind = "disk" if error.errno in DISK_ERRNOS else kind_of_errno(error.errno)
            raise ImageError(kind, one_line(str(error.strerror))) from error
        if not data:
            raise ImageError("truncated", "the file is empty (0 bytes)")
        return data

    def read_prefix(self, key: str, size: int) -> bytes:
        """A GET of the first bytes."""
        address = parse(key)
        store = client(address)

        def get() -> bytes:
            return bytes(library().get(store, address.key, options={"range": (0, size)}).bytes())

        try:
            return attempt(get, address)
        except FileNotFoundError:
            if self.is_folder(key):
                raise IsADirectoryError(errno.EISDIR, "it is a folder", key) from None
            raise
        except OSError:
            if self.stat(key).st_size == 0:  # of nothing there is no range
                return b""
            raise

    def write_whole(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """One PUT, or many parts that become the object at once."""
        address = _target(key, like)
        parts = len(data) > _LARGE
        store, attributes = client(address), _attributes(address, "")

        def put() -> Any:
            return library().put(store, address.key, data, attributes=attributes, use_multipart=parts, chunk_size=_PART)

        return object_status(len(data), attempt(put, address, writing=True)["e_tag"])

    def create_exclusively(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """One PUT with ``If-None-Match: *``."""
        return _put_on_condition(_target(key, like), data, "create")

    def replace_version(self, key: str, data: bytes, version: int, *, like: str | None = None) -> os.stat_result:
        """One PUT with ``If-Match`` and the ETag that a HEAD has told."""
        address = _target(key, like)
        meta = attempt(lambda: library().head(client(address), address.key), address)
        if etag_number(meta["e_tag"]) != version:
            raise FileExistsError(errno.EEXIST, "somebody else changed it meanwhile", key)
        condition = {name: meta[name] for name in ("e_tag", "version") if meta[name] is not None}
        return _put_on_condition(address, data, condition)

    def version(self, status: os.stat_result) -> int:
        """The number of the ETag."""
        return status.st_ino

    def mark(self, key: str) -> str:
        """Of its metadata."""
        return str(_head(parse(key)).attributes.get(_MARK, ""))

    def rename(self, key: str, new: str, *, replace: bool = False) -> None:
        """A copy, then the original is removed: two steps."""
        data = Download(parse(key)).run()
        (self.write_whole if replace else self.create_exclusively)(new, data)
        self.remove(key)

    def remove(self, key: str) -> None:
        """DELETE, which no store answers with whether there was something."""
        address = parse(key)
        if not self._is_object(address):
            if self.is_folder(key):
                raise IsADirectoryError(errno.EISDIR, "it is a folder", key)
            raise FileNotFoundError(errno.ENOENT, "there is no object or folder of that name", key)
        attempt(lambda: library().delete(client(address), address.key), address, writing=True)

    def fingerprint(self, key: str) -> str:
        """The content's hash; it is read for that: an ETag is none."""
        try:
            return content_hash(Download(_address(key)).run())
        except OSError:
            return ""

    def preserve(self, key: str, like: str) -> None:
        """OSError (ENOTSUP)."""
        raise _no_times(key)

    def is_link(self, key: str) -> bool:
        """Never, and nobody needs to be asked."""
        return False

    def _is_object(self, address: Address) -> bool:
        try:
            attempt(lambda: library().head(client(address), address.key), address)
        except FileNotFoundError:
            return False
        return True


def _chain(first: FolderEntry | None, rest: Iterator[FolderEntry]) -> Iterator[FolderEntry]:
    if first is not None:
        yield first
        yield from rest


def _address(key: str) -> Address:
    """The address; FileNotFoundError for what no object can be called."""
    try:
        return parse(key)
    except OSError as error:
        raise FileNotFoundError(errno.ENOENT, error.strerror, key) from None


def _target(key: str, like: str | None) -> Address:
    if like is not None:
        raise _no_times(key)
    address = parse(key)
    refuse_long_name(address)
    return address


def _no_times(key: str) -> OSError:
    return OSError(errno.ENOTSUP, "an object store keeps no times and no modes of files", key)


def _status(meta: Any) -> os.stat_result:
    return object_status(meta["size"], meta["e_tag"], meta["last_modified"])


def _attributes(address: Address, mark: str) -> dict[str, str]:
    content_type = _CONTENT_TYPES.get(address.key.rpartition(".")[2].lower())
    attributes = {} if content_type is None else {"Content-Type": content_type}
    return {**attributes, _MARK: mark} if mark else attributes


def _put_on_condition(address: Address, data: bytes, mode: str | dict[str, str]) -> os.stat_result:
    """Write an object if what is there is as `mode` says; FileExistsError where it is not."""
    mark = uuid.uuid4().hex
    store, attributes = client(address), _attributes(address, mark)

    def put() -> Any:
        return library().put(store, address.key, data, attributes=attributes, mode=mode, use_multipart=False)

    try:
        return object_status(len(data), attempt(put, address, writing=True)["e_tag"])
    except FileExistsError:
        meta = _own(address, mark)  # a former attempt, whose answer was lost
        if meta is None:
            raise
        return _status(meta)


def _head(address: Address) -> Any:
    """The answer to a HEAD with metadata."""
    return attempt(lambda: library().get(client(address), address.key, options={"head": True}), address)


def _own(address: Address, mark: str) -> Any:
    """What a HEAD says of an object that bears that mark; None where it does not, or is gone."""
    try:
        result = _head(address)
    except FileNotFoundError:
        return None
    return result.meta if result.attributes.get(_MARK) == mark else None
