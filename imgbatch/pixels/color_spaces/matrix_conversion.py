"""Matrix conversion: how do pixels of 16 bits get through an RGB profile to sRGB, for which Little CMS is given 8 only?

Profiles of three colorants and three curves (ICC.1:2022, F.3) are what RGB spaces are told by; their conversion is a
formula: curves, a matrix, and the curve of sRGB. Relative colorimetric, what sRGB does not hold is cut at its edge.
Both blacks are no light, so that nothing is to be compensated. Profiles with tables are not for this.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from imgbatch.pixels.color_spaces import color_space, icc_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_LEVELS = 65536
_STEPS = (1 << 20) - 1  # of light
_ROWS = 64  # at a time
_COLORANTS, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}  # how many numbers a formula has, by its kind


class MatrixProfile(NamedTuple):
    """What a profile says: light of each stored number, (band, 65536); and what takes it to sRGB's lights, (3, 3)."""

    curves: Array
    matrix: Array


@functools.lru_cache(maxsize=4)
def matrix_profile(icc: bytes) -> MatrixProfile | None:
    """An RGB profile as a formula; None where it is damaged, or has tables that count instead."""
    import numpy

    tags = icc_profile.tags_of(icc)
    if icc[16:24] != b"RGB XYZ " or any(name.startswith((b"A2B", b"D2B")) for name in tags):
        return None
    columns = [column for name in _COLORANTS if (column := _xyz(tags.get(name, b""))) is not None]
    curves = [curve for name in _CURVES if (curve := _curve(tags.get(name, b""))) is not None]
    if len(columns) < 3 or len(curves) < 3:
        return None
    to_srgb = numpy.linalg.inv(numpy.array(icc_profile.matrix_to_d50(color_space.SRGB.primaries)))
    matrix = to_srgb @ numpy.array(columns, dtype=numpy.float64).T
    return MatrixProfile(numpy.stack(curves).astype(numpy.float32), matrix.astype(numpy.float32))


def to_srgb(bands: Sequence[Array], profile: MatrixProfile) -> list[Array]:
    """Three bands of one shape, uint16, as those of sRGB: within 1 of 65535 of what the profile says."""
    import numpy

    results = [numpy.empty(band.shape, dtype=numpy.uint16) for band in bands]
    numbers = _numbers_of_srgb()
    for start in range(0, bands[0].shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        light = [curve.take(band[rows]) for curve, band in zip(profile.curves, bands, strict=True)]
        for result, weights in zip(results, profile.matrix * numpy.float32(_STEPS), strict=True):
            total = light[0] * weights[0]
            total += light[1] * weights[1]
            total += light[2] * weights[2]
            total += numpy.float32(0.5)
            numbers.take(total.astype(numpy.int32), out=result[rows], mode="clip")
    return results


@functools.cache
def _numbers_of_srgb() -> Array:
    """sRGB's number for each step of light; where its curve is steepest a step of light is 0.8 of a number."""
    import numpy

    power, scale, offset, slope, _ = color_space.SRGB_CURVE.numbers
    light = numpy.arange(_STEPS + 1) / _STEPS
    values = numpy.where(light <= 0.0031308, light / slope, (light ** (1 / power) - offset) / scale)
    return numpy.asarray((values * (_LEVELS - 1) + 0.5).astype(numpy.uint16))


def _xyz(tag: bytes) -> list[float] | None:
    return [one / 65536 for one in struct.unpack_from(">3i", tag, 8)] if len(tag) >= 20 and tag[:4] == b"XYZ " else None


def _curve(tag: bytes) -> Array | None:
    """The light of each number of 16 bits; None where the tag says none."""
    import numpy

    x = numpy.arange(_LEVELS) / (_LEVELS - 1)
    if tag[:4] == b"para" and len(tag) >= 12:
        return _formula(x, int.from_bytes(tag[8:10], "big"), tag[12:])
    if tag[:4] != b"curv" or len(tag) < 12:
        return None
    count = int.from_bytes(tag[8:12], "big")
    if len(tag) < 12 + 2 * count:
        return None
    numbers = numpy.frombuffer(tag, ">u2", count, 12)
    if count == 0:
        return x
    if count == 1:
        return numpy.asarray(x ** (int(numbers[0]) / 256))
    return numpy.interp(x, numpy.linspace(0, 1, count), numbers / 65535)


def _formula(x: Array, kind: int, content: bytes) -> Array | None:
    """A parametricCurveType (ICC.1:2022, 10.18)."""
    import numpy

    count = _PARAMETERS.get(kind)
    if count is None or len(content) < 4 * count:
        return None
    numbers = [number / 65536 for number in struct.unpack_from(f">{count}i", content)]
    g, a, b, c, d, e, f = numbers + [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0][count:]
    if kind in (1, 2):
        if a == 0:
            return None
        c, d, e, f = 0.0, -b / a, c, c
    with numpy.errstate(all="ignore"):
        values = numpy.where(x >= d, (a * x + b).clip(0) ** g + e, c * x + f)
    return values.clip(0, 1) if numpy.isfinite(values).all() else None
