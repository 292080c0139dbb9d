"""Shared arrays: how do processes look at the same numbers? In shared memory, or in a mapped file.

Both kinds of arrays pickle as "attach by name", so that no numbers ever travel. An array keeps its own mapping alive:
a view that somebody still holds after the release stays what it was, and the memory goes when the last view does.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.memory.array_holder import ArrayHolder
from imgbatch.memory.shared_memory import Segment, attach_segment, create_segment, reserve

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class SharedArray(ArrayHolder):
    """A numpy array in a shared memory segment.

    Parameters
    ----------
    segment : Segment
        At least as large as the array.
    shape : tuple of int
    dtype : dtype-like

    Attributes
    ----------
    name : str
        What another process attaches by.
    """

    def __init__(self, segment: Segment, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._segment = segment
        self.name = segment.name
        # The array has a mapping of its own, which no view can keep from being closed
        self.array = _array(segment.map(_bytes(shape, dtype)), shape, dtype, 0)

    @classmethod
    def create(cls, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """A new array of zeros; EngineError when shared memory has no room for it."""
        return cls(create_segment(_bytes(shape, dtype)), shape, dtype)

    @classmethod
    def attach(cls, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """The array that another process created; FileNotFoundError when it is gone.

        Parameters
        ----------
        name : str
            The owner's `name`.
        shape, dtype
            As they were created.
        """
        array = cls(attach_segment(name), shape, dtype)
        array._segment.close()
        return array

    def __reduce__(self) -> tuple[Callable[..., SharedArray], tuple[Any, ...]]:
        return SharedArray.attach, (self.name, self.array.shape, self.array.dtype)

    def unlink(self) -> None:
        """Unlink the owner's segment: mappings stay valid, and its memory goes with the last of them."""
        self._segment.remove()

    def release(self) -> None:
        """Let go of the segment; the owner also removes it. May be called again."""
        super().release()
        self._segment.remove()


class SharedWords:
    """Whole numbers (64 bits, signed) in a shared memory segment, for who has no other use for numpy.

    Attributes
    ----------
    words : memoryview
        The numbers; not to be used after :meth:`release`.
    name : str
        What another process attaches by.
    """

    def __init__(self, segment: Segment, count: int) -> None:
        self._segment = segment
        self.name = segment.name
        self.words = memoryview(segment.map(8 * count))[: 8 * count].cast("q")

    @classmethod
    def create(cls, count: int) -> SharedWords:
        """`count` new zeros; EngineError when shared memory has no room for them."""
        return cls(create_segment(8 * count), count)

    @classmethod
    def attach(cls, name: str, count: int) -> SharedWords:
        """The numbers of that name, created by another process; FileNotFoundError when they are gone."""
        words = cls(attach_segment(name), count)
        words._segment.close()
        return words

    def unlink(self) -> None:
        """Unlink the owner's segment: mappings stay valid, and its memory goes with the last of them."""
        self._segment.remove()

    def release(self) -> None:
        """Let go of the segment; the owner also removes it. May be called again."""
        self.words.release()
        self._segment.remove()


class FileArray(ArrayHolder):
    """A numpy array in a memory-mapped file: as large as the disk, and there for other programs.

    Parameters
    ----------
    path : str
        Of a file that exists and is large enough.
    shape : tuple of int
    dtype : dtype-like
    offset : int
        Bytes before the array.
    own : bool
        Whether the file is removed with the array, by the process that made this object.

    Attributes
    ----------
    path : str
        What another process attaches by.
    """

    def __init__(self, path: str, shape: tuple[int, ...], dtype: DTypeLike, offset: int, own: bool) -> None:
        self._owner = os.getpid() if own else None
        self.path, self.offset = path, offset
        size = _bytes(shape, dtype)
        with open(path, "r+b") as file:
            mapping = mmap.mmap(file.fileno(), offset + size) if size else bytearray(offset)
        self.array = _array(mapping, shape, dtype, offset)

    @classmethod
    def create(cls, path: str, shape: tuple[int, ...], dtype: DTypeLike, header: bytes = b"") -> FileArray:
        """A new file of `header` and zeros, its space reserved; OSError, and no file, when the disk has no room.

        Parameters
        ----------
        path : str
            FileExistsError where something has that name.
        shape, dtype
            Of the array.
        header : bytes
            What stands before the array.
        """
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
        """The array in a file that exists already.

        Parameters
        ----------
        path : str
        shape, dtype
            ValueError where the file is shorter.
        offset : int
            The byte where the array begins.
        """
        return cls(path, shape, dtype, offset, own=False)

    def __reduce__(self) -> tuple[Callable[..., FileArray], tuple[Any, ...]]:
        return FileArray.attach, (self.path, self.array.shape, self.array.dtype, self.offset)

    def release(self) -> None:
        """Let go of the file; who created it also removes it, unless it was renamed. May be called again."""
        super().release()
        if self._owner == os.getpid():
            self._owner = None
            with contextlib.suppress(OSError):
                os.unlink(self.path)


def _bytes(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    import numpy

    return math.prod(shape) * numpy.dtype(dtype).itemsize


def _array(mapping: mmap.mmap | bytearray, shape: tuple[int, ...], dtype: DTypeLike, offset: int) -> NDArray[Any]:
    import numpy

    return numpy.ndarray(shape, dtype, buffer=mapping, offset=offset)
