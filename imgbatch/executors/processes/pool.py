"""Pool: how is the work spread over processes, so that nothing can hang? The default executor.

``ThreadPool(workers).imap_unordered(answer, chunks)``: each thread of the Pool borrows one supervisor (supervisor.py),
which owns one worker process and one private pipe. A bare Pool of processes shares its pipes and their locks between
workers, so one killed worker leaves everybody waiting for ever (https://github.com/python/cpython/issues/96062).

The jobs are consumed in the caller's thread, a bounded window ahead, so a million of them cost no memory here.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.core.errors import HostError
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.base import Executor, ExecutorOptions, pickle_task, warn
from imgbatch.executors.chunks import AHEAD_MS, CHUNK_MS, Chunks, StreamChunks
from imgbatch.executors.host_limits import LIMITS, auto_workers, workers_to_start
from imgbatch.executors.inline import Inline
from imgbatch.executors.job_stream import JobStream
from imgbatch.executors.processes.in_flight import Table
from imgbatch.executors.processes.launch import variables_of
from imgbatch.executors.processes.memory_budget import Budget, budget_size
from imgbatch.executors.processes.run_state import RunState
from imgbatch.executors.processes.staged_sums import Staging
from imgbatch.executors.processes.start_method import start_context
from imgbatch.executors.processes.supervisor import Supervisor
from imgbatch.executors.processes.window import ChunkWindow
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
        self._run: ChunkWindow | None = None
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
        return self._do(task, jobs, max(1, min(self.workers, len(jobs))))

    def run_stream(self, task: Task, jobs: JobStream) -> Iterator[Outcome]:
        return self._do(task, jobs, self.workers)

    def _do(self, task: Task, jobs: Sequence[Job] | JobStream, wanted: int) -> Generator[Outcome, None, None]:
        """The outcomes of all jobs, of that many workers if there are so many."""
        data = pickle_task(task)
        rest: Iterator[Job | Outcome] = iter(jobs)
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
        self, task: Task, data: bytes, jobs: Sequence[Job] | JobStream, workers: int
    ) -> Generator[Outcome, None, tuple[Iterator[Job | Outcome], HostError | None]]:
        """The outcomes of so many workers, or fewer; returns the jobs that are left when none can be had any more."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._forget)
            state = self._state = self._new_state(task, data, workers, stack)
            self.supervisors = [Supervisor(state, row) for row in range(workers)]
            if self._stopping:
                self.stop()
            run = self._run = ChunkWindow(state, self.supervisors)
            stack.callback(run.close)
            worth_ms = AHEAD_MS if task.bytes_ahead else CHUNK_MS
            try:
                if isinstance(jobs, JobStream):
                    yield from run.stream_outcomes(jobs, StreamChunks(jobs, self.chunksize, worth_ms))
                    rest: Iterator[Job | Outcome] = run.rest(jobs)
                else:
                    chunks = Chunks(jobs, self.chunksize, workers, worth_ms)
                    yield from run.outcomes(chunks)
                    rest = run.rest(job for chunk in chunks for job in chunk)
                return (rest, state.host_error) if state.has_no_worker else (iter(()), None)
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
