"""Are a report's outcomes the list that they were, in the order of the sources, whatever the order of arrival?"""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from imgbatch.core.job import STATUSES, Failure, Outcome, Source, Status
from imgbatch.core.records import record_file, record_list
from imgbatch.core.records.status_table import StatusTable
from imgbatch.core.report import WRONG, Report

ARRIVALS = some.lists(some.tuples(some.integers(-2, 60) | some.just(10**15), some.sampled_from(STATUSES)), max_size=40)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made, and values packed, after a few."""
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 100)
    monkeypatch.setattr(record_list, "RECENT", 3)


def outcome(index: int, status: Status = "ok", mark: int = 0) -> Outcome:
    source = Source(f"/photos/{index}.jpg", "photos", f"{index}.jpg", mark)
    return Outcome(index, source, status, error=Failure("io", "read", "no") if status in WRONG else None)


@pytest.mark.usefixtures("small")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=ARRIVALS, early=some.integers(0, 40))
@example(arrivals=[(3, "ok"), (0, "ok"), (-2, "ok")], early=3)
def test_they_are_a_sorted_list(arrivals: list[tuple[int, Status]], early: int) -> None:
    values = [outcome(index, status, mark) for mark, (index, status) in enumerate(arrivals)]
    report = Report()
    for value in values[:early]:
        report.add(value)
    assert report.outcomes == values[:early]
    report.sort()
    first = sorted(values[:early], key=lambda one: one.index)  # stable, as a list's own sort
    assert report.outcomes == first
    for value in values[early:]:
        report.add(value)
    assert report.outcomes == [*first, *values[early:]]
    assert report.failed == [one for one in (*first, *values[early:]) if one.status in WRONG]
    report.sort()
    expected = sorted([*first, *values[early:]], key=lambda one: one.index)
    assert list(report.outcomes) == expected
    assert [report.outcomes[place] for place in range(-len(values), 0)] == expected
    assert report.outcomes[::-2] == expected[::-2]
    failures = [one for one in expected if one.status in WRONG]
    assert report.failed == failures
    assert report.failed[1:3] == failures[1:3]
    assert pickle.loads(pickle.dumps(report)) == report
    assert copy.deepcopy(report).outcomes == expected
    assert pickle.loads(pickle.dumps(report.failed)) == failures


def test_many_failures_are_not_held() -> None:
    def size_after(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        report = Report()
        for number in range(count):
            report.add(outcome(count - number, "failed"))
        report.sort()
        failures = report.failed
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(failures) == count
        return size

    assert size_after(24_000) - size_after(8_000) < 48 * 16_000  # 40.3 each with Python 3.12


def test_what_nobody_keeps_is_counted() -> None:
    report = Report()
    report.add(outcome(0, "failed"), keep=False)
    assert (report.counts["failed"], len(report.outcomes), report.failed) == (1, 0, [])


def test_the_status_of_each_job_is_a_byte() -> None:
    table = StatusTable()
    for index, status in ((3, "failed"), (0, "ok"), (3, "ok")):
        table.add(index, status)  # type: ignore[arg-type]
    assert [table.status_of(index) for index in range(5)] == ["ok", None, None, "ok", None]
    assert len(table) == 2
