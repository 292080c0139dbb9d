"""Does a plan of many files take little memory for each? Measured by what Python has allocated, not by a clock."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from imgbatch.core.job import Outcome, Source
from imgbatch.planning.jobs import job_entries, job_list
from imgbatch.planning.jobs.job_list import Verdict
from imgbatch.planning.plan import Plan, plan
from imgbatch.planning.recipe import Recipe

TODO, UNCHANGED = Verdict.TODO, Verdict.UNCHANGED
FEW, MANY = 4_000, 24_000
MOST_BYTES = 40  # for each more file: entry, verdict, hashes of two names, and what is not yet full of their arrays


def sources(count: int) -> Iterator[Source]:
    for number in range(count):
        name = f"{number // 1000:03}/photo-{number:06}.jpg"
        yield Source(f"/photos/{name}", "/photos", name, 1000 + number, number, place=(1, 2, "here"))


def make_plan(count: int) -> tuple[Plan, int]:
    """A plan of so many files, and the bytes that it holds."""
    tracemalloc.start()
    result = plan(
        sources(count), Recipe(), "/nowhere/out", owner_of=lambda path: None, earlier=lambda source, output: (),
        format_of=lambda source: "jpeg", judge=lambda job: (UNCHANGED, Outcome(job.index, job.source, "unchanged"))
        if job.index % 2 else (TODO, None),
    )  # fmt: skip
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, size


def test_a_file_more_takes_a_few_bytes() -> None:
    _, few = make_plan(FEW)
    result, many = make_plan(MANY)
    assert (many - few) / (MANY - FEW) < MOST_BYTES
    assert len(result.jobs) == MANY
    jobs = list(result.jobs)
    assert [job.source for job in jobs] == list(sources(MANY))
    assert jobs[12_345].targets[0].path == "/nowhere/out/012/photo-012345.jpg"
    outcomes = result.all_jobs.outcomes(UNCHANGED)
    assert [outcome.source for outcome in outcomes] == [job.source for job in jobs if job.index % 2]


def test_the_outcome_of_an_entry_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_list, "_RECENT", 1_000)
    indices: list[int] = []

    def count(index: int, *values: Any, **more: Any) -> Outcome:
        indices.append(index)
        return Outcome(index, *values, **more)

    outcomes = make_plan(FEW)[0].all_jobs.outcomes(UNCHANGED)
    monkeypatch.setattr(job_entries, "Outcome", count)
    assert [one.index for one in outcomes][: len(indices)] == indices  # the latest are not packed
    assert indices
