"""Window: which chunks do the workers of a Pool have in hand, and what have they brought?

A bounded number of chunks is in flight, so a million jobs cost no memory here.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import queue
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.pool import IMapIterator, ThreadPool

from imgbatch.core.errors import EngineError, HostError
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.host_limits import LIMITS
from imgbatch.executors.processes.run_state import Chunk, RunState
from imgbatch.executors.processes.supervisor import Supervisor


class Window:
    """The chunks of one run of the Pool that are in flight, and the outcomes that they bring."""

    def __init__(self, state: RunState, supervisors: list[Supervisor]) -> None:
        self._state, self._all = state, supervisors
        self._free: queue.SimpleQueue[Supervisor] = queue.SimpleQueue()
        for supervisor in supervisors:
            self._free.put(supervisor)
        self._feed: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        try:
            self._threads = ThreadPool(len(supervisors))
        except (RuntimeError, AttributeError) as error:  # no more threads; it stumbles when it clears up after that
            raise HostError(f"{LIMITS} give no more threads") from error
        except OSError as error:
            raise HostError(f"no semaphore: {error.strerror or error}") from error
        self._results: IMapIterator[list[Outcome] | BaseException] = self._threads.imap_unordered(
            self._answer, iter(self._feed.get, None)
        )
        self._in_flight = 0
        self._ready: deque[Outcome] = deque()  # in hand of this thread, to be yielded

    def _answer(self, chunk: Chunk) -> list[Outcome] | BaseException:
        supervisor = self._free.get()
        try:
            return supervisor.answer(chunk)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            return error
        finally:
            if supervisor.row not in self._state.without_worker or self._state.has_no_worker:
                self._free.put(supervisor)  # else those that have workers do its jobs

    def outcomes(self, chunks: Chunks) -> Iterator[Outcome]:
        """All outcomes; jobs whose worker was killed from outside come last, one at a time."""
        window = len(self._all) + 2
        while True:
            while self._in_flight < window and not self._state.stopping and not self._state.has_no_worker:
                jobs = [self._state.leftover.popleft()] if self._state.leftover else next(chunks, None)
                if jobs is None:
                    break
                self._put(Chunk(jobs))
            if not self._in_flight:
                break
            self._ready.extend(self._take())
            chunks.learn(self._ready)
            yield from self._pop_ready()
        while self._state.second and not self._state.stopping:
            self._put(Chunk([self._state.second.popleft()], last=True))
            self._ready.extend(self._take())
            yield from self._pop_ready()

    def rest(self, chunks: Chunks) -> Iterator[Job]:
        """The jobs that no worker has begun."""
        return itertools.chain(self._state.leftover, (job for jobs in chunks for job in jobs))

    def _pop_ready(self) -> Iterator[Outcome]:
        while self._ready:
            yield self._ready.popleft()

    def _put(self, chunk: Chunk) -> None:
        self._in_flight += 1
        self._feed.put(chunk)

    def _take(self, timeout: float | None = None) -> list[Outcome]:
        result = self._results.next(timeout)
        self._in_flight -= 1
        if isinstance(result, BaseException):
            raise result
        return result

    def drain(self, patience: float) -> list[Outcome]:
        """Wait `patience` seconds for all files in hand; what nobody has got yet. Does nothing in a forked copy."""
        if self._state.owner != os.getpid():
            return []
        end = time.monotonic() + patience
        outcomes = list(self._ready)
        with contextlib.suppress(multiprocessing.TimeoutError, EngineError):
            while self._in_flight:
                outcomes += self._take(max(0.0, end - time.monotonic()))
        if self._in_flight:
            self._state.aborting = True
            for supervisor in self._all:
                supervisor.kill()
        return outcomes

    def settle(self, seconds: float) -> None:
        """Wait until the supervisors have buried their workers and removed what these left half-written."""
        end = time.monotonic() + seconds
        idle: list[Supervisor] = []
        with contextlib.suppress(queue.Empty):
            while len(idle) < len(self._all) - len(self._state.without_worker):
                idle.append(self._free.get(timeout=max(0.0, end - time.monotonic())))
        for supervisor in idle:
            self._free.put(supervisor)

    def close(self) -> None:
        """End workers and threads. Does nothing in a forked copy of this process."""
        if self._state.owner != os.getpid():
            return
        self._feed.put(None)
        self._state.stopping = True
        for supervisor in self._all:
            if self._in_flight:
                supervisor.kill()
            else:
                supervisor.hang_up()
        end = time.monotonic() + 1.0
        self._threads.close()
        self._threads.join()
        for supervisor in self._all:
            supervisor.close(max(0.0, end - time.monotonic()))
