"""Rank filters: how does a pixel take the darkest, the middle or the lightest of its neighbors' levels?

All work with colors weighted by alpha, and with 16-bit and 32-bit gray at its own depth. Pixels outside the image count
as copies of the edge's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation, refuse_mode
from imgbatch.operations.filters.blur import filter_image
from imgbatch.operations.support.as_array import at, picture, samples
from imgbatch.pixels.alpha import GRAY_16_BIT, apply_to_premultiplied_colors, to_straight_alpha, with_header

if TYPE_CHECKING:
    from PIL.Image import Image

SQUARE = Number(1, 99, unit="px", whole=True, odd=True)


@dataclass(frozen=True)
class Median(Operation):
    """Remove specks: each sample becomes the median of a square.

    16-bit and 32-bit gray keep their samples' depth. With alpha, the medians are taken of colors weighted by alpha.

    Parameters
    ----------
    size : int
        Side of the square in px, odd, 1 to 99; 1 leaves the image as it is. The time grows with its square.
    """

    word: ClassVar[str] = "median"
    bands: ClassVar[Bands] = "weighted"
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "3"

    size: Annotated[int, SQUARE, "side of the square; 1 = unchanged"]

    def apply(self, image: Image) -> Image:
        from PIL import ImageFilter

        if self.size == 1:
            return image
        kernel = ImageFilter.MedianFilter(self.size)
        if image.mode in GRAY_16_BIT:  # Pillow ranks 32-bit samples, which hold these exactly
            return with_header(image.convert("I").filter(kernel).convert(image.mode), image)
        return filter_image(to_straight_alpha(image), kernel)


@dataclass(frozen=True)
class Min(Operation):
    """Thicken what is dark: each sample becomes the smallest of a square.

    An erosion of gray levels, band by band, as Pillow's ``MinFilter``. With alpha, colors weighted by alpha and alpha
    itself shrink together: the opaque part gets smaller.

    Parameters
    ----------
    size : int
        Side of the square in px, odd, 1 to 99; 1 leaves the image as it is. The time grows with its logarithm.
    """

    word: ClassVar[str] = "min"
    bands: ClassVar[Bands] = "weighted"
    group: ClassVar[str] = "filters"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "3"

    size: Annotated[int, SQUARE, "side of the square; 1 = unchanged"]

    def apply(self, image: Image) -> Image:
        import numpy

        return _spread(self, image, self.size, numpy.minimum)


@dataclass(frozen=True)
class Max(Operation):
    """Thicken what is light: each sample becomes the largest of a square.

    A dilation of gray levels, band by band, as Pillow's ``MaxFilter``. With alpha, colors weighted by alpha and alpha
    itself grow together: the opaque part gets larger.

    Parameters
    ----------
    size : int
        Side of the square in px, odd, 1 to 99; 1 leaves the image as it is. The time grows with its logarithm.
    """

    word: ClassVar[str] = "max"
    bands: ClassVar[Bands] = "weighted"
    group: ClassVar[str] = "filters"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "3"

    size: Annotated[int, SQUARE, "side of the square; 1 = unchanged"]

    def apply(self, image: Image) -> Image:
        import numpy

        return _spread(self, image, self.size, numpy.maximum)


def _spread(operation: Operation, image: Image, size: int, pick: Callable[..., Any]) -> Image:
    """`pick` (of two arrays) over a square of `size`: a window of 2 n px is picked from two windows of n px."""
    import numpy

    if image.mode in ("CMYK", "LAB"):
        raise refuse_mode(operation, image, "its numbers do not grow with light; convert the file to sRGB first")
    if size == 1:
        return image

    def change(plain: Image) -> Image:
        values = samples(plain)
        for axis in (0, 1):
            wide = [(0, 0)] * 3
            wide[axis] = (size // 2, size // 2)
            values = numpy.pad(values, wide, mode="edge")
            window = 1
            while window < size:
                step = min(window, size - window)
                count = values.shape[axis] - step
                values = pick(at(values, 0, count, axis), at(values, step, count, axis))
                window += step
        return picture(values, plain)

    return apply_to_premultiplied_colors(to_straight_alpha(image), change)
