"""Futures executor: how are jobs done by an executor of the caller's? By chunks, submitted to it.

ProcessPoolExecutor, ThreadPoolExecutor, loky's, Dask's, an adapter of one's own. A future that fails costs nobody but
its chunk (attempts.py). A process pool whose worker dies is broken for good: then the run stops, and the next one goes
on. A future that runs is never given up, so nobody writes any more when the run ends and its folder is free again.
"""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.core.errors import EngineError, LostEngineError, sentence, wrong_value
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.attempts import Attempt, Attempts
from imgbatch.executors.base import Executor, ExecutorOptions, pickle_task
from imgbatch.executors.chunks import REMOTE_MS, Chunks
from imgbatch.executors.remote.chunk_call import ChunkCall, Reply
from imgbatch.executors.remote.host import refuse_blind_worker, terms_of
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Totals

CHUNKS_PER_SLOT = 2  # in flight: one that is done, one that waits for it
#: So many chunks may be lost in a row before the executor is asked whether it still does anything.
LOSSES_IN_A_ROW = 6
#: What a call raises that cannot even begin: the worker has not what it takes.
_UNFIT = (ImportError, AttributeError, TypeError, pickle.PickleError)


class Futures(Executor):
    """The caller's executor; it is neither started nor shut down here.

    Parameters
    ----------
    pool : concurrent.futures.Executor
    chunksize : int or "auto"
        Jobs in one call; auto: what takes about 0.75 s.
    workers : int or "auto"
        How many calls it does at a time; auto: as many as it says, asked anew for each call.
    retries : int
        How often a file is tried again whose worker was lost.
    sums : Totals, optional
        Where the sums of the files whose Outcome is "ok" are added up.
    """

    def __init__(
        self,
        pool: concurrent.futures.Executor,
        chunksize: int | str = "auto",
        workers: int | str = "auto",
        retries: int = 3,
        sums: Totals | None = None,
    ) -> None:
        self._pool, self._chunksize, self._workers, self._retries = pool, chunksize, workers, retries
        self._sums = sums
        self._stopping = False
        self._flight: _Flight | None = None

    @classmethod
    def make(cls, options: ExecutorOptions) -> Futures:
        """With the caller's executor."""
        assert options.foreign_executor is not None
        return cls(options.foreign_executor, options.chunksize, options.workers, options.retries, options.sums)

    @property
    def parallelism(self) -> int:
        """What `workers` says, or the executor now: processors of this machine say nothing about it."""
        return slots_of(self._pool, self._workers)

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        data = pickle_task(task)
        chunks = Chunks(jobs, self._chunksize, self.parallelism, REMOTE_MS)
        attempts = Attempts(task, chunks, self._retries, self._sums)
        with terms_of(task) as terms:
            layout = None if self._sums is None else self._sums.layout
            flight = self._flight = _Flight(self._pool, ChunkCall(data, terms, layout, task), attempts, task)
            if self._stopping:
                flight.stop()
            try:
                while flight.goes_on(lambda: CHUNKS_PER_SLOT * self.parallelism):
                    flight.collect()
                    while flight.outcomes:
                        yield flight.outcomes.popleft()
                if flight.error is not None:
                    raise flight.error
            except GeneratorExit:
                flight.stop()
                while flight.futures:
                    flight.collect()
                self.late = list(flight.outcomes)
                raise
            finally:
                flight.stop()
                flight.wait()
                if flight.lost_jobs:
                    task.clean_up_after(None, flight.lost_jobs)
                self._flight = None

    def stop(self) -> None:
        self._stopping = True
        if self._flight is not None:
            self._flight.stop()

    def abort(self) -> None:
        self.stop()  # what runs cannot be ended from here, and must not outlive the lock


