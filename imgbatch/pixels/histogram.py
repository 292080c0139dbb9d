"""Histogram: what does one picture add to the sums? The histogram of its pixels in one of MODES, and itself on a grid.

For statistics (measure.py, of what was read) and for a run (steps.py, of what is handed to the encoder): both count
the same way. ``convert(mode)``, with alpha dropped where the mode has none, profiles ignored, the high byte of 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Outcome
from imgbatch.core.quantities import Size
from imgbatch.pixels import color, profile_conversion

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.exact_sums import Sheet

#: The modes that can be measured, and the names of their channels.
MODES: dict[str, tuple[str, ...]] = {
    "L": ("gray",), "RGB": ("red", "green", "blue"), "RGBA": ("red", "green", "blue", "alpha"),
}  # fmt: skip
_LEVELS = 256


@frozen(slots=True)
class Measurement(Outcome):
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


def tally(sheet: Sheet | None, image: Image) -> Any:
    """Add `image`, in one of MODES, to a sheet where there is one; its histogram, (C, 256) int64."""
    import numpy

    histogram = numpy.array(image.histogram(), numpy.int64).reshape(-1, _LEVELS)
    if sheet is not None:
        grid = sheet.layout.grid
        sheet.add(histogram, None if grid is None else _on_grid(image, grid))
    return histogram


def as_mode(image: Image, mode: str) -> Image:
    """`image` in one of MODES.

    Pillow's ``convert``, but for what it has no answer to or a surprising one: gray of more than 8 bits gives its high
    byte (I and F as :func:`color.to_eight_bits` scales them, where they are not 16 bits held in 32), LAB is taken for
    CIE Lab D50, premultiplied colors are divided by their alpha.
    """
    if image.mode == mode:
        return image
    if image.mode == "I":
        image = _high_byte(image)
    elif image.mode in color.DEEP:
        image = color.to_eight_bits(image)
    elif image.mode == "LAB":
        image = profile_conversion.to_rgb(image)
    elif image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    return image if image.mode == mode else image.convert(mode)


def _high_byte(image: Image) -> Image:
    import numpy
    from PIL import Image as Images

    values = numpy.asarray(image)
    if values.min() >= 0 and 255 < values.max() <= 65535:
        return Images.fromarray((values >> 8).astype(numpy.uint8))
    return color.to_eight_bits(image)


def _on_grid(image: Image, grid: Size) -> Any:
    """The picture as (H, W, C) uint8 on the grid of the mean image, each pixel the average of what it covers."""
    import numpy
    from PIL.Image import Resampling

    result = image if image.size == grid else image.resize(grid, Resampling.BOX)
    return numpy.asarray(result).reshape(grid[1], grid[0], -1)
