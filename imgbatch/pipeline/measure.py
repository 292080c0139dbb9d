"""Measurement: what does one image add to the statistics? Its pixels' histogram, and its size, format and mode.

The pixels are those of the first frame, upright, after the operations, in one of MODES: ``convert(mode)``, with alpha
dropped where the mode has none, profiles ignored, and the high byte of 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, Outcome
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation
from imgbatch.pipeline.first_frame import first_frame
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext
from imgbatch.pixels.histogram import Measurement, as_mode, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen
class MeasureTask(FileTask):
    """The task of statistics: the image's histogram, added to the sums.

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

    def begin(self, job: Job, context: TaskContext) -> MeasureContext:
        """The context of one image, before it is read."""
        return MeasureContext(self, job, context)


class MeasureContext(FileContext):
    """One image while it is measured."""

    task: MeasureTask
    _histogram: NDArray[Any]
    _size: Size

    def process(self) -> None:
        """Count the values of the first frame after the operations."""
        self.read()
        self.open()
        image = as_mode(first_frame(self, self.task.ops, self.task.auto_orient), self.task.mode)
        self._histogram, self._size = tally(self.worker.sums, image), image.size

    def outcome(self) -> Outcome:
        """A Measurement; for an image that failed, an Outcome with its error."""
        if self.failure is not None:
            return Outcome(self.job.index, self.job.source, "failed", error=self.failure, ms=self.timer.phase_ms())
        import numpy

        values = numpy.arange(self._histogram.shape[1], dtype=numpy.int64)
        return Measurement(
            self.job.index,
            self.job.source,
            "ok",
            warnings=tuple(dict.fromkeys(self.warnings)),
            ms=self.timer.phase_ms(),
            format=self.picture.format,
            mode=self.picture.mode,
            size=self._size,
            sum=tuple((self._histogram @ values).tolist()),
            sum_squares=tuple((self._histogram @ (values * values)).tolist()),
        )
