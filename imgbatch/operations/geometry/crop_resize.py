"""Crop and resize: how are both done in one step, on pixels that may be fewer and not upright yet?

A resize reads only a rectangle of the picture, so a crop before it need not be made; it gives the same size from a
picture decoded at half the scale as from the original; and turning what comes out upright costs less than turning what
goes in. Nobody types a Reduction: decode_plan.py makes it of what was typed.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.geometry.crop import Crop
from imgbatch.operations.geometry.resize import Resize
from imgbatch.operations.support.canvas import on_canvas, refuse_too_large
from imgbatch.operations.support.fit import Placement
from imgbatch.operations.support.lengths import ENTROPY, anchor
from imgbatch.operations.support.resampling.half_chroma import reduce_ycbcr
from imgbatch.operations.support.resampling.resample import resample_image
from imgbatch.pixels import orientation as ways

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap, Rectangle


@dataclass(frozen=True)
class Reduction(Operation):
    """Crops and a resize in one step.

    Parameters
    ----------
    resize : Resize
    crops : tuple of Crop
        What is cut out before, in order.
    original : (int, int) or None
        Width and height in px of the upright picture at full scale. None: what it is applied to has all its pixels.
    orientation : int
        Of the pixels that it is applied to, 1..8 as EXIF counts; those it makes are upright.
    part : Rectangle or None
        Of the pixels that it is applied to, the rectangle that shows the original; None: all of them do.
    gap : float or None
        Average whole blocks of pixels first, as long as `gap` times the sides of the result are left (Pillow's
        ``reducing_gap``). None: the kernel sees every pixel.
    half_chroma : bool
        Make the colors of a YCbCr picture at half size (half_chroma.py).
    """

    word: ClassVar[str] = "resize"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True

    resize: Resize
    crops: tuple[Crop, ...] = ()
    original: Size | None = None
    orientation: int = 1
    part: Rectangle | None = None
    gap: float | None = None
    half_chroma: bool = False

    @property
    def on_screen(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Whether the resize needs colors of light."""
        return self.resize.on_screen

    def __post_init__(self) -> None:
        """Check nothing: it is made for every file, from operations that were checked before."""

    def placement(self, size: Size) -> Placement:
        """What becomes of an upright picture of `size`; the box is in its px."""
        if not self.crops:
            return self.resize.placement(size)
        left, top = 0, 0
        for crop in self.crops:
            box = crop.box(size)
            left, top, size = left + box[0], top + box[1], (box[2] - box[0], box[3] - box[1])
        x0, y0, x1, y1 = (placement := self.resize.placement(size)).box
        return Placement((x0 + left, y0 + top, x1 + left, y1 + top), placement.size, placement.canvas)

    def idle(self, size: Size) -> bool:
        """Whether a picture of `size` stays as it is."""
        placement = self.placement(size)
        return placement.size == placement.canvas == size and all(map(operator.eq, placement.box, (0, 0, *size)))

    def after(self, size: Size) -> Size:
        return self.placement(size).canvas

    def demand(self, wanted: Size, size: Size) -> Size:
        """The size that all pixels of the result need; `wanted` does not count, since all of them are made."""
        placement = self.placement(size)
        left, top, right, bottom = placement.box
        width = -(-size[0] * placement.size[0] // (right - left))  # rounded up, without floats
        height = -(-size[1] * placement.size[1] // (bottom - top))
        if self.resize.kernel == "nearest" or self.resize.linear:  # a JPEG decoded smaller has its levels averaged
            return size
        return min(width, size[0]), min(height, size[1])

    def place_map(self, size: Size) -> PlaceMap:
        from imgbatch.core.places import scale_box, shift

        box, inner, canvas = self.placement(size)
        return scale_box(box, inner).then(shift(*anchor(inner, canvas, self.resize.gravity)))

    def apply(self, image: Image) -> Image:
        size = self.original or ways.swap_size(image.size, self.orientation)
        placement = self.placement(size)
        refuse_too_large(self, placement.canvas)
        result = self._resample(image, placement, size)
        turn = ways.to_upright(self.orientation)
        if turn is not None:
            result = result.transpose(turn)
        corner = anchor(placement.size, placement.canvas, self.resize.gravity)
        return on_canvas(self, result, placement.canvas, corner, self.resize.background)

    def _resample(self, image: Image, placement: Placement, size: Size) -> Image:
        """The pixels of the result, in the orientation of `image`."""
        across, down = ways.swap_size(size, self.orientation)
        left, top, right, bottom = ways.stored_box(placement.box, size, self.orientation)
        if image.size != (across, down):
            x0, y0, x1, y1 = self.part or (0, 0, *image.size)
            x, y = Fraction(x1 - x0) / across, Fraction(y1 - y0) / down
            left, top, right, bottom = x0 + left * x, y0 + top * y, x0 + right * x, y0 + bottom * y
        stored_size = ways.swap_size(placement.size, self.orientation)
        if self.half_chroma and image.mode == "YCbCr":
            return reduce_ycbcr(image, (left, top, right, bottom), stored_size, self.resize.kernel, self.gap)
        return resample_image(
            image, (left, top, right, bottom), stored_size, self.resize.kernel, self.gap, self.resize.linear
        )


def merge_crops(ops: Sequence[Operation], size: Size, gap: float | None = None) -> tuple[Operation, ...]:
    """`ops` for a picture of `size` with each resize as a Reduction that does the crops right before it, too.

    Those whose place the pixels decide on stay as they are: other pixels could decide otherwise.

    Parameters
    ----------
    ops : sequence of Operation
    size : Size
        Width and height of the upright picture that they begin with, in px.
    gap : float, optional
        Pillow's ``reducing_gap`` for the reductions.
    """
    result: list[Operation] = []
    crops: list[Crop] = []
    here: Size | None = size
    for op in ops:
        if type(op) is Crop and op.gravity != ENTROPY and here is not None and not _misses(op, here):
            crops.append(op)
        elif type(op) is Resize and op.gravity != ENTROPY:
            # Blocks averaged first and then averaged again are no box any more: off by up to 35 of 255
            result.append(Reduction(op, tuple(crops), gap=None if op.kernel == "box" else gap))
            crops = []
        else:
            result += [*crops, op]
            crops = []
        here = None if here is None else op.after(here)
    return (*result, *crops)


def _misses(crop: Crop, size: Size) -> bool:
    """Whether the rectangle lies outside of the picture: then the crop itself raises the error."""
    left, top, right, bottom = crop.box(size)
    return left >= right or top >= bottom


def bind_original(
    reduction: Reduction, original: Size | None, orientation: int = 1, part: Rectangle | None = None
) -> Reduction:
    """`reduction` for the pixels that a decoder gave: fewer than the original's, perhaps, and not yet upright.

    Parameters
    ----------
    reduction : Reduction
    original : Size or None
        Width and height of the upright picture at full scale, in px; None: the pixels are at full scale.
    orientation : int
        How the pixels are stored: EXIF's 1..8; 1 is upright.
    part : Rectangle, optional
        Of the pixels, as they are stored, what shows the original; by default all.
    """
    return dataclasses.replace(reduction, original=original, orientation=orientation, part=part)
