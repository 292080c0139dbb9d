"""Host limits: how many workers does this machine let a run have? Processors, quotas, tasks, files, address space."""

from __future__ import annotations

import _thread
import contextlib
import math
import os
import sys
import time
from collections.abc import Iterator
from multiprocessing import current_process

from imgbatch.core.errors import HostError
from imgbatch.storage.atomic_write import read_bytes

LIMITS = "the limits of processes, open files or address space"
_MOST = 1024  # workers that are worth asking for
_POOL_TASKS = 3  # threads that the Pool of threads has of its own
_WORKER_TASKS = 3  # its supervisor's thread, the process, and the thread in which that waits for its parent's end
_WORKER_FILES, _SPARE_FILES = 3, 16  # open here for each worker; and for all else, such as one that is being started
_PATIENCE = 1.0  # seconds for threads that were only tried to be gone
_THREAD_BYTES = 72 * 2**20  # of address space that malloc sets aside for a thread, besides its stack
_STACK_BYTES = 8 * 2**20  # where the limit does not say


def auto_workers(root: str = "/") -> int:
    """As many workers as this process may use processors: by affinity, and by the quota of its control groups."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([count, *map(math.ceil, _quotas(root))]))


def _quotas(root: str) -> Iterator[float]:
    """How many processors' time the control groups allow."""
    for folder, is_unified in control_groups("cpu", root):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            if is_unified:
                words = read_bytes(f"{folder}/cpu.max").split()[:2]  # "max" where there is no limit: ValueError
            else:
                words = [read_bytes(f"{folder}/cpu.cfs_{name}_us") for name in ("quota", "period")]
            quota, period = map(int, words)
            if quota > 0:  # -1: no limit
                yield quota / period


def control_groups(controller: str, root: str = "/") -> Iterator[tuple[str, bool]]:
    """The folders of the control groups that this process is in, and whether they are of cgroup v2.

    Its own, as a unit's or a container's, and those above. A container may see its own group as the top, under another
    name than the kernel's: not every folder exists, and one that is missing sets no limit.

    Parameters
    ----------
    controller : str
        Such as ``memory``, by which the older version has a hierarchy of its own.
    root : str
        Where ``/proc`` and ``/sys`` are.
    """
    own: dict[bool, str] = {}
    with contextlib.suppress(OSError):
        for line in os.fsdecode(read_bytes(os.path.join(root, "proc/self/cgroup"))).splitlines():
            names, _, path = line.partition(":")[2].partition(":")
            if not names or controller in names.split(","):
                own[not names] = path
    for is_unified, top in ((True, ""), (False, controller)):
        parts = [part for part in own.get(is_unified, "").split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            yield os.path.join(root, "sys/fs/cgroup", top, *parts[:depth]), is_unified


def workers_to_start(wanted: int) -> int:
    """How many of `wanted` workers this process may have now, at least 1; HostError where it may have none."""
    if getattr(current_process(), "daemon", False):
        raise HostError("this is a daemonic process, as workers of Celery and of multiprocessing.Pool are, and may "
                        "have no processes of its own")  # fmt: skip
    wanted = min(wanted, _MOST)
    for limit in (_by_files, _by_address_space, _by_tasks):
        wanted = limit(wanted)
        if wanted < 1:
            raise HostError(f"{LIMITS} leave no room for one")
    return wanted


def has_address_limit() -> bool:
    """Whether this process, and so each of its workers, may have only so much address space."""
    return _soft_limit("RLIMIT_AS") is not None


def _by_files(wanted: int) -> int:
    limit = _soft_limit("RLIMIT_NOFILE")
    if limit is None or limit > _SPARE_FILES + 64 + _WORKER_FILES * wanted:  # enough, whatever is open
        return wanted
    try:
        count = len(os.listdir("/proc/self/fd"))
    except OSError:
        count = 16
    return min(wanted, (limit - count - _SPARE_FILES) // _WORKER_FILES)


def _by_address_space(wanted: int) -> int:
    """A thread for which there is no address space may end before it says that it has begun: who starts it hangs."""
    limit = _soft_limit("RLIMIT_AS")
    if limit is None:
        return wanted
    try:
        size = int(read_bytes("/proc/self/statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return wanted
    stack = _soft_limit("RLIMIT_STACK") or _STACK_BYTES
    return min(wanted, (limit - size) // (_THREAD_BYTES + stack) - _POOL_TASKS)


def _by_tasks(wanted: int) -> int:
    """Tried, not read: a user's limit, a container's and the kernel's all count what other processes have, too."""
    gate, count, threads = _thread.allocate_lock(), 0, list[int]()

    def wait() -> None:
        threads.append(_thread.get_native_id())
        with gate:
            pass

    with gate, contextlib.suppress(RuntimeError):
        while count < _POOL_TASKS + _WORKER_TASKS * wanted:
            _thread.start_new_thread(wait, ())
            count += 1
    end = time.monotonic() + _PATIENCE
    while (len(threads) < count or any(map(_is_counted, threads))) and time.monotonic() < end:
        time.sleep(0)
    return min(wanted, (count - _POOL_TASKS) // _WORKER_TASKS)


def _is_counted(thread: int) -> bool:
    """Whether the kernel still counts a thread, which it does for a moment after its end; elsewhere nobody can tell."""
    return os.path.exists(f"/proc/self/task/{thread}")


def _soft_limit(name: str) -> int | None:
    """A limit of this process; None where it has none."""
    if sys.platform == "win32":
        return None
    import resource  # only where workers are about to be started

    limit = resource.getrlimit(getattr(resource, name))[0]
    return None if limit == resource.RLIM_INFINITY else limit
