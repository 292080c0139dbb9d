"""Stream workload: which files has a run so far whose sources come while it is at work?"""

from __future__ import annotations

from array import array

from imgbatch.planning.jobs.job_entries import JobEntry
from imgbatch.planning.jobs.job_list import JobSelection, OutcomeSelection, Verdict
from imgbatch.planning.stream import StreamPlan
from imgbatch.runs.workload import Workload


class StreamWorkload(Workload):
    """As :class:`Workload`, of the files so far; its sequences grow.

    Parameters
    ----------
    plan : StreamPlan
        Has the jobs.

    Attributes
    ----------
    has_arrivals : bool
        Whether anything has come.
    has_all : bool
        Whether no more will come.
    suspects : array of int
        The indexes of jobs that cost a worker before, which are done last and alone.
    """

    def __init__(self, plan: StreamPlan) -> None:
        super().__init__(jobs=plan.jobs, listed_bytes=0)
        self.has_all = self.has_arrivals = False
        self.suspects = array("I")
        self._places = {verdict: array("I") for verdict in Verdict}
        todo = array("I")
        for verdict in (Verdict.TODO, Verdict.RETRY, Verdict.SUSPECT):
            self._places[verdict] = todo
        self.todo = JobSelection(plan.jobs, todo)
        self.unchanged = OutcomeSelection(plan.jobs, self._places[Verdict.UNCHANGED])
        self.known_failures = OutcomeSelection(plan.jobs, self._places[Verdict.KNOWN_FAILURE])
        self.skipped_existing = OutcomeSelection(plan.jobs, self._places[Verdict.IN_THE_WAY])

    @property
    def is_complete(self) -> bool:
        return self.has_all

    @property
    def begins(self) -> bool:
        return self.has_arrivals or bool(self.orphans)

    def add(self, entry: JobEntry, verdict: Verdict) -> None:
        """One more job, and what is to become of it."""
        self._places[verdict].append(entry.job.index)
        if verdict == Verdict.SUSPECT:
            self.suspects.append(entry.job.index)
        if entry.outcome is None:
            assert self.listed_bytes is not None
            self.listed_bytes += entry.job.source.size
