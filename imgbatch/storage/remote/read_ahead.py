"""Read ahead: how are the next sources fetched while this one is decoded?

A worker that knows its next sources has them read by a few threads, so that it does not wait for the network between
two pictures. What is on its way or waits to be taken is no more than so many bytes; a source that is larger is read
when its turn comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from imgbatch.core.job import Source
from imgbatch.storage.read_source import read_source
from imgbatch.storage.registry import is_remote

_THREADS = 4


class ReadAhead:
    """Sources that are read before they are asked for; used by one thread.

    Parameters
    ----------
    most_bytes : int
        What may be on its way, or wait to be taken.
    """

    def __init__(self, most_bytes: int) -> None:
        self._room = most_bytes
        self._next: deque[Source] = deque()
        self._reads: dict[str, tuple[Future[bytes], int]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def expect(self, sources: Iterable[Source]) -> None:
        """These come next, in that order; what was expected before and has not come will not come."""
        self._next.clear()
        for path in list(self._reads):
            self._forget(path)
        self._next.extend(source for source in sources if source.problem is None and is_remote(source.path))
        self._go_on()

    def take(self, source: Source) -> bytes:
        """All bytes of a source; ImageError as with :func:`read_source`."""
        if self._next and self._next[0].path == source.path:  # it was too large to be read before its turn
            self._next.popleft()
        read = self._reads.get(source.path)
        if read is None:
            self._go_on()
            return read_source(source)
        try:
            return read[0].result()
        finally:
            self._forget(source.path)
            self._go_on()

    def _forget(self, path: str) -> None:
        future, size = self._reads.pop(path)
        future.cancel()
        self._room += size

    def _go_on(self) -> None:
        """Begin to read what there is room for, in order."""
        while self._next and self._next[0].size <= self._room and self._next[0].path not in self._reads:
            source = self._next.popleft()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_THREADS, "imgbatch-read-ahead")
            self._reads[source.path] = self._pool.submit(read_source, source), source.size
            self._room -= source.size
