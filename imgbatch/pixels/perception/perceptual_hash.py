"""Perceptual hash: which few bits say what a picture looks like, whatever its size and compression?

Two kinds, both of the picture in gray on a grid. The DCT hash (pHash; Zauner 2010, chapter 3.2.1) has one bit for each
of the 63 lowest frequencies: whether its coefficient is positive. The difference hash (dHash) has one for each of 64
places: whether the picture becomes brighter there, once to the right and once downward. Similar pictures have hashes
that differ in few bits.

The coefficients are compared with zero and not, as often, with their median: so the hash of a picture that is turned
or mirrored follows from the hash itself, and nothing is decoded again for it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

GRID = 32  # px of a side of the picture as the hashes see it
#: Decoding must give so many pixels a side, so that the grid is made of averages.
ENOUGH = 2 * GRID
_NOISE = 1e-6  # what rounding may leave of a coefficient that is zero
_LEVEL = 1  # of 0..255: a step that is no larger is none
_SIDE = 8  # frequencies in each direction, and places of the difference hash
#: How a picture may lie, beside as it is: EXIF's numbers 2 to 8 (pixels/orientation.py).
ORIENTATIONS = range(1, 9)


@frozen(slots=True)
class PerceptualHash:
    """What a picture looks like.

    Attributes
    ----------
    dct : int
        64 bits, the first of them (the mean) never set; row by row of frequencies, the highest bit first.
    across, down : int
        The difference hashes, of 64 bits each: brighter to the right, brighter downward.
    structure : float
        Root mean square of what the frequencies of `dct` add to the mean, on the scale 0..255: of a picture without
        structure (0), the hashes say nothing.
    """

    dct: int = 0
    across: int = 0
    down: int = 0
    structure: float = 0.0


def perceptual_hash(gray: Image) -> PerceptualHash:
    """The hashes of a picture of mode L, upright, of at least a pixel a side."""
    import numpy
    from PIL.Image import Resampling

    grid = gray.resize((GRID, GRID), Resampling.BILINEAR, reducing_gap=2.0)
    basis = _basis()
    coefficients = basis @ numpy.asarray(grid, numpy.float64) @ basis.T
    coefficients[0, 0] = 0.0
    structure = float(numpy.sqrt((coefficients**2).sum())) / GRID
    across = numpy.asarray(grid.resize((_SIDE + 1, _SIDE), Resampling.BOX), numpy.int16)
    down = numpy.asarray(grid.resize((_SIDE, _SIDE + 1), Resampling.BOX), numpy.int16)
    return PerceptualHash(
        _number(coefficients > _NOISE),
        _number(_rises(across[:, 1:] - across[:, :-1], _odd()[None, :])),
        _number(_rises(down[1:] - down[:-1], _odd()[:, None])),
        round(structure, 4),
    )


def turn_hashes(dct: NDArray[Any], across: NDArray[Any], down: NDArray[Any], orientation: int) -> tuple[Any, Any, Any]:
    """The hashes of the same pictures, turned as EXIF's `orientation` says.

    Parameters
    ----------
    dct, across, down : array of uint64, shape (N,)
    orientation : int
        1 to 8, as pixels/orientation.py has them; 1 changes nothing.

    Returns
    -------
    tuple of three arrays of uint64
    """
    frequencies, to_right, downward = map(_bits, (dct, across, down))
    if orientation in (5, 6, 7, 8):  # transposed first
        frequencies, to_right, downward = (bits.swapaxes(1, 2) for bits in (frequencies, downward, to_right))
    if orientation in (2, 3, 6, 7):  # left and right swapped: odd frequencies change their sign
        frequencies = frequencies ^ _odd()[None, None, :]
        to_right, downward = ~to_right[:, :, ::-1], downward[:, :, ::-1]
    if orientation in (3, 4, 7, 8):
        frequencies = frequencies ^ _odd()[None, :, None]
        to_right, downward = to_right[:, ::-1], ~downward[:, ::-1]
    if orientation != 1:
        frequencies = frequencies.copy()
        frequencies[:, 0, 0] = False
    return _numbers(frequencies), _numbers(to_right), _numbers(downward)


def hamming(one: NDArray[Any], other: NDArray[Any] | Any) -> NDArray[Any]:
    """In how many bits hashes (uint64) differ, as uint8."""
    import numpy

    difference = one ^ other
    if hasattr(numpy, "bitwise_count"):
        counts: NDArray[Any] = numpy.bitwise_count(difference)
        return counts
    octets = difference.reshape(-1, 1).view(numpy.uint8)  # numpy before 2
    return numpy.asarray(_counts()[octets].sum(axis=1), numpy.uint8)


def _rises(steps: NDArray[Any], is_odd: NDArray[Any]) -> NDArray[Any]:
    """Whether the picture becomes brighter at each place.

    Where it stays as it is, odd places say yes, even ones no: mirrored, an odd place becomes an even one, as a rise
    becomes a fall.
    """
    import numpy

    return numpy.where(abs(steps) <= _LEVEL, is_odd, steps > 0)


@functools.cache
def _basis() -> NDArray[Any]:
    """The first rows of the orthonormal DCT-II, shape (8, GRID)."""
    import numpy

    places = (2 * numpy.arange(GRID) + 1) * numpy.pi / (2 * GRID)
    basis = numpy.cos(numpy.outer(numpy.arange(_SIDE), places)) * numpy.sqrt(2 / GRID)
    basis[0] /= numpy.sqrt(2)
    result: NDArray[Any] = basis
    return result


@functools.cache
def _odd() -> NDArray[Any]:
    import numpy

    result: NDArray[Any] = numpy.arange(_SIDE) % 2 == 1
    return result


@functools.cache
def _counts() -> NDArray[Any]:
    import numpy

    return numpy.array([value.bit_count() for value in range(256)], numpy.uint8)


def _number(bits: NDArray[Any]) -> int:
    import numpy

    return int.from_bytes(numpy.packbits(bits).tobytes(), "big")


def _bits(numbers: NDArray[Any]) -> NDArray[Any]:
    """Shape (N, 8, 8), bool."""
    import numpy

    octets = numbers.astype(">u8").view(numpy.uint8).reshape(-1, _SIDE)
    return numpy.unpackbits(octets, axis=1).reshape(-1, _SIDE, _SIDE).astype(bool)


def _numbers(bits: NDArray[Any]) -> NDArray[Any]:
    import numpy

    octets = numpy.packbits(bits.reshape(-1, _SIDE * _SIDE), axis=1)
    return octets.view(">u8").reshape(-1).astype(numpy.uint64)
