"""Half chroma: how is a photograph changed that was a JPEG and will be one? Its colors at half size.

A JPEG of 4:2:0 has one pair of colors for four pixels, so its encoder would average the colors that a kernel has just
made of all pixels. Here the colors are made at half size in the first place, which spares half of the kernel's work,
and spread over their four pixels: the encoder's mean of four equals is what they were. The picture stays YCbCr all the
way, as the decoder gives it and the encoder takes it; half_size_colors.py decides where that may be.

A smaller output is made from a larger one's planes, before its colors were spread, and operations that can go on with
these do so (:attr:`operations.base.Operation.on_planes`).
"""

from __future__ import annotations

from fractions import Fraction

import PIL.Image as Images
from PIL.Image import Image, Resampling

from imgbatch.core.quantities import Size
from imgbatch.operations.support.fit import ExactBox
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
        blue, red = (_halve(plane, (left, top, right, bottom), size) for plane in image.colors)
    else:
        brightness = _brightness(image, box, size, kernel, gap)
        blue, red = (_halve(image.getchannel(band), box, size) for band in (1, 2))
    return PlanarImage(brightness, (blue, red), image.info)


def _brightness(image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None) -> Image:
    left, top, right, bottom = map(float, box)
    return separable.reduce_image(image, size, Resampling[kernel.upper()], (left, top, right, bottom), gap, luma=True)


def _halve(plane: Image, box: ExactBox, size: Size) -> Image:
    """One color of what will be `size` px: a sample for each two columns and rows, and for one that is left over."""
    left, top, right, bottom = box
    columns, rows = _halves(Fraction(left), Fraction(right), size[0]), _halves(Fraction(top), Fraction(bottom), size[1])
    parts = [
        (resample_image(plane, (begin, above, end, below), (width, height), _KERNEL, _GAP), (column, row))
        for column, width, begin, end in columns
        for row, height, above, below in rows
    ]
    if len(parts) == 1:
        return parts[0][0]
    result = Images.new(plane.mode, (sum(width for _, width, *_ in columns), sum(height for _, height, *_ in rows)))
    for part, place in parts:
        result.paste(part, place)
    return result


def _halves(begin: Fraction, end: Fraction, count: int) -> list[tuple[int, int, Fraction, Fraction]]:
    """Where samples begin, how many they are, and what they are made of: pairs of `count` px, then the odd one."""
    last = end - (end - begin) / count * (count % 2)
    parts = [(0, count // 2, begin, last), (count // 2, count % 2, last, end)]
    return [part for part in parts if part[1]]
