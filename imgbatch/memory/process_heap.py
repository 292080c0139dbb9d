"""Process heap: where does a worker get memory for its pictures? From one place, most of which it keeps.

A picture takes tens of MB. Left alone, malloc gives them back to the system after each one, and for the next one the
system hands them out again page by page, each with an interrupt and zeros. So what is free at the end of a worker's
heap stays there (``python -m tests.benchmarks.choices --only memory-given-back``). Before a large picture it goes back:
that one would come on top of it.

Pages of 2 MB (``MADV_HUGEPAGE``) were tried. They spare 6 to 10 % of the processor time while they are used over and
over; but a virtual machine that has given its free memory back to its host pays more for each than for 512 small ones,
up to 7 % of a run that comes after a pause of seconds. So nothing asks for them.

Nothing is done where malloc is not glibc's, as on Alpine Linux and macOS.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

#: Bytes that the heap grows by at a time.
SPARE = 48 * 2**20
#: Free bytes at the end of the heap from which on what is more than `SPARE` goes back to the system. As much is what
#: malloc comes to by itself after a large picture; till then every tiny one would give its memory back.
KEPT = 64 * 2**20
#: Bytes of a block from which on malloc keeps it apart from the heap, and gives it back when it is free: the most that
#: glibc takes for an answer.
APART = 32 * 2**20
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h


class ProcessHeap:
    """The heap of a process that does nothing else than pictures, one after the other."""

    def __init__(self) -> None:
        self._libc: Any = None  # as long as nothing is done

    def settle(self) -> None:
        """Keep what is free, from now on."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError):
                self._libc = _load_glibc()
        if self._libc is not None:
            self._libc.mallopt(_MMAP_THRESHOLD, APART)
            self._libc.mallopt(_TRIM_THRESHOLD, KEPT)
            self._libc.mallopt(_TOP_PAD, SPARE)

    def give_back(self) -> None:
        """Give all free memory back to the system."""
        if self._libc is not None:
            self._libc.malloc_trim(0)


def _load_glibc() -> Any:
    """The functions that are called; AttributeError where one is missing."""
    import ctypes  # a process that only imports this has no use for it

    libc = ctypes.CDLL(None)
    libc.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    libc.malloc_trim.argtypes = [ctypes.c_size_t]
    return libc
