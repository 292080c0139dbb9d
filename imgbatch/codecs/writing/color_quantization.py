"""Color quantization: which few colors stand for all of a picture?

Its colors are counted first, so that what follows costs the same for a large picture as for a small one; similar colors
count as one where there are too many. What covers much of the picture, as flat grounds do, stays exactly as it is. The
rest is cut in two where the squared error is largest, along the channel that varies most, at the level that leaves the
least error in the halves, until there are enough parts (after Wan, Wong and Prusinkiewicz, 1988); k-means (Lloyd, 1982)
then brings each color nearer to what it stands for. ``python -m tests.benchmarks.palettes`` shows what that costs, and
how near it comes.

All sums are of whole numbers that a float holds exactly: colors are in quarters of a level, 0 to 1020, so that a score
stays below 2 ** 24 (float32), a sum of squares over 2 ** 28 pixels below 2 ** 53 (float64). So every machine finds the
same colors.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

_UNITS = 4  # per level of 8 bits
_MOST = 1 << 15  # different colors that are told apart
_STRIP = 1 << 12  # colors that are compared with all of the palette at once: what a cache holds
_ROUNDS = 4, 64  # of k-means, at least and at most
_COMPARISONS = 1 << 25  # of a color with a center, in all rounds above the least
_FLAT = 2  # times a color's fair share of the picture: what covers so much stays exactly as it is


def choose_colors(samples: Array, room: int) -> Array:
    """At most `room` colors that are near to all in `samples`; the same for the same samples, in any order.

    Parameters
    ----------
    samples : (..., 3) uint8 array
        Red, green and blue of at least one pixel and at most 2 ** 28.
    room : int
        1 to 256.

    Returns
    -------
    (N, 3) uint8 array
        N is less than `room` only where there are fewer colors.
    """
    import numpy

    codes = samples[..., 0].astype(numpy.int32) << 16 | samples[..., 1].astype(numpy.int32) << 8 | samples[..., 2]
    colors, counts = numpy.unique(codes, return_counts=True)
    flat = counts * room >= _FLAT * codes.size
    own = _UNITS * _channels(colors[flat])
    if flat.all():  # so they are half as many as there is room for, at most
        return _channels(colors).astype(numpy.uint8)
    means, weights = _group(colors[~flat], counts[~flat])
    centers = numpy.concatenate([own, _cut(means, weights, room - len(own))])
    centers = _move_to_means(centers, len(own), means, weights)
    return numpy.rint(centers / _UNITS).astype(numpy.uint8)


def _channels(codes: Array) -> Array:
    """(N, 3) of N numbers 0xRRGGBB."""
    import numpy

    return numpy.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)


def _group(colors: Array, counts: Array) -> tuple[Array, Array]:
    """The mean and the weight of each group of colors whose upper bits are alike: as many bits as leave few groups."""
    import numpy

    for bits in (8, 7, 6, 5):
        mask = (0xFF << (8 - bits) & 0xFF) * 0x010101
        groups, members = numpy.unique(colors & mask, return_inverse=True)
        if len(groups) <= _MOST:
            break
    weights = numpy.bincount(members, weights=counts)
    sums = numpy.stack([numpy.bincount(members, weights=counts * band) for band in _channels(colors).T], axis=1)
    return numpy.rint(_UNITS * sums / weights[:, None]), weights


def _cut(colors: Array, weights: Array, room: int) -> Array:
    """The means of at most `room` parts: again and again the part with the largest squared error is cut in two."""
    import numpy

    products = weights[:, None] * colors
    moments = numpy.concatenate([weights[:, None], products, products * colors], axis=1)

    def part(number: int, members: Array) -> tuple[float, int, Array, Array, Array]:
        sums = moments[members].sum(axis=0)
        errors = sums[4:] - sums[1:4] * sums[1:4] / sums[0]
        return -float(errors.sum()), number, members, sums[1:4] / sums[0], errors

    parts = [part(0, numpy.arange(len(colors)))]
    numbers: Iterator[int] = iter(range(1, 2 * room))  # where errors are alike, the older part comes first
    while len(parts) < room and len(parts[0][2]) > 1:  # several colors are never alike, so they have an error
        _, _, members, _, errors = heapq.heappop(parts)
        below = _lower_half(colors[members, errors.argmax()], weights[members])
        for half in (members[below], members[~below]):
            heapq.heappush(parts, part(next(numbers), half))
    return numpy.rint([mean for _, _, _, mean, _ in parts])


def _lower_half(levels: Array, weights: Array) -> Array:
    """Whether each of some levels, which are not all alike, belongs below the cut that leaves the least squared error.

    That is where the squared sums of both halves, each divided by its weight, are largest together.
    """
    import numpy

    steps = (levels - levels.min()).astype(numpy.intp)
    totals = numpy.bincount(steps, weights=weights).cumsum()
    sums = numpy.bincount(steps, weights=weights * steps).cumsum()
    below, above = sums[:-1] ** 2 / totals[:-1], (sums[-1] - sums[:-1]) ** 2 / (totals[-1] - totals[:-1])
    is_below: Array = steps <= (below + above).argmax()
    return is_below


def _move_to_means(centers: Array, still: int, colors: Array, weights: Array) -> Array:
    """`centers` after some rounds of k-means; the first `still` of them stay where they are."""
    import numpy

    least, most = _ROUNDS
    nearest = numpy.full(len(colors), -1)
    for _ in range(max(least, min(most, _COMPARISONS // (len(colors) * len(centers))))):
        former, nearest = nearest, _nearest(colors, centers)
        if (former == nearest).all():
            break
        total = numpy.bincount(nearest, weights=weights, minlength=len(centers))
        sums = [numpy.bincount(nearest, weights=weights * band, minlength=len(centers)) for band in colors.T]
        moving = total > 0
        moving[:still] = False
        centers[moving] = numpy.rint((numpy.stack(sums, axis=1)[moving]) / total[moving, None])
    return centers


def _nearest(colors: Array, centers: Array) -> Array:
    """Which center is nearest to each color: where 2 xc - c² is largest, the first of several."""
    import numpy

    ones = numpy.ones((len(colors), 1))
    left = numpy.concatenate([2 * colors, ones], axis=1).astype(numpy.float32)
    right = numpy.concatenate([centers, -(centers * centers).sum(axis=1, keepdims=True)], axis=1).astype(numpy.float32)
    strips = (left[start : start + _STRIP] @ right.T for start in range(0, len(left), _STRIP))
    return numpy.concatenate([strip.argmax(axis=1) for strip in strips])