class _Flight:
    """One run: its futures, and what they have brought.

    Attributes
    ----------
    futures : dict of Future to Attempt
        What was submitted and not taken back.
    outcomes : deque of Outcome
        To be yielded.
    error : EngineError or None
        Why it ends early, once nothing is in flight any more.
    lost_jobs : list of Job
        That a worker had which was lost, and may have left half-written.
    """

    def __init__(self, pool: concurrent.futures.Executor, call: ChunkCall, attempts: Attempts, task: Task) -> None:
        self._pool, self._call, self._attempts, self._task = pool, call, attempts, task
        self.futures: dict[concurrent.futures.Future[Reply], Attempt] = {}
        self.outcomes: deque[Outcome] = deque()
        self.error: EngineError | None = None
        self.lost_jobs: list[Job] = []
        #: Those that are done: they say so themselves, as concurrent.futures.wait does not hear of one that a shutdown
        #: has cancelled, and would wait for ever.
        self._done: queue.SimpleQueue[concurrent.futures.Future[Reply]] = queue.SimpleQueue()
        self._losses = 0  # in a row
        self._has_replies = False
        self._is_over = False

    def stop(self) -> None:
        """Submit nothing any more; in this process a chunk ends after the file in hand.

        Only the standard library's pools are told to cancel: others call off what goes on all the same.
        """
        self._is_over = self._call.stopping = True
        if type(self._pool).__module__.startswith("concurrent.futures."):
            for future in list(self.futures):
                future.cancel()

    def goes_on(self, window: Callable[[], int]) -> bool:
        """Submit chunks until as many are in flight as `window` says now; whether any is."""
        try:
            count = 0 if self._is_over else window()
            while len(self.futures) < count and not self._is_over:
                attempt = self._attempts.next()
                if attempt is None:
                    break
                self._add(self._pool.submit(self._call, self._call.pack(attempt)), attempt)
        except Exception as error:  # noqa: BLE001 - it broke, or was shut down; what it raises then is its own
            self._end(error if isinstance(error, EngineError) else LostEngineError(_broke(error, self._attempts)))
        return bool(self.futures)

    def _add(self, future: object, attempt: Attempt) -> None:
        if not isinstance(future, concurrent.futures.Future) or future in self.futures:
            kind = "concurrent.futures.Future"
            raise EngineError(f"expected a new {kind} for each call to submit(), got {future!r:.100}")
        self.futures[future] = attempt
        future.add_done_callback(self._done.put)

    def collect(self) -> None:
        """Wait for a future, and take what is done."""
        self._receive(self._done.get())
        while not self._done.empty():
            self._receive(self._done.get())

    def wait(self) -> None:
        """Wait until nothing is in flight, and count none of it."""
        while self.futures:
            del self.futures[self._done.get()]

    def _receive(self, future: concurrent.futures.Future[Reply]) -> None:
        attempt = self.futures.pop(future)
        try:
            error = future.exception()
            if error is None:
                self._take(attempt, future.result())
        except Exception as one:  # noqa: BLE001 - each engine has its own
            error = one
        if isinstance(error, EngineError):
            self._end(error)
        elif isinstance(error, concurrent.futures.BrokenExecutor):
            self._end(LostEngineError(_broke(error, self._attempts)))
        elif isinstance(error, KeyboardInterrupt):  # Ctrl-C, of an executor that does its calls in this thread
            raise error
        elif error is not None and not (self._is_over and isinstance(error, concurrent.futures.CancelledError)):
            self._lose(attempt, error)

    def _take(self, attempt: Attempt, reply: Reply) -> None:
        if not isinstance(reply, Reply):
            raise EngineError(f"expected what the call returns for the result of its future, got {reply!r:.100}")
        if reply.refusal:
            raise EngineError(reply.refusal)
        if len(reply.replies) != len(attempt.jobs) and not self._is_over:
            raise EngineError("expected the reply to its own call for the result of a future, got that to another one")
        refuse_blind_worker(self._task, attempt.jobs, reply.missing)
        self._losses, self._has_replies = 0, True
        self.outcomes.extend(self._attempts.finish(attempt, reply.replies, reply.sums))

    def _lose(self, attempt: Attempt, error: BaseException) -> None:
        text = f"{type(error).__name__}: {sentence(error)}"
        if isinstance(error, _UNFIT) and not self._has_replies:
            self._end(EngineError(f"the executor's workers cannot do this: {text}; they need imgbatch as it is here"))
            return
        self._losses += 1
        if self._losses % LOSSES_IN_A_ROW == 0:
            try:
                self._pool.submit(os.getpid).result()
            except Exception as end:  # noqa: BLE001 - each engine has its own
                self._end(LostEngineError(_broke(end, self._attempts)))
        self.lost_jobs += attempt.jobs
        self.outcomes.extend(self._attempts.lose(attempt, text))

    def _end(self, error: EngineError) -> None:
        self.error = self.error or error
        self.stop()


def slots_of(pool: concurrent.futures.Executor, workers: int | str) -> int:
    """How many calls an executor does at a time: what `workers` says (more than 0), or else the executor, as of now.

    Raises
    ------
    UsageError
        Neither says it.
    """
    count = workers if isinstance(workers, int) and workers else _slots(pool)
    if count is None:
        raise wrong_value("how many calls it does at a time", "workers, where an executor does not say it", workers)
    return max(1, count)


def _slots(pool: concurrent.futures.Executor) -> int | None:
    threads_by_worker = getattr(getattr(pool, "_client", None), "nthreads", None)  # private: of Dask's ClientExecutor
    if threads_by_worker is not None:
        return int(sum(threads_by_worker().values()))
    for name in ("parallelism", "_max_workers"):  # ours, and the standard library's private one
        count = getattr(pool, name, None)
        if isinstance(count, int):
            return count
    return None


def _broke(error: BaseException, attempts: Attempts) -> str:
    return (
        f"the executor broke with {attempts.describe_in_flight()} in hand ({type(error).__name__}: {sentence(error)}); "
        "run again with a new one, or without one, and a file that is to blame is named"
    )
