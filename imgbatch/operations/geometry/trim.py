"""Trim: which border is cut off? One of a single color, or a transparent one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.geometry.crop import Box, Crop, crop_image
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.color import DEEP_COLOR
from imgbatch.pixels.deep.gray import gray_range, is_deep

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap


@dataclass(frozen=True)
class Trim(Operation):
    """Cut off a border of one color, or a transparent one.

    The border's color is that of the left top pixel. Rows and columns at the edges go as long as every pixel in them
    is within `tolerance` of it. Colors count as much as they are opaque, so that transparent pixels are all alike. A
    picture of nothing but border stays as it is. The frames of an animation are all cut to the same rectangle.

    Parameters
    ----------
    tolerance : float
        The largest difference in any channel, 0 to 255 (for 16-bit gray and others: relative to the span from black to
        white). 0 trims only pixels that are exactly alike.
    """

    word: ClassVar[str] = "trim"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "20"

    tolerance: Annotated[float, Number(0, 255), "the largest difference from the left top pixel, in any channel"] = 10

    def place_map(self, size: Size) -> PlaceMap | None:
        return None

    def apply(self, image: Image) -> Image:
        box = self.box(image)
        return image if box is None else crop_image(image, box)

    def across(self, frames: Sequence[Image]) -> Operation:
        boxes = [box for frame in frames if (box := self.box(frame)) is not None]
        width, height = (max(frame.size[axis] for frame in frames) for axis in (0, 1))
        left, top, right, bottom = _union(boxes) or (0, 0, width, height)
        return Crop(f"{right - left}x{bottom - top}+{left}+{top}")

    def box(self, image: Image) -> Box | None:
        """What is inside of the border; None when all of it is border."""
        if is_deep(image) or image.mode in DEEP_COLOR:
            return self._deep_box(image)
        plain = to_straight_alpha(image)
        mode = {"RGBA": "RGBa", "LA": "La"}.get(plain.mode)
        boxes = []
        for band in (plain.convert(mode) if mode else plain).split():
            reference = band.getpixel((0, 0))
            assert isinstance(reference, (int, float))
            differs = [255 * (abs(value - reference) > self.tolerance) for value in range(256)]
            box = band.point(differs).getbbox()
            if box is not None:
                boxes.append(box)
        return _union(boxes)

    def _deep_box(self, image: Image) -> Box | None:
        import numpy

        low, high = gray_range(image)
        samples = numpy.asarray(image).astype(numpy.float64)
        if "A" in image.getbands():
            samples[..., :-1] *= samples[..., -1:] / high
        differs = numpy.abs(samples - samples[0, 0]) > self.tolerance * (high - low) / 255
        differs = differs.any(axis=2) if differs.ndim == 3 else differs
        rows, columns = numpy.flatnonzero(differs.any(axis=1)), numpy.flatnonzero(differs.any(axis=0))
        if not rows.size:
            return None
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _union(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
