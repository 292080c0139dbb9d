"""Review task: how does a file look, small, and how like its source is it?

For reports that show pictures. The thumbnail is a JPEG in sRGB, on white. The likeness is SSIM on gray values, of the
middle of the output at its own size, with the source brought to that size: what operations have changed counts as well
as what the encoder lost. Where the output has another shape than the source there is none.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job, Outcome, ReviewOutcome, Source
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.pipeline.decisions.memory_demand import memory_demand
from imgbatch.pipeline.first_frame import first_frame
from imgbatch.pipeline.review.thumbnail import THUMBNAIL, WHITE, as_jpeg
from imgbatch.pipeline.task import FileContext, FileTask, TaskContext

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.codecs.reading.decode import SourceImage

_MIDDLE = 512  # px, each way, that are compared


@frozen(slots=True)
class ReviewJob(Job):
    """A file to look at, as its source; with `original`, it is compared with that instead of made small."""

    original: Source | None = None


@frozen
class ReviewTask(FileTask):
    """The task of a review."""

    max_pixels: int

    def begin(self, job: Job, context: TaskContext) -> ReviewContext:
        """The context of one file, before it is read."""
        return ReviewContext(self, job, context)


class ReviewContext(FileContext):
    """One file while it is looked at."""

    task: ReviewTask
    job: ReviewJob

    def __init__(self, task: ReviewTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker)
        self._thumbnail = b""
        self._ssim: float | None = None

    def process(self) -> None:
        """Make the thumbnail, or compare."""
        self.read()
        self.open()
        if self.job.original is not None:
            self._ssim = self._compare(self.job.original)
            return
        try:
            image, icc = self._small_frame(), self.picture.metadata.icc
        except Exception:  # noqa: BLE001 - a reader may raise anything; what it got so far is better than nothing
            image, icc = _readable_part(self.data), None
        self._thumbnail = as_jpeg(image, icc)

    def outcome(self) -> Outcome:
        """What was seen."""
        one = super().outcome()
        return ReviewOutcome(
            one.index, one.source, one.status, error=one.error, ms=one.ms, thumbnail=self._thumbnail, ssim=self._ssim
        )

    def _small_frame(self) -> Image:
        from imgbatch.operations import Resize

        return first_frame(self, (Resize("{}x{}".format(*THUMBNAIL)),), upright=True)

    def _compare(self, source: Source) -> float | None:
        from imgbatch.codecs.reading.open import open_image

        data = self.task.read(source)
        suffix = "." + source.relative.rpartition(".")[2]
        original = open_image(data, suffix, self.task.max_pixels, self.task.untrusted)
        try:
            size = self.picture.upright_size
            if not _is_of_shape(original.upright_size, size):
                return None
            demands = (
                memory_demand(
                    picture, replace(decode_plan.full_plan(picture, True, ()), demand=size), length, spool=False
                )
                for picture, length in ((self.picture, len(self.data)), (original, len(data)))
            )
            self.worker.reserve(sum(demands))
            return _likeness(_first(original, size), _first(self.picture, size), size)
        finally:
            original.close()


def _readable_part(data: bytes) -> Image:
    """As much of a damaged JPEG or PNG as can be read, small; the rest is black."""
    from PIL import Image as Images
    from PIL import ImageOps

    with Images.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        image.draft("RGB", THUMBNAIL)
        with contextlib.suppress(Exception):  # there is an error, which is why we are here
            image.load()
        image.tile = []  # else all that is done to it would begin anew
        result = ImageOps.exif_transpose(image).convert("RGB")
        result.thumbnail(THUMBNAIL)
        return result


def _is_of_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one size is the other, larger or smaller, as far as whole pixels allow."""
    (small_width, small_height), (width, height) = sorted((size, other))
    return abs(small_width * height / width - small_height) <= 1


def _first(picture: SourceImage, size: tuple[int, int]) -> Image:
    frames, _ = picture.decode("first", size)
    return next(frames)


def _likeness(original: Image, output: Image, size: tuple[int, int]) -> float:
    """The SSIM of the middle of the output, whose size is `size`, and of what the original shows there."""
    import numpy
    from PIL.Image import Resampling

    from imgbatch.pixels.ssim import ssim

    width, height = (min(side, _MIDDLE) for side in size)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    across, down = original.width / size[0], original.height / size[1]
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    before = _gray(original).resize((width, height), Resampling.LANCZOS, box)
    after = _gray(output).crop((left, top, left + width, top + height))
    return ssim(numpy.asarray(before), numpy.asarray(after))


def _gray(image: Image) -> Image:
    from imgbatch.pixels.alpha import flatten
    from imgbatch.pixels.histogram import as_mode

    return as_mode(flatten(image, WHITE), "L")
