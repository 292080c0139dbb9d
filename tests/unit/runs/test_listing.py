"""Do check and stats begin before all files are listed, and end as if these had been known from the start?"""

from __future__ import annotations

import gc
import logging
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.records import growing_list, record_file, record_list
from imgbatch.core.report import ExitCode
from imgbatch.datasets.stats import StatsRun
from imgbatch.planning import find
from imgbatch.runs import workload
from imgbatch.runs.base import Run
from imgbatch.runs.check import CheckRun

COUNT = 700
KINDS: dict[str, Callable[..., Run]] = {
    "check": lambda folder, **settings: CheckRun([folder], ib.Settings(**settings)),
    "stats": lambda folder, **settings: StatsRun([folder], settings=ib.Settings(**settings)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many pictures in seven folders, the last of which is broken, and in each folder a text."""
    root = tmp_path_factory.mktemp("many")
    Image.new("RGB", (3, 2), (200, 10, 10)).save(root / "original.png")
    for number in range(COUNT):
        place = root / "in" / f"{number // 100}"
        place.mkdir(parents=True, exist_ok=True)
        os.link(root / "original.png", place / f"{number:04}.png")
        (place / "notes.txt").write_text("no picture")
    last = place / "9999.png"
    last.write_bytes((root / "original.png").read_bytes()[:40])
    return root / "in"


@pytest.fixture
def few_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only ten files are listed before the first is done."""
    monkeypatch.setattr(growing_list, "FIRST", 10)
    monkeypatch.setattr(record_list, "RECENT", 20)


def records(run: Run) -> list[dict[str, Any]]:
    """What the report says, but for times."""
    return [{key: value for key, value in one.items() if key not in ("ms", "seconds")} for one in run.report.records()]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_report_is_that_of_a_run_that_knew_all(
    folder: Path, kind: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = KINDS[kind](folder, workers=0)
    assert len(list(whole.outcomes())) == COUNT + 1
    assert whole.report.counts["skipped"] == 7
    monkeypatch.setattr(growing_list, "FIRST", 10)
    monkeypatch.setattr(record_list, "RECENT", 20)
    run = KINDS[kind](folder, workers=workers)
    run.prepare()
    assert (run.is_listed, run.total) == (False, 10)
    outcomes = list(run.outcomes())
    assert run.is_listed and run.total == len(outcomes) == COUNT + 1
    assert run.total_bytes == whole.total_bytes
    assert records(run) == records(whole)
    assert [one.source.relative for one in run.report.failed] == ["6/9999.png"]
    if isinstance(run, StatsRun) and isinstance(whole, StatsRun):
        assert run.statistics().to_json() == whole.statistics().to_json()


@pytest.mark.usefixtures("few_first")
@pytest.mark.parametrize("workers", [0, 1])
def test_the_first_outcome_comes_before_the_listing_ends(
    folder: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = find.discover
    listed_count = 0

    def count(*args: Any, **more: Any) -> Iterator[Any]:
        nonlocal listed_count
        for item in candidates(*args, **more):
            listed_count += 1
            yield item

    monkeypatch.setattr(workload, "discover", count)
    run = CheckRun([folder], ib.Settings(workers=workers))
    outcomes = run.outcomes()
    next(outcomes)
    assert listed_count < 300 and not run.is_listed
    assert len(list(outcomes)) == COUNT
    assert listed_count == COUNT + 1 + 7


@pytest.mark.usefixtures("few_first")
def test_a_program_hears_that_there_are_more(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    list(CheckRun([folder], ib.Settings(workers=0)).outcomes())
    assert caplog.records[0].getMessage() == "start: 10 or more files"


@pytest.mark.usefixtures("few_first")
def test_a_stop_counts_what_remains_of_those_that_were_listed(folder: Path) -> None:
    run = CheckRun([folder], ib.Settings(workers=0))
    for number, _ in enumerate(run.outcomes()):
        if number == 19:
            run.stop(ExitCode.INTERRUPTED, "interrupted")
    assert not run.is_listed
    report = run.report
    assert (report.exit_code, report.counts["ok"], report.remaining) == (ExitCode.INTERRUPTED, 20, run.total - 20)


@pytest.mark.usefixtures("few_first")
def test_failures_are_told_of_all_files_only_where_these_are_known(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    first = CheckRun([tmp_path, folder], ib.Settings(workers=0, fail_fast=True))
    list(first.outcomes())
    assert first.report.reason == "1 of 10 or more files failed"
    share = CheckRun([tmp_path, folder], ib.Settings(workers=0, max_failures="0.1%"))
    share.prepare()
    assert share.is_listed  # a share of what is not known cannot be too much
    list(share.outcomes())
    assert share.report.reason == f"1 of {COUNT + 2} files failed"


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_costs_little_memory(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_list, "FIRST", 100)
    monkeypatch.setattr(record_list, "RECENT", 100)
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 20_000)
    Image.new("L", (1, 1)).save(tmp_path / "original.png")

    def size_after(count: int) -> int:
        for number in range(count):
            place = tmp_path / f"{kind}-{count}" / f"{number // 500}"
            place.mkdir(parents=True, exist_ok=True)
            os.link(tmp_path / "original.png", place / f"{number:06}.png")
        run = KINDS[kind](tmp_path / f"{kind}-{count}", workers=0)
        gc.collect()  # what other tests have left is none of its memory
        tracemalloc.start()
        for _ in run.outcomes():
            pass
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert run.report.counts["ok"] == len(run.report.outcomes) == count
        return size

    size_after(600)  # what is loaded and remembered once
    assert size_after(6_000) - size_after(1_000) < 5_000 * 80
