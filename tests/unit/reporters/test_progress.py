"""Does a run from Python show how far it is, when it is asked to, and close with its bar?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import imgbatch as ib

SAMPLES = Path(__file__).parents[3] / "sample_images"


def test_a_bar_counts_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = ib.run(SAMPLES, tmp_path, workers=0, progress=True)
    last = capsys.readouterr().err.rsplit("\r", 1)[1]
    count = len(report.outcomes)
    assert f"{count}/{count}" in last and f"{len(report.failed)} failed" in last
    ib.start(SAMPLES, tmp_path, workers=0, progress=True).result()
    assert f"{count}/{count}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["check", "verify", "stats", "load", "duplicates", "sheet"])
def test_what_takes_long_has_a_bar_where_it_is_wanted(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    travel, made = SAMPLES / "travel", tmp_path / "made"
    ib.run(travel, made, workers=0)
    calls: dict[str, Callable[[bool], object]] = {
        "check": lambda progress: ib.check(travel, workers=0, progress=progress),
        "verify": lambda progress: ib.verify(made, workers=0, progress=progress),
        "stats": lambda progress: ib.stats(travel, workers=0, progress=progress),
        "load": lambda progress: ib.load(travel, ib.Resize("8x8!"), workers=0, progress=progress),
        "duplicates": lambda progress: ib.duplicates(travel, workers=0, progress=progress),
        "sheet": lambda progress: ib.sheet(travel, tmp_path / f"{progress}.png", workers=0, progress=progress),
    }
    calls[name](False)
    assert capsys.readouterr().err == ""
    calls[name](True)
    assert "4/4" in capsys.readouterr().err.rsplit("\r", 1)[1]
    with pytest.raises(ib.UsageError, match="expected true or false for progress, got 'yes'"):
        calls[name]("yes")  # type: ignore[arg-type]


def test_there_is_none_where_nobody_asks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ib.run(SAMPLES / "travel", tmp_path, workers=0)
    assert capsys.readouterr().err == ""


def test_closing_the_iterator_closes_the_run(tmp_path: Path) -> None:
    outcomes = ib.process(SAMPLES, tmp_path, workers=0, progress=True)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # a generator
    report = ib.run(SAMPLES, tmp_path, workers=0)
    assert report.counts["unchanged"] == 1, "it was recorded, and the folder is free"


def test_another_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ib.UsageError, match="expected true or false for progress, got 'yes'"):
        ib.run(SAMPLES, tmp_path, progress="yes")  # type: ignore[arg-type]
