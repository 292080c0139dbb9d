"""Half chroma: how is a photograph changed that was a JPEG and will be one? Its colors at half size.

A JPEG of 4:2:0 has one pair of colors for four pixels, so its encoder would average the colors that a kernel has just
made of all pixels. Here the colors are made at half size in the first place, which spares half of the kernel's work,
and spread over their four pixels: the encoder's mean of four equals is what they were. The picture stays YCbCr all the
way, as the decoder gives it and the encoder takes it; half_size_colors.py decides where that may be.

A smaller output is made from a larger one's planes, before its colors were spread, and operations that can go on with
these do so (:attr:`operations.base.Operation.on_planes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import PIL.Image as Images
from PIL.Image import Image, Resampling

from imgbatch.core.quantities import Size
from imgbatch.operations.support.fit import Exact, ExactBox
from imgbatch.operations.support.resampling import separable
from imgbatch.operations.support.resampling.resample import resample_image
from imgbatch.pixels.planes import PlanarImage

#: Whole blocks of colors are averaged before this kernel: half the pixels are already means of four in most JPEGs.
#: Bilinear leaves edges of color where they are; hamming, as wide, moves them by up to 0.3 px (test_padding.py).
_KERNEL, _GAP = "bilinear", 1.0


def reduce_ycbcr(image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None) -> Image:
    """A rectangle of a YCbCr picture, resized.

    Parameters
    ----------
    image : Image
        One that was made here is reduced from its planes, before its colors were spread.
    box : ExactBox
        (left, top, right, bottom) in px of `image`.
    size : Size
        Of the result, in px.
    kernel : str
        One of ``fit.KERNELS``; for the brightness.
    gap : float or None
        As Pillow's ``reducing_gap``; for the brightness.
    """
    if isinstance(image, PlanarImage):
        brightness = resample_image(image.brightness, box, size, kernel, gap)
        left, top, right, bottom = (Fraction(side) / 2 for side in box)
        parts = _parts((left, top, right, bottom), size)
        blue, red = (_halve(plane, parts) for plane in image.colors)
    else:
        brightness = _brightness(image, box, size, kernel, gap)
        parts = _parts(box, size)
        blue, red = (_halve(image.getchannel(band), parts) for band in (1, 2))
    return PlanarImage(brightness, (blue, red), image.info)


def _brightness(image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None) -> Image:
    left, top, right, bottom = map(float, box)
    return separable.reduce_image(image, size, Resampling[kernel.upper()], (left, top, right, bottom), gap, luma=True)


def _halve(plane: Image, parts: Sequence[_Part]) -> Image:
    """A color, made of parts."""
    results = [(resample_image(plane, part.box, part.size, _KERNEL, _GAP), part.place) for part in parts]
    if len(results) == 1:
        return results[0][0]
    last = parts[-1]
    result = Images.new(plane.mode, (last.place[0] + last.size[0], last.place[1] + last.size[1]))
    for part, place in results:
        result.paste(part, place)
    return result


class _Part(NamedTuple):
    """Samples of a color: how many columns and rows, of which rectangle of the picture, and where in the result."""

    size: Size
    box: ExactBox
    place: Size


def _parts(box: ExactBox, size: Size) -> list[_Part]:
    """The samples of a color of what will be `size` px: for each two columns and rows, and for the odd one."""
    left, top, right, bottom = box
    return [
        _Part((width, height), (begin, above, end, below), (column, row))
        for column, width, begin, end in _halves(left, right, size[0])
        for row, height, above, below in _halves(top, bottom, size[1])
    ]


def _halves(begin: Exact, end: Exact, count: int) -> list[tuple[int, int, Exact, Exact]]:
    """Where samples begin, how many they are, and what they are made of: pairs of `count` px, then the odd one."""
    if count % 2 == 0:
        return [(0, count // 2, begin, end)]
    last = end - Fraction(end - begin) / count
    parts = [(0, count // 2, begin, last), (count // 2, 1, last, end)]
    return parts[count == 1 :]
