"""Deep gray: how is gray of more than 8 bits held and filtered?

Pillow keeps it, moves it and cuts it, but its kernels clip, or mix the two bytes up: what averages goes through 32-bit
floats or numpy and back. The filters have the formulas of Pillow's for 8 bits: the edge's pixels are repeated outside,
and a Gaussian is three extended box blurs (P. Gwosdek et al., "Theoretical foundations of Gaussian convolution by
extended box filtering", SSVM 2011). Reading it is codecs/reading/samples, writing codecs/writing/pixel_modes.py,
tone curves are operations/support/curves.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgbatch.pixels import color

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Plane = NDArray[Any]  # float64, (row, column)

_PASSES = 3
_NOTHING = 1e-9  # a share that is only the rounding of running sums
_CACHE = 1 << 17  # samples of a part: with few copies of it, what a processor's cache holds


def is_16_bit(image: Image) -> bool:
    """Whether `image` is 16-bit gray, in any order of its bytes."""
    return image.mode.startswith("I;16")


def has_16_bits(image: Image) -> bool:
    """Whether the samples of `image` have 16 bits, in gray or in color."""
    return image.mode.endswith(";16") or is_16_bit(image)


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
    """The values of black and white in a gray `image`, or in the bands of one with colors.

    By mode (0..255, 0..65535); I and floats have no fixed white: the smallest of 0..1 (floats), 0..255 and
    0..65535 (I) that holds every sample, else the picture's own extremes. What is infinite or no number does not count.
    """
    if image.mode not in color.WIDE:
        return (0, 65535) if has_16_bits(image) else (0, 255)
    low, high = _extremes(image)
    if not math.isfinite(high - low):
        low, high = _finite_range(image)
    for top in (1.0, 255.0) if image.mode != "I" else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return 0, top
    return low, high


def to_levels(image: Image, white: int, changes: list[str]) -> Plane:
    """The samples of 32 bits as whole numbers 0..`white`, between black and white of :func:`gray_range`.

    Parameters
    ----------
    image : Image
        Of mode I or F, or color of floats.
    white : int
    changes : list of str
        Gets the range where it is the picture's own, and how many samples are no numbers (black) or infinite (white,
        and black where negative).
    """
    import numpy

    low, high = gray_range(image)
    samples = numpy.asarray(image).astype(numpy.float64)
    if image.mode != "I":
        count, infinite = int(numpy.isnan(samples).sum()), int(numpy.isinf(samples).sum())
        changes += [f"values: {count} that are no numbers made black"] if count else []
        changes += [f"values: {infinite} infinite made black or white"] if infinite else []
        samples = numpy.nan_to_num(samples, copy=False, nan=low, posinf=high, neginf=low)
    if low != 0 or high not in (1, 255, 65535):
        changes.append(f"values: {low:g} to {high:g} made black to white")
    return numpy.floor((samples - low) * (white / ((high - low) or 1)) + 0.5).clip(0, white)


def _extremes(image: Image) -> tuple[float, float]:
    """The least and the largest sample in any band; no number where one of them is none."""
    low, high = math.inf, -math.inf
    for band in image.split() if image.mode == color.FLOATS else (image,):
        least, most = band.getextrema()
        assert isinstance(least, (int, float)) and isinstance(most, (int, float))  # one band
        if not math.isfinite(most - least):
            return least, most
        low, high = min(low, least), max(high, most)
    return low, high


def _finite_range(image: Image) -> tuple[float, float]:
    import numpy

    samples = numpy.asarray(image)
    samples = samples[numpy.isfinite(samples)]
    return (float(samples.min()), float(samples.max())) if samples.size else (0, 1)


def box_blur(image: Image, radius: float) -> Image:
    """The mean of a square of ``2 * radius + 1`` px, its outermost row and column weighted by the radius' fraction."""
    return _change(image, lambda plane: _box_blurs(plane, radius, 1))


def gaussian_blur(image: Image, sigma: float) -> Image:
    """A Gaussian of standard deviation `sigma` px, as three box blurs."""
    variance = sigma * sigma / _PASSES
    whole = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) ** 2))
    return _change(image, lambda plane: _box_blurs(plane, whole + part, _PASSES))


def smooth(image: Image) -> Image:
    """The mean of the 3 x 3 px around, the center weighted 5; the outermost rows and columns are kept."""
    return _change(image, _smooth)


