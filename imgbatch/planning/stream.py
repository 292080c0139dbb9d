"""Stream: which files will be written of sources that come one by one? Names are claimed as they come.

As :func:`plan.plan` it gives every source a Job, and looks for collisions and files in the way. What that refuses as a
whole, because it knows all sources before the first write, is here the failure of one file, of kind ``exists``: whoever
comes first has the name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from imgbatch.core.errors import Kind, PlanError, sentence
from imgbatch.core.job import Failure, Job, LedgerEntry, Outcome, Source
from imgbatch.core.run_settings import InTheWay
from imgbatch.planning.find import SkippedFile
from imgbatch.planning.folders import TargetFolders
from imgbatch.planning.jobs.claims import Claims
from imgbatch.planning.jobs.conflicts import NameConflicts
from imgbatch.planning.jobs.job_entries import JobEntry
from imgbatch.planning.jobs.job_list import JobList, Judge, Verdict, judge_as_todo
from imgbatch.planning.jobs.target_names import OutputPaths, TargetNames
from imgbatch.planning.plan import IN_THE_WAY
from imgbatch.planning.recipe import Recipe

FROM_THIS_RUN = "made by this run"
TWICE = "named before"


class StreamPlan:
    """The jobs that make a recipe of sources as they come, below a folder.

    Parameters
    ----------
    recipe : Recipe
    folder : str
        The output folder; it need not exist.
    flat, in_the_way, owner_of, earlier, format_of, judge, version_of
        As :func:`plan.plan` has them.

    Raises
    ------
    PlanError
        Names lead out of the folder, whatever the source.

    Attributes
    ----------
    jobs : JobList
        Those so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: str,
        *,
        flat: bool = False,
        in_the_way: InTheWay = "refuse",
        owner_of: Callable[[str], LedgerEntry | None],
        earlier: OutputPaths,
        format_of: Callable[[Source], str | None],
        judge: Judge = judge_as_todo,
        version_of: Callable[[str], int | None] | None = None,
    ) -> None:
        self._places = TargetFolders(folder)
        self._namer = TargetNames(recipe, self._places, flat, format_of)
        self.jobs = JobList(judge, version_of)
        self._claims = Claims(self.jobs, self._places, flat)
        self._claims.is_complete = True  # as far as anybody knows
        self._owner_of, self._in_the_way, self._earlier = owner_of, in_the_way, earlier

    @property
    def folders(self) -> list[str]:
        """The folders (absolute, sorted) that files were to be written to so far."""
        return self._places.paths()

    def admit(self, source: Source) -> SkippedFile | tuple[JobEntry, Verdict]:
        """What becomes of the next source: a job with its verdict, or it is left out.

        A source that came before, or that is a target of this run, is left out: it has a name in the plan already.
        """
        if self._claims.is_source(source.path):
            return SkippedFile(source.relative, source.root, TWICE)
        if self._claims.is_target(source.path):
            return SkippedFile(source.relative, source.root, FROM_THIS_RUN)
        index = len(self.jobs)
        job = self._job(index, source)
        self._claims.claim(job or Job(index, source, ()))
        if job is None:
            self.jobs.append(Job(index, source, ()), Verdict.IN_THE_WAY, _outcome_in_the_way(index, source))
        else:
            self.jobs.admit(job)
        return self.jobs.entry(index), self.jobs.verdict(index)

    def _job(self, index: int, source: Source) -> Job | None:
        """The job of a source, with targets that nobody claims, or with a problem; None where a file is in the way."""
        try:
            job = self._namer.job(index, source, self._earlier)
            conflict = self._claims.conflict(job)
        except PlanError as error:
            return _failure(index, source, "io", sentence(error))
        if conflict:
            return _failure(index, source, "exists", conflict)
        if not job.targets:
            return job
        conflicts = NameConflicts(self._places, self._claims, self._owner_of, self._in_the_way)
        try:
            result = conflicts.resolve(job)
            conflicts.refuse()
        except PlanError as error:
            return _failure(index, source, "exists", sentence(error))
        return result


def _failure(index: int, source: Source, kind: Kind, message: str) -> Job:
    return Job(index, dataclasses.replace(source, problem=Failure(kind, "write", message)), ())


def _outcome_in_the_way(index: int, source: Source) -> Outcome:
    return Outcome(index, source, "skipped", changes=(IN_THE_WAY,))
