"""Job list: which jobs does a run have, in the order of the sources, and of which is the outcome known already?

The latest are held as they are, all others as records of one temporary file; a job costs 9 bytes of memory. Those of
which the same is known are a selection, which reads them from there.
"""

from __future__ import annotations

import contextlib
import enum
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, overload

from imgbatch.core.errors import HostError
from imgbatch.core.job import Job, Outcome
from imgbatch.core.records.record_list import RecordList
from imgbatch.planning.jobs.job_entries import JobEntry, JobEntryPacking

T = TypeVar("T")
_RECENT = 12_000  # about 15 MB, and less work for a run that has no more


class Verdict(enum.IntEnum):
    """What is to become of a job.

    TODO, RETRY (it failed before), SUSPECT (it has cost a worker before, and is done last and alone); without work:
    UNCHANGED, KNOWN_FAILURE, IN_THE_WAY (its source is left alone, because files stand where its own would be); OTHERS
    (of a run at the same time); OPEN: not known before all jobs are there.
    """

    TODO = 0
    RETRY = 1
    SUSPECT = 2
    UNCHANGED = 3
    KNOWN_FAILURE = 4
    IN_THE_WAY = 5
    OTHERS = 6
    OPEN = 7


#: Jobs of this run that can write what they would.
OWN_VERDICTS = (Verdict.TODO, Verdict.RETRY, Verdict.SUSPECT, Verdict.UNCHANGED, Verdict.KNOWN_FAILURE)
Judge = Callable[[Job], tuple[Verdict, Outcome | None]]


def judge_as_todo(job: Job) -> tuple[Verdict, Outcome | None]:
    """Whatever it is, it is to be done."""
    return Verdict.TODO, None


class JobList(Sequence[Job]):
    """All jobs of a run; each has the index that it is appended at.

    Parameters
    ----------
    judge : callable, optional
        What is to become of a job whose targets are final, and its outcome where there is nothing to do.
    version_of : callable, optional
        The version of a file (absolute path) that a target must still have when it is replaced; None: not known.
    """

    def __init__(self, judge: Judge = judge_as_todo, version_of: Callable[[str], int | None] | None = None) -> None:
        self._judge, self._version_of = judge, version_of
        self._entries = RecordList(JobEntryPacking(), recent=_RECENT)
        self._changes: dict[int, JobEntry] = {}  # those that were open: few
        self._verdicts = bytearray()
        self._bytes_by_verdict = [0] * len(Verdict)

    def admit(self, job: Job) -> None:
        """Append a job whose targets are final."""
        job = self._with_versions(job)
        verdict, outcome = self._judge(job)
        self.append(job, verdict, outcome)

    def append(self, job: Job, verdict: Verdict, outcome: Outcome | None = None) -> None:
        """Append a job.

        Parameters
        ----------
        job : Job
            Its index is the number of jobs before it.
        verdict : Verdict
        outcome : Outcome, optional
            Of a job without work.
        """
        with contextlib.suppress(HostError):  # a disk without room: the entries are there all the same, in memory
            self._entries.append(JobEntry(job, outcome))
        self._verdicts.append(verdict)
        self._bytes_by_verdict[verdict] += job.source.size

    def change(self, job: Job, outcome: Outcome | None = None) -> None:
        """Say what becomes of a job that was open: it is left alone with that outcome, or its targets are final."""
        verdict = Verdict.IN_THE_WAY
        if outcome is None:
            job = self._with_versions(job)
            verdict, outcome = self._judge(job)
        self._bytes_by_verdict[self._verdicts[job.index]] -= job.source.size
        self._bytes_by_verdict[verdict] += job.source.size
        self._verdicts[job.index] = verdict
        self._changes[job.index] = JobEntry(job, outcome)

    def _with_versions(self, job: Job) -> Job:
        """The job, with what its targets must still be when they are replaced."""
        if self._version_of is None:
            return job
        targets = []
        for target in job.targets:
            paths = {*target.earlier_outputs, *filter(None, (target.path, target.other))}
            pairs = ((path, self._version_of(path)) for path in sorted(paths))
            versions = tuple((path, version) for path, version in pairs if version is not None)
            targets.append(replace(target, versions=versions) if versions else target)
        return Job(job.index, job.source, tuple(targets))

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> Job: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Job]: ...
    def __getitem__(self, place: int | slice) -> Job | Sequence[Job]:
        if isinstance(place, slice):
            return JobSelection(self, array("I", range(*place.indices(len(self)))))
        return self.entry(place).job

    def entry(self, index: int) -> JobEntry:
        """The job of that index, and its outcome."""
        return self._changes.get(index) or self._entries[index]

    def verdict(self, index: int) -> Verdict:
        """What is to become of the job of that index."""
        return Verdict(self._verdicts[index])

    def places(self, *verdicts: Verdict) -> array[int]:
        """The indexes of the jobs with one of these verdicts, rising."""
        return array("I", [index for index, verdict in enumerate(self._verdicts) if verdict in verdicts])

    def source_bytes(self, *verdicts: Verdict) -> int:
        """The sum of the sizes of the sources of these jobs."""
        return sum(self._bytes_by_verdict[verdict] for verdict in verdicts)

    def jobs(self, *verdicts: Verdict) -> JobSelection:
        """Those with one of these verdicts, in order."""
        return JobSelection(self, self.places(*verdicts))

    def outcomes(self, *verdicts: Verdict) -> OutcomeSelection:
        """The outcomes of those with one of these verdicts, in order."""
        return OutcomeSelection(self, self.places(*verdicts))


class Selection(Sequence[T]):
    """Some of a list's jobs, or what is known of them.

    Parameters
    ----------
    jobs : JobList
    places : array of int
        The indexes of the jobs, in the order of the selection.
    """

    def __init__(self, jobs: JobList, places: array[int]) -> None:
        self._jobs, self.places = jobs, places

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            return self.at(self.places[place])
        return self._value(self._jobs.entry(self.places[place]))

    def __iter__(self) -> Iterator[T]:
        entry, value = self._jobs.entry, self._value
        for place in self.places:
            yield value(entry(place))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def at(self, places: array[int]) -> Selection[T]:
        """Others of the same list, by their indexes."""
        return type(self)(self._jobs, places)

    @staticmethod
    @abstractmethod
    def _value(entry: JobEntry) -> T:
        """What is told of a job."""


class JobSelection(Selection[Job]):
    """Some of a list's jobs."""

    @staticmethod
    def _value(entry: JobEntry) -> Job:
        return entry.job


class OutcomeSelection(Selection[Outcome]):
    """The outcomes of some of a list's jobs, which have one."""

    @staticmethod
    def _value(entry: JobEntry) -> Outcome:
        outcome = entry.outcome  # asked for once: it is made again each time
        assert outcome is not None
        return outcome


def jobs_where(jobs: Sequence[Job], condition: Callable[[int], bool]) -> Sequence[Job]:
    """Those of some jobs whose index meets a condition."""
    if isinstance(jobs, JobSelection):  # no other one is made again
        return jobs.at(array("I", filter(condition, jobs.places)))
    return [job for job in jobs if condition(job.index)]
