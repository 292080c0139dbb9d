"""Is what a record says believed only where a run may have written it?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Failure, Outcome, Source, Written
from imgbatch.ledger.shards.record import CONDITIONS, ShardRecord, ShardRun, refuse_odd_conditions
from imgbatch.ledger.shards.record_line import check_summary, entry_of, outcome_of, time_of
from tests.unit.ledger.shards.test_record import outcome

OUTCOME = outcome(0)
FAILED = outcome(1, status="failed")
INFINITE = float("inf")


def line(one: Outcome, *place_and_value: Any) -> bytes:
    """The line of an outcome, in which something has another value; the places lead to it from the outside."""
    entry = json.loads(json.dumps(entry_of(one, False, "/out")))
    if place_and_value:
        *places, last, value = place_and_value
        inner = entry
        for place in places:
            inner = inner[place]
        inner[last] = value
    return json.dumps(entry).encode()


def test_an_outcome_comes_back() -> None:
    assert outcome_of(line(OUTCOME), "/out") == (OUTCOME, False)
    assert outcome_of(line(FAILED), "/out") == (FAILED, False)
    assert outcome_of(line(FAILED, 2, True), "/out") == (FAILED, True)
    unchanged = outcome(0, status="unchanged")
    assert outcome_of(line(unchanged), "/out") == (unchanged, True)


def test_a_file_from_before_1970_is_one() -> None:
    old = Outcome(0, Source("/a", ".", "a", 1, -1), "ok", (Written(0, "/out/a", "png", 1, 1, 1, mtime_ns=-1),))
    assert outcome_of(line(old), "/out") == (old, False)


@pytest.mark.parametrize(
    "place_and_value",
    [
        (1, "0"), (1, 1 << 63), (1, -(1 << 63) - 1), (1, 1.0), (1, INFINITE), (2, 0), (3, []), (3, {}), (3, 0, 5),
        (3, 2, None), (3, 3, "10"), (3, 4, None), (4, "done"), (4, ["ok"]), (5, None), (5, ["x"]), (5, 0, 0, "x"),
        (5, 0, 1, 5), (5, 0, 5, "x"), (5, 0, 6, "82"), (5, 0, 7, None), (5, 0, 12, 1), (5, 0, 13, "n"),
        (5, 0, 13, [1]), (6, []), (6, ["lost", "read", "x"]), (6, ["corrupt", "sleep", "x"]),
        (6, ["corrupt", "read", None]), (6, [["corrupt"], "read", ""]), (7, "abc"), (7, [1]), (8, None), (8, [[]]),
        (9, []), (9, {"read": "1"}), (9, {"read": INFINITE}), (9, {"read": float("nan")}), (10, None), (11, None),
    ],
)  # fmt: skip
def test_what_no_run_writes_is_refused(place_and_value: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        outcome_of(line(OUTCOME, *place_and_value), "/out")


@pytest.mark.parametrize("text", ["{}", "5", "null", '["file"]', "[", "", '["file",1,false]'])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        outcome_of(text.encode(), "/out")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_an_output_outside_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="an output is outside of the folder"):
        outcome_of(line(OUTCOME, 5, 0, 1, path), "/out")


def test_failures_name_what_a_run_names() -> None:
    assert outcome_of(line(FAILED, 6, ["truncated", "read", "x"]), "/out")[0].error == Failure("truncated", "read", "x")


@pytest.mark.parametrize("value", ["1", None, 1.0, INFINITE, 1 << 63])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        time_of(value)
    assert time_of(2**62) == 2**62


@pytest.mark.parametrize(
    "part",
    [
        {"skipped": "3"}, {"remaining": None}, {"other_outputs": [1]}, {"skipped": 1 << 63}, {"seconds": "1"},
        {"seconds": INFINITE}, {"resampler": 5},
    ],
)  # fmt: skip
def test_a_summary_that_cannot_be_added_up_is_refused(part: dict[str, Any]) -> None:
    sound = {"remaining": 0, "skipped": 3, "other_outputs": 2, "seconds": 1.5, "resampler": "numpy"}
    check_summary({})
    check_summary(sound)
    with pytest.raises(ValueError):
        check_summary(sound | part)


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_conditions_that_are_not_told_are_refused(name: str) -> None:
    conditions = dict.fromkeys(CONDITIONS, "error")
    refuse_odd_conditions(ShardRecord("/f", "/out", "id", [ShardRun(0, {}, 0), ShardRun(1, conditions, 0)]))
    odd = {**conditions, "fail_on": "x"} if name == "fail_on" else {k: v for k, v in conditions.items() if k != name}
    with pytest.raises(PlanError, match="the record /f cannot be read .it does not say how the shard was run"):
        refuse_odd_conditions(ShardRecord("/f", "/out", "id", [ShardRun(0, odd, 0)]))
