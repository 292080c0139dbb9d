"""Futures executor: how are jobs done by an executor of the caller's? By chunks, submitted to it.

ProcessPoolExecutor, ThreadPoolExecutor, loky's: as reliable as they are. When one breaks (a worker of a process pool
was killed), every job that was in flight is blamed, because nothing says whose fault it was; the rest is not tried.
"""

from __future__ import annotations

import concurrent.futures
import functools
import os
import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from imgbatch.core.errors import EngineError, sentence
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.base import Executor, ExecutorOptions, failure_of, pickle_task
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.messages import outcome_of_reply, pickle_job, pickle_outcome, unpickle_job
from imgbatch.pipeline.task import LocalContext, Task

PATIENCE = 5.0  # seconds that a closed iterator gives the files in hand
TASK_CACHE_SIZE = 4  # runs whose work a process of the caller's keeps: as many may take turns in it


class Futures(Executor):
    """The caller's executor; it is neither started nor shut down here.

    Parameters
    ----------
    pool : concurrent.futures.Executor
    chunksize : int or "auto"
        Jobs in one call.
    """

    def __init__(self, pool: concurrent.futures.Executor, chunksize: int | str = "auto") -> None:
        self._pool, self._chunksize = pool, chunksize
        self._stopping = self._aborting = False

    @classmethod
    def make(cls, options: ExecutorOptions) -> Futures:
        """With the caller's executor."""
        assert options.foreign_executor is not None
        return cls(options.foreign_executor, options.chunksize)

    @property
    def parallelism(self) -> int:
        """The pool's workers; where it does not say, one for each processor."""
        workers: int | None = getattr(self._pool, "_max_workers", None)  # private: they have no public word
        return workers or os.cpu_count() or 1

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        call = _ChunkCall(pickle_task(task), task)
        workers = self.parallelism
        chunks = Chunks(jobs, self._chunksize, workers)
        jobs_by_future: dict[concurrent.futures.Future[list[bytes]], list[Job]] = {}
        outcomes: deque[Outcome] = deque()
        breakage: BaseException | None = None
        try:
            while True:
                while len(jobs_by_future) < workers + 2 and not self._stopping and breakage is None:
                    chunk = next(chunks, None)
                    if chunk is None:
                        break
                    try:
                        jobs_by_future[self._pool.submit(call, list(map(pickle_job, chunk)))] = chunk
                    except RuntimeError as error:  # it broke, or was shut down
                        breakage = error
                        yield from self._blame(task, chunk, error)
                if not jobs_by_future or self._aborting:
                    break
                ready, _ = concurrent.futures.wait(jobs_by_future, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in ready:
                    chunk = jobs_by_future.pop(future)
                    breakage = breakage or _error(future)
                    outcomes.extend(self._replies(task, chunk, future))
                    chunks.learn(outcomes)
                    while outcomes:
                        yield outcomes.popleft()
        except GeneratorExit:
            for future in jobs_by_future:
                future.cancel()
            ready, _ = concurrent.futures.wait(jobs_by_future, PATIENCE)
            self.late = list(outcomes) + [
                outcome
                for future in ready
                if not future.cancelled()
                for outcome in self._replies(task, jobs_by_future[future], future)
            ]
            raise
        finally:
            for future in jobs_by_future:
                future.cancel()
        if breakage is not None and next(chunks, None) is not None:
            text = f"{type(breakage).__name__}: {sentence(breakage)}"
            raise EngineError(f"the executor broke, and the rest was not tried: {text}")

    def _replies(
        self, task: Task, jobs: list[Job], future: concurrent.futures.Future[list[bytes]]
    ) -> Iterable[Outcome]:
        """The Outcomes in a future that is done; blame for all of its jobs when the pool broke under it."""
        error = _error(future)
        if error is not None:
            return self._blame(task, jobs, error)
        return [outcome_of_reply(task, job, reply)[0] for job, reply in zip(jobs, future.result(), strict=True)]

    def _blame(self, task: Task, jobs: list[Job], error: BaseException) -> Iterator[Outcome]:
        """Nobody knows which of the jobs in flight broke it: no kind that would have the file quarantined."""
        message = f"the executor broke while it had this file in a chunk: {type(error).__name__}: {sentence(error)}"
        for job in jobs:
            yield task.blame(job, "crashed", Failure("internal", "read", message))

    def stop(self) -> None:
        self._stopping = True

    def abort(self) -> None:
        self._stopping = self._aborting = True


def _error(future: concurrent.futures.Future[list[bytes]]) -> BaseException | None:
    """What a future that is done has instead of a result."""
    return concurrent.futures.CancelledError() if future.cancelled() else future.exception()


class _ChunkCall:
    """The work of a run, as the caller's executor gets it: itself within this process, its bytes for another one."""

    def __init__(self, data: bytes, task: Task | None = None) -> None:
        self._pickle, self._task = data, task

    def __call__(self, jobs: list[bytes]) -> list[bytes]:
        """In a worker of the caller's: each job to its pickled Outcome, or Failure."""
        task = self._ready_task
        return [_one(task, job) for job in jobs]

    def __reduce__(self) -> tuple[type[_ChunkCall], tuple[bytes]]:
        return _ChunkCall, (self._pickle,)

    @functools.cached_property
    def _ready_task(self) -> Task:
        if self._task is None:
            return _unpickle(self._pickle)
        self._task.open()
        return self._task


@functools.lru_cache(maxsize=TASK_CACHE_SIZE)
def _unpickle(data: bytes) -> Task:
    """The work of a run in another process: unpickled once, not once a chunk."""
    task: Task = pickle.loads(data)
    task.open()
    return task


def _one(task: Task, data: bytes) -> bytes:
    context = LocalContext()
    try:
        job = unpickle_job(data)
        return pickle_outcome(task(job, context), job)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one Outcome for every job; the parent makes it from this
        return pickle.dumps(failure_of(error, context.current_phase))
