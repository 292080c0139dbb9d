"""Estimate: how large, how long, with how much memory? Found from a sample of at most 40 files, in seconds.

A few files of each format and size (estimate_sample.py) are made as the run would make them, by as many workers, in a
temporary folder that is emptied at once; nothing is written to the output folder. No file is begun after
:data:`SECONDS`: what is known then must do, and the range is wider.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from imgbatch import executors
from imgbatch.core.errors import UsageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import SCHEMA, Job, Outcome, Target
from imgbatch.core.report import WRONG, format_bytes
from imgbatch.executors.base import ExecutorOptions
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.planning.names import escape
from imgbatch.runs.batch import Batch
from imgbatch.runs.keywords import note_arguments, run_settings
from imgbatch.runs.preview.estimate_sample import Range, choose_sample, combine, strata, total
from imgbatch.runs.resampler_choice import choose_resampler
from imgbatch.runs.workload import Path

if TYPE_CHECKING:
    from imgbatch.core.run_settings import Filters
    from imgbatch.planning.recipe import Recipe
    from imgbatch.runs.keywords import RunKeywords

SAMPLE = 40  # files
SECONDS = 6.0
_QUICKER, _SLOWER = 0.8, 1.3  # how much faster and slower the whole may go than its sample did


@frozen
class Estimate:
    """What a run will come to.

    Attributes
    ----------
    files, sampled : int
        How many are to be done, and how many were tried.
    bytes_in : int
    bytes_out, seconds, memory, failures : Range
        `memory` in bytes: the sum over all processes, at the worst moment; zeros where the system does not tell.
    workers : int
        0: in one process.
    failed : tuple of Outcome
        The files of the sample that failed.
    """

    files: int
    sampled: int
    bytes_in: int
    bytes_out: Range
    seconds: Range
    memory: Range
    failures: Range
    workers: int
    failed: tuple[Outcome, ...] = ()

    def record(self) -> dict[str, Any]:
        """The JSON record: each range as [low, likely, high]."""
        record: dict[str, Any] = {"v": SCHEMA, "event": "estimate"}
        for name in ("files", "sampled", "workers", "bytes_in"):
            record[name] = getattr(self, name)
        for name in ("bytes_out", "seconds", "memory", "failures"):
            span: Range = getattr(self, name)
            record[name] = [round(value, 3 if name == "seconds" else 0) for value in (span.low, span.likely, span.high)]
        return record

    def lines(self) -> list[str]:
        """What is printed."""
        sample = "all of them tried" if self.sampled == self.files else f"from a sample of {self.sampled}"
        where = "in one process" if not self.workers else f"with {self.workers} worker{'s' if self.workers > 1 else ''}"
        lines = [
            f"{self.files} file{'s' if self.files != 1 else ''}, {format_bytes(self.bytes_in)}; {sample}",
            f"output   {_range_text(self.bytes_out, format_bytes)}",
            f"time     {_range_text(self.seconds, _duration)} {where}",
        ]
        if self.memory.high:
            lines.append(f"memory   {_range_text(self.memory, format_bytes)}, all processes together")
        if self.failures.high >= 1:
            lines.append(f"failures {_range_text(self.failures, lambda value: f'{value:.0f}')} of {self.files} files")
        return lines


def estimate(
    paths: Sequence[Path] | Path,
    output: Path,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    **settings: Unpack[RunKeywords],
) -> Estimate:
    """What :func:`imgbatch.run` with the same arguments will come to; writes nothing to `output`.

    Parameters
    ----------
    paths, output, recipe, filters, ledger, **settings
        As of :func:`imgbatch.run`.

    Raises
    ------
    UsageError, PlanError, EngineError
        As the run would.
    """
    with note_arguments():
        batch = Batch(paths, output, recipe, run_settings(settings), filters, ledger=ledger)
        batch.prepare(hold=False)
    return estimate_batch(batch)


def estimate_batch(batch: Batch, most: int = SAMPLE, seconds: float = SECONDS) -> Estimate:
    """The estimate of a batch, from files that are made for it and thrown away.

    Parameters
    ----------
    batch : Batch
        Prepared, not begun.
    most : int
        How many files are tried at most.
    seconds : float
        No file is begun after so many.
    """
    groups = strata(batch.todo)
    picks = choose_sample(groups, most)
    sample = [groups[number][place] for number, places in enumerate(picks) for place in places]
    random.Random(0).shuffle(sample)  # so that what is known when time is over stands for the rest, too
    outcomes, start, workers = _try_sample(batch, sample, seconds) if sample else ({}, 0.0, 0)
    samples = [
        {place: outcomes[group[place].index] for place in places if group[place].index in outcomes}
        for group, places in zip(groups, picks, strict=True)
    ]
    sizes = [len(group) for group in groups]

    def sum_over(value: Callable[[Outcome], float]) -> Range:
        return _sum_groups(sizes, [{place: value(one) for place, one in group.items()} for group in samples])

    busy = sum_over(lambda outcome: sum(outcome.ms.values()) / 1000)
    longest = max((sum(outcome.ms.values()) / 1000 for outcome in outcomes.values()), default=0.0)
    share = max(1, min(workers, len(batch.todo)))
    return Estimate(
        files=len(batch.todo),
        sampled=len(outcomes),
        bytes_in=batch.total_bytes,
        bytes_out=sum_over(lambda outcome: float(sum(output.bytes for output in outcome.outputs))),
        seconds=Range(
            max(longest, _QUICKER * busy.low / share),
            start + busy.likely / share,
            _SLOWER * (start + busy.high / share) + longest,
        ),
        memory=_memory([outcome.cost.memory for outcome in outcomes.values() if outcome.cost], share if workers else 0),
        failures=_at_most(len(batch.todo), sum_over(lambda outcome: float(outcome.status in WRONG))),
        workers=workers and share,
        failed=tuple(outcome for outcome in outcomes.values() if outcome.status in WRONG),
    )


def _try_sample(batch: Batch, sample: Sequence[Job], seconds: float) -> tuple[dict[int, Outcome], float, int]:
    """The outcomes of the sample by index, the seconds that the start took, and how many workers the run has."""
    settings = batch.settings
    if batch.executor_kind.is_cluster:
        raise UsageError("expected no cluster for an estimate, which is made here; leave --executor out")
    in_this_process = batch.executor_kind.in_this_process
    options = ExecutorOptions(settings.workers, 1, settings.timeout, memory=settings.memory)
    executor = executors.make(batch.executor_kind, options)
    workers = 0 if in_this_process else executor.parallelism
    outcomes: dict[int, Outcome] = {}
    start = 0.0
    with (
        tempfile.TemporaryDirectory(prefix="imgbatch-estimate-") as folder,
        batch.preparation.resources.lend_to(batch.recipe, batch.executor_kind.borrower) as recipe,
    ):
        work = ImageTask(recipe, settings.max_pixels, plan=not settings.no_plan, profile=True)
        work = work.with_resampler(choose_resampler(settings, batch.recipe.every_op, False))
        task = work.for_strangers_files() if settings.untrusted else work
        jobs = [_relocate(job, batch.folder, os.path.realpath(folder)) for job in sample]
        began = time.monotonic()
        for outcome in executor.run(task, jobs):
            duration = time.monotonic() - began
            if not outcomes:
                start = max(0.0, duration - sum(outcome.ms.values()) / 1000)
            outcomes[outcome.index] = outcome
            for output in outcome.outputs:
                with contextlib.suppress(OSError):
                    os.unlink(output.path)
            if duration > seconds:
                executor.stop()
    return outcomes, start, workers


def _relocate(job: Job, root: str, folder: str) -> Job:
    """The job with `folder` in the place of the output folder `root`."""

    def move(path: str, late: bool) -> str:
        old, new = (escape(root), escape(folder)) if late else (root, folder)
        return os.path.join(new, path[len(old) :].lstrip(os.sep))

    targets = tuple(
        Target(
            target.output, move(target.path, target.late), target.format,
            None if target.other is None else move(target.other, target.late), target.late,
        )
        for target in job.targets
    )  # fmt: skip
    return dataclasses.replace(job, targets=targets)


def _sum_groups(sizes: Sequence[int], samples: Sequence[dict[int, float]]) -> Range:
    """The sum over all groups; one of which nothing is known is taken for an average one, with all doubt."""
    values = [value for sample in samples for value in sample.values()]
    mean = sum(values) / len(values) if values else 0.0
    ranges = [
        total(size, sample) if sample else Range(0.0, size * mean, 2 * size * mean)
        for size, sample in zip(sizes, samples, strict=True)
    ]
    return combine(ranges)


def _at_most(files: int, span: Range) -> Range:
    """No more than there are."""
    return Range(*(min(value, float(files)) for value in (span.low, span.likely, span.high)))


def _memory(peaks: Sequence[int], workers: int) -> Range:
    """Of this process and its workers: each may come to hold as much as the one that held most in the sample."""
    from imgbatch.pipeline.timing import peak_memory

    parent = peak_memory()
    if not peaks or not parent or not max(peaks):
        return Range(0.0, 0.0, 0.0)
    if not workers:
        return Range(float(max(peaks)), float(max(peaks)), 1.25 * max(peaks))
    middle, most = sorted(peaks)[len(peaks) // 2], max(peaks)
    return Range(parent + workers * float(min(middle, most)), parent + workers * float(most),
                 1.25 * (parent + workers * most))  # fmt: skip


def _range_text(span: Range, spell: Callable[[float], str]) -> str:
    low, likely, high = (spell(value) for value in (span.low, span.likely, span.high))
    return likely if low == likely == high else f"{likely} ({low} to {high})"


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.1f} h"
