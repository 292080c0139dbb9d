"""Attempts: which jobs does an engine of others have in hand, and what becomes of those that it loses?

The rules are the same for every engine; how a chunk gets to a worker and back is the engine's. A chunk that is lost
(its worker died, its reply cannot be fetched) is done again file by file, after everything else. A file whose worker is
lost once more is tried with nothing else in flight: what ends two workers then is blamed by name, and nothing else is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.messages import outcome_of_reply
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Record, Totals

ALONE = 2  # the last attempts at a file, which are made with nothing else in flight


@dataclass(eq=False)
class Attempt:
    """A chunk on its way to a worker and back.

    Attributes
    ----------
    jobs : list of Job
    number : int
        Which attempt it is at each of them, from 1.
    alone : bool
        Whether nothing else may be in flight meanwhile.
    """

    jobs: list[Job]
    number: int = 1
    alone: bool = False

    @property
    def again(self) -> bool:
        """Whether a worker that was lost may have done these jobs: :attr:`TaskContext.again`."""
        return self.number > 1


class Attempts:
    """The chunks of a run on their ways; exactly one Outcome for each job that comes back or is given up.

    Parameters
    ----------
    task : Task
        Says what the Outcome of a job is whose worker could not give one.
    chunks : Chunks
        Learns from the outcomes.
    retries : int
        How often a file is tried again whose worker was lost, at least 1.
    totals : Totals, optional
        Gets the sums of each reply that is counted.

    Attributes
    ----------
    in_flight : list of Attempt
        What was sent and has neither come back nor been lost.
    """

    def __init__(self, task: Task, chunks: Chunks, retries: int, totals: Totals | None = None) -> None:
        self._task, self._chunks, self._retries, self._totals = task, chunks, retries, totals
        self._repeats: deque[Attempt] = deque()
        self._suspects: deque[Attempt] = deque()
        self.in_flight: list[Attempt] = []

    def next(self) -> Attempt | None:
        """What is to be sent now; None: nothing, until something in flight has come back, or at all."""
        if any(attempt.alone for attempt in self.in_flight):
            return None
        attempt = self._pop()
        if attempt is not None:
            self.in_flight.append(attempt)
        return attempt

    def _pop(self) -> Attempt | None:
        jobs = next(self._chunks, None)
        if jobs is not None:
            return Attempt(jobs)
        if self._repeats:
            return self._repeats.popleft()
        return self._suspects.popleft() if self._suspects and not self.in_flight else None

    def finish(self, attempt: Attempt, replies: Sequence[bytes], sums: bytes = b"") -> list[Outcome]:
        """The Outcomes in the reply to a chunk, whose sums are counted now.

        Parameters
        ----------
        attempt : Attempt
            When it is not in flight any more, its jobs are done by others, and the reply counts for nothing.
        replies : sequence of bytes
            Of :func:`messages.pickle_outcome`, one for each job; fewer when the worker was told to stop.
        sums : bytes
            The record of what they have summed, where there are sums.
        """
        if attempt not in self.in_flight:
            return []
        self.in_flight.remove(attempt)
        pairs = [outcome_of_reply(self._task, job, reply) for job, reply in zip(attempt.jobs, replies, strict=False)]
        if self._totals is not None and len(pairs) > 1 and not all(readable for _, readable in pairs):
            # What one of them has summed cannot be told from the rest
            self._repeats.extend(Attempt([job], attempt.number + 1) for job in attempt.jobs)
            return []
        if self._totals is not None and sums and all(readable for _, readable in pairs):
            self._totals.add(_record_of(self._totals, sums))
        rest = attempt.jobs[len(replies) :]
        if rest:
            self._repeats.append(Attempt(rest, attempt.number, attempt.alone))
        outcomes = [outcome for outcome, _ in pairs]
        self._chunks.learn(outcomes)
        return outcomes if attempt.number == 1 else [replace(one, attempts=attempt.number) for one in outcomes]

    def lose(self, attempt: Attempt, cause: str) -> list[Outcome]:
        """A chunk will not come back: its files are tried again one by one; the Outcome of one that is given up.

        Parameters
        ----------
        attempt : Attempt
            When it is not in flight any more, nothing happens.
        cause : str
            What the engine says about it.
        """
        if attempt not in self.in_flight:
            return []
        self.in_flight.remove(attempt)
        if attempt.number <= self._retries:
            number = attempt.number + 1
            alone = number > self._retries + 1 - ALONE
            queue = self._suspects if alone else self._repeats
            queue.extend(Attempt([job], number, alone) for job in attempt.jobs)
            return []
        which = "last one" if self._retries < ALONE else f"last {ALONE}"
        times = f"{attempt.number} workers were lost over it, the {which} with nothing else in hand"
        failure = Failure("crash", "read", f"{times} ({cause})")
        return [replace(self._task.blame(job, "crashed", failure), attempts=attempt.number) for job in attempt.jobs]

    def describe_in_flight(self) -> str:
        """The files in flight, in a sentence's words: the first by its name."""
        jobs = [job for attempt in self.in_flight for job in attempt.jobs]
        names = [job.source.relative for job in jobs[:1]]
        return " and ".join(names + ([f"{len(jobs) - 1} more"] if len(jobs) > 1 else [])) or "no file"


def _record_of(totals: Totals, sums: bytes) -> Record:
    import numpy

    record: Record = numpy.frombuffer(sums, totals.layout.dtype)[0, ...]
    return record
