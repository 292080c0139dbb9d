"""Hamming pairs: which hashes of many differ in at most so many bits, without comparing each with each?

Multi-index hashing (Norouzi, Punjani, Fleet 2012) with the pigeonhole of Qin et al. 2018: the 64 bits are cut into
bands, and each band gets a radius, so that the radii, each with one added, sum up to one more than the threshold. Two
hashes within the threshold are then within the radius in at least one band: else they would differ in more bits. So it
is enough to look, in each band, at those hashes whose band is one of the few within the radius; all of these are
compared, so the result is exact.

The bands of all hashes are looked up at once for each pattern of bits that differ: sorted by band, these look-ups go
through memory in order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.pixels.perception.perceptual_hash import hamming

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS = 64
_LOOKUP, _COMPARISON, _BRUTE = 12.0, 8.0, 1.5  # ns of a look-up, of a candidate, of one of all comparisons: about
_TABLE = 4.0  # ns of a place in a band's table
_CHUNK = 4_000_000  # candidates that are in memory at once
_ROWS = 256  # hashes that are compared with all at once


@frozen
class BitBand:
    """Some neighboring bits of a hash.

    Attributes
    ----------
    shift, width : int
        Where it begins, from the lowest bit, and how many bits it has.
    radius : int
        In how many of them two hashes may differ to be looked at.
    """

    shift: int
    width: int
    radius: int

    def keys(self, hashes: NDArray[Any]) -> NDArray[Any]:
        """The band of each hash, int64."""
        import numpy

        return ((hashes >> numpy.uint64(self.shift)) & numpy.uint64((1 << self.width) - 1)).astype(numpy.int64)

    def patterns(self) -> Iterator[int]:
        """The bits in which two bands may differ, as numbers."""
        for count in range(self.radius + 1):
            for places in itertools.combinations(range(self.width), count):
                yield sum(1 << place for place in places)

    @property
    def pattern_count(self) -> int:
        """How many patterns there are."""
        return sum(math.comb(self.width, count) for count in range(self.radius + 1))


def cut_bands(count: int, threshold: int) -> tuple[BitBand, ...]:
    """`count` bands with radii that leave out no pair within the threshold; none without a radius of at least 0."""
    radii = [(threshold + 1 + place) // count - 1 for place in range(count)]
    edges = [round(BITS * place / count) for place in range(count + 1)]
    bands = (BitBand(low, high - low, radius) for low, high, radius in zip(edges, edges[1:], radii, strict=False))
    return tuple(band for band in bands if band.radius >= 0)


def best_bands(hashes: NDArray[Any], threshold: int) -> tuple[tuple[BitBand, ...], float]:
    """The bands that take the least time for these hashes, and about how many ns; no bands: all are compared."""
    best: tuple[tuple[BitBand, ...], float] = (), _BRUTE / 2 * float(len(hashes)) ** 2
    for count in range(3, 9):
        bands = cut_bands(count, threshold)
        cost = sum(_cost(band, len(hashes)) for band in bands)
        if cost < best[1]:  # of evenly spread hashes it costs that, of these at most
            cost = sum(_cost(band, len(hashes), _squares(band, hashes)) for band in bands)
        if cost < best[1]:
            best = bands, cost
    return best


def _cost(band: BitBand, count: int, squares: float | None = None) -> float:
    """About how many ns a band takes; `squares`: the squared sizes of its buckets, summed up."""
    even = float(count) ** 2 / (1 << band.width)
    candidates = max(even, count if squares is None else squares)
    return band.pattern_count * (_LOOKUP * count + _COMPARISON * candidates) / 2 + _TABLE * (1 << band.width)


def _squares(band: BitBand, hashes: NDArray[Any]) -> float:
    import numpy

    counts = numpy.bincount(band.keys(hashes), minlength=1 << band.width).astype(numpy.float64)
    return float(counts @ counts)


def pairs_within(
    left: NDArray[Any], right: NDArray[Any], threshold: int, bands: tuple[BitBand, ...]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """All pairs of a hash of `left` and one of `right` that differ in at most `threshold` bits, some at a time.

    Parameters
    ----------
    left, right : array of uint64
        Where both are one array, each pair is given once, and no hash with itself.
    threshold : int
        Bits.
    bands : tuple of BitBand
        From :func:`best_bands`.

    Yields
    ------
    tuple of two arrays of int64
        Places in `left` and in `right`.
    """
    if not bands:
        yield from _compare_all(left, right, threshold)
    for number, band in enumerate(bands):
        earlier = bands[:number]
        for one, other in _candidates(left, right, band):
            difference = left[one] ^ right[other]
            near = hamming(difference, difference.dtype.type(0)) <= threshold
            one, other, difference = one[near], other[near], difference[near]
            fresh = _is_beyond(difference, earlier)  # else an earlier band has given the pair
            if fresh.any():
                yield one[fresh], other[fresh]


def _is_beyond(difference: NDArray[Any], bands: tuple[BitBand, ...]) -> NDArray[Any]:
    """Whether hashes that differ in these bits are beyond the radius of all `bands`."""
    import numpy

    beyond = numpy.ones(len(difference), bool)
    for band in bands:
        part = difference & numpy.uint64(((1 << band.width) - 1) << band.shift)
        beyond &= hamming(part, numpy.uint64(0)) > band.radius
    return beyond


def _compare_all(
    left: NDArray[Any], right: NDArray[Any], threshold: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    import numpy

    for start in range(0, len(left), _ROWS):
        rows = left[start : start + _ROWS]
        offset = start if left is right else 0
        distances = hamming((rows[:, None] ^ right[None, offset:]).reshape(-1), numpy.uint64(0))
        one, other = numpy.divmod(numpy.flatnonzero(distances <= threshold), len(right) - offset)
        one, other = one + start, other + offset
        if left is right:
            once = one < other
            one, other = one[once], other[once]
        if len(one):
            yield one, other


def _candidates(left: NDArray[Any], right: NDArray[Any], band: BitBand) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Places of hashes whose bands are within the radius."""
    import numpy

    right_keys = band.keys(right)
    right_order = numpy.argsort(right_keys, kind="stable")
    sizes = numpy.bincount(right_keys, minlength=1 << band.width).astype(numpy.int32)
    starts = numpy.cumsum(sizes, dtype=numpy.int64) - sizes
    same = left is right
    left_order = right_order if same else numpy.argsort(band.keys(left), kind="stable")
    left_keys = band.keys(left)[left_order]
    for pattern in band.patterns():
        keys, order = left_keys, left_order
        if same and pattern:  # of two bands that differ so, one has no bit at the lowest place of the pattern
            half = (left_keys & (pattern & -pattern)) == 0
            keys, order = left_keys[half], left_order[half]
        keys = keys ^ pattern
        counts = sizes[keys]
        hits = numpy.flatnonzero(counts)
        for one, other in _expand(order[hits], starts[keys[hits]], counts[hits]):
            partners = right_order[other]
            if same and not pattern:
                once = one < partners
                yield one[once], partners[once]
            else:
                yield one, partners


def _expand(
    places: NDArray[Any], starts: NDArray[Any], counts: NDArray[Any]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Each place beside each number of its range, no more than some millions at a time.

    Parameters
    ----------
    places : array of int64
    starts, counts : array of int
        Of each place, where its range begins, and how long it is.
    """
    import numpy

    ends = numpy.cumsum(counts, dtype=numpy.int64)
    begin = 0
    while begin < len(places):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(numpy.searchsorted(ends, before + _CHUNK, "right")))
        here = counts[begin:end]
        total = int(ends[end - 1]) - before
        first = numpy.repeat(starts[begin:end] - (ends[begin:end] - here - before), here)
        yield numpy.repeat(places[begin:end], here), first + numpy.arange(total)
        begin = end
