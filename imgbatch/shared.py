"""How do processes look at the same numbers? numpy arrays in ``multiprocessing.shared_memory``.

One owner creates and unlinks; everybody else attaches and detaches. An attached segment is not tracked by the
attacher: a tracked attacher would destroy the segment when it exits (https://github.com/python/cpython/issues/82300).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker, shared_memory
from typing import TYPE_CHECKING, Any

from imgbatch.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_ATTACHING = threading.Lock()


class SharedArray:
    """A numpy array in a shared memory segment.

    Attributes
    ----------
    array : numpy.ndarray
        The view; it must not be used after :meth:`release`.
    name : str
        What another process attaches by.
    """

    def __init__(
        self, segment: shared_memory.SharedMemory, shape: tuple[int, ...], dtype: DTypeLike, own: bool
    ) -> None:
        import numpy

        self._segment: shared_memory.SharedMemory | None = segment
        self._owner = os.getpid() if own else None  # a forked copy of the owner is none
        self.name = segment.name
        self.array: NDArray[Any] = numpy.ndarray(shape, dtype, buffer=segment.buf)

    @classmethod
    def create(cls, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """A new array of zeros; EngineError when shared memory has no room for it."""
        import numpy

        size = max(1, int(numpy.prod(shape)) * numpy.dtype(dtype).itemsize)
        segment = shared_memory.SharedMemory(create=True, size=size)
        descriptor = getattr(segment, "_fd", -1)  # private, for the only call that turns a later SIGBUS into an error
        if hasattr(os, "posix_fallocate") and descriptor >= 0:
            try:
                os.posix_fallocate(descriptor, 0, size)
            except OSError as error:
                segment.close()
                segment.unlink()
                raise EngineError(f"no room for {size} bytes of shared memory in /dev/shm: {error.strerror}") from None
        return cls(segment, shape, dtype, own=True)

    @classmethod
    def attach(cls, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """The array of that name, created by another process."""
        return cls(_attached(name), shape, dtype, own=False)

    def release(self) -> None:
        """Let go of the segment; the owner also removes it. May be called again."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self.array = None  # type: ignore[assignment]  # the view must go before the buffer can be closed
        with contextlib.suppress(BufferError):  # somebody still holds a view: the mapping goes with the process
            segment.close()
        if self._owner == os.getpid():
            with contextlib.suppress(FileNotFoundError):
                segment.unlink()


def _attached(name: str) -> shared_memory.SharedMemory:
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name=name, track=False)
    with _untracked():
        return shared_memory.SharedMemory(name=name)


@contextlib.contextmanager
def _untracked() -> Iterator[None]:
    """Before 3.13: keep ``resource_tracker.register`` out of an attach (gh-82300)."""
    with _ATTACHING:
        register = resource_tracker.register
        resource_tracker.register = lambda name, rtype: None
        try:
            yield
        finally:
            resource_tracker.register = register
