"""Does every run do all that there is to do, whether it was prepared before or not?"""

from __future__ import annotations

import errno
import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import PlanError
from imgbatch.core.records import record_file, record_list
from imgbatch.core.report import ExitCode
from imgbatch.datasets.load import LoadRun
from imgbatch.datasets.pack import PackRun
from imgbatch.datasets.stats import StatsRun
from imgbatch.runs.base import Run
from imgbatch.runs.batch import Batch
from imgbatch.runs.check import CheckRun, VerifyRun
from tests.contracts.pictures import smooth

HERE = ib.Settings(workers=0)
COVER = ib.Resize("16x16", fit="cover")

RUNS: dict[str, Callable[[Path], Run]] = {
    "batch": lambda folder: Batch([folder / "in"], folder / "out", settings=HERE),
    "check": lambda folder: CheckRun([folder / "in"], HERE),
    "verify": lambda folder: VerifyRun(folder / "before", settings=HERE),
    "stats": lambda folder: StatsRun([folder / "in"], settings=HERE),
    "load": lambda folder: LoadRun([folder / "in"], [COVER], settings=HERE),
    "pack": lambda folder: PackRun([folder / "in"], [COVER], folder / "all.npy", settings=HERE),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        smooth("RGB", (40, 30)).save(tmp_path / "in" / name)
    assert ib.run(tmp_path / "in", tmp_path / "before", workers=0).ok
    return tmp_path


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("kind", RUNS)
def test_a_run_has_an_outcome_for_each_file(folder: Path, kind: str, prepared: bool) -> None:
    run = RUNS[kind](folder)
    if prepared:
        run.prepare()
    assert [outcome.ok for outcome in run.outcomes()] == [True, True]
    assert len(run.report.outcomes) == run.total == 2
    assert run.report.exit_code == 0 and run.report.remaining == 0


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_whose_files_are_gone_is_refused(folder: Path, kind: str) -> None:
    run = RUNS[kind](folder)
    shutil.rmtree(folder / "in")
    shutil.rmtree(folder / "before")
    with pytest.raises(PlanError):
        list(run.outcomes())


@pytest.mark.parametrize("kind", RUNS)
def test_the_report_of_a_closed_run_counts_what_remains(folder: Path, kind: str) -> None:
    run = RUNS[kind](folder)
    outcomes = run.outcomes()
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # every run's outcomes are a generator
    assert run.report.remaining == run.total - len(run.report.outcomes) <= 1


def test_a_folder_for_temporary_files_that_is_full_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(folder: str) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_file, "_new_file", refuse)
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 100)
    monkeypatch.setattr(record_list, "RECENT", 3)
    for number in range(9):
        Image.new("L", (4, 4)).save(tmp_path / f"{number}.png")
    report = ib.check(tmp_path, workers=0)
    assert (report.exit_code, report.counts["ok"], report.remaining) == (ExitCode.STOPPED, 3, 6)
    assert "takes no more of what the run has to remember (No space left on device)" in report.reason
    assert len(report.outcomes) == 3


def test_process_holds_no_outcome(tmp_path: Path) -> None:
    for number in range(9):
        Image.new("L", (4, 4)).save(tmp_path / f"{number}.png")
    before = count_outcomes()
    outcomes = ib.process(tmp_path, tmp_path / "out", workers=0)
    for _ in range(9):
        assert next(outcomes).ok
    assert count_outcomes() <= before + 1
    assert next(outcomes, None) is None


def count_outcomes() -> int:
    """How many Outcomes there are in this process."""
    gc.collect()
    return sum(type(one) is ib.Outcome for one in gc.get_objects())
