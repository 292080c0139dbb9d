"""Storage registry: which store holds a path? A new store is its file and its line in `STORES`."""

from __future__ import annotations

import functools
import importlib

from imgbatch.core.errors import UsageError
from imgbatch.storage.base import Storage

#: Scheme (what stands before ``://``; none for paths): module and class.
STORES = {"": "local.Local"}


@functools.cache
def store(scheme: str) -> Storage:
    """The store of a scheme in `STORES`; its module is loaded when it is first asked for."""
    module, name = STORES[scheme].split(".")
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
    """UsageError for a path in a store that is in no table: nobody means a folder of the name ``s3:``."""
    for path in paths:
        if scheme_of(path) not in STORES:
            known = ", ".join(f"{scheme}://" if scheme else "the local disk" for scheme in STORES)
            raise UsageError(
                f"expected a path in a known store ({known}), got {path!r}; for a folder of that name type ./ before it"
            )


_LOCAL = store("")  # loaded with this module, so that a worker has it before it is forked
