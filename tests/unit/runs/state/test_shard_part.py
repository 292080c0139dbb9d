"""Are the figures of shards those of the files that there are, each counted once, or refused?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.job import Outcome, Source, Written
from imgbatch.ledger.shards.record import RecordWriter, read_record
from imgbatch.ledger.shards.shard import Shard
from imgbatch.runs.state.shard_part import ShardPart


def outcome(index: int, status: Any = "ok") -> Outcome:
    source = Source(f"/photos/{index}.jpg", "photos", f"{index}.jpg", 10)
    outputs = (Written(0, f"/out/{index}.jpg", "jpeg", 3, 4, 5),) if status in ("ok", "unchanged") else ()
    return Outcome(index, source, status, outputs)


def part(file: Path, *runs: tuple[list[Outcome], dict[str, Any] | None, dict[str, Any] | None]) -> ShardPart:
    """What a shard contributes after runs with outcomes, a summary (None: killed) and sums, and its outcomes read."""
    for number, (outcomes, summary, sums) in enumerate(runs):
        writer = RecordWriter(str(file), "/out", "id" if number == 0 else "")
        writer.begin(number, {})
        for one in outcomes:
            writer.add(one)
        if summary is not None:
            writer.end(number, summary, sums)
        writer.close()
    record = read_record(str(file), "/out")
    assert record is not None
    result = ShardPart(Shard(0, 2), record)
    list(result.outcomes())
    return result


SUMMARY = {"remaining": 0, "skipped": 3, "other_outputs": 2, "seconds": 1.5}
LEFT = {**SUMMARY, "remaining": 1, "resampler": "numpy"}


def test_one_run(tmp_path: Path) -> None:
    one = part(tmp_path / "record", ([outcome(0), outcome(1, "skipped")], SUMMARY, {"images": 1}))
    assert list(one.sums()) == [{"images": 1}]
    assert (one.skip_count, one.number_of("other_outputs"), one.seconds, one.resampler) == (2, 2, 1.5, "")


def test_what_two_runs_made_is_added(tmp_path: Path) -> None:
    one = part(
        tmp_path / "record",
        ([outcome(0)], LEFT, {"images": 1, "run": 1}),
        ([outcome(0, "unchanged"), outcome(1), outcome(2)], SUMMARY, {"images": 2, "run": 2}),
    )
    assert [table["run"] for table in one.sums()] == [1, 2]
    assert (one.seconds, one.resampler) == (3.0, "numpy")


def test_what_was_made_again_counts_once(tmp_path: Path) -> None:
    one = part(
        tmp_path / "record",
        ([outcome(0), outcome(1)], LEFT, {"images": 2, "run": 1}),
        ([outcome(0), outcome(1)], SUMMARY, {"images": 2, "run": 2}),
    )
    assert [table["run"] for table in one.sums()] == [2]


@pytest.mark.parametrize(
    "first",
    [
        ([outcome(0)], None, None),  # killed: its sums are lost
        ([outcome(0), outcome(1)], LEFT, {"images": 2}),  # and one of its two files was made again
    ],
)
def test_sums_that_are_not_those_of_the_files_are_refused(tmp_path: Path, first: Any) -> None:
    one = part(tmp_path / "record", first, ([outcome(0, "unchanged"), outcome(1)], SUMMARY, {"images": 1}))
    with pytest.raises(PlanError, match="the sums of what shard 0/2 wrote are lost.*run it again with --force --stats"):
        list(one.sums())


@pytest.mark.parametrize("outcomes", [[], [outcome(0)]])
def test_a_run_without_stats_has_none(tmp_path: Path, outcomes: list[Outcome]) -> None:
    one = part(tmp_path / "record", (outcomes, SUMMARY, None))
    with pytest.raises(UsageError, match="expected a run with --stats for shard 0/2, got 'one without'"):
        list(one.sums())
