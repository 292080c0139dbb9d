"""Plan: which files will be written, and may they?

Source and Recipe give Jobs: every name is made, and every collision and every file in the way found, before the first
write. What belongs to one source (a name too long) becomes its problem; all else refuses the plan with one sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict

from imgbatch.core.errors import PlanError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, LedgerEntry, Outcome, Source
from imgbatch.core.run_settings import InTheWay
from imgbatch.planning.folders import TargetFolders, late_folders
from imgbatch.planning.jobs.claims import Claims
from imgbatch.planning.jobs.conflicts import NameConflicts, NamesMissingError
from imgbatch.planning.jobs.job_list import OWN_VERDICTS, JobList, Judge, Verdict, judge_as_todo
from imgbatch.planning.jobs.target_names import OutputPaths, TargetNames
from imgbatch.planning.recipe import Recipe

IN_THE_WAY = "left alone: a file is in the way"


class PlanTerms(TypedDict):
    """What a plan has to know of its folder: the arguments of :func:`plan` of these names."""

    flat: bool
    in_the_way: InTheWay
    owner_of: Callable[[str], LedgerEntry | None]
    earlier: OutputPaths
    format_of: Callable[[Source], str | None]
    version_of: Callable[[str], int | None] | None


@frozen(slots=True)
class Plan:
    """What will be done.

    Attributes
    ----------
    all_jobs : JobList
        A job for each source. One with a problem is a job without targets.
    folders : list of str
        The folders (absolute, sorted) that files will be written to; those that are there and may be it, where the
        pixels give a folder its name.
    """

    all_jobs: JobList
    folders: list[str]

    @property
    def jobs(self) -> Sequence[Job]:
        """Those of this run that have something to write, or are known, in the order of the sources."""
        return self.all_jobs.jobs(*OWN_VERDICTS)

    @property
    def skipped(self) -> list[Source]:
        """The sources that have nothing left to do, because of --skip-existing."""
        return [job.source for job in self.all_jobs.jobs(Verdict.IN_THE_WAY)]


def plan(
    sources: Iterable[Source],
    recipe: Recipe,
    folder: str,
    *,
    flat: bool = False,
    in_the_way: InTheWay = "refuse",
    owner_of: Callable[[str], LedgerEntry | None],
    earlier: OutputPaths,
    format_of: Callable[[Source], str | None],
    owns: Callable[[Source], bool] | None = None,
    judge: Judge = judge_as_todo,
    version_of: Callable[[str], int | None] | None = None,
) -> Plan:
    """The jobs that make `recipe` of every source, below `folder`.

    Parameters
    ----------
    sources : iterable of Source
        In the order in which they are numbered.
    folder : str
        The output folder; it need not exist.
    flat : bool
        Whether the folders of the sources are not mirrored: ``{dir}`` is empty.
    in_the_way : "refuse", "overwrite", "skip" or "rename"
        What happens where a file stands that is not ours to replace.
    owner_of : callable
        What the ledger knows of an existing file; None when it is foreign.
    earlier : callable
        The unmodified files that an earlier run made of a source (absolute path) for an output (a number; None: any).
    format_of : callable
        The format of a source when it can be written, else None; asked under format ``same``. An ImageError, where it
        cannot be opened now, becomes the source's problem.
    owns : callable, optional
        Whether a source is this run's; another run makes the outputs of the others at the same time. These get names,
        so that collisions are found, and then no job; what stands in their way is not looked at.
    judge : callable, optional
        What is to become of a job whose targets are final (:class:`job_list.JobList`); asked before the plan is
        refused, too.
    version_of : callable, optional
        Of a file that a store replaces only where it is still of that version.

    Raises
    ------
    PlanError
        A name leads out of the folder, two files would get one name, a source would be overwritten, a file or a folder
        is in the way.
    """
    places = TargetFolders(folder)
    namer = TargetNames(recipe, places, flat, format_of)
    if in_the_way == "overwrite" and namer.late:
        raise PlanError(
            "--overwrite and {width}, {height} or {hash} in a name cannot be combined: what is in the way is not known "
            "before files are written; leave one of them out"
        )
    jobs = JobList(judge, version_of)
    claims = Claims(jobs, places, flat)
    conflicts = NameConflicts(places, claims, owner_of, in_the_way)
    late: set[str] = set()
    for index, source in enumerate(sources):
        is_own = owns is None or owns(source)
        job = namer.job(index, source, earlier if is_own else _nothing)
        if namer.late:
            late.update(target.path.rpartition(os.sep)[0] for target in job.targets if target.late)
        is_near = claims.claim(job)
        if not is_own:
            jobs.append(job, Verdict.OTHERS)
            continue
        try:
            result = conflicts.resolve(job) if is_near else job
        except NamesMissingError:
            jobs.append(job, Verdict.OPEN)
            continue
        if result is None:  # the names that it claims are those that it had
            jobs.append(job, Verdict.IN_THE_WAY, _outcome_in_the_way(job))
        else:
            jobs.admit(result)
    claims.is_complete = True
    claims.refuse_doubles()
    claims.refuse_sources()
    claims.refuse_folders()
    for index in jobs.places(Verdict.OPEN):
        job = jobs[index]
        result = conflicts.resolve(job)
        jobs.change(result or job, None if result else _outcome_in_the_way(job))
    conflicts.refuse()
    return Plan(jobs, sorted({*places.paths(), *(path for template in late for path in late_folders(template))}))


def _outcome_in_the_way(job: Job) -> Outcome:
    return Outcome(job.index, job.source, "skipped", changes=(IN_THE_WAY,))


def _nothing(source: str, output: int | None) -> tuple[str, ...]:
    """What an earlier run made of a source that is another run's: nothing that matters here."""
    return ()
