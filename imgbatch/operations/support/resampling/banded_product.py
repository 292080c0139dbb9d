"""Banded product: how is a picture resampled or blurred by matrix products, with the same bits on every machine?

A separable kernel is two products with banded matrices, one over the columns and one over the rows, and numpy hands
products of 32-bit floats to a BLAS, which is the fastest code that a processor has. Floats depend on the order in which
they are added, and that differs from one BLAS, processor and number of threads to the next; unless nothing is ever
rounded. So weights are whole numbers here (multiples of 1 / 2**14), and so are samples; between the two products they
have one more bit than 8. Every sum, and every part of one, is then below 2**24 of its unit, which a 32-bit float holds
exactly: `_WEIGHT_BITS` has the bounds.

Nothing is clipped between the two products, where Pillow clips, and less is rounded: the result is nearer to what
64-bit floats give (``python -m tests.contracts.resampling_table``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from imgbatch.operations.support.resampling.kernels import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Values = NDArray[Any]

#: Of the first and of the second product. The absolute weights of a kernel add up to 1.6 at most. Samples go up to 255,
#: so the first sums stay below 255 * 1.6 * 2**14 = 6.7 million; of half a level each, the second products get up to
#: 816, and the sums stay below 816 * 1.6 * 2**13 = 10.7 million. 2**24 is 16.8 million.
_WEIGHT_BITS = (14, 13)
_UNITS = (2, 1 / 2)  # between the products a level has two parts
_BAND_ROWS = (8, 32)  # of the result, that share a part of the matrix: more spare calls, and multiply more zeros
_STRIP_ROWS = 128  # of the result at a time, so that what lies between the products stays in the processor's cache


class Band(NamedTuple):
    """A part of a banded matrix: the samples from `begin` to `end` of the result, by those from `first` to `last`."""

    begin: int
    end: int
    first: int
    last: int
    weights: Values  # (end - begin, last - first), float32


Bands = list[Band]


def multiply(samples: Values, down: Bands, across: Bands) -> Values:
    """A plane through both matrices, rounded and cut to 0..255.

    Parameters
    ----------
    samples : (H, W) uint8 array
    down, across : list of Band
        Of :func:`bands` for columns of H and rows of W px, with h and w results.

    Returns
    -------
    (h, w) uint8 array
    """
    import numpy

    height, width, columns = down[-1].end, across[-1].end, samples.shape[1]
    result = numpy.empty((height, width), numpy.uint8)
    strips = _strips(down)
    most = max(strip[-1].last - strip[0].first for strip in strips)
    floats = numpy.empty((most, columns), numpy.float32)
    between = numpy.empty((_STRIP_ROWS, columns), numpy.float32)
    sums = numpy.empty((_STRIP_ROWS, width), numpy.float32)
    for strip in strips:
        begin, end, first, last = strip[0].begin, strip[-1].end, strip[0].first, strip[-1].last
        floats[: last - first] = samples[first:last]
        half = between[: end - begin]
        for band in strip:
            part = floats[band.first - first : band.last - first]
            numpy.matmul(band.weights, part, out=half[band.begin - begin : band.end - begin])
        numpy.rint(half, out=half)
        whole = sums[: end - begin]
        for band in across:
            numpy.matmul(half[:, band.first : band.last], band.weights.T, out=whole[:, band.begin : band.end])
        numpy.rint(whole, out=whole)
        numpy.clip(whole, 0, 255, out=whole)
        result[begin:end] = whole
    return result


def _strips(matrix: Bands) -> list[Bands]:
    """As many bands together as make a strip."""
    several = max(1, _STRIP_ROWS // _BAND_ROWS[0])
    return [matrix[at : at + several] for at in range(0, len(matrix), several)]


def bands(weights: Weights, length: int, axis: int) -> Bands:
    """The matrix of `weights`, as bands.

    Parameters
    ----------
    weights : Weights
    length : int
        Of the lines that it is for, in px.
    axis : int
        0: columns, the first product; 1: rows, the second.
    """
    import numpy

    whole = 1 << _WEIGHT_BITS[axis]
    shares = numpy.rint(weights.shares * whole)
    count, taps = shares.shape
    every = numpy.arange(count)
    shares[every, weights.shares.argmax(axis=1)] += whole - shares.sum(axis=1)  # all pixels of one level keep it
    rows = _BAND_ROWS[axis]
    starts = numpy.arange(0, count, rows)
    first = numpy.minimum.reduceat(weights.first, starts)
    width = min(int((numpy.maximum.reduceat(weights.first, starts) - first).max()) + taps, length)
    first = numpy.minimum(first, length - width)
    matrix = numpy.zeros((count, width + taps), numpy.float32)
    places = weights.first - numpy.repeat(first, rows)[:count]
    matrix[every[:, None], places[:, None] + numpy.arange(taps)] = shares * (_UNITS[axis] / whole)
    return [
        Band(begin, min(begin + rows, count), start, start + width, matrix[begin : begin + rows, :width])
        for begin, start in zip(starts.tolist(), first.tolist(), strict=True)
    ]


def plane(image: Image) -> Values:
    """The samples of a picture of one band, or of the brightness of a YCbCr picture: (row, column)."""
    import numpy

    if image.mode == "YCbCr":  # straight to bytes, without a second image
        return numpy.frombuffer(image.tobytes("raw", "Y"), numpy.uint8).reshape(image.height, image.width)
    return numpy.asarray(image)


def to_image(samples: Values) -> Image:
    """A plane as an image of mode L."""
    from PIL import Image as Images

    return Images.fromarray(samples)
