"""Chunks: how many jobs are handed to a worker at a time?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from imgbatch.core.job import Job, Outcome
from imgbatch.core.records.growing_list import GrowingList
from imgbatch.executors.job_stream import JobStream

MOST = 64  # jobs in a chunk of tiny files
LAST = 4  # jobs for each worker at the end, of which the largest come first
CHUNK_MS = 20.0  # what a chunk is worth
AHEAD_MS = 300.0  # ... where the sources of its jobs are read ahead, from a store behind a network
REMOTE_MS = 750.0  # ... to an engine of others, which takes some ms to send one
_WINDOW = 20_000  # jobs that are listed before the next, at most: to see whether the end is near


class Chunks:
    """Jobs cut into chunks: 1 for few or slow files, up to 64 for many tiny ones.

    A chunk is worth about 20 ms. What a file costs is guessed from its size (0.3 ms and 20 ms a megabyte, as measured
    on photographs and tiny PNGs), and the guess is corrected by what the files so far have cost: a recipe may be slow.
    No worker gets so many at a time that another has none, and of the last few jobs the largest files come first: the
    run would wait for one that came last.

    Parameters
    ----------
    jobs : sequence of Job
        One that grows is filled some way ahead, by the thread that takes the chunks.
    chunksize : int or "auto"
    workers : int
        May be changed on the way, where workers come and go.
    worth_ms : float
        What a chunk is worth in ms, and with it up to ``MOST`` files for each `CHUNK_MS`.
    """

    def __init__(self, jobs: Sequence[Job], chunksize: int | str, workers: int, worth_ms: float = CHUNK_MS) -> None:
        self._jobs, self.workers, self._worth_ms = jobs, workers, worth_ms
        self._most = round(MOST * worth_ms / CHUNK_MS)
        self._size = chunksize if isinstance(chunksize, int) else None
        self._window = min(workers * (4 * self._most + LAST) + (self._size or 0), _WINDOW)
        self._last: int | None = None  # where the last few begin, once it is known
        self._end: list[Job] = []
        self._next = 0
        self._guess_ms = self._actual_ms = 0.0  # ms of the files that are done

    def __iter__(self) -> Iterator[list[Job]]:
        return self

    def __next__(self) -> list[Job]:
        start = self._next
        if self._last is None:
            self._foresee(start)
        if start >= len(self._jobs):
            raise StopIteration
        chunk = self._chunk(start)
        self._next += len(chunk)
        return chunk

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """Correct the guess by what these files have cost."""
        for outcome in outcomes:
            if outcome.ms:
                self._guess_ms += _guess(outcome.source.size)
                self._actual_ms += sum(outcome.ms.values())

    def _foresee(self, start: int) -> None:
        """Find out where the last few jobs begin, or that it is not soon."""
        jobs = self._jobs
        if isinstance(jobs, GrowingList):
            jobs.foresee(start, self._window)
            if not jobs.is_complete:
                return
        self._last = max(start, len(jobs) - LAST * self.workers)
        self._end = sorted(jobs[self._last :], key=lambda job: -job.source.size)

    def _job(self, place: int) -> Job:
        return self._jobs[place] if self._last is None or place < self._last else self._end[place - self._last]

    def _chunk(self, start: int) -> list[Job]:
        """The next jobs; each is asked for once, because it is made again each time."""
        rest = len(self._jobs) - start
        if self._size is not None:
            return [self._job(start + count) for count in range(min(self._size, rest))]
        most = max(1, min(self._most, rest // (self.workers * 4)))
        cost = 0.0
        chunk: list[Job] = []
        while len(chunk) < most and cost < self._worth_ms:
            job = self._job(start + len(chunk))
            chunk.append(job)
            cost += self._cost(job)
        return chunk

    def _cost(self, job: Job) -> float:
        """What a job will take in ms, as far as is known by now."""
        factor = max(0.2, self._actual_ms / self._guess_ms) if self._guess_ms else 4.0  # nothing known: carefully
        return factor * _guess(job.source.size)


class StreamChunks(Chunks):
    """Jobs that come while others are done, cut into chunks: what is there is not kept back for what may come.

    Parameters
    ----------
    stream : JobStream
    chunksize : int or "auto"
    worth_ms : float
        What a chunk is worth in ms.

    Attributes
    ----------
    no_work : list of Outcome
        What came between the jobs and needs no work; whoever takes the chunks takes it out.
    """

    def __init__(self, stream: JobStream, chunksize: int | str, worth_ms: float = CHUNK_MS) -> None:
        super().__init__((), chunksize, 1, worth_ms)
        self._stream = stream
        self.no_work: list[Outcome] = []

    def __next__(self) -> list[Job]:
        """The next chunk; StopIteration where there is none now."""
        jobs: list[Job] = []
        cost = 0.0
        while len(jobs) < (self._size or self._most) and (self._size or cost < self._worth_ms):
            item = self._stream.take() if len(self.no_work) < self._most else None
            if item is None:
                break
            if isinstance(item, Outcome):
                self.no_work.append(item)
            else:
                jobs.append(item)
                cost += self._cost(item)
        if not jobs:
            raise StopIteration
        return jobs


def _guess(size: int) -> float:
    return 0.3 + size * 20e-6
