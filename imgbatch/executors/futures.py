"""How is the work done by an executor of the caller's? Chunks are submitted to any ``concurrent.futures.Executor``.

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

from imgbatch.core.errors import EngineError, Phase, sentence
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.base import Chunks, Executor, Work, packed_work

PATIENCE = 5.0  # seconds that a closed iterator gives the files in hand
KEPT = 4  # runs whose work a process of the caller's keeps: as many may take turns in it


class FuturesDesk:
    """Nobody watches from outside."""

    again = False
    sums = None

    def __init__(self) -> None:
        self.now: Phase = "read"

    def phase(self, phase: Phase) -> None:
        self.now = phase

    def reserve(self, size: int) -> None:
        """Nobody keeps a budget here."""


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
        self._stopped = self._aborted = False

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Outcome]:
        task = _Task(packed_work(work), work)
        workers = getattr(self._pool, "_max_workers", None) or os.cpu_count() or 1  # private: they have no public word
        chunks = Chunks(jobs, self._chunksize, workers)
        flying: dict[concurrent.futures.Future[list[bytes]], list[Job]] = {}
        waiting: deque[Outcome] = deque()
        broken: BaseException | None = None
        try:
            while True:
                while len(flying) < workers + 2 and not self._stopped and broken is None:
                    chunk = next(chunks, None)
                    if chunk is None:
                        break
                    try:
                        flying[self._pool.submit(task, [pickle.dumps(job) for job in chunk])] = chunk
                    except RuntimeError as error:  # it broke, or was shut down
                        broken = error
                        yield from self._blamed(work, chunk, error)
                if not flying or self._aborted:
                    break
                ready, _ = concurrent.futures.wait(flying, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in ready:
                    chunk = flying.pop(future)
                    broken = broken or _error(future)
                    waiting.extend(self._replies(work, chunk, future))
                    chunks.learn(waiting)
                    while waiting:
                        yield waiting.popleft()
        except GeneratorExit:
            for future in flying:
                future.cancel()
            running, _ = concurrent.futures.wait(flying, PATIENCE)
            self.late = list(waiting) + [
                outcome
                for future in running
                if not future.cancelled()
                for outcome in self._replies(work, flying[future], future)
            ]
            raise
        finally:
            for future in flying:
                future.cancel()
        if broken is not None and next(chunks, None) is not None:
            text = f"{type(broken).__name__}: {sentence(broken)}"
            raise EngineError(f"the executor broke, and the rest was not tried: {text}")

    def _replies(
        self, work: Work, jobs: list[Job], future: concurrent.futures.Future[list[bytes]]
    ) -> Iterable[Outcome]:
        """The Outcomes in a future that is done; blame for all of its jobs when the pool broke under it."""
        error = _error(future)
        if error is not None:
            return self._blamed(work, jobs, error)
        return [_outcome(work, job, reply) for job, reply in zip(jobs, future.result(), strict=True)]

    def _blamed(self, work: Work, jobs: list[Job], error: BaseException) -> Iterator[Outcome]:
        """Nobody knows which of the jobs in flight broke it: no kind that would have the file quarantined."""
        message = f"the executor broke while it had this file in a chunk: {type(error).__name__}: {sentence(error)}"
        for job in jobs:
            yield work.blame(job, "crashed", Failure("internal", "read", message))

    def stop(self) -> None:
        self._stopped = True

    def abort(self) -> None:
        self._stopped = self._aborted = True


def _error(future: concurrent.futures.Future[list[bytes]]) -> BaseException | None:
    """What a future that is done has instead of a result."""
    return concurrent.futures.CancelledError() if future.cancelled() else future.exception()


class _Task:
    """The work of a run, as the caller's executor gets it: itself within this process, its bytes for another one."""

    def __init__(self, packed: bytes, work: Work | None = None) -> None:
        self._packed, self._work = packed, work

    def __call__(self, jobs: list[bytes]) -> list[bytes]:
        """In a worker of the caller's: each job to its pickled Outcome, or to (phase, text)."""
        work = self._ready
        return [_one(work, job) for job in jobs]

    def __reduce__(self) -> tuple[type[_Task], tuple[bytes]]:
        return _Task, (self._packed,)

    @functools.cached_property
    def _ready(self) -> Work:
        if self._work is None:
            return _unpacked(self._packed)
        self._work.open()
        return self._work


@functools.lru_cache(maxsize=KEPT)
def _unpacked(packed: bytes) -> Work:
    """The work of a run in another process: unpickled once, not once a chunk."""
    work: Work = pickle.loads(packed)
    work.open()
    return work


def _one(work: Work, job: bytes) -> bytes:
    desk = FuturesDesk()
    try:
        return pickle.dumps(work(pickle.loads(job), desk))
    except Exception as error:  # noqa: BLE001 - one Outcome for every job; the parent makes it from this text
        return pickle.dumps((desk.now, f"{type(error).__name__}: {sentence(error)}"))


def _outcome(work: Work, job: Job, reply: bytes) -> Outcome:
    try:
        outcome = pickle.loads(reply)
    except Exception as error:  # noqa: BLE001 - a reply may explode in any way; it costs its own job only
        outcome = ("ops", f"the outcome cannot be read ({type(error).__name__})")
    if isinstance(outcome, Outcome):
        return outcome
    phase, message = outcome
    return work.blame(job, "failed", Failure("operation", phase, message))
