"""Process heap: where does a worker get memory for its pictures? From one place, which it keeps, in large pages.

A picture takes tens of MB. Left alone, malloc gives them back to the system after each one, and for the next one the
system hands them out again page by page, each with an interrupt and zeros: thousands, of 4 kB. So what is free at the
end of a worker's heap stays there, up to `SPARE`; and Linux is asked for pages of 2 MB (``MADV_HUGEPAGE``), which it
gives where it has them. A large picture gets room there, too, before it is decoded; that goes back to the system
afterwards. (``python -m tests.benchmarks.choices --only small-pages``)

Nothing is done where malloc is not glibc's, as on Alpine Linux and macOS.
"""

from __future__ import annotations

import contextlib
import mmap
import sys
from typing import Any

#: Bytes at the end of the heap that are kept, and asked for together.
SPARE = 48 * 2**20
#: Free bytes there from which on what is more than `SPARE` goes back to the system. As much is what malloc comes to by
#: itself after a large picture; till then every tiny one would give its memory back.
KEPT = 64 * 2**20
#: Bytes of a block from which on malloc keeps it apart from the heap, and gives it back when it is free: the most that
#: glibc takes for an answer.
APART = 32 * 2**20
#: Asked for to have the heap end behind it: it comes from there if nothing else is free, and is given back at once.
_PROBE = 2**20
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4  # malloc.h
_BLOCKS_APART = 65_536  # glibc's own limit


class ProcessHeap:
    """The heap of a process that does nothing else than pictures, one after the other.

    Attributes
    ----------
    is_larger : bool
        Whether it has room for a large picture.
    """

    def __init__(self) -> None:
        self.is_larger = False
        self._libc: Any = None  # as long as nothing is done
        self._begin = 0  # address from which on it has large pages

    def settle(self) -> None:
        """Keep what is free, in large pages, from now on."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError):
                self._libc = _load_glibc()
        if self._libc is not None:
            self._libc.mallopt(_MMAP_THRESHOLD, APART)
            self._libc.mallopt(_TRIM_THRESHOLD, KEPT)
            self._libc.mallopt(_TOP_PAD, SPARE)
            self._extend(_PROBE)

    def grow(self, size: int) -> None:
        """Make room for a picture that takes so many bytes, and give back what former ones have left between others."""
        if self._libc is not None:
            self._libc.malloc_trim(SPARE)
            self._libc.mallopt(_TRIM_THRESHOLD, size + 2 * SPARE)
            self._libc.mallopt(_MMAP_MAX, 0)
            self.is_larger = True
            self._extend(size)

    def shrink(self) -> None:
        """Give back what is free of the large picture's room."""
        self.is_larger = False
        self._libc.mallopt(_MMAP_MAX, _BLOCKS_APART)
        self._libc.mallopt(_TRIM_THRESHOLD, KEPT)
        self._libc.malloc_trim(SPARE)

    def _extend(self, size: int) -> None:
        """Have so many free bytes at the end of the heap, in large pages."""
        block = self._libc.malloc(size)
        if block:
            self._begin = self._begin or -(-block // mmap.PAGESIZE) * mmap.PAGESIZE
            length = self._libc.sbrk(0) - self._begin
            self._libc.free(block)
            if length > 0:  # else it came from elsewhere
                self._libc.madvise(self._begin, length, mmap.MADV_HUGEPAGE)


def _load_glibc() -> Any:
    """The functions that are called; AttributeError where one is missing."""
    import ctypes  # a process that only imports this has no use for it

    libc = ctypes.CDLL(None)
    libc.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    libc.malloc_trim.argtypes = [ctypes.c_size_t]
    libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    libc.free.argtypes, libc.free.restype = [ctypes.c_void_p], None
    libc.sbrk.argtypes, libc.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return libc
