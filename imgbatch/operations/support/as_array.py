"""Arrays: how does numpy compute with a picture? With its samples as (row, column, channel), and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.pixels.alpha import with_header
from imgbatch.pixels.color import DEEP_COLOR, FLOATS
from imgbatch.pixels.deep.gray import is_16_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Samples = NDArray[Any]  # (row, column, channel)

_ROWS = 256  # in a strip


def samples(image: Image) -> Samples:
    """The samples of `image`, at least 8 bits each, in the type that holds them; always with an axis of channels."""
    import numpy

    array = numpy.asarray(image)
    return array[..., None] if array.ndim == 2 else array


def picture(values: Samples, like: Image, mode: str | None = None) -> Image:
    """An image of `values`, rounded half up and cut to the range of its mode.

    Parameters
    ----------
    values : (H, W, C) floats
    like : Image
        Gives the header and, for 16-bit gray, the order of bytes.
    mode : str, optional
        Of the result; without it, that of `like`.
    """
    import numpy
    from PIL import Image as Images

    mode = mode or like.mode
    if mode == FLOATS:
        from imgbatch.pixels.deep import floats

        return with_header(floats.from_array(values), like)
    if mode in DEEP_COLOR:
        from imgbatch.pixels.deep import bands

        return with_header(bands.from_array(values), like)
    if mode == "F":
        ready = values.astype("=f4")
    elif is_16_bit(like):
        ready = _whole(values, 0, 65535).astype(">u2" if mode == "I;16B" else "<u2")
    elif mode == "I":
        ready = _whole(values, -(2**31), 2**31 - 1).astype("=i4")
    else:
        ready = _whole(values, 0, 255).astype(numpy.uint8)
    return with_header(Images.frombytes(mode, (values.shape[1], values.shape[0]), ready.tobytes()), like)


def _whole(values: Samples, low: float, high: float) -> Samples:
    import numpy

    return values if values.dtype.kind in "iub" else numpy.floor(values + 0.5).clip(low, high)


def in_strips(image: Image, reach: int, change: Callable[[Samples], Samples]) -> Samples:
    """The samples of `image` changed as floats, some rows at a time: a large picture needs little memory.

    Parameters
    ----------
    image : Image
    reach : int
        How many rows up and down `change` looks.
    change : callable
        From (rows, W, C) to the same shape.
    """
    import numpy

    array = samples(image)
    kind = numpy.float64 if image.mode == "I" else numpy.float32  # holds each sample exactly
    result = numpy.empty(array.shape, kind)
    for top in range(0, array.shape[0], _ROWS):
        first = max(0, top - reach)
        strip = change(array[first : top + _ROWS + reach].astype(kind))
        result[top : top + _ROWS] = strip[top - first : top - first + _ROWS]
    return result


def sums_along(values: Samples, reach: int, axis: int) -> Samples:
    """For each sample the sum of those around it along one axis; outside, the edge's are repeated.

    Parameters
    ----------
    values : (H, W, C) floats
    reach : int
        ``2 * reach + 1`` samples are summed.
    axis : int
        0: down; 1: across.
    """
    import numpy

    margins = [(0, 0)] * values.ndim
    margins[axis] = (reach, reach)
    wide = numpy.pad(values, margins, mode="edge")
    count = values.shape[axis]
    total = at(wide, 0, count, axis).copy()
    for first in range(1, 2 * reach + 1):
        total += at(wide, first, count, axis)
    return total


def at(values: Samples, first: int, count: int, axis: int) -> Samples:
    """Some rows or columns, as a view.

    Parameters
    ----------
    values : (H, W, C) array
    first, count : int
        Those from `first` on.
    axis : int
        0: rows; 1: columns.
    """
    return values[first : first + count] if axis == 0 else values[:, first : first + count]
