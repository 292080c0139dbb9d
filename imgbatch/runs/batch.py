"""Batch: how is a run with outputs carried out? Prepare, execute, settle, record and report meet here.

One image: the preparation finds its Source, names its outputs and asks the ledger; an executor hands its Job to
:class:`image_task.ImageTask`; the Outcome comes back here, is recorded by the ledger, counted by the report, and
yielded to whoever asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.core.errors import BLAME, wrong_value
from imgbatch.core.job import Outcome
from imgbatch.core.parameter_kinds import check_path, check_type
from imgbatch.core.report import WRONG, ExitCode
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.ledger.ledger import Ledger
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import Task
from imgbatch.planning.jobs.job_list import Verdict
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.base import Run
from imgbatch.runs.prepare import Preparation
from imgbatch.runs.workload import Path
from imgbatch.storage.temporary import sweep

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor
    from imgbatch.ledger.renamed_sources import RenamedSources
    from imgbatch.ledger.rows import Row
    from imgbatch.pixels.exact_sums import Sums, Totals
    from imgbatch.pixels.statistics import Statistics


class Batch(Run):
    """One run with outputs, prepared and then carried out.

    Attributes
    ----------
    preparation : Preparation
        Finds what there is to do, and holds what the run needs: ledger, lock, resources.
    command, thumbnails : str, int
        What was typed, for the history; how many files, the first ones, shall have an Outcome with a thumbnail.
    """

    def __init__(
        self,
        paths: Iterable[Path] | Path,
        output: Path | None,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        ledger: bool = True,
        executor: ForeignExecutor | None = None,
        stats: bool = False,
        placeholders: bool = False,
    ) -> None:
        super().__init__(paths, settings, filters, executor)
        what = "a Recipe such as Recipe(ops=[Resize('1600')])"
        self.recipe = Recipe() if recipe is None else check_type("recipe", recipe, Recipe, what)
        output = None if output is None else check_path("output", output, "a folder")
        self.preparation = self._preparation(output, check_type("ledger", ledger, bool, "true or false"))
        self._stats, self._placeholders = stats, placeholders
        self._sums: Sums | None = None
        self._repeated_failures = 0  # failures that are known, and were tried all the same
        self._is_complete = False  # whether it ended without an error, be it early
        self.command, self.thumbnails = "", 0
        self.report.base, self.report.warnings = self.folder, self.preparation.warnings
        self.report.outcomes.lie_in(self.state)

    def _preparation(self, output: str | None, ledger: bool) -> Preparation:
        return Preparation(
            self.paths, output, self.recipe, self.settings, self.filters, ledger, self.executor_kind.in_this_process
        )

    @property
    def folder(self) -> str:
        """The output folder, or the one that keeps the originals (absolute)."""
        return self.preparation.folder

    @property
    def state(self) -> str:
        """The folder of ledger and lock."""
        return self.preparation.state

    @property
    def unchanged(self) -> Sequence[Outcome]:
        """Files that are up to date."""
        return self.workload.unchanged

    @property
    def kept(self) -> Sequence[Outcome]:
        """Files left alone because something is in the way (skip_existing)."""
        return self.workload.skipped_existing

    @property
    def known(self) -> Sequence[Outcome]:
        """Files that failed before and are not tried again."""
        return self.workload.known_failures

    @property
    def pruned(self) -> list[Row]:
        """Outputs that have lost their source: those that will be removed, and after the run, those that were."""
        return self.workload.orphans

    @property
    def shortage(self) -> tuple[int, int] | None:
        """(bytes wanted, bytes free) when the disk may become full; None when there is room."""
        return self.preparation.shortage

    @property
    def failing(self) -> frozenset[str]:
        """The sources (absolute paths) that had failed before this run."""
        ledger = self.preparation.ledger
        return frozenset() if ledger is None else ledger.failing

    def prepare(self, *, hold: bool = True) -> None:
        """Find, plan and compare; writes nothing.

        Parameters
        ----------
        hold : bool
            Whether the run will follow, so that the state folder is locked where there is one.

        Raises
        ------
        PlanError
            The plan is refused, or the state folder cannot be written to.
        LockedError
            Another run is at work.
        EngineError
            An operation cannot be sent to worker processes.
        """
        self.preparation.prepare(hold=hold)
        self.workload, self._is_prepared = self.preparation.workload, True

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """Within the block the state folder is locked; after it the ledger has all of the run."""
        with contextlib.closing(self.preparation):
            self.preparation.hold_places()
            self.workload = self.preparation.workload
            try:
                yield
            finally:
                try:
                    self._finish(self._ledger)
                except OSError as error:
                    self.report.stopped, self.report.reason = ExitCode.STOPPED, str(error.strerror)

    def _work(self) -> Iterator[Outcome]:
        ledger, work, destination = self._ledger, self.workload, self.preparation.destination
        try:
            self.preparation.begin(self.command)
            destination.begin()
            self._sweep(ledger)
            self._choose_resampler(self.recipe.every_op)
            with (
                self._summing() as totals,
                self.preparation.resources.lend_to(self.recipe, self.executor_kind.borrower) as recipe,
                contextlib.closing(self._results(self._task(recipe), totals)) as results,  # before `late`
            ):
                for outcome in results:
                    yield self._settle(ledger, outcome)
            if work.orphans and not self._is_stopping():
                from imgbatch.ledger.prune import prune

                work.orphans = prune(ledger, work.orphans)
            self._sweep(ledger)  # a worker of the dead run may have outlived it by a moment
        except GeneratorExit:
            self.stop(ExitCode.STOPPED, "the iterator was closed")
            for outcome in self.executor.late if self.executor is not None else ():
                self._settle(ledger, outcome)
            self._is_complete = True
            raise
        self._is_complete = not self._is_engine_lost

    @property
    def _ledger(self) -> Ledger:
        ledger = self.preparation.ledger
        assert ledger is not None  # it is prepared
        return ledger

    def _finish(self, ledger: Ledger) -> None:
        destination, complete = self.preparation.destination, self._is_complete
        try:
            destination.finish(self.todo, self.statuses.status_of, complete)
            if complete:  # else the next run takes it for one that died: workers of a lost engine may still write
                ledger.end(self.report.summary())
        finally:
            ledger.close()

    def _settle(self, ledger: Ledger, outcome: Outcome) -> Outcome:
        """Record the outcome, archive or quarantine its source, and count it."""
        preparation = self.preparation
        if outcome.status in WRONG and ledger.has_failed(outcome.source):
            outcome = replace(outcome, is_known=True)
        if self._placeholders and outcome.outputs:
            from imgbatch.pipeline.previews import placeholder

            outcome = placeholder.complete(outcome, self.settings.max_pixels)
        if self.workload.verdict(outcome) == Verdict.KNOWN_FAILURE:
            self._try_record(ledger.note_known_failure, outcome)
        else:
            outcome = preparation.destination.settle(outcome)
            self._try_record(preparation.destination.record, outcome)
        if preparation.source_mover is not None and self._try_record(ledger.record_move, outcome):
            outcome = preparation.source_mover.settle(outcome, self.fail)
            ledger.note_place(outcome)
        self._count(outcome)
        return outcome

    def _sweep(self, ledger: Ledger) -> None:
        """Remove what a run that died has left half-written."""
        if ledger.has_open_runs:
            for folder, root in self.workload.folders_of_writers(ledger.root, self.preparation.source_mover):
                sweep(folder, root=root)

    def _try_record(self, record: Callable[[Outcome], None], outcome: Outcome) -> bool:
        """Whether the ledger recorded an outcome; where it cannot, the run ends."""
        try:
            record(outcome)
        except OSError as error:
            self.stop(ExitCode.STOPPED, str(error.strerror))
            return False
        return True

    @contextlib.contextmanager
    def _summing(self) -> Iterator[Totals | None]:
        """The sums of the outputs' pixels while they are made, where they are wanted."""
        if not self._stats:
            yield None
            return
        from imgbatch.pixels.exact_sums import Layout, Totals

        with Totals(Layout(), in_shared_memory=not self.executor_kind.in_this_process) as totals:
            try:
                yield totals
            finally:
                self._sums = totals.read()
                self._ledger.note_sums(self._sums.table())

    def statistics(self) -> Statistics:
        """The figures of all that this run wrote (``stats=True``), when :meth:`outcomes` has ended.

        Of each file the first frame counts, as RGB, with the pixels that its encoder got. What was unchanged was not
        decoded and is in no figure.
        """
        from imgbatch.pixels.statistics import output_statistics

        if self._sums is None:
            raise wrong_value("stats=True, and outcomes() to have ended,", "statistics()", "no sums")
        return output_statistics(self._sums, self.report.outcomes)

    def _results(self, task: Task, totals: Totals | None) -> Generator[Outcome, None, None]:
        """All outcomes: those that need no work, renamed sources, then the executor's."""
        work, workers = self.workload, self.settings.workers
        yield from work.unchanged
        yield from work.skipped_existing
        yield from work.known_failures
        together = len(work.todo) - work.suspect_count
        rest = work.todo[:together]
        renamed_sources = self._renamed_sources() if together else None
        if renamed_sources is not None:
            rest = yield from renamed_sources.copy_all(rest, self._is_stopping)
        yield from self._execute(task, rest, workers, totals)
        for job in work.todo[together:]:
            yield from self._execute(task, [job], 1, totals)

    def _renamed_sources(self) -> RenamedSources | None:
        """What serves sources that were only renamed; None where everything is to be made, or measured."""
        if self._stats or self.settings.force:
            return None
        return self.preparation.destination.renamed_sources()

    def _task(self, recipe: Recipe) -> Task:
        settings, profile = self.settings, self.preparation.resources.assumed_profile
        return ImageTask(
            recipe, settings.max_pixels, not settings.no_plan, settings.profile, self._ledger.has_doubtful_files,
            self._ledger.root, profile(recipe, self.executor_kind.borrower), self._placeholders, self.thumbnails,
        )  # fmt: skip

    def _count(self, outcome: Outcome) -> None:
        """Count an outcome, and end the run where the disk is full or it is one new failure too many."""
        self._add(outcome)
        if outcome.ok:
            return
        self._repeated_failures += self.workload.verdict(outcome) == Verdict.RETRY
        error = outcome.error
        if error is not None and BLAME[error.kind] == "disk":
            self.stop(ExitCode.STOPPED, self.preparation.destination.stop_reason(error))
        else:
            self._stop_after(self.report.wrong - len(self.workload.known_failures) - self._repeated_failures)
