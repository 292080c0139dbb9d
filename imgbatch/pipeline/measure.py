"""What does one image add to the statistics? Its pixels' histogram, and its size, format and mode.

Runs in a worker, as steps.py does: it never raises for a bad image. The pixels are those of the first frame, upright,
after the operations, in one of MODES: ``convert(mode)``, with alpha dropped where the mode has none, profiles ignored,
and the high byte of 16 bits.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Literal

from imgbatch.codecs import errors
from imgbatch.codecs.reading import decode, limits
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Desk, Failure, Job, Outcome, Status
from imgbatch.operations import Operation, Size, through
from imgbatch.pipeline import decode_plan, template_fields
from imgbatch.pipeline.timing import Clock
from imgbatch.pixels import color
from imgbatch.pixels.histogram import MODES, as_mode, tally
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from PIL.Image import Image

Mode = Literal["L", "RGB", "RGBA"]
__all__ = ["MODES", "Measured", "MeasureWork", "Mode", "as_mode"]


@frozen(slots=True)
class Measured(Outcome):
    """The Outcome of a file that was measured.

    Attributes
    ----------
    format, mode : str
        Of the file: the format in our words, the mode in Pillow's.
    size : (int, int)
        (width, height) in px of what was measured: upright, after the operations.
    sum, sum_squares : tuple of int
        Of its values on the scale 0..255, per channel: what weighting each image equally needs.
    """

    format: str = ""
    mode: str = ""
    size: Size = (0, 0)
    sum: tuple[int, ...] = ()
    sum_squares: tuple[int, ...] = ()


@frozen
class MeasureWork:
    """The work of statistics: the image's histogram to the sums at the desk.

    Attributes
    ----------
    ops : tuple of Operation
        Applied before measuring.
    mode : str
        One of MODES.
    max_pixels : int
        Pictures with more pixels fail.
    auto_orient : bool
        Whether the EXIF orientation is applied first.
    """

    ops: tuple[Operation, ...]
    mode: str
    max_pixels: int
    auto_orient: bool = True

    def open(self) -> None:
        """Load Pillow's everyday readers before the first file is timed."""
        limits.everyday_readers()

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""
        return Outcome(job.index, job.source, status, error=failure)

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """One image into the sums."""
        if job.source.problem is not None:
            return self.blame(job, "failed", job.source.problem)
        clock = Clock(desk)
        look = _Look(self, desk, clock)
        with limits.warning_recorder(self.max_pixels) as caught:
            try:
                return look.measured(job, caught)
            except Exception as error:  # noqa: BLE001 - one file's error is that file's value, never the batch's
                kind, message = errors.classify(error, clock.phase)
                failure = Failure(kind, clock.phase, message)
        return Outcome(job.index, job.source, "failed", error=failure, ms=clock.spent())


class _Look:
    """A job at work."""

    def __init__(self, work: MeasureWork, desk: Desk, clock: Clock) -> None:
        self._work, self._desk, self._clock = work, desk, clock

    def measured(self, job: Job, caught: list[warnings.WarningMessage]) -> Measured:
        import numpy

        data = storage_of(job.source.path).read(job.source.path)
        self._clock.enter("decode")
        suffix = os.path.splitext(job.source.path)[1]
        with decode.open_image(data, suffix, self._work.max_pixels) as opened:
            image = as_mode(self._made(job, opened), self._work.mode)
            said = [*opened.warnings, *limits.format_warnings(caught)]
            found, mode = opened.format, opened.mode
        histogram = tally(self._desk.sums, image)
        values = numpy.arange(histogram.shape[1], dtype=numpy.int64)
        return Measured(
            job.index,
            job.source,
            "ok",
            warnings=tuple(dict.fromkeys(said)),
            ms=self._clock.spent(),
            format=found,
            mode=mode,
            size=image.size,
            sum=tuple((histogram @ values).tolist()),
            sum_squares=tuple((histogram @ (values * values)).tolist()),
        )

    def _made(self, job: Job, opened: decode.SourceImage) -> Image:
        """The first frame after the operations, decoded no larger than they need it."""
        way = decode_plan.way(opened, self._work.auto_orient, template_fields.told(self._work.ops, job, opened))
        self._desk.reserve(decode_plan.needed(opened, way, opened.length, films=False))
        (frame,), _ = opened.decode("first", way.wanted, self._work.auto_orient, turn=not way.turns)
        self._clock.enter("ops")
        if any(op.on_screen for op in way.common):
            (frame,) = color.on_screen([frame], opened.metadata.icc)
        (made,) = through(way.common, [frame])
        return made
