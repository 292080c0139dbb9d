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
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import IMapIterator, ThreadPool

from imgbatch.core.errors import EngineError, HostError
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.chunks import Chunks, StreamChunks
from imgbatch.executors.host_limits import LIMITS
from imgbatch.executors.job_stream import JobStream
from imgbatch.executors.processes.run_state import Chunk, RunState
from imgbatch.executors.processes.supervisor import Supervisor


class ChunkWindow:
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
        self._answers: deque[None] = deque()  # one for each chunk that is answered, as far as a stream counts them
        self._ring: Callable[[], None] | None = None
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
            if self._ring is not None:
                self._answers.append(None)
                self._ring()

    def outcomes(self, chunks: Chunks) -> Iterator[Outcome]:
        """All outcomes; jobs whose worker was killed from outside come last, one at a time."""
        while True:
            self._fill(chunks)
            if not self._in_flight:
                break
            self._ready.extend(self._take())
            chunks.learn(self._ready)
            yield from self._pop_ready()
        while self._state.second and not self._state.stopping:
            self._put(Chunk([self._state.second.popleft()], last=True))
            self._ready.extend(self._take())
            yield from self._pop_ready()

    def _fill(self, chunks: Chunks) -> None:
        """Put chunks into the window until it is full, or there is none."""
        window = len(self._all) + 2
        while self._in_flight < window and not self._state.stopping and not self._state.has_no_worker:
            jobs = [self._state.leftover.popleft()] if self._state.leftover else next(chunks, None)
            if jobs is None:
                break
            self._put(Chunk(jobs))

    def stream_outcomes(self, stream: JobStream, chunks: StreamChunks) -> Iterator[Outcome]:
        """As :meth:`outcomes`, of jobs that come meanwhile: one waits for whichever is first, a job or an outcome.

        Jobs whose worker was killed from outside do not wait for the end, which may never come: they are done, one at
        a time, when the others in flight are.
        """
        self._ring = stream.ring
        state = self._state
        while True:
            stream.silence()
            if not state.second or state.stopping:
                self._fill(chunks)
            elif not self._in_flight:
                self._put(Chunk([state.second.popleft()], last=True))
            self._ready.extend(chunks.no_work)
            chunks.no_work.clear()
            while self._answers:
                self._answers.popleft()
                outcomes = self._take()
                chunks.learn(outcomes)
                self._ready.extend(outcomes)
            if self._ready:
                yield from self._pop_ready()
            elif not self._in_flight and state.second and not state.stopping:
                continue
            elif self._in_flight or not (stream.has_ended or state.stopping or state.has_no_worker):
                stream.wait()
            else:
                return

    def rest(self, jobs: Iterable[Job | Outcome]) -> Iterator[Job | Outcome]:
        """The jobs that no worker has begun: those that were left, and these."""
        return itertools.chain(self._state.leftover, jobs)

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
