"""Color matrices: how are the three color bands mixed?

The matrices are those of the W3C's Filter Effects Module Level 1 (sections "saturate", "hue-rotate" and "sepia"), which
browsers apply as CSS filters. They work on the samples as they are, in the picture's own color space. Alpha is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from imgbatch.pixels.alpha import apply_to_colors, as_deep, with_header
from imgbatch.pixels.color import DEEP_COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.deep.bands import DeepImage

Matrix = tuple[tuple[float, float, float], ...]  # rows: the new red, green and blue of red, green and blue

#: The gray of red, green and blue, as of ITU-R BT.601 and Pillow's ``convert("L")``.
GRAY = (0.299, 0.587, 0.114)
LUMA = (0.213, 0.715, 0.072)  # of red, green and blue, as the W3C rounds them
IDENTITY: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def interpolate(start: Matrix, end: Matrix, share: float) -> Matrix:
    """The matrix that lies `share` (0..1, or beyond) of the way from `start` to `end`, entry by entry.

    Parameters
    ----------
    start, end : Matrix
        3 x 3.
    share : float
        0 is `start`, 1 is `end`.
    """
    return tuple(
        triple(one + (other - one) * share for one, other in zip(here, there, strict=True))
        for here, there in zip(start, end, strict=True)
    )


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """What `right` does first, then `left`, in one matrix."""
    columns = list(zip(*right, strict=True))
    return tuple(triple(sum(a * b for a, b in zip(row, column, strict=True)) for column in columns) for row in left)


def triple(values: Iterable[float]) -> tuple[float, float, float]:
    """Three values as a tuple whose length is known to type checkers; ValueError for more or fewer."""
    red, green, blue = values
    return red, green, blue


def gray_image(image: Image) -> Image:
    """The gray (luma) of an image of colors, in its depth; alpha is kept."""
    if image.mode in DEEP_COLOR:
        return mix_deep(as_deep(image), (GRAY,))
    return apply_to_colors(image, lambda colors: colors.convert("L"))


def mix_bands(image: Image, matrix: Matrix) -> Image:
    """The colors of an RGB or RGBA `image` through `matrix`."""
    if matrix == IDENTITY:
        return image
    if image.mode in DEEP_COLOR:
        return mix_deep(as_deep(image), matrix)
    flat = tuple(value for row in matrix for value in (*row, 0.0))
    return with_header(apply_to_colors(image, lambda colors: colors.convert("RGB", flat)), image)


def mix_deep(image: DeepImage, matrix: Matrix) -> Image:
    """The same with 16 bits of color, rounded once; a matrix of one row makes gray of them."""
    import numpy

    from imgbatch.pixels.deep.bands import DeepImage, to_band

    colors = [numpy.asarray(band.convert("F")) for band in image.to_color().colors]
    bands = []
    for row in matrix:
        mix = numpy.zeros_like(colors[0])
        for share, color in zip(row, colors, strict=True):
            mix += numpy.float32(share) * color
        bands.append(to_band(mix))
    alpha = [] if image.alpha is None else [image.alpha]
    result = DeepImage([*bands, *alpha]) if len(bands) + len(alpha) > 1 else bands[0]
    result.info = dict(image.info)
    return result
