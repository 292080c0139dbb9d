"""Moments: what are the mean and the standard deviation of so many whole numbers, to the last bit?

Integers and ratios of integers until the very end: one rounding makes the float. So the result does not depend on the
order in which the numbers came, nor on how many workers brought them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

Ratio = tuple[int, int]  # numerator, denominator > 0; not in lowest terms
TOP = 255  # the value that is called 1.0


def pool(n: int, total: int, squares: int) -> tuple[float, float]:
    """Mean and standard deviation of samples 0..255, as parts of 1.0.

    The deviation is that of these values, not an estimate for others (``ddof=0``); both are NaN for no values.

    Parameters
    ----------
    n : int
        How many samples.
    total : int
        Their sum.
    squares : int
        The sum of their squares.
    """
    return _figures((total, n), (squares, n)) if n else (math.nan, math.nan)


class EqualWeightMoments:
    """Pixels of pictures that all count the same, however many pixels each has.

    The means of the pictures are exact fractions with their pixel counts as denominators; pictures of one count are
    added up at once, so there are no more fractions than different counts.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._images = 0
        self._groups: dict[int, list[int]] = {}

    def add(self, pixels: int, sums: Iterable[int], squares: Iterable[int]) -> None:
        """One picture.

        Parameters
        ----------
        pixels : int
            How many it has.
        sums, squares : iterable of int
            Per channel, the sum of its samples 0..255 and of their squares.
        """
        group = self._groups.setdefault(pixels, [0] * (2 * self._channels))
        self._images += 1
        for place, value in enumerate([*sums, *squares]):
            group[place] += value

    def figures(self, channel: int) -> tuple[float, float]:
        """(mean, standard deviation) of a channel as parts of 1.0: all pixels, each picture's with the same weight."""
        if not self._images:
            return math.nan, math.nan
        mean, square = (
            _of_all(sum_fractions({count: group[place] for count, group in self._groups.items()}), self._images)
            for place in (channel, self._channels + channel)
        )
        return _figures(mean, square)


def sum_fractions(terms: Mapping[int, int]) -> Ratio:
    """The sum of ``value / count`` over all {count: value}, exactly.

    Added up in pairs, as in a tournament: so most additions have small numbers, also when there are thousands.
    """
    ratios: list[Ratio] = [(value, count) for count, value in sorted(terms.items())] or [(0, 1)]
    while len(ratios) > 1:
        pairs = zip(ratios[::2], ratios[1::2], strict=False)
        rest = ratios[-1:] if len(ratios) % 2 else []
        ratios = [(a * q + b * p, p * q) for (a, p), (b, q) in pairs] + rest
    return ratios[0]


def _of_all(ratio: Ratio, count: int) -> Ratio:
    return ratio[0], ratio[1] * count


def _figures(mean: Ratio, square: Ratio) -> tuple[float, float]:
    """Mean and deviation from E(x) and E(x*x), which have the same denominator."""
    (total, n), (squares, m) = mean, square
    assert n == m
    # Python divides integers of any size with one rounding.
    return total / (n * TOP), math.sqrt((n * squares - total * total) / (n * n * TOP * TOP))
