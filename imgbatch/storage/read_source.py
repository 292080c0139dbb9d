"""Source content: how is a source read, and nothing that somebody has swapped it or its folder for?"""

from __future__ import annotations

import functools

from imgbatch.core.job import Source
from imgbatch.storage.below import Identity, Root
from imgbatch.storage.registry import storage_of


def read_source(source: Source) -> bytes:
    """All bytes of a source; ImageError as with :meth:`Storage.read`, and where a link is on the way that was not."""
    store = storage_of(source.path)
    if source.place is not None:
        folder = source.path[: len(source.path) - len(source.relative)]
        store = store.below(_root(folder, source.place))
    return store.read(source.path)


@functools.lru_cache(maxsize=1)  # it holds a folder open
def _root(folder: str, place: Identity) -> Root:
    return Root(folder, place)
