"""Does each picture have the leader that a plain walk through all of them gives it, and is no group a chain?"""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from imgbatch.pixels.perception import leaders
from imgbatch.pixels.perception.leaders import Looks, find_leaders


def flip(values: Any, count: int, random: numpy.random.Generator) -> Any:
    for _ in range(count):
        values = values ^ (numpy.uint64(1) << random.integers(0, 64, len(values)).astype(numpy.uint64))
    return values


def looks_of(kind: str, count: int, seed: int) -> Looks:
    """Looks that are spread evenly, in groups, or crowd around one."""
    random = numpy.random.default_rng(seed)
    scenes = {"even": count, "groups": count // 6, "crowd": 1}[kind]
    scene = random.integers(0, scenes, count)
    base = [random.integers(0, 1 << 64, scenes, dtype=numpy.uint64)[scene] for _ in range(3)]
    turned = Looks(base[0], base[1], base[2], numpy.ones(count, numpy.int64))
    arrays, way = [], random.integers(0, 8, count)
    for part in ("dct", "across", "down"):
        ways = numpy.stack([getattr(turned.turn(way), part) for way in range(1, 9)])
        arrays.append(flip(ways[way, numpy.arange(count)], 5, random))
    return Looks(arrays[0], arrays[1], arrays[2], random.integers(1, 3, count))


def plain_leaders(looks: Looks, threshold: int, any_orientation: bool) -> list[int]:
    count = len(looks.dct)
    result = [-1] * count
    for leader in range(count):
        if result[leader] >= 0:
            continue
        result[leader] = leader
        near = numpy.zeros(count, bool)
        for way in range(1, 9) if any_orientation else (1,):
            near |= looks[leader : leader + 1].turn(way).near(looks, threshold)
        for place in numpy.flatnonzero(near).tolist():
            if result[place] < 0:
                result[place] = leader
    return result


@pytest.mark.parametrize("dearest", [1e12, 0.0])
@pytest.mark.parametrize("any_orientation", [False, True])
@pytest.mark.parametrize("kind", ["even", "groups", "crowd"])
@pytest.mark.parametrize("threshold", [0, 8, 16])
def test_leaders_are_those_of_a_plain_walk(
    monkeypatch: pytest.MonkeyPatch, kind: str, threshold: int, any_orientation: bool, dearest: float
) -> None:
    monkeypatch.setattr(leaders, "_DEAREST", dearest)
    looks = looks_of(kind, 400, threshold)
    found, ways = find_leaders(looks, threshold, any_orientation)
    assert found.tolist() == plain_leaders(looks, threshold, any_orientation)
    for place, (leader, way) in enumerate(zip(found.tolist(), ways.tolist(), strict=True)):
        assert looks[leader : leader + 1].turn(way).near(looks[place : place + 1], threshold).all()


def test_too_many_pairs_for_the_memory_are_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, scans, scan = looks_of("crowd", 300, 1), [], leaders._LeaderSearch._scan
    expected = plain_leaders(looks, 12, False)

    def count(self: leaders._LeaderSearch) -> None:
        scans.append(self)
        scan(self)

    monkeypatch.setattr(leaders._LeaderSearch, "_scan", count)
    assert find_leaders(looks, 12, False)[0].tolist() == expected and not scans
    monkeypatch.setattr(leaders, "_MOST_PAIRS", 50)
    assert find_leaders(looks, 12, False)[0].tolist() == expected and scans


def test_a_chain_is_no_group() -> None:
    """Each is 6 bits from the one before it: the third is 12 from the first."""
    dct = numpy.array([0, 0b111111 << 1, 0b111111111111 << 1], numpy.uint64)
    nothing = numpy.zeros(3, numpy.uint64)
    looks = Looks(dct, nothing, nothing, numpy.ones(3, numpy.int64))
    assert find_leaders(looks, 8, False)[0].tolist() == [0, 0, 2]
    assert find_leaders(looks[[1, 0, 2]], 8, False)[0].tolist() == [0, 0, 0]


def test_only_what_is_of_one_kind_is_near() -> None:
    same = numpy.full(4, 7, numpy.uint64)
    looks = Looks(same, same, same, numpy.array([1, 8, 1, 8]))
    assert find_leaders(looks, 8, False)[0].tolist() == [0, 1, 0, 1]


def test_nothing_has_no_leaders() -> None:
    nothing = numpy.zeros(0, numpy.uint64)
    found, ways = find_leaders(Looks(nothing, nothing, nothing, numpy.zeros(0, numpy.int64)), 8, True)
    assert len(found) == len(ways) == 0


@pytest.mark.parametrize(("bits", "leader"), [(32, 0), (33, 1)])
def test_difference_hashes_must_not_contradict(bits: int, leader: int) -> None:
    """Of 128 bits as many may differ as the threshold allows: 8 and 3 for each bit of it."""
    same, other = numpy.full(2, 7, numpy.uint64), numpy.array([0, (1 << bits) - 1], numpy.uint64)
    looks = Looks(same, other, same, numpy.ones(2, numpy.int64))
    assert find_leaders(looks, 8, False)[0].tolist() == [0, leader]


def test_who_lies_as_the_leader_does_is_not_called_turned() -> None:
    """These two are near as they are, and as near when one of them is mirrored at its diagonal."""
    nothing = numpy.zeros(2, numpy.uint64)
    looks = Looks(numpy.array([0, 1 << 54], numpy.uint64), nothing, nothing, numpy.ones(2, numpy.int64))
    found, ways = find_leaders(looks, 8, True)
    assert (found.tolist(), ways.tolist()) == ([0, 0], [1, 1])
