"""Fleet: an engine whose workers die one by one and are replaced, as on a cluster; it needs no package.

Each worker is a process of its own. When one dies, the call that it had is lost and says so; the others go on.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import queue
import signal
from collections.abc import Callable
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")


class WorkerLostError(Exception):
    """A call's worker died."""


class Fleet(concurrent.futures.Executor):
    """So many workers, which can be killed.

    Attributes
    ----------
    parallelism : int
        How many calls are done at a time.
    submissions : int
        How many calls there were.
    kills : int
        How many workers were killed by :meth:`kill`.
    """

    def __init__(self, size: int) -> None:
        self.parallelism, self.submissions, self.kills = size, 0, 0
        self._threads = concurrent.futures.ThreadPoolExecutor(size)
        self._idle: queue.SimpleQueue[concurrent.futures.ProcessPoolExecutor] = queue.SimpleQueue()
        self._busy: list[concurrent.futures.ProcessPoolExecutor] = []
        for _ in range(size):
            self._idle.put(_new_worker())

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        self.submissions += 1
        return self._threads.submit(self._delegate, call, *given, **named)

    def _delegate(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        worker = self._idle.get()
        self._busy.append(worker)
        try:
            result = worker.submit(call, *given, **named).result()
        except concurrent.futures.BrokenExecutor:
            self._busy.remove(worker)
            worker.shutdown()
            self._idle.put(_new_worker())
            raise WorkerLostError("it died") from None
        self._busy.remove(worker)
        self._idle.put(worker)
        return result

    def kill(self) -> None:
        """Kill a worker that has a call in hand, where there is one."""
        for worker in self._busy[:1]:
            for pid in list(worker._processes):
                os.kill(pid, signal.SIGKILL)
                self.kills += 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        while not self._idle.empty():
            self._idle.get().shutdown()


def _new_worker() -> concurrent.futures.ProcessPoolExecutor:
    return concurrent.futures.ProcessPoolExecutor(1, mp_context=CONTEXT)
