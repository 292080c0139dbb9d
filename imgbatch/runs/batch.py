"""What happens between a wish and its report? Prepare, execute, record: the steps meet here.

One image: prepare.py finds its Source, names its outputs and asks the ledger; an executor hands its Job to
:class:`imagework.ImageWork`; the Outcome comes back here, is counted by the Report, recorded by the ledger, and yielded
to whoever asked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch import executors
from imgbatch.core.errors import WHOSE, expected
from imgbatch.core.job import Job, Outcome
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.executors.base import Executor, Work
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.renamed_sources import Renaming
from imgbatch.pipeline.image_task import ImageWork
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.prepare import Path, Prepared
from imgbatch.storage.atomic_write import sweep

if TYPE_CHECKING:
    import concurrent.futures

    from imgbatch.pixels.exact_sums import Sums, Totals
    from imgbatch.pixels.statistics import Statistics


class Batch(Prepared):
    """One run, prepared and then carried out.

    Attributes
    ----------
    report : Report
        Complete when :meth:`outcomes` has ended.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        output: Path | None,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        ledger: bool = True,
        executor: concurrent.futures.Executor | None = None,
        stats: bool = False,
    ) -> None:
        executors.refuse_import()
        super().__init__(paths, output, recipe, settings, filters, ledger=ledger)
        executors.refuse_mixtures(self.settings.workers, self.settings.timeout, stats, executor)
        self._stats = stats
        self._sums: Sums | None = None
        self._given = executor
        self._executor: Executor | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self._remembered: frozenset[int] = frozenset()  # of the jobs that are known to fail
        self._no_news = 0  # failures that are known, and were tried all the same
        self.command = ""  # what was typed, for the history
        self.report = Report(base=self.folder, fail_on=self.settings.fail_on)

    @property
    def failing(self) -> frozenset[str]:
        """The sources (absolute paths) that had failed before this run."""
        return frozenset() if self._ledger is None else self._ledger.failing

    @property
    def executor(self) -> Executor | None:
        """Who does the work, once it has begun."""
        return self._executor

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        if self._ledger is None:
            self.prepare()
        try:
            self._hold_new()
            yield from self._outcomes()
        finally:
            self._release()

    def _outcomes(self) -> Iterator[Outcome]:
        ledger = self._ledger
        assert ledger is not None
        began, began_ns = time.monotonic(), time.time_ns()
        self._remembered = frozenset(outcome.index for outcome in self.known)
        self.report.counts["skipped"] += len(self.skipped)
        timer = self._timer()
        over = False
        try:
            if self.todo or os.path.exists(ledger.file):  # a first run without work leaves nothing
                ledger.begin(self._digests(), self.command)
            if self.in_place is not None:
                self.in_place.begin(ledger.run)
            self._sweep(ledger)
            shared = self.settings.workers != 0 or self._given is not None
            with (
                self._summed() as totals,
                self.resources.lent_to(self.recipe, shared) as recipe,
                contextlib.closing(self._all(self._work(recipe), totals)) as results,  # before `late` is looked at
            ):
                for outcome in results:
                    yield self._settled(ledger, outcome)
            if self.pruned and not self._stopped():
                from imgbatch.ledger.prune import prune

                self.pruned = prune(ledger, self.pruned)
            self._sweep(ledger)  # a worker of the dead run may have outlived it by a moment
            over = True
        except GeneratorExit:
            self.stop(ExitCode.STOPPED, "the iterator was closed")
            for outcome in self._executor.late if self._executor is not None else ():
                self._settled(ledger, outcome)
            over = True
            raise
        finally:
            timer.cancel()
            self._finish_report(time.monotonic() - began)
            try:
                self._adopt(ledger, began_ns)
                self._close(ledger, over)
            except OSError as error:
                self.report.stopped, self.report.reason = ExitCode.STOPPED, str(error.strerror)

    def _adopt(self, ledger: Ledger, began_ns: int) -> None:
        """Remember what workers had finished that died, or were shot, before they could tell."""
        if self.in_place is None:
            told = {outcome.index for outcome in self.report.outcomes if outcome.status not in ("timeout", "crashed")}
            for job in self.todo:
                if job.index not in told:
                    ledger.adopt(job, began_ns)

    def _close(self, ledger: Ledger, over: bool) -> None:
        try:
            self._end_in_place(over)
            if over:  # else it broke off (KeyboardInterrupt, say), and the next run takes it for one that died
                ledger.end(self.report.summary())
        finally:
            ledger.close()

    def _settled(self, ledger: Ledger, outcome: Outcome) -> Outcome:
        """An Outcome that is recorded, whose source is where it belongs, and that is counted."""
        if outcome.index in self._remembered:
            pass  # it stands in the ledger as it was when it failed: not tried once more, and due at the same time
        elif self.in_place is None:
            self._record(ledger, outcome)
        else:
            outcome = self.in_place.settle(outcome)
            self._record(ledger, dataclasses.replace(outcome, outputs=()))  # its files are in the ledger already
        if not self._must_stay(ledger, outcome):
            outcome = self.moves.settle(outcome)
        self.report.add(outcome)
        self._consider(outcome)
        return outcome

    def _end_in_place(self, over: bool) -> None:
        if self.in_place is not None:
            taken = {outcome.index for outcome in self.report.outcomes if outcome.status == "ok"}
            self.in_place.end(self.todo, taken, self.settings.keep_backups if over else None)

    def _sweep(self, ledger: Ledger) -> None:
        """Remove what a run that died has left half-written."""
        if ledger.interrupted:
            for folder in self._folders:
                sweep(folder)

    def _finish_report(self, seconds: float) -> None:
        report = self.report
        report.seconds = seconds
        report.remaining = self.later + self.total - len(report.outcomes)
        if self._stop is not None and report.remaining:
            code, report.reason = self._stop
            report.stopped = code or None  # a planned stop is no failure
        elif self.later:
            report.reason = f"{self.settings.max_files} files are done (--max-files)"
        report.sort()

    def _timer(self) -> threading.Timer:
        """Stops the run when max_time is over; does nothing without one."""
        seconds = self.settings.max_time or 0.0
        timer = threading.Timer(seconds, self.stop, (ExitCode.OK, f"{seconds:g} s are over (--max-time)"))
        timer.daemon = True
        if seconds:
            timer.start()
        return timer

    def _must_stay(self, ledger: Ledger, outcome: Outcome) -> bool:
        """Whether the ledger cannot say that a source is moved, which must then stay."""
        if self.settings.archive is None and self.settings.quarantine is None:
            return False
        try:
            ledger.moving(outcome)
        except OSError as error:
            self.stop(ExitCode.STOPPED, str(error.strerror))
            return True
        return False

    def _record(self, ledger: Ledger, outcome: Outcome) -> None:
        try:
            ledger.record(outcome)
        except OSError as error:
            self.stop(ExitCode.STOPPED, str(error.strerror))

    @contextlib.contextmanager
    def _summed(self) -> Iterator[Totals | None]:
        """The sums of the outputs' pixels while they are made, where they are wanted."""
        if not self._stats:
            yield None
            return
        from imgbatch.pixels.exact_sums import Layout, Totals

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
        from imgbatch.pixels.statistics import of_outputs

        return of_outputs(self._sums, self.report.outcomes)

    def _all(self, work: Work, totals: Totals | None) -> Generator[Outcome, None, None]:
        yield from self.unchanged
        yield from self.kept
        yield from self.known
        many = len(self.todo) - self._alone
        left = []
        renaming = self._renaming() if many else None
        for job in self.todo[:many]:
            taken = None if renaming is None or self._stopped() else renaming.take(job)
            if taken is None:
                left.append(job)
            else:
                yield taken
        yield from self._executed(work, left, self.settings.workers, totals)
        for job in self.todo[many:]:
            yield from self._executed(work, [job], 0 if self.settings.workers == 0 else 1, totals)

    def _renaming(self) -> Renaming | None:
        """What serves sources that were only renamed; None where everything is to be made, or measured."""
        if self._ledger is None or self.in_place is not None or self._stats or self.settings.force:
            return None
        return Renaming(self._ledger, self.recipe, self._digests())

    def _executed(
        self, work: Work, jobs: Sequence[Job], workers: int | str, totals: Totals | None
    ) -> Iterator[Outcome]:
        if not jobs or self._stopped():
            return
        self._executor = executors.make(
            workers,
            self.settings.chunksize,
            self.settings.timeout,
            sums=totals,
            memory=self.settings.memory,
            given=self._given,
        )
        if self._stopped():  # while it was made
            return
        results = self._executor.run(work, jobs)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def _stopped(self) -> bool:
        return self._stop is not None

    def _work(self, recipe: Recipe) -> Work:
        return ImageWork(
            recipe,
            self.settings.max_pixels,
            time.time_ns(),
            plan=not self.settings.no_plan,
            profile=self.settings.profile,
            resumed=self._ledger is not None and self._ledger.resumed,
        )

    def _consider(self, outcome: Outcome) -> None:
        """Whether this outcome ends the run; what is known to fail does not."""
        if outcome.ok:
            return
        self._no_news += outcome.index in self._again
        new = self.report.wrong - len(self.known) - self._no_news
        error = outcome.error
        if error is not None and WHOSE[error.kind] == "disk":
            what = "the disk is full" if error.kind == "no_space" else "the disk cannot be written to"
            self.stop(ExitCode.STOPPED, f"{what}: {error.message}; what is finished is recorded")
        elif self.settings.too_many(new, self.total):
            self.stop(ExitCode.STOPPED, f"{new} of {self.total} files failed")

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
