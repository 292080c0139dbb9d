"""Thumbnail: how does a picture look, small? As a JPEG in sRGB, on white where it has transparency.

The first pictures of a run that a page shows get theirs while they are made (:class:`ImageWithThumbnail`), from the
pixels that the encoder gets, which costs about a millisecond; later the file would have to be decoded again.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from imgbatch.core.job import Job, Outcome, ReviewOutcome
from imgbatch.pipeline import steps
from imgbatch.pipeline.task import TaskContext

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pipeline.image_task import ImageTask

THUMBNAIL = (160, 112)  # px: twice what a page shows, for screens with small pixels
WHITE = (255, 255, 255)  # what is shown where a picture is transparent
_QUALITY = 72
_MODES = ("L", "LA", "RGB", "RGBA", "YCbCr", "CMYK")  # that are averaged as they are


class ImageWithThumbnail(steps.ImageContext):
    """One image while it is made into its outputs, of which the largest is shown small."""

    def __init__(self, task: ImageTask, job: Job, worker: TaskContext) -> None:
        super().__init__(task, job, worker)
        self.output_steps = (steps.operate, show, steps.encode, steps.write)
        self.thumbnail = b""
        self.thumbnail_pixels = 0  # of the output that it shows

    def outcome(self) -> Outcome:
        """What has become of the job, with the thumbnail."""
        one = super().outcome()
        if not self.thumbnail:
            return one
        values: dict[str, Any] = {name: getattr(one, name) for name in Outcome.__match_args__}
        return ReviewOutcome(**values, thumbnail=self.thumbnail)


def show(image: steps.ImageContext, one: steps.OutputContext) -> None:
    """Make a thumbnail of an output's first frame, unless that was not decoded for it."""
    frames, metadata = one.frames, one.metadata
    if not isinstance(image, ImageWithThumbnail) or one.decision.copy is not None or one.decision.turn is not None:
        return
    if not frames or metadata is None:
        return
    with contextlib.suppress(Exception):  # the output is what matters
        frame = frames[0]
        pixels = frame.width * frame.height
        if pixels > image.thumbnail_pixels and frame.mode in _MODES:
            image.thumbnail, image.thumbnail_pixels = as_jpeg(frame, metadata.icc), pixels


def as_jpeg(image: Image, icc: bytes | None) -> bytes:
    """The thumbnail of a picture with that profile."""
    from imgbatch.pixels import profile_conversion
    from imgbatch.pixels.alpha import flatten

    factor = max(1, *(side // most for side, most in zip(image.size, THUMBNAIL, strict=True)))
    if factor > 1 and image.mode in _MODES:
        image = image.reduce(factor)  # by whole pixels, which is fast, and good enough for this size
    image = profile_conversion.to_rgb(image, icc)
    if icc is not None and not profile_conversion.is_srgb(icc):
        image = profile_conversion.to_srgb(image, icc) or image
    image = flatten(image, WHITE).convert("RGB")
    image.thumbnail(THUMBNAIL)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
