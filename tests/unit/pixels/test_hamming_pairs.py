"""Are all pairs within the threshold found, each once, and no others?"""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

from imgbatch.pixels.perception import hamming_pairs
from imgbatch.pixels.perception.hamming_pairs import BITS, best_bands, cut_bands, pairs_within

Hashes = NDArray[Any]


def hashes_with_pairs(count: int, seed: int) -> Hashes:
    """Hashes of which many are some bits away from another one, up to 14."""
    random = numpy.random.default_rng(seed)
    base = random.integers(0, 1 << 64, count, dtype=numpy.uint64)
    copies = base[random.integers(0, count, count)]
    for _ in range(14):
        flips = random.random(count) < random.random()
        copies = copies ^ (flips.astype(numpy.uint64) << random.integers(0, 64, count).astype(numpy.uint64))
    return numpy.concatenate([base, copies, base[:3]])


def expected_pairs(left: Hashes, right: Hashes, threshold: int) -> set[tuple[int, int]]:
    same = left is right
    return {
        (one, other)
        for one, a in enumerate(left.tolist())
        for other, b in enumerate(right.tolist())
        if (a ^ b).bit_count() <= threshold and (not same or one < other)
    }


@pytest.mark.parametrize("threshold", range(17))
@pytest.mark.parametrize("count", [0, 3, 4, 8])
def test_every_pair_is_found_once(threshold: int, count: int) -> None:
    hashes = hashes_with_pairs(120, threshold)
    bands = cut_bands(count, threshold) if count else ()
    for left, right in ((hashes, hashes), (hashes[:50].copy(), hashes)):
        parts = list(pairs_within(left, right, threshold, bands))
        pairs = [
            tuple(sorted(pair)) if left is right else pair
            for one, other in parts
            for pair in zip(one.tolist(), other.tolist(), strict=True)
        ]
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == expected_pairs(left, right, threshold)


@pytest.mark.parametrize("threshold", range(17))
@pytest.mark.parametrize("count", range(3, 9))
def test_the_radii_leave_no_pair_out(threshold: int, count: int) -> None:
    bands = cut_bands(count, threshold)
    assert sum(band.radius + 1 for band in bands) == threshold + 1
    covered = [place for band in bands for place in range(band.shift, band.shift + band.width)]
    assert len(covered) == len(set(covered)) and max(covered) < BITS


def test_many_candidates_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = numpy.arange(300, dtype=numpy.uint64) << numpy.uint64(40)  # two bands are the same in all
    monkeypatch.setattr(hamming_pairs, "_CHUNK", 1000)
    pairs = [
        tuple(sorted(pair))
        for one, other in pairs_within(hashes, hashes, 2, cut_bands(3, 2))
        for pair in zip(one.tolist(), other.tolist(), strict=True)
    ]
    assert len(pairs) == len(set(pairs)) and set(pairs) == expected_pairs(hashes, hashes, 2)


def test_few_are_compared_and_many_looked_up() -> None:
    random = numpy.random.default_rng(1)
    assert best_bands(random.integers(0, 1 << 64, 200, dtype=numpy.uint64), 8)[0] == ()
    many = random.integers(0, 1 << 64, 200_000, dtype=numpy.uint64)
    bands, cost = best_bands(many, 8)
    assert bands and cost < 1e10
    assert best_bands(many & numpy.uint64(0xFF), 8)[1] > cost  # buckets that are full cost more
