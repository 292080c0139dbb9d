"""Memory budget: how much may all workers have decoded at the same time? It is kept in the parent.

A worker that has read a large picture's header asks its supervisor for the bytes it will need; the supervisor waits
here for room and gives it back with the reply, or when the worker has died. No process shares this lock, so none can
die with it.
One picture that needs more than the whole budget gets it when nobody else has any: it runs alone.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

from imgbatch.executors.host_limits import control_groups
from imgbatch.storage.atomic_write import read_bytes

ALLOWANCE = 8_000_000  # bytes that a worker may take without asking: most pictures of the web cost no message
SHARE = 0.6  # of the memory that there is, for "auto": decoded pixels are not all that a process needs
_LOOK = 0.25  # seconds between looks at whether the one who waits is still alive


class Budget:
    """Bytes for a number of takers.

    Parameters
    ----------
    size : int
        Bytes, at least 1.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._size_by_row: dict[int, int] = {}
        self._room = threading.Condition()

    def take(self, row: int, size: int, is_waiting: Callable[[], bool]) -> bool:
        """Give back what `row` has, and wait until `size` bytes are free for it; False when no longer wanted.

        Parameters
        ----------
        row : int
            The worker.
        size : int
            Bytes; more than the whole budget are free when nobody else has any.
        is_waiting : callable
            Whether the worker still waits; asked at least every quarter of a second while there is no room.
        """
        with self._room:
            self._size_by_row.pop(row, None)
            self._room.notify_all()
            while self._size_by_row and sum(self._size_by_row.values()) + size > self.size:
                if not is_waiting():
                    return False
                self._room.wait(_LOOK)
            self._size_by_row[row] = size
            return True

    def give_back(self, row: int) -> bool:
        """Free what `row` has; whether it had any."""
        with self._room:
            had = self._size_by_row.pop(row, None)
            self._room.notify_all()
        return had is not None


class BudgetShare(Budget):
    """A budget as one of several takers sees it, who all call themselves row 0.

    Parameters
    ----------
    whole : Budget
        Theirs together.
    taker : int
        The number of this one.
    takers : int
        How many there are, at least 1.
    """

    def __init__(self, whole: Budget, taker: int, takers: int) -> None:
        super().__init__(max(1, whole.size // takers))
        self._whole, self._taker = whole, taker

    def take(self, row: int, size: int, is_waiting: Callable[[], bool]) -> bool:
        return self._whole.take(self._taker, size, is_waiting)

    def give_back(self, row: int) -> bool:
        return self._whole.give_back(self._taker)


def memory_size(root: str = "/") -> int:
    """The bytes that this process may use: the machine's, or those of a control group when that has less."""
    sizes = list(_limits(root))
    with contextlib.suppress(ValueError, OSError, AttributeError):
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(sizes, default=2 * 2**30)


def _limits(root: str) -> Iterator[int]:
    """What the control groups that this process is in allow."""
    for folder, is_unified in control_groups("memory", root):
        with contextlib.suppress(OSError, ValueError):
            # "max" where there is no limit: ValueError
            yield int(read_bytes(f"{folder}/{'memory.max' if is_unified else 'memory.limit_in_bytes'}"))


def budget_size(memory: int | str) -> int:
    """The bytes of a ``--memory`` word; auto: a share of what there is."""
    return int(memory_size() * SHARE) if memory == "auto" else int(memory)


def bytes_ahead(memory: int | str) -> int:
    """How much each worker may read ahead: what it may take without asking, or less where 64 of them had no room."""
    return min(ALLOWANCE, budget_size(memory) // 64)


def limit_memory(more: int | None) -> None:
    """Let this process have no more than so many bytes of address space beyond what it has; None: as it is."""
    if more is None:
        return
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows; no /proc; a limit that is lower already
        import resource

        most = int(read_bytes("/proc/self/statm").split()[0]) * resource.getpagesize() + more
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft == resource.RLIM_INFINITY or soft > most:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def resident(pid: int) -> int:
    """The bytes that a process has in memory; 0 where the system does not say."""
    try:
        return int(read_bytes(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0
