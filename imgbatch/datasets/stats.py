"""Stats: what are the mean, the spread and the histogram of all pixels of all images?

Exact: whole numbers are added up (exact_sums.py) and become floats at the very end (moments.py), so the figures are
the same bits for any number of workers, and a worker that dies neither loses nor doubles a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Unpack

from imgbatch.core.errors import unknown, wrong_value
from imgbatch.core.job import Outcome
from imgbatch.core.parameter_kinds import check_type, python_scalar
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.operations import Operation
from imgbatch.operations.plugins import refuse_immobile
from imgbatch.pipeline.measure import MeasureTask
from imgbatch.pixels.exact_sums import Layout, Sums, Totals
from imgbatch.pixels.histogram import MODES, Measurement
from imgbatch.pixels.statistics import WEIGHTS, PictureCounts, Statistics, make_statistics
from imgbatch.planning.recipe import check_ops
from imgbatch.planning.reference_files import ReferenceFiles
from imgbatch.reporters.progress import carry_out
from imgbatch.runs.base import Run
from imgbatch.runs.keywords import ResizeKeywords, read_only_settings
from imgbatch.runs.workload import Path

__all__ = ["Statistics", "StatsRun", "stats"]

_WIDEST = 4096  # px of a side of the mean image


class StatsRun(Run):
    """A run that measures images.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`.
    ops : Operation or iterable of Operation
        Applied before measuring.
    mode : "RGB", "L" or "RGBA"
    weight : "pixel" or "image"
        What counts as one: each pixel, or each image whatever its size.
    mean_image : (int, int), optional
        Width and height in px of a mean image.
    auto_orient : bool
        Whether pictures are turned upright as EXIF says.

    Attributes
    ----------
    totals : Totals or None
        While :meth:`outcomes` is under way: the sums so far, for a live look.
    """

    lists_meanwhile = True

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
        super().__init__(paths, settings, filters)
        if check_type("mode", mode, str, "RGB, L or RGBA") not in MODES:
            raise unknown(mode, "mode", MODES)
        if check_type("weight", weight, str, "pixel or image") not in WEIGHTS:
            raise unknown(weight, "weight", WEIGHTS)
        self.ops = check_ops(ops)
        self.mode, self.weight, self.grid = mode, weight, _grid(mean_image)
        self._auto_orient = check_type("auto_orient", auto_orient, bool, "true or false")
        self._pictures = PictureCounts(len(MODES[self.mode]), self.weight)
        self._sums: Sums | None = None
        self.totals: Totals | None = None

    def prepare(self) -> None:
        """Find the images; PlanError when a path does not exist."""
        if not self.executor_kind.in_this_process:
            refuse_immobile(self.ops)
        self._resources = ReferenceFiles(self.ops)
        super().prepare()

    def _work(self) -> Iterator[Outcome]:
        self._choose_resampler(self.ops)
        layout, share = Layout(len(MODES[self.mode]), self.grid), not self.executor_kind.in_this_process
        try:
            with (
                self._resources.lend(self.ops, self.executor_kind.borrower) as ops,
                Totals(layout, in_shared_memory=share) as self.totals,
            ):
                work = MeasureTask(ops, self.mode, self.settings.max_pixels, self._auto_orient)
                try:
                    for outcome in self._do_all(work, self.totals):
                        if isinstance(outcome, Measurement):
                            self._pictures.add_measurement(outcome)
                        yield outcome
                finally:
                    self._sums = self.totals.read()
        finally:
            self.totals = None

    def statistics(self) -> Statistics:
        """The figures of all that was measured, when :meth:`outcomes` has ended."""
        if self._sums is None:
            raise wrong_value("outcomes() to have ended", "statistics()", "no sums yet")
        return make_statistics(self.mode, self._sums, self._pictures, self.report.failed)


def stats(
    paths: Sequence[Path] | Path,
    ops: Operation | Iterable[Operation] = (),
    *,
    mode: Literal["RGB", "L", "RGBA"] = "RGB",
    weight: Literal["pixel", "image"] = "pixel",
    mean_image: tuple[int, int] | None = None,
    auto_orient: bool = True,
    filters: Filters | None = None,
    progress: bool = False,
    **settings: Unpack[ResizeKeywords],
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
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.
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
    survey = StatsRun(
        paths,
        ops,
        mode=mode,
        weight=weight,
        mean_image=mean_image,
        auto_orient=auto_orient,
        settings=read_only_settings(settings, ResizeKeywords),
        filters=filters,
    )
    carry_out(survey, progress)
    return survey.statistics()


def _grid(size: object) -> tuple[int, int] | None:
    if size is None:
        return None
    if isinstance(size, Sequence) and len(size) == 2:
        width, height = map(python_scalar, size)
        if all(isinstance(side, int) and 1 <= side <= _WIDEST for side in (width, height)):
            return int(width), int(height)
    raise wrong_value(f"(width, height) of 1 to {_WIDEST} px", "mean_image", size)
