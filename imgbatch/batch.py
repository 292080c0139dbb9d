"""What happens between a wish and its report? Discover, plan, ask the ledger, execute, record: the steps meet here.

One image: :func:`discover.discover` finds its Source; :func:`planning.plan` names its outputs and refuses collisions;
the ledger says "unchanged" or lets it pass; an executor hands its Job to :class:`work.ImageWork`; the Outcome comes
back here, is counted by the Report, recorded by the ledger, and yielded to whoever asked.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch import codecs, executors, planning
from imgbatch.discover import Skipped, discover
from imgbatch.errors import expected
from imgbatch.executors import Executor, Work
from imgbatch.job import Job, Outcome, Source
from imgbatch.ledger import Ledger
from imgbatch.naming import STATE
from imgbatch.recipe import Recipe
from imgbatch.report import ExitCode, Report
from imgbatch.settings import Filters, Settings

if TYPE_CHECKING:
    import concurrent.futures

    from imgbatch.aggregates import Sums, Totals
    from imgbatch.figures import Statistics

Path = str | os.PathLike[str]
IN_THE_WAY = "left alone: a file is in the way"


class Batch:
    """One run, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
    unchanged, kept : list of Outcome
        Files that are up to date, and files left alone because something is in the way (skip_existing).
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when :meth:`outcomes` has ended.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        output: Path,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        ledger: bool = True,
        executor: concurrent.futures.Executor | None = None,
        stats: bool = False,
    ) -> None:
        executors.refuse_import()
        self._stats = stats
        self._sums: Sums | None = None
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.folder = os.path.abspath(os.fspath(output))
        self.recipe = recipe or Recipe()
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self._keep_ledger = ledger
        self._given = executor
        self._executor: Executor | None = None
        self._ledger: Ledger | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self.todo: list[Job] = []
        self.unchanged: list[Outcome] = []
        self.kept: list[Outcome] = []
        self.skipped: list[Skipped] = []
        self.report = Report(base=self.folder, fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many files the run has to say something about."""
        return len(self.todo) + len(self.unchanged) + len(self.kept)

    @property
    def executor(self) -> Executor | None:
        """Who does the work, once it has begun."""
        return self._executor

    @property
    def total_bytes(self) -> int:
        """The bytes of the sources that are to be done."""
        return sum(job.source.size for job in self.todo)

    # -- before the first write ----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Find, plan and compare; writes nothing. PlanError when the plan is refused."""
        ledger = self._ledger = Ledger(self.folder, self._keep_ledger)
        sources = []
        for found in discover(self.paths, self.filters, avoid=self._avoid()):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            elif ledger.is_ours(found.path):
                self.skipped.append(Skipped(found.relative, found.root, "made by a former run"))
            else:
                sources.append(found)
        plan = planning.plan(
            sources,
            self.recipe,
            self.folder,
            flat=self.settings.flat,
            in_the_way=self.settings.in_the_way,
            owned=ledger.owned,
            made=ledger.made,
            format_of=_format_of,
        )
        digests = self._digests()
        for job in plan.jobs:
            done = None if self.settings.force else _up_to_date(ledger, job, self.recipe, digests)
            if done is None:
                self.todo.append(job)
            else:
                self.unchanged.append(done)
        if plan.kept:
            places = {source.path: index for index, source in enumerate(sources)}
            self.kept = [Outcome(places[kept.path], kept, "skipped", changes=(IN_THE_WAY,)) for kept in plan.kept]

    def _avoid(self) -> list[str]:
        """Folders that are never entered: the output folder, and those of the outputs, where they lie in a source."""
        folders = [os.path.join(self.folder, output.dir) for output in self.recipe.outputs]
        roots = {os.path.realpath(path) for path in self.paths}
        inside = [folder for folder in (self.folder, *folders) if not _holds(os.path.realpath(folder), roots)]
        return [os.path.join(self.folder, STATE), *inside]

    def _digests(self) -> list[str]:
        return [self.recipe.output_digest(index) for index in range(len(self.recipe.outputs))]

    # -- the run -------------------------------------------------------------------------------------------------------

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        if self._ledger is None:
            self.prepare()
        ledger = self._ledger
        assert ledger is not None
        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        digests = self._digests()
        try:
            with self._summed() as totals:
                for outcome in self._all(self._work(), totals):
                    self.report.add(outcome)
                    ledger.record(outcome, digests)
                    self._consider(outcome)
                    yield outcome
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()
            ledger.close()

    @contextlib.contextmanager
    def _summed(self) -> Iterator[Totals | None]:
        """The sums of the outputs' pixels while they are made, where they are wanted."""
        if not self._stats:
            yield None
            return
        from imgbatch.aggregates import Layout, Totals

        with Totals(Layout(), shared=self.settings.workers != 0) as totals:
            try:
                yield totals
            finally:
                self._sums = totals.read()

    def statistics(self) -> Statistics:
        """The figures of all that this run wrote (``stats=True``), when :meth:`outcomes` has ended.

        Of each file the first frame counts, as RGB, with the pixels that its encoder got. What was unchanged was not
        decoded and is in no figure.
        """
        if self._sums is None:
            raise expected("stats=True, and outcomes() to have ended,", "statistics()", "no sums")
        from imgbatch.figures import of_outputs

        return of_outputs(self._sums, self.report.outcomes)

    def _all(self, work: Work, totals: Totals | None) -> Iterator[Outcome]:
        yield from self.unchanged
        yield from self.kept
        if not self.todo:
            return
        if self._executor is None:
            self._executor = executors.make(
                self.settings.workers,
                self.settings.chunksize,
                self.settings.timeout,
                sums=totals,
                memory=self.settings.memory,
                given=self._given,
            )
        if self._stop is not None:
            return
        results = self._executor.run(work, self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def _work(self) -> Work:
        from imgbatch.work import ImageWork  # Pillow only where pixels are touched

        return ImageWork(
            self.recipe,
            self.settings.max_pixels,
            time.time_ns(),
            plan=not self.settings.no_plan,
            profile=self.settings.profile,
        )

    def _consider(self, outcome: Outcome) -> None:
        """Whether this outcome ends the run."""
        if outcome.error is not None and outcome.error.kind == "no_space":
            self.stop(ExitCode.STOPPED, f"the disk is full: {outcome.error.message}")
        elif not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
            self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self._executor is not None:
            self._executor.stop()

    def abort(self) -> None:
        """Stop at once; files in hand are dropped whole."""
        if self._executor is not None:
            self._executor.abort()


def _format_of(source: Source) -> str | None:
    """The format of a source whose outputs keep it, by its first bytes; None when it cannot be written or read."""
    try:
        descriptor = os.open(source.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        return codecs.format_of(os.read(descriptor, 64))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _up_to_date(ledger: Ledger, job: Job, recipe: Recipe, digests: list[str]) -> Outcome | None:
    """The outcome "unchanged", when every target of the job is there, as this recipe would make it of this source."""
    if not job.targets:
        return None
    collapsed = _collapsed(ledger.widths(job.source, digests), job, recipe)
    wanted = {output: digest for output, digest in enumerate(digests) if output not in collapsed}
    done = ledger.up_to_date(job.source, wanted)
    if done is None:
        return None
    for target in job.targets:
        there = {written.path for written in done if written.output == target.output}
        if not target.late and not there & {target.path, target.other}:
            return None
    return Outcome(job.index, job.source, "unchanged", outputs=done)


def _collapsed(widths: dict[int, int], job: Job, recipe: Recipe) -> set[int]:
    """The outputs that have no file of their own: renditions wider than the picture, of which one was written."""
    asked = {
        target.output: (target.path, width)
        for target in job.targets
        if target.late and (width := recipe.outputs[target.output].rendition) is not None
    }
    narrower = {output: width for output, width in widths.items() if output in asked and width < asked[output][1]}
    found = {asked[output][0]: width for output, width in narrower.items()}
    return {
        output
        for output, (path, width) in asked.items()
        if output not in widths and path in found and found[path] <= width
    }


def _holds(folder: str, roots: set[str]) -> bool:
    """Whether a folder is one of the roots, or has one of them inside."""
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for root in roots)
