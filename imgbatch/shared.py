"""How do processes look at the same numbers? numpy arrays in ``multiprocessing.shared_memory``, or in a mapped file.

One owner creates and unlinks; everybody else attaches and detaches. An attached segment is not tracked by the
attacher: a tracked attacher would destroy the segment when it exits (https://github.com/python/cpython/issues/82300).

Both kinds pickle as "attach by name", so that no numbers ever travel. An array keeps its own mapping alive: a view that
somebody still holds after the release stays what it was, and the memory goes when the last view does.
"""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker, shared_memory
from typing import TYPE_CHECKING, Any, Protocol

from imgbatch.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

SHM = "/dev/shm"  # where Linux keeps segments
_ATTACHING = threading.Lock()
_CANNOT = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # a disk that cannot reserve space


class Holder(Protocol):
    """Something that holds an array; pickled it says where the array is, not what is in it."""

    array: NDArray[Any]

    def release(self) -> None:
        """Let go of the array."""


class SharedArray:
    """A numpy array in a shared memory segment.

    Attributes
    ----------
    array : numpy.ndarray
        The view; None after :meth:`release`.
    name : str
        What another process attaches by.
    """

    def __init__(
        self, segment: shared_memory.SharedMemory, shape: tuple[int, ...], dtype: DTypeLike, own: bool
    ) -> None:
        self._segment: shared_memory.SharedMemory | None = segment
        self._owner = os.getpid() if own else None  # a forked copy of the owner is none
        self.name = segment.name
        self.array: NDArray[Any] = _array(_mapping(segment, _bytes(shape, dtype)), shape, dtype, 0)
        segment.close()  # the array has a mapping of its own, which no view can keep from being closed

    @classmethod
    def create(cls, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """A new array of zeros; EngineError when shared memory has no room for it."""
        return cls(_created(_bytes(shape, dtype)), shape, dtype, own=True)

    @classmethod
    def attach(cls, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """The array of that name, created by another process."""
        return cls(_attached(name), shape, dtype, own=False)

    def __reduce__(self) -> tuple[Callable[..., SharedArray], tuple[Any, ...]]:
        return SharedArray.attach, (self.name, self.array.shape, self.array.dtype)

    def unlink(self) -> None:
        """Take the owner's segment its name: nobody attaches any more, and it goes with the last who holds it."""
        if self._segment is not None and self._owner == os.getpid():
            with contextlib.suppress(FileNotFoundError):
                self._segment.unlink()

    def release(self) -> None:
        """Let go of the segment; the owner also removes it. May be called again."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self.array = None  # type: ignore[assignment]  # the mapping goes with the last view
        if self._owner == os.getpid():
            with contextlib.suppress(FileNotFoundError):
                segment.unlink()


class SharedWords:
    """Whole numbers (64 bits, signed) in a shared memory segment, for who has no other use for numpy.

    Attributes
    ----------
    words : memoryview
        The numbers; not to be used after :meth:`release`.
    name : str
        What another process attaches by.
    """

    def __init__(self, segment: shared_memory.SharedMemory, count: int, own: bool) -> None:
        self._segment: shared_memory.SharedMemory | None = segment
        self._owner = os.getpid() if own else None
        self.name = segment.name
        self.words = memoryview(_mapping(segment, 8 * count)).cast("q")
        segment.close()

    @classmethod
    def create(cls, count: int) -> SharedWords:
        """`count` new zeros; EngineError when shared memory has no room for them."""
        return cls(_created(8 * count), count, own=True)

    @classmethod
    def attach(cls, name: str, count: int) -> SharedWords:
        """The numbers of that name, created by another process."""
        return cls(_attached(name), count, own=False)

    def unlink(self) -> None:
        """Take the owner's segment its name: nobody attaches any more, and it goes with the last who holds it."""
        if self._segment is not None and self._owner == os.getpid():
            with contextlib.suppress(FileNotFoundError):
                self._segment.unlink()

    def release(self) -> None:
        """Let go of the segment; the owner also removes it. May be called again."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self.words.release()
        if self._owner == os.getpid():
            with contextlib.suppress(FileNotFoundError):
                segment.unlink()


class FileArray:
    """A numpy array in a memory-mapped file: as large as the disk, and there for other programs.

    Attributes
    ----------
    array : numpy.ndarray
        The view; None after :meth:`release`.
    path : str
        What another process attaches by.
    """

    def __init__(self, path: str, shape: tuple[int, ...], dtype: DTypeLike, offset: int, own: bool) -> None:
        self._owner = os.getpid() if own else None
        self.path, self.offset = path, offset
        size = _bytes(shape, dtype)
        with open(path, "r+b") as file:
            mapping = mmap.mmap(file.fileno(), offset + size) if size else bytearray(offset)
        self.array: NDArray[Any] = _array(mapping, shape, dtype, offset)

    @classmethod
    def create(cls, path: str, shape: tuple[int, ...], dtype: DTypeLike, header: bytes = b"") -> FileArray:
        """A new file of `header` and zeros, its space reserved; OSError, and no file, when the disk has no room."""
        try:
            with open(path, "xb") as file:
                file.write(header)
                file.flush()
                file.truncate(len(header) + _bytes(shape, dtype))
                reserve(file.fileno(), len(header) + _bytes(shape, dtype))
            return cls(path, shape, dtype, len(header), own=True)
        except FileExistsError:
            raise
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(path)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = path
            raise

    @classmethod
    def attach(cls, path: str, shape: tuple[int, ...], dtype: DTypeLike, offset: int = 0) -> FileArray:
        """The array in a file that exists already, from byte `offset` on."""
        return cls(path, shape, dtype, offset, own=False)

    def __reduce__(self) -> tuple[Callable[..., FileArray], tuple[Any, ...]]:
        return FileArray.attach, (self.path, self.array.shape, self.array.dtype, self.offset)

    def release(self) -> None:
        """Let go of the file; who created it also removes it, unless it was renamed. May be called again."""
        self.array = None  # type: ignore[assignment]  # the mapping goes with the last view
        if self._owner == os.getpid():
            self._owner = None
            with contextlib.suppress(OSError):
                os.unlink(self.path)


def free() -> int | None:
    """Bytes of shared memory that can still be taken; None where the system does not say."""
    try:
        found = os.statvfs(SHM)
    except (OSError, AttributeError):
        return None
    return found.f_bavail * found.f_frsize


def refuse_more_than_free(size: int) -> None:
    """EngineError when shared memory has no room for `size` bytes."""
    there = free()
    if there is not None and size > there:
        raise EngineError(f"{megabytes(size)} of shared memory are needed, {SHM} has {megabytes(there)} left")


def reserve(descriptor: int, size: int) -> None:
    """Take the space for an open file or segment of `size` bytes now: OSError now, not SIGBUS later."""
    if size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise


def megabytes(size: int) -> str:
    """`size` bytes for a sentence."""
    return f"{size / 1e6:,.1f} MB"


def _bytes(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    import numpy

    return math.prod(shape) * numpy.dtype(dtype).itemsize


def _array(mapping: mmap.mmap | bytearray, shape: tuple[int, ...], dtype: DTypeLike, offset: int) -> NDArray[Any]:
    import numpy

    return numpy.ndarray(shape, dtype, buffer=mapping, offset=offset)


def _mapping(segment: shared_memory.SharedMemory, size: int) -> mmap.mmap:
    """A second mapping of a segment. SharedMemory's own cannot be closed while a view exists, and says so at exit."""
    descriptor = getattr(segment, "_fd", -1)  # private: the public way to the segment is a path that only Linux has
    if descriptor >= 0:
        return mmap.mmap(descriptor, max(1, size))
    return mmap.mmap(-1, max(1, size), tagname=segment.name)  # type: ignore[call-arg]  # Windows


def _created(size: int) -> shared_memory.SharedMemory:
    """A new segment of zeros, its space reserved; EngineError when there is no room for it."""
    size = max(1, size)
    refuse_more_than_free(size)
    try:
        name = f"imgbatch-{os.getpid()}-{secrets.token_hex(4)}"  # says whose it is; macOS takes 30 characters
        segment = shared_memory.SharedMemory(name, create=True, size=size)
    except OSError as error:
        raise EngineError(f"no shared memory of {megabytes(size)}: {error.strerror or error}") from None
    descriptor = getattr(segment, "_fd", -1)  # private, for the only call that turns a later SIGBUS into an error
    if descriptor >= 0:
        try:
            reserve(descriptor, size)
        except OSError as error:
            segment.close()
            segment.unlink()
            raise EngineError(f"no room for {megabytes(size)} of shared memory: {error.strerror}") from None
    return segment


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
