"""Kernels: how much does each sample of a line count for each sample of the result? Pillow's kernels, and a Gaussian.

A line is a row or a column of a picture. Its samples are as far apart as they are wide, and outside of it there are
none for a kernel; for a Gaussian there are copies of the first and of the last one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

#: How many standard deviations a Gaussian reaches to each side: what lies beyond is less than 0.05 % of it.
GAUSSIAN_REACH = 3.5


class Weights(NamedTuple):
    """Which samples count for each sample of a result, and how much.

    Attributes
    ----------
    first : (count,) int array
        The first of them.
    shares : (count, taps) float64 array
        Of it and those after it; each row adds up to 1.
    """

    first: Values
    shares: Values


def kernel_weights(name: str, length: int, begin: float, end: float, count: int) -> Weights:
    """The weights by which the part of a line from `begin` to `end` becomes `count` samples.

    As Pillow computes them (``precompute_coeffs`` of its Resample.c): the kernel is as wide as a sample of the result
    where these are wider, and is taken at the middle of each sample.

    Parameters
    ----------
    name : str
        box, bilinear, hamming, bicubic or lanczos; or gaussian, of a standard deviation of 0.75 samples of the result.
    length : int
        Of the line, in samples.
    begin, end : float
        In samples from the line's start.
    count : int
        Of the samples of the result.
    """
    import numpy

    reach, kernel = _KERNELS[name]
    step = (end - begin) / count
    scale = max(step, 1.0)
    centers = begin + (numpy.arange(count) + 0.5) * step
    first = numpy.maximum((centers - reach * scale + 0.5).astype(numpy.intp), 0)
    last = numpy.minimum((centers + reach * scale + 0.5).astype(numpy.intp), length)
    taps = int((last - first).max())
    places = first[:, None] + numpy.arange(taps)
    shares = kernel((places + (0.5 - centers)[:, None]) * (1 / scale))
    shares[places >= last[:, None]] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    return Weights(first, shares)


def gaussian_weights(sigma: float, length: int, block: int = 1, margin: int = 0) -> Weights:
    """The weights by which a line of `length` samples is blurred, or blocks of them.

    Parameters
    ----------
    sigma : float
        The standard deviation, in blocks.
    length : int
        Of the line, in samples.
    block : int
        How many samples of the line are one of those that count.
    margin : int
        How many of these lie before the line, and as many after it.
    """
    import numpy

    centers = (numpy.arange(length) + 0.5) / block - 0.5 + margin
    blocks = -(-length // block) + 2 * margin
    reach = max(1, math.ceil(GAUSSIAN_REACH * sigma))
    first = numpy.floor(centers).astype(numpy.intp) - reach
    places = first[:, None] + numpy.arange(2 * reach + (2 if block > 1 else 1))
    shares = numpy.exp(-0.5 * ((places - centers[:, None]) / sigma) ** 2)
    shares /= shares.sum(axis=1, keepdims=True)
    taps = min(shares.shape[1], blocks)
    inside = numpy.clip(first, 0, blocks - taps)
    result = shares[:, :taps].copy()
    outside = numpy.flatnonzero((first < 0) | (first + shares.shape[1] > blocks))
    copies = numpy.clip(places[outside], 0, blocks - 1) - inside[outside, None]  # what counts for those outside
    copies += numpy.arange(len(outside))[:, None] * taps
    sums = numpy.bincount(copies.ravel(), shares[outside].ravel(), len(outside) * taps)
    result[outside] = sums.reshape(-1, taps)
    return Weights(inside, result)


def _box(places: Values) -> Values:
    import numpy

    inside: Values = ((places > -0.5) & (places <= 0.5)).astype(numpy.float64)
    return inside


def _bilinear(places: Values) -> Values:
    import numpy

    shares: Values = numpy.maximum(1 - abs(places), 0)
    return shares


def _hamming(places: Values) -> Values:
    import numpy

    shares: Values = numpy.sinc(places) * (0.54 + 0.46 * numpy.cos(numpy.pi * places))
    return shares * (abs(places) < 1)


def _bicubic(places: Values) -> Values:
    import numpy

    slope, far = -0.5, abs(places)
    near = ((slope + 2) * far - (slope + 3)) * far * far + 1
    tail = (((far - 5) * far + 8) * far - 4) * slope
    shares: Values = numpy.where(far < 1, near, tail)
    return shares * (far < 2)


def _lanczos(places: Values) -> Values:
    """``sinc(x) * sinc(x / 3)``, of one sine: ``sin 3a = 3 sin a - 4 sin^3 a``."""
    import numpy

    angle = places * (numpy.pi / 3)
    angle[angle == 0] = 1e-9
    sine = numpy.sin(angle)
    square = (sine / angle) ** 2
    shares: Values = square * (1 - (4 / 3) * sine * sine)
    return shares * (abs(places) < 3)


def _gaussian(places: Values) -> Values:
    import numpy

    shares: Values = numpy.exp(-0.5 * (places / _BLOCK_SIGMA) ** 2)
    return shares


_BLOCK_SIGMA = 0.75  # blocks: the standard deviation of the bells that gaussian.py averages blocks by
_KERNELS: dict[str, tuple[float, Callable[[Values], Values]]] = {
    "box": (0.5, _box),
    "bilinear": (1.0, _bilinear),
    "hamming": (1.0, _hamming),
    "bicubic": (2.0, _bicubic),
    "lanczos": (3.0, _lanczos),
    "gaussian": (GAUSSIAN_REACH * _BLOCK_SIGMA, _gaussian),
}
