"""Storage registry: which store holds a path? A new store is its file and its line in `STORES`."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from typing import TypeVar

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.storage.base import Storage
from imgbatch.storage.below import Root

Result = TypeVar("Result")
_REQUESTS = 16
#: What the names of variables begin with that stores find their credentials in.
CREDENTIALS = ("AWS_", "GOOGLE_", "AZURE_")
#: Scheme (what stands before ``://``; none for paths): module and class.
STORES = {
    "": "local.Local",
    "s3": "remote.bucket.Bucket", "gs": "remote.bucket.Bucket", "az": "remote.bucket.Bucket",
    "http": "remote.web.Web", "https": "remote.web.Web",
}  # fmt: skip


@functools.cache
def store(scheme: str) -> Storage:
    """The store of a scheme in `STORES`; its module is loaded when it is first asked for."""
    module, name = STORES[scheme].rsplit(".", 1)
    kind: type[Storage] = getattr(importlib.import_module(f"imgbatch.storage.{module}"), name)
    return kind()


def scheme_of(path: str) -> str:
    """What stands before the ``://`` of a path, be it in the table or not; "" for a path on the disk."""
    if "://" not in path:
        return ""
    scheme, _, _ = path.partition("://")
    is_word = len(scheme) > 1 and scheme[0].isalpha() and scheme.replace("+", "").replace("-", "").isalnum()
    return scheme if scheme.isascii() and is_word else ""


def storage_of(path: str) -> Storage:
    """The store that holds `path`; the local disk for every path whose scheme is in no table."""
    return store(scheme) if (scheme := scheme_of(path)) and scheme in STORES else _LOCAL


def refuse_unknown_stores(*paths: str) -> None:
    """UsageError for a path in a store that is in no table (nobody means a folder ``s3:``), or that lacks a package."""
    for path in paths:
        if scheme_of(path) not in STORES:
            known = ", ".join(f"{scheme}://" if scheme else "the local disk" for scheme in STORES)
            raise UsageError(
                f"expected a path in a known store ({known}), got {path!r}; for a folder of that name type ./ before it"
            )
        if is_remote(path):
            storage_of(path).refuse_missing_package()


def is_remote(path: str) -> bool:
    """Whether a path is not on this machine's disks."""
    return "://" in path and scheme_of(path) in STORES and scheme_of(path) != ""


def absolute(path: str) -> str:
    """A path in the one spelling that is compared; UsageError for a URL that means no object."""
    return storage_of(path).absolute(path)


def root_of_store(folder: str) -> Root:
    """The root of what is written below a folder (absolute)."""
    return storage_of(folder).root(folder)


def without_secrets(path: str) -> str:
    """A path as it may be shown: a web address without what may be a signature."""
    if not path.startswith(("http://", "https://")):
        return path
    from imgbatch.storage.remote import address  # few paths are

    return address.without_secrets(path)


def ask_together(call: Callable[[str], Result], paths: Iterable[str]) -> list[Result]:
    """What a call says of each path, with several requests to stores on their way at a time."""
    from concurrent.futures import ThreadPoolExecutor  # few paths are remote

    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(pool.map(call, paths))


def refuse_remote(name: str, path: str, instead: str = "a path on a disk of this machine") -> None:
    """UsageError for a URL where a file or folder of this machine is needed.

    Parameters
    ----------
    name : str
        Of the parameter.
    path : str
        Its value.
    instead : str
        What it must be, for the message.
    """
    if is_remote(path):
        raise wrong_value(instead, name, path)


_LOCAL = store("")  # loaded with this module, so that a worker has it before it is forked
