"""Storage registry: which store holds a path? A new store is its file and its line in `STORES`."""

from __future__ import annotations

import functools
import importlib

from imgbatch.storage.base import Storage

#: Scheme (what stands before ``://``; none for paths): module and class.
STORES = {"": "local.Local"}


@functools.cache
def store(scheme: str) -> Storage:
    """The store of a scheme in `STORES`; its module is loaded when it is first asked for."""
    module, name = STORES[scheme].split(".")
    kind: type[Storage] = getattr(importlib.import_module(f"imgbatch.storage.{module}"), name)
    return kind()


def storage_of(path: str) -> Storage:
    """The store that holds `path`; the local disk for every path whose scheme is in no table."""
    scheme, separator, _ = path.partition("://")
    return store(scheme) if separator and scheme in STORES else _LOCAL


_LOCAL = store("")  # loaded with this module, so that a worker has it before it is forked
