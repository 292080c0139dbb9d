"""Workload: which files does a run have, and what is to become of each?"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.job import Job, Outcome
from imgbatch.core.records.growing_list import GrowingList
from imgbatch.core.records.packing import JobPacking
from imgbatch.core.run_settings import Filters
from imgbatch.ledger.rows import Row
from imgbatch.planning.find import Candidate, SkippedFile, discover
from imgbatch.planning.jobs.job_list import JobList, JobSelection, Verdict
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.planning.source_filter import OTHER_OUTPUT, OTHER_OUTPUTS
from imgbatch.runs.other_runs import OtherRunsOutputs
from imgbatch.storage.below import Root

if TYPE_CHECKING:
    from imgbatch.originals.archive import SourceMover

Path = str | os.PathLike[str]
_HUGE = (20_000, 20_000)  # px: a picture that shows what a recipe limits


@dataclass(repr=False, eq=False)
class Workload:
    """The files of a run, sorted by what is to become of them.

    Attributes
    ----------
    todo : sequence of Job
        In the order in which they are done.
    skipped : list of SkippedFile
        What was found and is no image, or not wanted, or made by another run.
    unchanged, skipped_existing, known_failures : sequence of Outcome
        Files that are up to date, files left alone because something is in the way (skip_existing), and files that
        failed before and are not tried again.
    orphans : list of Row
        Outputs that have lost their source: those that will be removed, and after the run, those that were.
    later : int
        How many files are left for the next run (max_files).
    suspect_count : int
        How many jobs at the end of `todo` are done one by one, because they cost a worker before.
    jobs : JobList
        All of a run with outputs.
    folders : list of str
        Where files will be written (absolute).
    listed_bytes : int or None
        Of the sources that are to be done, where they were counted as they were found; so far, while they are listed.
    """

    todo: Sequence[Job] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    unchanged: Sequence[Outcome] = ()
    skipped_existing: Sequence[Outcome] = ()
    known_failures: Sequence[Outcome] = ()
    orphans: list[Row] = field(default_factory=list)
    later: int = 0
    suspect_count: int = 0
    folders: list[str] = field(default_factory=list)
    jobs: JobList = field(default_factory=JobList)
    listed_bytes: int | None = None
    _skips: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all files are known; else the numbers are those of the files so far."""
        return not isinstance(self.todo, GrowingList) or self.todo.is_complete

    @property
    def begins(self) -> bool:
        """Whether there is work, for which ledger and folders are made."""
        return bool(self.todo)

    def new_skips(self) -> int:
        """How many files were skipped since this was last asked."""
        count = len(self.skipped) - self._skips
        self._skips += count
        return count

    @property
    def other_outputs(self) -> int:
        """How many folders and files are left out because another run made them."""
        return sum(file.reason in (OTHER_OUTPUTS, OTHER_OUTPUT) for file in self.skipped)

    @property
    def total(self) -> int:
        """How many files get an Outcome in this run."""
        return len(self.todo) + len(self.unchanged) + len(self.skipped_existing) + len(self.known_failures)

    def sort(self, jobs: JobList, limit: int | None = None) -> None:
        """Take over all jobs, of which at most `limit` are done: what crashed or timed out before comes last."""
        self.jobs = jobs
        self.unchanged = jobs.outcomes(Verdict.UNCHANGED)
        self.known_failures = jobs.outcomes(Verdict.KNOWN_FAILURE)
        self.skipped_existing = jobs.outcomes(Verdict.IN_THE_WAY)
        places, suspects = jobs.places(Verdict.TODO) + jobs.places(Verdict.RETRY), jobs.places(Verdict.SUSPECT)
        self.todo = JobSelection(jobs, (places + suspects)[:limit])
        self.later = len(places) + len(suspects) - len(self.todo)
        self.suspect_count = max(0, len(suspects) - self.later)
        if not self.later:
            self.listed_bytes = jobs.source_bytes(Verdict.TODO, Verdict.RETRY, Verdict.SUSPECT)

    def verdict(self, outcome: Outcome) -> Verdict:
        """What was to become of the job of an outcome."""
        return self.jobs.verdict(outcome.index)

    def folders_of_writers(self, root: Root, mover: SourceMover | None) -> list[tuple[str, Root]]:
        """Where a run of these files may have written, and what that must be or lie below.

        Outputs are below `root`; sources that it moved are elsewhere.
        """
        places: list[tuple[str, Root]] = [(folder, root) for folder in self.folders]
        if mover is not None:
            outcomes = itertools.chain(self.unchanged, self.known_failures)
            places += mover.folders_of(one.source for one in itertools.chain[Job | Outcome](self.todo, outcomes))
        return places

    @property
    def total_bytes(self) -> int:
        """The bytes of the sources that are to be done."""
        if self.listed_bytes is not None:
            return self.listed_bytes
        return sum(job.source.size for job in self.todo)


