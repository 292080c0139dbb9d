"""Does a run stop when its folder, its ledger or the disk of its archive goes, and writes it nothing elsewhere?"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.ledger import Ledger
from imgbatch.originals import archive, in_place, new_content
from imgbatch.runs.batch import Batch

HALF = ib.Recipe([ib.Resize("50%")])
NAMES = ("a.jpg", "b.jpg", "sub/c.jpg")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((40, 30), 50).convert("RGB").save(path)
    (tmp_path / "elsewhere/sub").mkdir(parents=True)
    return tmp_path / "photos"


def _rename(out: Path) -> None:
    out.rename(out.with_name("away"))


def _swap(out: Path) -> None:
    _rename(out)
    out.symlink_to("elsewhere")


def _make_another(out: Path) -> None:
    _rename(out)
    out.mkdir()


def _replace_ledger(out: Path) -> None:
    ledger = out / ".imgbatch/ledger.sqlite"
    shutil.copyfile(ledger, out.with_name("copy"))
    out.with_name("copy").replace(ledger)


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("ledger", [True, False])
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (_rename, "is gone"), (shutil.rmtree, "is gone"), (_swap, "is another one"), (_make_another, "is another one"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_folder_that_goes_away_stops_the_run(
    photos: Path, deed: Callable[[Path], object], words: str, ledger: bool, after: int
) -> None:
    out = photos.parent / "out"
    batch = Batch([photos], out, HALF, Settings(workers=0), ledger=ledger)
    for number, _ in enumerate(batch.outcomes(), 1):
        if number == after:
            deed(out)
    assert batch.report.exit_code == 4
    assert batch.report.reason == f"{out} {words} since the run began; bring it back and run again"
    assert not _files(photos.parent / "elsewhere") and not (out.exists() and _files(out))


@pytest.mark.parametrize("deed", [_replace_ledger, lambda out: (out / ".imgbatch/ledger.sqlite").unlink()])
def test_a_ledger_that_goes_away_stops_the_run(photos: Path, deed: Callable[[Path], object]) -> None:
    out = photos.parent / "out"
    batch = Batch([photos], out, HALF, Settings(workers=0))
    for number, _ in enumerate(batch.outcomes()):
        if not number:
            deed(out)
    assert batch.report.exit_code == 4 and "ledger.sqlite is" in batch.report.reason


def test_a_folder_in_it_that_leads_out_is_not_followed(photos: Path) -> None:
    """And that of no file but its own."""
    out = photos.parent / "out"
    batch = Batch([photos], out, HALF, Settings(workers=0))
    outcomes: list[ib.Outcome] = []
    for outcome in batch.outcomes():
        if not outcomes:
            (out / "sub").symlink_to(photos.parent / "elsewhere/sub")
        outcomes.append(outcome)
    assert [outcome.status for outcome in outcomes] == ["ok", "ok", "failed"] and batch.report.exit_code == 1
    error = outcomes[2].error
    assert error is not None and (error.kind, error.phase) == ("io", "write") and "leads out" in error.message
    assert not _files(photos.parent / "elsewhere")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.ESTALE])
@pytest.mark.parametrize("count", [3, 1])
def test_a_disk_that_takes_no_sources_ends_the_run(
    photos: Path, monkeypatch: pytest.MonkeyPatch, number: int, count: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(archive, "rename_file", refuse)
    for name in NAMES[count:]:
        (photos / name).unlink()
    report = ib.run([photos], photos.parent / "out", HALF, workers=0, archive=str(photos.parent / "done"))
    assert report.exit_code == 4 and f"not archived: {os.strerror(number)}" in report.reason
    assert len(_files(photos)) == count and report.counts["ok"] == 1


def test_what_is_one_files_trouble_is_its_warning(photos: Path) -> None:
    (photos.parent / "done").mkdir()
    (photos.parent / "done/sub").write_bytes(b"in the way")
    report = ib.run([photos], photos.parent / "out", HALF, workers=0, archive=str(photos.parent / "done"))
    assert report.exit_code == 0 and _files(photos) == ["c.jpg"]
    assert [outcome.warnings for outcome in report.outcomes if outcome.warnings] == [("not archived: Not a directory",)]


def test_an_archive_that_goes_away_is_not_made_again(photos: Path) -> None:
    done = photos.parent / "done"
    batch = Batch([photos], photos.parent / "out", HALF, Settings(workers=0, archive=str(done)))
    for number, _ in enumerate(batch.outcomes()):
        if not number:
            _rename(done)
    assert batch.report.exit_code == 4 and f"{done} is gone since the run began" in batch.report.reason
    assert not done.exists() and len(_files(photos)) == 2


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("deed", [_rename, _swap, _make_another])
def test_photos_that_go_away_are_not_changed_elsewhere(
    photos: Path, deed: Callable[[Path], object], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in place stops, and goes on when they are back."""
    shutil.copytree(photos, photos.parent / "elsewhere", dirs_exist_ok=True)
    before = {path: path.read_bytes() for path in (photos.parent / "elsewhere").rglob("*.jpg")}
    numbers = iter(range(9))
    adopt = new_content.adopt

    def go_and_adopt(*words: Any) -> os.stat_result:
        if next(numbers) == after:
            deed(photos)
        return adopt(*words)

    monkeypatch.setattr(in_place, "adopt", go_and_adopt)
    report = ib.run(photos, recipe=HALF, workers=0, in_place=True)
    assert report.exit_code == 4 and "since the run began; bring it back" in report.reason
    assert before == {path: path.read_bytes() for path in (photos.parent / "elsewhere").rglob("*.jpg")}
    assert not photos.exists() or photos.is_symlink() or not list(photos.iterdir())
    if photos.is_symlink():
        photos.unlink()
    elif photos.exists():
        photos.rmdir()
    photos.with_name("away").rename(photos)
    assert ib.run(photos, recipe=HALF, workers=0, in_place=True).exit_code == 0
    assert {Image.open(photos / name).size for name in NAMES} == {(20, 15)}
    assert not list(photos.glob("**/.imgbatch-*"))
    for run, count in sorted(ib.past_runs(photos), key=lambda past: -past[0].id):
        if count:
            ib.undo(photos, run.id)
    assert {Image.open(photos / name).size for name in NAMES} == {(40, 30)}


def test_the_reserve_of_another_folder_s_ledger_stays(photos: Path) -> None:
    out, reserve = photos.parent / "out", photos.parent / "elsewhere/.imgbatch/reserve"
    reserve.parent.mkdir()
    reserve.write_bytes(b"theirs")
    ledger = Ledger(str(out), digest="d")
    ledger.root.hold()
    ledger.begin(["d"])
    assert (out / ".imgbatch/reserve").exists()
    _swap(out)
    with pytest.raises(OSError, match="is another one"):
        ledger.end({})
    ledger._give_reserve()
    ledger._disconnect()
    assert reserve.read_bytes() == b"theirs"
