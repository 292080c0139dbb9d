"""Deep gray: how is gray of more than 8 bits held and filtered?

Pillow keeps it, moves it and cuts it, but its kernels clip, or mix the two bytes up: what averages goes through 32-bit
floats or numpy and back. The filters have the formulas of Pillow's for 8 bits: the edge's pixels are repeated outside,
and a Gaussian is three extended box blurs (P. Gwosdek et al., "Theoretical foundations of Gaussian convolution by
extended box filtering", SSVM 2011). Reading it is codecs/reading/bit_depth.py, writing codecs/writing/pixel_modes.py,
tone curves are operations/support/curves.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Plane = NDArray[Any]  # float64, (row, column)

_PASSES = 3


def is_16_bit(image: Image) -> bool:
    """Whether `image` is 16-bit gray, in any order of its bytes."""
    return image.mode.startswith("I;16")


def is_deep(image: Image) -> bool:
    """Whether `image` is gray with more than 8 bits."""
    return image.mode in ("I", "F") or is_16_bit(image)


def apply_as_float(image: Image, change: Callable[[Image], Image]) -> Image:
    """`change` applied to 16-bit gray as 32-bit floats, then rounded and clipped back; plain for every other mode."""
    if not is_16_bit(image):
        return change(image)
    import numpy
    from PIL import Image as Images

    values = numpy.asarray(change(image.convert("F")))
    samples = numpy.floor(values + 0.5).clip(0, 65535).astype(">u2" if image.mode == "I;16B" else "<u2")
    result = Images.frombytes(image.mode, (values.shape[1], values.shape[0]), samples.tobytes())
    result.info = dict(image.info)
    return result


def gray_range(image: Image) -> tuple[float, float]:
    """The values of black and white in a gray `image`.

    By mode (0..255, 0..65535); I and F have no fixed white: the smallest of 0..1 (F), 0..255 and 0..65535 (I) that
    holds every sample, else the picture's own extremes.
    """
    if image.mode not in ("I", "F"):
        return (0, 65535) if is_16_bit(image) else (0, 255)
    low, high = image.getextrema()
    assert isinstance(low, (int, float)) and isinstance(high, (int, float))  # one band
    if not low <= high:
        return 0, 1  # not a number
    for top in (1.0, 255.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return 0, top
    return low, high


def box_blur(image: Image, radius: float) -> Image:
    """The mean of a square of ``2 * radius + 1`` px, its outermost row and column weighted by the radius' fraction."""
    return _change(image, lambda plane: _box(plane, radius))


def gaussian_blur(image: Image, sigma: float) -> Image:
    """A Gaussian of standard deviation `sigma` px, as three box blurs."""
    return _change(image, lambda plane: _gaussian(plane, sigma))


def smooth(image: Image) -> Image:
    """The mean of the 3 x 3 px around, the center weighted 5; the outermost rows and columns are kept."""

    def change(plane: Plane) -> Plane:
        result = plane.copy()
        height, width = plane.shape
        if height > 2 and width > 2:
            total = 4 * plane[1:-1, 1:-1]
            for row in range(3):
                for column in range(3):
                    total = total + plane[row : height - 2 + row, column : width - 2 + column]
            result[1:-1, 1:-1] = total / 13
        return result

    return _change(image, change)


def move_apart(image: Image, smooth: Callable[[Image], Image], amount: float, threshold: int) -> Image:
    """`image` moved away from its smooth copy by `amount` times their difference.

    Parameters
    ----------
    image : Image
        Gray of more than 8 bits.
    smooth : callable
        Gives the smooth copy, in the mode and size of `image`.
    amount : float
        1 doubles the difference.
    threshold : int
        Smaller differences are left alone; in levels of 8 bits: 1/255 of the range from black to white (gray_range).
    """
    import numpy

    low, high = gray_range(image)
    limit = threshold * (high - low) / 255
    flat = numpy.asarray(smooth(image), dtype=numpy.float64)

    def change(plane: Plane) -> Plane:
        difference = plane - flat
        result = plane + amount * difference
        return numpy.where(numpy.abs(difference) > limit, result, plane) if threshold else result

    return _change(image, change)


def _gaussian(plane: Plane, sigma: float) -> Plane:
    variance = sigma * sigma / _PASSES
    whole = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) ** 2))
    for _ in range(_PASSES):
        plane = _box(plane, whole + part)
    return plane


def _box(plane: Plane, radius: float) -> Plane:
    for axis in (0, 1):
        plane = _box_along(plane, radius, axis)
    return plane


def _box_along(plane: Plane, radius: float, axis: int) -> Plane:
    import numpy

    whole = int(radius)
    part = radius - whole
    wide = [(0, 0), (0, 0)]
    wide[axis] = (whole + 1, whole + 1)
    padded_plane = numpy.pad(plane, wide, mode="edge")
    start = [(0, 0), (0, 0)]
    start[axis] = (1, 0)
    sums = numpy.cumsum(numpy.pad(padded_plane, start), axis=axis)
    count = plane.shape[axis]
    reach = 2 * whole + 2

    def at(values: Plane, first: int) -> Plane:
        return values[first : first + count] if axis == 0 else values[:, first : first + count]

    inner = at(sums, reach) - at(sums, 1)
    outer = at(padded_plane, 0) + at(padded_plane, reach)
    result: Plane = (inner + part * outer) / (2 * radius + 1)
    return result


def _change(image: Image, change: Callable[[Plane], Plane]) -> Image:
    """`change` over the samples as float64, rounded and clipped back to the image's own mode."""
    import numpy
    from PIL import Image as Images

    values = change(numpy.asarray(image, dtype=numpy.float64))
    if is_16_bit(image):
        order = ">u2" if image.mode == "I;16B" else "<u2"
        samples = numpy.floor(values + 0.5).clip(0, 65535).astype(order)
    elif image.mode == "I":
        samples = numpy.floor(values + 0.5).clip(-(2**31), 2**31 - 1).astype("=i4")
    else:
        samples = values.astype("=f4")
    result = Images.frombytes(image.mode, image.size, samples.tobytes())
    result.info = dict(image.info)
    return result