def find_workload(paths: Sequence[Path], filters: Filters) -> Workload:
    """A job without outputs for every image that is found; PlanError when a path does not exist."""
    workload = list_workload(paths, filters)
    assert isinstance(workload.todo, GrowingList)
    workload.todo.complete()
    return workload


def list_workload(paths: Sequence[Path], filters: Filters) -> Workload:
    """As :func:`find_workload`, but of many files only the first are found at once, the others while those are done."""
    candidates = discover(paths, filters, other_runs=OtherRunsOutputs())
    workload = Workload(listed_bytes=0)
    workload.todo = GrowingList(JobPacking(), _jobs(candidates, workload))
    return workload


def _jobs(candidates: Iterable[Candidate], workload: Workload) -> Iterator[Job]:
    """A job without outputs for each source; what else is found is noted in the workload."""
    index = 0
    for item in candidates:
        if isinstance(item, SkippedFile):
            workload.skipped.append(item)
        else:
            assert workload.listed_bytes is not None
            workload.listed_bytes += item.size
            yield Job(index, item, ())
            index += 1


def shortage(workload: Workload, rows: Collection[Row], recipe: Recipe, folder: str) -> tuple[int, int] | None:
    """(bytes wanted, bytes free) when the disk may become full; None when there is room.

    Guessed roughly: in the ratio that former runs had, else each output as large as its source, or as its pixels where
    the recipe limits them.

    Parameters
    ----------
    workload : Workload
    rows : collection of Row
        What former runs wrote.
    recipe : Recipe
    folder : str
        The output folder (absolute).
    """
    if not workload.total_bytes:
        return None
    if rows:
        bytes_out, bytes_in = _bytes_of(rows)
        need = workload.total_bytes * bytes_out // max(1, bytes_in)
    else:
        most = [_most_bytes(recipe, output) for output in recipe.outputs]
        need = workload.total_bytes * len(most)  # at most; jobs are looked at only where that may be too much
    free = _free_bytes(folder)
    if free is None or need <= free:
        return None
    if not rows:
        need = sum(min(job.source.size, most[target.output]) for job in workload.todo for target in job.targets)
    return (need, free) if need > free else None


def _bytes_of(rows: Iterable[Row]) -> tuple[int, int]:
    """How many bytes former runs wrote, and of how many bytes of sources.

    Those are counted by output, and the most are taken: nearly every source has each output, and none counts twice.
    """
    bytes_out, bytes_in_by_output = 0, Counter[int]()
    for row in rows:
        bytes_out += row.size
        bytes_in_by_output[row.output] += row.source_size
    return bytes_out, max(bytes_in_by_output.values())


def _free_bytes(folder: str) -> int | None:
    """How many bytes the disk of a folder, which need not be there, has left; None where it does not tell."""
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    try:
        return _disk_bytes(folder)
    except OSError:
        return None


def _disk_bytes(folder: str) -> int:
    """What may be written to its disk."""
    if not hasattr(os, "statvfs"):  # Windows
        import shutil  # elsewhere it would load the compressors for nothing

        return shutil.disk_usage(folder).free
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _most_bytes(recipe: Recipe, output: Output) -> int:
    """Hardly any picture takes more than this as `output`: its pixels, where the recipe limits them."""
    size: tuple[int, int] | None = _HUGE
    for op in (*recipe.ops, *output.ops):
        size = None if size is None else op.after(size)
    width, height = size or _HUGE
    return width * height * (WRITTEN[output.format].densest if output.format in WRITTEN else 4)
