"""Stream jobs: which job is next, of sources that come while others are done?

Each source that has come gets its names, the ledger is asked, and the executor gets a job, or an outcome that needs no
work: all in the thread of the run, when the executor has room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imgbatch.core.job import Job, Outcome
from imgbatch.executors.job_stream import JobStream
from imgbatch.planning.find import SkippedFile
from imgbatch.planning.jobs.job_list import Verdict
from imgbatch.planning.stream import StreamPlan
from imgbatch.runs.stream.arrivals import Arrivals
from imgbatch.runs.stream.stream_workload import StreamWorkload

_AT_ONCE = 256  # sources that are left out, before one looks whether something else has happened


class StreamJobs(JobStream):
    """The jobs of a run, as their sources come.

    Parameters
    ----------
    limit : int or None
        How many jobs at most (max_files); what comes after that is left to the next run.
    is_output : callable
        Whether a former run made a file (absolute path), so that it is no source.

    Attributes
    ----------
    arrivals : Arrivals
        What has come; set before the first job is taken.
    plan : StreamPlan
    workload : StreamWorkload
    is_cut : bool
        Whether `limit` has ended it.
    shortcut : callable
        The outcome of a job that can be had without a worker; None where there is none.
    """

    arrivals: Arrivals
    plan: StreamPlan
    workload: StreamWorkload

    def __init__(self, limit: int | None, is_output: Callable[[str], bool]) -> None:
        super().__init__()
        self._limit, self._is_output = limit, is_output
        self._is_closed = self.is_cut = False
        self._again: Iterator[Job] = iter(())
        self.shortcut: Callable[[Job], Outcome | None] = _no_outcome

    @property
    def has_ended(self) -> bool:
        return self._is_closed or self.is_cut or self.arrivals.has_ended

    def close(self) -> None:
        """Give nothing more; callable from any thread or signal handler."""
        self._is_closed = True
        self.ring()

    def repeat(self) -> None:
        self._again = iter([job for job in self.workload.todo if self.plan.jobs.verdict(job.index) != Verdict.SUSPECT])

    def take(self) -> Job | Outcome | None:
        job = next(self._again, None)
        if job is not None:
            return job
        for _ in range(_AT_ONCE):
            item = None if self.has_ended else self._next()
            if item is None:
                self.workload.has_all = self.arrivals.has_ended
                return None
            if not isinstance(item, SkippedFile):
                return item
            self.workload.skipped.append(item)
        self.ring()  # one comes back at once
        return None

    def _next(self) -> Job | Outcome | SkippedFile | None:
        """What becomes of what came next; None where nothing has."""
        while (candidate := self.arrivals.take()) is not None:
            if isinstance(candidate, SkippedFile):
                return candidate
            if self._is_output(candidate.path):
                return SkippedFile(candidate.relative, candidate.root, "made by a former run")
            result = self.plan.admit(candidate)
            if isinstance(result, SkippedFile):
                return result
            entry, verdict = result
            self.workload.add(entry, verdict)
            if entry.outcome is None:
                self.is_cut = self._limit is not None and len(self.workload.todo) >= self._limit
            if verdict != Verdict.SUSPECT:
                return entry.outcome or self.shortcut(entry.job) or entry.job
        return None


def _no_outcome(job: Job) -> Outcome | None:
    return None
