"""Dispatch: which chunk of a run is at which worker of the cluster, and what has become of it?

A chunk goes to one worker that is named: so it is known who had what in hand when a worker is lost, and a worker that
cannot do the work gets no more of it. What was sent to a worker that is gone is lost, but only what had begun there may
be to blame for it.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import LostEngineError, sentence
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.attempts import Attempt, Attempts
from imgbatch.executors.base import warn
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.dask.cluster import Beginning, CallResult, Census, Cluster
from imgbatch.executors.dask.hosted_runs import do_chunk
from imgbatch.executors.dask.slot import ChunkReply
from imgbatch.executors.messages import pickle_job
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from distributed import Future

DEPTH = 2  # chunks on their way for each thread: one in hand, one at hand
_DOUBTS = 10  # how often a chunk may be lost while other workers are lost, too, until that counts all the same
_UNBEGUN = 100  # ... that nobody has seen begin


@dataclass(eq=False)
class Flight:
    """An attempt at a worker.

    Attributes
    ----------
    attempt : Attempt
    worker : str
        Its address.
    future : Future
        Dask's.
    has_begun : bool
        Whether the worker has said that it begins.
    """

    attempt: Attempt
    worker: str
    future: Future
    has_begun: bool = False


class Dispatch:
    """The chunks of one run, and the workers that do them.

    Parameters
    ----------
    name : str
        Of the run, for the workers.
    task : Task
    cluster : Cluster
    attempts : Attempts
    chunks : Chunks
        Those of `attempts`; learns how many workers there are.
    order : bytes
        The pickled Order.

    Attributes
    ----------
    flights : dict of str to Flight
        What is on its way, by its key.
    is_done : bool
        Whether there was nothing more to send, and nothing on its way.
    lost_jobs : list of Job
        That were in hand of a worker that was lost.
    """

    def __init__(
        self, name: str, task: Task, cluster: Cluster, attempts: Attempts, chunks: Chunks, order: bytes
    ) -> None:
        self._name, self._task, self._cluster, self._attempts = name, task, cluster, attempts
        self._chunks, self._order = chunks, order
        self.lost_jobs: list[Job] = []
        self.flights: dict[str, Flight] = {}
        self.is_done = False
        self._number = 0
        self._census = cluster.census
        self._refusals: dict[str, str] = {}
        self._losses = 0  # workers that are gone
        self._losses_then: dict[int, int] = {}  # at a job's last loss, by its index
        self._doubts: Counter[int] = Counter()  # by the first job's index
        self._unbegun: Counter[int] = Counter()
        self._seen_at: dict[str, float] = {}
        self._usable_at = time.monotonic()

    # -- there ---------------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send chunks as long as there are workers that have less than two for each thread."""
        self.is_done = False
        counts = Counter(flight.worker for flight in self.flights.values())
        usable = self._usable
        limit = DEPTH * self._cluster.workers if isinstance(self._cluster.workers, int) else None
        self._chunks.workers = max(1, min(sum(usable.values()), (limit or 10**9) // DEPTH))
        while usable and (limit is None or len(self.flights) < limit):
            worker = min(usable, key=lambda one: counts[one] / usable[one])
            if counts[worker] >= DEPTH * usable[worker]:
                return
            attempt = self._attempts.next()
            if attempt is None:
                self.is_done = not self.flights
                return
            self._number += 1
            key = f"{self._name}-{self._number}"
            message = pickle.dumps((self._name, key, self._order, list(map(pickle_job, attempt.jobs))))
            try:
                future = self._cluster.submit(key, do_chunk, message, worker)
            except Exception as error:  # noqa: BLE001 - the client has ended, whatever it says about it
                self._attempts.finish(attempt, [])
                raise LostEngineError(f"the Dask client takes no more work: {sentence(error)}") from None
            self.flights[key] = Flight(attempt, worker, future)
            counts[worker] += 1

    @property
    def _usable(self) -> dict[str, int]:
        """Threads by worker, of those that take work and have not refused this run's."""
        return {worker: threads for worker, threads in self._census.running.items() if worker not in self._refusals}

    # -- and back ------------------------------------------------------------------------------------------------------

    def hear(self) -> list[Outcome]:
        """Wait for news, and what Outcomes they bring.

        Raises
        ------
        LostEngineError
            There has been no worker for too long, or all refuse.
        """
        news = None
        with contextlib.suppress(queue.Empty):
            news = self._cluster.news.get(timeout=self._cluster.timeout)
        outcomes: list[Outcome] = []
        if isinstance(news, CallResult):
            outcomes = self._take(news)
        elif isinstance(news, Census):
            outcomes = self._look(news)
        elif isinstance(news, Beginning) and news.key in self.flights:
            self.flights[news.key].has_begun = True
        if self._usable and isinstance(news, (Census, CallResult)):
            self._usable_at = time.monotonic()
        if time.monotonic() - self._usable_at > self._cluster.timeout:
            raise LostEngineError(f"the cluster has had no worker for {self._cluster.timeout:g} s (--executor-timeout)")
        return outcomes

    def _take(self, reply: CallResult) -> list[Outcome]:
        flight = self.flights.pop(reply.key, None)
        if flight is None:  # others do it by now
            return []
        if reply.data is None:
            return self._understand(flight, reply.error)
        content: ChunkReply = pickle.loads(reply.data)
        if content.refusal:
            self._refuse(flight, content.refusal)
            return []
        jobs = flight.attempt.jobs
        if content.missing >= 0 and not self._task.missing_source(jobs[content.missing]):
            self._refuse(flight, f"it does not see {jobs[content.missing].source.path}, which is there")
            return []
        places = [place for place, _ in content.outcomes]
        missing = set(range(len(jobs))).difference(places)
        flight.attempt.jobs = [jobs[place] for place in (*places, *sorted(missing))]
        return self._attempts.finish(flight.attempt, [data for _, data in content.outcomes], content.sums)

    def _understand(self, flight: Flight, error: Any) -> list[Outcome]:
        """An error in the place of a reply: of Dask's, which has lost the worker, or of one that cannot begin."""
        kind = type(error)
        if kind.__module__.partition(".")[0] in ("distributed", "asyncio", "concurrent") or isinstance(error, OSError):
            return self._lose(flight, f"{kind.__name__}: {sentence(error)}")
        self._refuse(flight, f"{kind.__name__}: {sentence(error)}")
        return []

    def _look(self, census: Census) -> list[Outcome]:
        """Who is there? What was sent to others is lost."""
        now, outcomes = time.monotonic(), list[Outcome]()
        self._losses += len(self._census.alive.keys() - census.alive.keys())
        self._census = census
        self._seen_at.update(dict.fromkeys(census.running, now))
        for key, flight in list(self.flights.items()):
            pause = now - self._seen_at.get(flight.worker, now)
            if flight.worker not in census.alive or pause > self._cluster.timeout:
                del self.flights[key]
                outcomes += self._lose(flight, f"the worker {flight.worker} is gone")
        return outcomes

    def _lose(self, flight: Flight, cause: str) -> list[Outcome]:
        """A chunk will not come back, which counts against it if it may be the cause.

        It is hardly that if the worker had not begun it, or where other workers were lost since it last was.
        """
        flight.future.release()
        jobs = flight.attempt.jobs
        first = jobs[0].index
        others = self._losses - self._losses_then.get(first, self._losses) - 1
        self._losses_then.update((job.index, self._losses) for job in jobs)
        self.lost_jobs += jobs
        self._unbegun[first] += not flight.has_begun
        self._doubts[first] += flight.has_begun and others > 0
        is_doubtful = others > 0 and self._doubts[first] <= _DOUBTS
        is_blameless = is_doubtful if flight.has_begun else self._unbegun[first] <= _UNBEGUN
        return self._attempts.finish(flight.attempt, []) if is_blameless else self._attempts.lose(flight.attempt, cause)

    def _refuse(self, flight: Flight, reason: str) -> None:
        """A worker cannot do this run's work: others do. LostEngineError where there are none."""
        self._attempts.finish(flight.attempt, [])
        if flight.worker in self._refusals:
            return
        self._refusals[flight.worker] = reason
        text = f"the worker {flight.worker} cannot do this work: {reason}"
        if not self._usable:
            raise LostEngineError(text)
        warn(f"{text}; the others do it")

    def close(self) -> None:
        """Dask may forget what it still has."""
        for flight in self.flights.values():
            with contextlib.suppress(Exception):  # the client has ended
                flight.future.release()
        self.flights.clear()
