"""What is a pass over images that makes no files? The way that a check, a survey and a load have in common.

``discover`` finds the sources, each becomes a Job without targets, an executor does them, the Report counts. What is
done with a job, and what is made of its outcome, is for those who inherit.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from imgbatch import executors
from imgbatch.core.errors import unknown
from imgbatch.core.job import Job, Outcome
from imgbatch.core.parameters import from_table
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.executors.base import Executor, Work
from imgbatch.planning.find import Skipped, discover
from imgbatch.runs.prepare import Path

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Totals


class PassWords(TypedDict, total=False):
    """The keyword arguments of a pass: the fields of :class:`imgbatch.Settings` that mean something without files."""

    workers: int | str
    chunksize: int | str
    timeout: float | str | None
    memory: int | str
    max_pixels: int | str
    fail_on: str
    fail_fast: bool
    max_failures: str | int | None


def pass_settings(words: Mapping[str, object]) -> Settings:
    """The settings of a pass; UsageError for a word that has no meaning where nothing is written."""
    for word in words:
        if word not in PassWords.__annotations__:
            raise unknown(word, "setting", PassWords.__annotations__)
    return from_table(Settings, words)


class Pass:
    """One pass over images, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when the outcomes have ended.
    executor : Executor or None
        Does the work, from the first outcome on.
    """

    def __init__(
        self, paths: Sequence[Path] | Path, settings: Settings | None = None, filters: Filters | None = None
    ) -> None:
        executors.refuse_import()
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self.executor: Executor | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self.todo: list[Job] = []
        self.skipped: list[Skipped] = []
        self.report = Report(fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many files there are."""
        return len(self.todo)

    @property
    def total_bytes(self) -> int:
        """Their bytes."""
        return sum(job.source.size for job in self.todo)

    def prepare(self) -> None:
        """Find the images; PlanError when a path does not exist."""
        for found in discover(self.paths, self.filters):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            else:
                self.todo.append(Job(len(self.todo), found, ()))

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self.executor is not None:
            self.executor.stop()

    def abort(self) -> None:
        """Stop at once; files in hand are not counted."""
        if self.executor is not None:
            self.executor.abort()

    # -- for those who inherit -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Within the block the outcomes are counted; at its end the report is complete."""
        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        try:
            yield
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()

    def _take(self, outcome: Outcome) -> None:
        """Count an outcome, and end the pass where it is one failure too many."""
        self.report.add(outcome)
        if not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
            self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")

    def _done(self, work: Work, totals: Totals | None = None) -> Generator[Outcome, None, None]:
        """Have the work done."""
        if not self.todo:
            return
        held = self.settings
        self.executor = executors.make(held.workers, held.chunksize, held.timeout, totals, held.memory)
        if self._stop is not None:
            return
        results = self.executor.run(work, self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results