def move_apart(
    image: Image,
    smooth: Callable[[Image], Image],
    amount: float,
    threshold: int,
    levels: tuple[float, float] | None = None,
) -> Image:
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
        Smaller differences are left alone; in levels of 8 bits: 1/255 of the range from black to white.
    levels : (float, float), optional
        Of black and white; else those of gray_range.
    """
    import numpy

    low, high = levels or gray_range(image)
    limit = threshold * (high - low) / 255
    flat = numpy.asarray(smooth(image))

    def change(plane: Plane) -> Plane:
        result = numpy.empty(plane.shape, numpy.float64)
        rows = max(8, _CACHE // plane.shape[1])
        for top in range(0, len(plane), rows):
            strip = plane[top : top + rows].astype(numpy.float64)
            difference = strip - flat[top : top + rows]
            sharp = strip + amount * difference
            result[top : top + rows] = numpy.where(numpy.abs(difference) > limit, sharp, strip) if threshold else sharp
        return result

    return _change(image, change)


def _box_blurs(plane: Plane, radius: float, passes: int) -> Plane:
    """Box blurs; samples that are infinite or no numbers make no numbers of those that they count for, and no more."""
    import numpy

    if plane.dtype.kind != "f" or (is_finite := numpy.isfinite(plane)).all():
        return _finite_box_blurs(plane, radius, passes)
    result = _finite_box_blurs(numpy.where(is_finite, plane, 0), radius, passes)
    share = _finite_box_blurs(numpy.where(is_finite, numpy.float32(0), numpy.float32(1)), radius, passes)
    result[share > _NOTHING] = numpy.nan
    return result


def _finite_box_blurs(plane: Plane, radius: float, passes: int) -> Plane:
    """Box blurs down, then across, a part of the plane at a time that the processor's cache holds."""
    import numpy

    height, width = plane.shape
    between = numpy.empty(plane.shape, numpy.float64)
    columns = max(8, _CACHE // (height + 2 * int(radius) + 3))
    for left in range(0, width, columns):
        between[:, left : left + columns] = _box_sweeps(plane[:, left : left + columns], radius, passes, 0)
    rows = max(8, _CACHE // (width + 2 * int(radius) + 3))
    for top in range(0, height, rows):
        between[top : top + rows] = _box_sweeps(between[top : top + rows], radius, passes, 1)
    return between


def _box_sweeps(values: Plane, radius: float, passes: int, axis: int) -> Plane:
    """Box blurs along one axis, by differences of running sums; outside, the edge's samples are repeated."""
    import numpy

    whole = int(radius)
    part = radius - whole
    count, reach = values.shape[axis], 2 * whole + 2
    shape = list(values.shape)
    shape[axis] = count + reach + 1  # a row of zeros, then the samples with whole + 1 more at both ends
    wide, sums = numpy.zeros(shape), numpy.zeros(shape)

    def at(array: Plane, first: int, length: int) -> Plane:
        return array[first : first + length] if axis == 0 else array[:, first : first + length]

    result, outer = values, numpy.empty(values.shape)
    for _ in range(passes):
        at(wide, whole + 2, count)[...] = result
        at(wide, 1, whole + 1)[...] = at(result, 0, 1)
        at(wide, whole + 2 + count, whole + 1)[...] = at(result, count - 1, 1)
        numpy.cumsum(wide, axis=axis, out=sums)
        result = at(sums, reach, count) - at(sums, 1, count)
        numpy.subtract(at(sums, reach + 1, count), at(sums, 0, count), out=outer)
        result *= (1 - part) / (2 * radius + 1)
        outer *= part / (2 * radius + 1)
        result += outer
    return result


def _smooth(plane: Plane) -> Plane:
    import numpy

    result = plane.astype(numpy.float64)
    height, width = plane.shape
    rows = max(8, _CACHE // width)
    for top in range(1, height - 1, rows):
        strip = plane[top - 1 : min(top + rows, height - 1) + 1].astype(numpy.float64)
        three = strip[:-2] + strip[1:-1] + strip[2:]
        total = 4 * strip[1:-1, 1:-1] + three[:, :-2] + three[:, 1:-1] + three[:, 2:]
        result[top : top + len(total), 1:-1] = total / 13
    return result


def _change(image: Image, change: Callable[[Plane], Plane]) -> Image:
    """`change` over the samples (to float64), rounded and clipped back to the image's own mode."""
    import numpy
    from PIL import Image as Images

    with numpy.errstate(invalid="ignore"):  # infinities less infinities are no numbers
        values = change(numpy.asarray(image))
    if image.mode == "F":
        samples = values.astype("=f4")
    else:
        numpy.floor(numpy.add(values, 0.5, out=values), out=values)
        if is_16_bit(image):
            samples = values.clip(0, 65535, out=values).astype(">u2" if image.mode == "I;16B" else "<u2")
        else:
            samples = values.clip(-(2**31), 2**31 - 1, out=values).astype("=i4")
    result = Images.frombytes(image.mode, image.size, samples.tobytes())
    result.info = dict(image.info)
    return result
