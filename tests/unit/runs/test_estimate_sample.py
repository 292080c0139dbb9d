"""Is a sample spread as promised, and does the range contain the truth?"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgbatch.core.job import Job, Source
from imgbatch.runs.preview.estimate_sample import Range, choose_sample, combine, strata, total


def job(index: int, name: str, size: int) -> Job:
    return Job(index, Source(f"/p/{name}", "p", name, size), ())


def test_strata_are_formats_in_order_of_size() -> None:
    jobs = [job(0, "a.jpg", 5), job(1, "b.PNG", 9), job(2, "x/c.jpg", 3), job(3, "d.png", 1)]
    assert [[one.source.relative for one in group] for group in strata(jobs)] == [
        ["x/c.jpg", "a.jpg"],
        ["d.png", "b.PNG"],
    ]


@given(
    groups=st.lists(st.lists(st.integers(0, 10**7), min_size=1, max_size=60), max_size=25),
    most=st.integers(1, 40),
)
def test_a_sample_has_both_ends_and_no_more_than_asked(groups: list[list[int]], most: int) -> None:
    job_groups = [[job(n, f"{n}.x", size) for n, size in enumerate(sorted(sizes))] for sizes in groups]
    picks = choose_sample(job_groups, most)
    assert sum(map(len, picks)) == min(most, sum(map(len, job_groups)))
    for group, places in zip(job_groups, picks, strict=True):
        assert places == sorted(set(places))
        assert all(0 <= place < len(group) for place in places)
        if len(places) > 1:
            assert (places[0], places[-1]) == (0, len(group) - 1)
    if most >= 2 * len(groups):
        assert all(len(places) >= min(2, len(group)) for group, places in zip(job_groups, picks, strict=True))


def test_large_files_are_looked_at_more_closely() -> None:
    group = [job(n, f"{n}.x", 1000) for n in range(300)] + [job(n, f"{n}.x", 10**6) for n in range(300, 310)]
    (places,) = choose_sample([group], 20)
    assert sum(place >= 300 for place in places) >= 7
    assert sum(place < 300 for place in places) >= 7


def test_all_known_is_no_doubt() -> None:
    assert total(3, {0: 1.0, 1: 5.0, 2: 2.0}) == Range(8, 8, 8)


def test_what_grows_evenly_is_found_exactly() -> None:
    span = total(101, {place: float(place) for place in (0, 25, 50, 75, 100)})
    assert span.likely == pytest.approx(5050)
    assert span.low < 5050 < span.high


def test_beyond_the_last_known_its_value_is_taken() -> None:
    assert total(10, {2: 4.0, 5: 4.0}).likely == 40
    assert total(10, {4: 7.0}) == Range(7, 70, 133)


@pytest.mark.parametrize("kind", ["like the size", "whatever the size", "two kinds"])
def test_the_range_contains_the_truth(kind: str) -> None:
    inside = narrow = 0
    for seed in range(100):
        chance = random.Random(seed)
        sizes = sorted(round(chance.lognormvariate(12, 1)) for _ in range(800))
        if kind == "two kinds":
            sizes = sorted([*sizes, *(round(chance.lognormvariate(16, 0.3)) for _ in range(20))])
        factor = 0.0 if kind == "whatever the size" else 1.0
        values = [size**factor * 2e5 ** (1 - factor) * chance.lognormvariate(0, 0.4) for size in sizes]
        group = [job(n, f"{n}.jpg", size) for n, size in enumerate(sizes)]
        (places,) = choose_sample([group], 40)
        span = total(len(group), {place: values[place] for place in places})
        inside += span.low <= sum(values) <= span.high
        narrow += span.high - span.low < sum(values)
    assert inside >= 95
    assert narrow >= 90


def test_independent_doubts_partly_cancel() -> None:
    assert combine([Range(7, 10, 14), Range(6, 10, 13)]) == Range(15, 20, 25)
