"""What are the mean, the spread and the histogram of all pixels of all images? ``stats(paths, ops...)``.

Exact: whole numbers are added up (aggregates.py) and become floats at the very end (moments.py), so the figures are
the same bits for any number of workers, and a worker that dies neither loses nor doubles a file.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict, Unpack

from imgbatch import executors
from imgbatch.aggregates import Layout, Sums, Totals
from imgbatch.discover import Skipped, discover
from imgbatch.errors import expected, unknown
from imgbatch.figures import WEIGHTS, Statistics, drawn_up
from imgbatch.job import Job, Outcome
from imgbatch.measuring import MODES, Measured, MeasureWork
from imgbatch.operations import Operation
from imgbatch.recipe import checked_ops
from imgbatch.report import ExitCode, Report
from imgbatch.settings import Filters, Settings

__all__ = ["SETTINGS", "Statistics", "Survey", "stats"]

Path = str | os.PathLike[str]
_WIDEST = 4096  # px of a side of the mean image
#: The settings that mean something where nothing is written.
SETTINGS = ("workers", "chunksize", "timeout", "memory", "max_pixels", "fail_on", "fail_fast", "max_failures")


class SurveyWords(TypedDict, total=False):
    """The keyword arguments of :func:`stats` that are fields of :class:`imgbatch.Settings`."""

    workers: int | str
    chunksize: int | str
    timeout: float | str | None
    memory: int | str
    max_pixels: int | str
    fail_on: str
    fail_fast: bool
    max_failures: str | int | None


class Survey:
    """One pass over images that measures them, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when :meth:`outcomes` has ended.
    totals : Totals or None
        While :meth:`outcomes` is under way: the sums so far, for a live look.
    executor : Executor or None
        Does the work, from the first outcome on.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        ops: Operation | Iterable[Operation] = (),
        *,
        mode: str = "RGB",
        weight: str = "pixel",
        mean_image: tuple[int, int] | None = None,
        auto_orient: bool = True,
        settings: Settings | None = None,
        filters: Filters | None = None,
    ) -> None:
        executors.refuse_import()
        if mode not in MODES:
            raise unknown(mode, "mode", MODES)
        if weight not in WEIGHTS:
            raise unknown(weight, "weight", WEIGHTS)
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.ops = checked_ops(ops)
        self.mode, self.weight, self.grid = mode, weight, _grid(mean_image)
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self._auto_orient = auto_orient
        self.executor: executors.Executor | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self._measured: list[Measured] = []
        self._sums: Sums | None = None
        self._prepared = False
        self.totals: Totals | None = None
        self.todo: list[Job] = []
        self.skipped: list[Skipped] = []
        self.report = Report(fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many files there are to measure."""
        return len(self.todo)

    @property
    def total_bytes(self) -> int:
        """Their bytes."""
        return sum(job.source.size for job in self.todo)

    def prepare(self) -> None:
        """Find the images; PlanError when a path does not exist."""
        self._prepared = True
        for found in discover(self.paths, self.filters):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            else:
                self.todo.append(Job(len(self.todo), found, ()))

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        if not self._prepared:
            self.prepare()
        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        layout = Layout(len(MODES[self.mode]), self.grid)
        try:
            with Totals(layout, shared=self.settings.workers != 0) as self.totals:
                try:
                    for outcome in self._all(self.totals):
                        self.report.add(outcome)
                        if isinstance(outcome, Measured):
                            self._measured.append(outcome)
                        self._consider(outcome)
                        yield outcome
                finally:
                    self._sums = self.totals.read()
        finally:
            self.totals = None
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()

    def statistics(self) -> Statistics:
        """The figures of all that was measured, when :meth:`outcomes` has ended."""
        if self._sums is None:
            raise expected("outcomes() to have ended", "statistics()", "no sums yet")
        return drawn_up(self.mode, self.weight, self._sums, self._measured, self.report.failed)

    def _all(self, totals: Totals) -> Iterator[Outcome]:
        if not self.todo:
            return
        held = self.settings
        self.executor = executors.make(held.workers, held.chunksize, held.timeout, totals, held.memory)
        if self._stop is not None:
            return
        work = MeasureWork(self.ops, self.mode, self.settings.max_pixels, self._auto_orient)
        results = self.executor.run(work, self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def _consider(self, outcome: Outcome) -> None:
        """Whether this outcome ends the pass."""
        if not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
            self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")

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


def stats(
    paths: Sequence[Path] | Path,
    ops: Operation | Iterable[Operation] = (),
    *,
    mode: str = "RGB",
    weight: str = "pixel",
    mean_image: tuple[int, int] | None = None,
    auto_orient: bool = True,
    filters: Filters | None = None,
    **settings: Unpack[SurveyWords],
) -> Statistics:
    """Measure all pixels of all images.

    Of each file the first frame counts, upright, after `ops`, as ``convert(mode)``: alpha dropped where the mode has
    none, profiles ignored, the high byte of 16 bits. Files that cannot be read are in `failures`, and in no figure.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    ops : Operation or iterable of Operation
        Applied before measuring.
    mode : {"RGB", "L", "RGBA"}
        What is measured.
    weight : {"pixel", "image"}
        Whether in mean and std every pixel counts the same, or every image, however large.
    mean_image : (width, height), optional
        Also average all images, each stretched to this grid (px).
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    filters : Filters, optional
        Which files of folders and globs count.
    **settings
        The fields of :class:`imgbatch.Settings` that have a meaning here: workers, chunksize, timeout, memory,
        max_pixels, fail_on, fail_fast, max_failures.

    Returns
    -------
    Statistics
        ``.mean``, ``.std``, ``.histogram``, ...: numpy arrays; ``.to_json()``.

    Raises
    ------
    UsageError, PlanError
        Before the first image is opened: a wrong value, a missing source.
    EngineError
        Workers cannot be started, or cannot take the operations.

    Examples
    --------
    >>> import imgbatch as ib
    >>> found = ib.stats("sample_images/travel", ib.Resize("64x64", fit="cover"), workers=0)
    >>> found.mean.shape, found.histogram.shape
    ((3,), (3, 256))
    """
    from imgbatch.declare import from_table

    for word in settings:
        if word not in SETTINGS:
            raise unknown(word, "setting", SETTINGS)
    survey = Survey(
        paths,
        ops,
        mode=mode,
        weight=weight,
        mean_image=mean_image,
        auto_orient=auto_orient,
        settings=from_table(Settings, settings),
        filters=filters,
    )
    for _ in survey.outcomes():
        pass
    return survey.statistics()


def _grid(size: object) -> tuple[int, int] | None:
    if size is None:
        return None
    if isinstance(size, Sequence) and len(size) == 2:
        width, height = size
        if all(isinstance(side, int) and 1 <= side <= _WIDEST for side in (width, height)):
            return int(width), int(height)
    raise expected(f"(width, height) of 1 to {_WIDEST} px", "mean_image", size)
