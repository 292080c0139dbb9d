"""Source content: how is a source read, and nothing that somebody has swapped it or its folder for?"""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Source
from imgbatch.storage.base import Storage
from imgbatch.storage.below import Identity, Root
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.storage.remote.read_ahead import ReadAhead


class SourceReader:
    """Who reads many sources, one after the other, and ahead where they are far away; travels to another process.

    Attributes
    ----------
    bytes_ahead : int
        How much may be read of the next sources while one is in work; 0: nothing, they are near.
    """

    bytes_ahead: ClassVar[int] = 0

    def with_bytes_ahead(self, size: int) -> Self:
        """The same one, which reads so many bytes ahead."""
        reader = copy.copy(self)
        object.__setattr__(reader, "bytes_ahead", size)
        return reader

    @functools.cached_property
    def _read_ahead(self) -> ReadAhead:
        from imgbatch.storage.remote.read_ahead import ReadAhead  # few sources are remote

        return ReadAhead(self.bytes_ahead)

    def expect(self, jobs: Sequence[Job]) -> None:
        """Begin to read the sources of the jobs that come next, in that order."""
        if self.bytes_ahead:
            self._read_ahead.expect(job.source for job in jobs)

    def read(self, source: Source) -> bytes:
        """As :func:`read_source`."""
        return self._read_ahead.take(source) if self.bytes_ahead else read_source(source)


def read_source(source: Source) -> bytes:
    """All bytes of a source; ImageError as with :meth:`Storage.read`, and where a link is on the way that was not."""
    if source.place is None:
        return storage_of(source.path).read(source.path)
    root, store = _folder_and_store(_folder_of(source), source.place)
    try:
        root.check()  # what is held open could be read wherever it is by now
    except OSError as error:
        raise ImageError("io", str(error.strerror)) from None
    return store.read(source.path)


def source_root(source: Source) -> Root:
    """The folder that a source was found below, as it was then; its own folder where a link was on the way."""
    if source.place is None:
        return Root(os.path.dirname(source.path))
    return _folder_and_store(_folder_of(source), source.place)[0]


def _folder_of(source: Source) -> str:
    """The folder that a source was found below."""
    return source.path[: len(source.path) - len(source.relative)]


@functools.lru_cache(maxsize=1)  # it holds a folder open
def _folder_and_store(folder: str, place: Identity) -> tuple[Root, Storage]:
    root = Root(folder, place)
    return root, storage_of(folder).below(root)
