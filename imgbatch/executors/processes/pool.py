"""Pool: how is the work spread over processes, so that nothing can hang? The default executor.

``ThreadPool(workers).imap_unordered(answer, chunks)``: each thread of the Pool borrows one supervisor (supervisor.py),
which owns one worker process and one private pipe. A bare Pool of processes shares its pipes and their locks between
workers, so one killed worker leaves everybody waiting for ever (https://github.com/python/cpython/issues/96062).

The jobs are consumed in the caller's thread, a bounded window ahead, so a million of them cost no memory here.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import queue
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.pool import IMapIterator, ThreadPool
from typing import TYPE_CHECKING

from imgbatch.core.errors import EngineError, HostError
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.base import Executor, ExecutorOptions, pickle_task, warn
from imgbatch.executors.chunks import AHEAD_MS, CHUNK_MS, Chunks
from imgbatch.executors.host_limits import LIMITS, auto_workers, workers_to_start
from imgbatch.executors.inline import Inline
from imgbatch.executors.processes.in_flight import Table
from imgbatch.executors.processes.launch import variables_of
from imgbatch.executors.processes.memory_budget import Budget, budget_size
from imgbatch.executors.processes.run_state import Chunk, RunState
from imgbatch.executors.processes.staged_sums import Staging
from imgbatch.executors.processes.start_method import start_context
from imgbatch.executors.processes.supervisor import Supervisor
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Totals

PATIENCE = 5.0  # seconds that a closed iterator gives the files in hand
_NO_TIMEOUT = "run without a timeout in this process, with workers=0 (-j 0)"
GRACE = 1.2  # seconds that an abort gives the supervisors to clear up; then the process ends all the same


class Pool(Executor):
    """Worker processes, each with a supervisor.

    Parameters
    ----------
    workers : int
        How many, at least 1.
    chunksize : int or "auto"
        Jobs handed to a worker at a time.
    timeout : float or None
        Seconds that a job may take; enforced from outside.
    method : str or None
        Start method: forkserver where there is one, else spawn. Never fork: it deadlocks in a threaded parent.
    sums : Totals or None
        Where the sums of the files whose Outcome is "ok" are added up; a task finds its sheet in its context. They are
        those of the Outcomes that were yielded, as soon as the iterator is exhausted, stopped or not.
    memory : int or "auto"
        Bytes of decoded pixels that all workers may hold at the same time.
    """

    def __init__(
        self,
        workers: int,
        chunksize: int | str = "auto",
        timeout: float | None = None,
        method: str | None = None,
        sums: Totals | None = None,
        memory: int | str = "auto",
    ) -> None:
        self.memory = memory
        self.workers, self.chunksize, self.timeout = workers, chunksize, timeout
        self._method, self._sums = method, sums
        self._state: RunState | None = None
        self._run: _Run | None = None
        self._inline: Inline | None = None
        self.supervisors: list[Supervisor] = []  # of the run that is going on
        self._stopping = False

    @classmethod
    def make(cls, options: ExecutorOptions) -> Pool:
        """With a worker for each processor where nobody said how many."""
        count = auto_workers() if options.workers == "auto" else int(options.workers)
        return cls(count, options.chunksize, options.timeout, sums=options.sums, memory=options.memory)

    @property
    def parallelism(self) -> int:
        """The number of workers."""
        return self.workers

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        data = pickle_task(task)
        wanted = max(1, min(self.workers, len(jobs)))
        rest: Iterator[Job] = iter(jobs)
        error: HostError | None = None
        try:
            workers = workers_to_start(wanted)
            if workers < wanted:
                warn(f"{workers} of {wanted} workers: {LIMITS} give no more")
            rest, error = yield from self._spread(task, data, jobs, workers)
        except HostError as refusal:
            error = refusal
        if error is None or self._stopping or (next_job := next(rest, None)) is None:
            return
        if self.timeout is not None:
            raise HostError(f"no worker process, without which no file can be stopped ({error}); {_NO_TIMEOUT}")
        warn(f"no worker process ({error}): the files are done in this one, as with workers=0 (-j 0)")
        self._inline = Inline(self._sums)
        yield from self._inline.run(task, itertools.chain((next_job,), rest))

    def _spread(
        self, task: Task, data: bytes, jobs: Sequence[Job], workers: int
    ) -> Generator[Outcome, None, tuple[Iterator[Job], HostError | None]]:
        """The outcomes of so many workers, or fewer; returns the jobs that are left when none can be had any more."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._forget)
            state = self._state = self._new_state(task, data, workers, stack)
            self.supervisors = [Supervisor(state, row) for row in range(workers)]
            if self._stopping:
                self.stop()
            run = self._run = _Run(state, self.supervisors)
            stack.callback(run.close)
            chunks = Chunks(jobs, self.chunksize, workers, AHEAD_MS if task.bytes_ahead else CHUNK_MS)
            try:
                yield from run.outcomes(chunks)
                return (run.rest(chunks), state.host_error) if state.has_no_worker else (iter(()), None)
            except GeneratorExit:
                self.stop()
                self.late = run.drain(PATIENCE)
                raise
            except BaseException:
                self.abort()
                raise

    def _new_state(self, task: Task, data: bytes, workers: int, stack: contextlib.ExitStack) -> RunState:
        """What the supervisors share; its shared memory is released with `stack`."""
        context = start_context(self._method, task.uses_numpy, variables_of(task))
        staging = Staging(self._sums, workers)
        stack.callback(staging.release)
        table = Table.create(workers)
        stack.callback(table.release)
        return RunState(
            context=context,
            table=table,
            staging=staging,
            rows=workers,
            task=task,
            task_pickle=data,
            timeout=self.timeout,
            budget=Budget(budget_size(self.memory)),
        )

    def _forget(self) -> None:
        self._state, self._run, self.supervisors = None, None, []

    @property
    def _ours(self) -> RunState | None:
        """What the supervisors of the run share; None in a forked copy of its process, which must leave them alone."""
        state = self._state
        return state if state is not None and state.owner == os.getpid() else None

    def stop(self) -> None:
        self._stopping = True
        if self._inline is not None:
            self._inline.stop()
        state = self._ours
        if state is not None:
            state.stopping = True
            state.table.stop()

    def abort(self) -> None:
        self.stop()
        if self._inline is not None:
            self._inline.abort()
        state, run = self._ours, self._run
        if state is not None:
            state.aborting = True
            for supervisor in self.supervisors:
                supervisor.kill()
            # The caller may end the process now (Ctrl-C twice): what would outlive it is removed first
            if run is not None:
                run.settle(GRACE)
            state.table.unlink()
            state.staging.unlink()


class _Run:
    """One run of the Pool: the feed, the window, the results."""

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
