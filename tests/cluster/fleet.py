"""Fleet: an engine whose workers die one by one and are replaced, as on a cluster; it needs no package.

Each worker is a program of its own (worker_program.py). When one dies, the call that it had is lost and says so; the
others go on.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import queue
from collections.abc import Callable
from typing import Any

from tests.cluster.worker_program import Worker

CONTEXT = multiprocessing.get_context("forkserver")


class WorkerLostError(Exception):
    """A call's worker died."""


class Fleet(concurrent.futures.Executor):
    """So many workers, which can be killed.

    Attributes
    ----------
    parallelism : int
        How many calls are done at a time.
    kills : int
        How many workers were killed by :meth:`kill`.
    """

    def __init__(self, size: int) -> None:
        self.parallelism, self.kills = size, 0
        self._threads = concurrent.futures.ThreadPoolExecutor(size)
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._busy: list[Worker] = []
        for _ in range(size):
            self._idle.put(Worker())

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        return self._threads.submit(self._delegate, call, *given, **named)

    def _delegate(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        worker = self._idle.get()
        self._busy.append(worker)
        try:
            return worker.ask(call, *given, **named)
        except EOFError:
            self._busy.remove(worker)
            worker.close()
            worker = Worker()
            self._busy.append(worker)
            raise WorkerLostError("it died") from None
        finally:
            self._busy.remove(worker)
            self._idle.put(worker)

    def kill(self) -> None:
        """Kill a worker that has a call in hand, where there is one."""
        for worker in self._busy[:1]:
            worker.process.kill()
            self.kills += 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        while not self._idle.empty():
            self._idle.get().close()
