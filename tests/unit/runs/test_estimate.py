"""Does an estimate contain what the run then comes to, and leave everything as it is?"""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.run_settings import Settings
from imgbatch.runs.batch import Batch
from imgbatch.runs.preview.estimate import estimate_batch


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """120 pictures in four formats and many sizes, smooth and noisy ones."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    chance = random.Random(4)
    for number in range(120):
        size = chance.randint(16, 160), chance.randint(16, 160)
        picture = Image.effect_noise(size, chance.choice([5, 40, 80])).convert("RGB")
        suffix = chance.choice(["jpg", "jpg", "jpg", "png", "gif", "webp"])
        picture.save(folder / f"{number:03}.{suffix}")
    return folder


def files_below(folder: Path) -> dict[Path, int]:
    """Every file below, but for those that SQLite keeps beside a ledger that is read, and when it was written."""
    return {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*.*")
        if path.is_file() and ".imgbatch" not in path.parts
    }


RECIPES = {
    "same size": ib.Recipe(),
    "fitted": ib.Recipe([ib.Resize("40")], [ib.Output(format="webp")]),
    "two outputs": ib.Recipe([ib.Resize("80")], [
        ib.Output(dir="a", format="png"), ib.Output(dir="b", format="jpeg", frames="first", ops=[ib.Blur(1)]),
    ]),
    "late names": ib.Recipe([ib.Resize("60")], [ib.Output(name="{width}/{stem}{{x}}-{hash}.{ext}")]),
}  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_range_contains_the_bytes_of_the_run(recipe: ib.Recipe, mixture: Path, tmp_path: Path) -> None:
    figures = ib.estimate([mixture], tmp_path / "out", recipe, workers=0)
    assert not (tmp_path / "out").exists()
    report = ib.run([mixture], tmp_path / "out", recipe, workers=0)
    assert report.ok
    assert (figures.files, figures.sampled, figures.bytes_in) == (120, 40, report.bytes_in)
    assert figures.bytes_out.low <= report.bytes_out <= figures.bytes_out.high
    assert figures.bytes_out.high < 2 * report.bytes_out
    assert figures.failures.high == 0


def test_few_files_are_all_tried_and_exact(mixture: Path, tmp_path: Path) -> None:
    few = sorted(mixture.iterdir())[:5]
    figures = ib.estimate(few, tmp_path / "out", ib.Recipe([ib.Resize("30")]), workers=2)
    report = ib.run(few, tmp_path / "out", ib.Recipe([ib.Resize("30")]), workers=0)
    assert (figures.bytes_out.low, figures.bytes_out.high) == (report.bytes_out, report.bytes_out)
    assert figures.workers == 2
    assert figures.seconds.low <= figures.seconds.likely <= figures.seconds.high
    assert 10**7 < figures.memory.low <= figures.memory.likely <= figures.memory.high


def test_what_is_up_to_date_does_not_count(mixture: Path, tmp_path: Path) -> None:
    recipe = ib.Recipe([ib.Resize("30")])
    ib.run(sorted(mixture.iterdir())[:119], tmp_path / "out", recipe, workers=0)
    before = files_below(tmp_path / "out")
    assert ib.estimate([mixture], tmp_path / "out", recipe, workers=0).files == 1
    assert files_below(tmp_path / "out") == before
    assert len(before) == 119


def test_nothing_to_do(tmp_path: Path) -> None:
    figures = ib.estimate([tmp_path], tmp_path / "out", workers=0)
    assert (figures.files, figures.sampled, figures.bytes_out.high, figures.seconds.high) == (0, 0, 0, 0)
    assert figures.lines()[0] == "0 files, 0 B; all of them tried"


def test_failures_of_the_sample_are_named_and_counted(mixture: Path, tmp_path: Path) -> None:
    for path in sorted(mixture.iterdir())[:10]:
        path.write_bytes(path.read_bytes()[:40])
    figures = ib.estimate([mixture], tmp_path / "out", workers=0)
    assert 0 < len(figures.failed) <= 10
    assert figures.failures.low <= 10 <= figures.failures.high
    assert any(line.startswith("failures ") for line in figures.lines())


@pytest.mark.parametrize("workers", [0, 1])
def test_when_time_is_over_what_is_known_must_do(workers: int, mixture: Path, tmp_path: Path) -> None:
    batch = ib.Batch([mixture], tmp_path / "out", ib.Recipe([ib.Resize("40")]), ib.Settings(workers=workers))
    batch.prepare()
    figures = estimate_batch(batch, seconds=0)
    assert 1 <= figures.sampled < 10
    report = ib.run([mixture], tmp_path / "out", ib.Recipe([ib.Resize("40")]), workers=0)
    assert figures.bytes_out.low <= report.bytes_out <= figures.bytes_out.high


def test_the_temporary_folder_is_gone(mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "t{mp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    file_counts: list[int] = []
    unlink = os.unlink

    def counting(path: str) -> None:
        file_counts.append(len(list(place.rglob("*.*"))))
        unlink(path)

    monkeypatch.setattr(os, "unlink", counting)
    ib.estimate([mixture], tmp_path / "out", RECIPES["late names"], workers=0)
    assert list(place.iterdir()) == []
    assert len(file_counts) == 40
    assert max(file_counts) <= 2  # the file, and nothing left of those before it


def test_the_record_has_every_range(mixture: Path, tmp_path: Path) -> None:
    record = ib.estimate([mixture], tmp_path / "out", workers=0).record()
    assert list(record) == [
        "v", "event", "files", "sampled", "workers", "bytes_in", "bytes_out", "seconds", "memory", "failures",
    ]  # fmt: skip
    low, likely, high = record["bytes_out"]
    assert 0 < low <= likely <= high


def test_no_more_files_fail_than_there_are(tmp_path: Path) -> None:
    """Thirty kinds of file and a sample of five: the doubt alone is larger than the list."""
    for number in range(60):
        suffix = f"j{number % 30:02}"
        (tmp_path / f"{number:02}.{suffix}").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(number))
    batch = Batch([tmp_path], tmp_path / "out", ib.Recipe(), Settings(workers=0))
    batch.prepare(hold=False)
    failures = estimate_batch(batch, most=5).failures
    assert failures.likely <= failures.high <= 60
