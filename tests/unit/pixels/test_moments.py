"""Are means and deviations exact to the last bit, however the images are weighted?"""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import pytest

from imgbatch.pixels.moments import EqualWeightMoments, pool, sum_fractions


def test_mean_and_deviation_are_rounded_once() -> None:
    rng = random.Random(3)
    values = [rng.randrange(256) for _ in range(999)]
    mean, std = pool(len(values), sum(values), sum(value * value for value in values))
    exact = Fraction(sum(values), len(values))
    variance = sum((value - exact) ** 2 for value in values) / len(values)
    assert mean == float(exact / 255)
    assert std == math.sqrt(float(variance / 255**2))


def test_no_values_no_figures() -> None:
    assert all(map(math.isnan, pool(0, 0, 0)))
    assert all(map(math.isnan, EqualWeightMoments(1).figures(0)))


def test_a_flat_color_has_no_deviation_however_many_pixels() -> None:
    for n in (1, 7, 10**12):
        assert pool(n, 200 * n, 200 * 200 * n) == (200 / 255, 0.0)


def test_sums_of_fractions_are_exact() -> None:
    rng = random.Random(5)
    terms = {rng.randrange(1, 10**6): rng.randrange(10**9) for _ in range(301)}
    numerator, denominator = sum_fractions(terms)
    assert Fraction(numerator, denominator) == sum(Fraction(value, count) for count, value in terms.items())
    assert sum_fractions({}) == (0, 1)


def test_images_weigh_the_same() -> None:
    """Against the definition in fractions: a small bright picture counts as much as a large dark one."""
    pictures = [[255] * 3, [0] * 997, [10, 20], [0, 255, 7]]
    equally = EqualWeightMoments(1)
    for values in pictures:
        equally.add(len(values), [sum(values)], [sum(value * value for value in values)])
    mean, std = equally.figures(0)
    means = [Fraction(sum(values), len(values)) for values in pictures]
    exact = sum(means) / len(pictures)
    spread = sum(sum((value - exact) ** 2 for value in values) / len(values) for values in pictures) / len(pictures)
    assert mean == float(exact / 255)
    assert std == pytest.approx(math.sqrt(spread) / 255, abs=1e-15)
    assert std != pytest.approx(pool(1005, sum(map(sum, pictures)), sum(v * v for p in pictures for v in p))[1])


def test_many_different_sizes_take_no_time() -> None:
    rng = random.Random(11)
    equally = EqualWeightMoments(3)
    for pixels in range(10**6, 10**6 + 20_000):
        equally.add(pixels, [pixels * rng.randrange(256)] * 3, [pixels * 255 * 255] * 3)
    began = time.monotonic()
    equally.figures(0)
    assert time.monotonic() - began < 10
