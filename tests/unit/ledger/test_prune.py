"""Is nothing removed but outputs of ours, unmodified, whose source is surely gone?"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.prune import prune
from imgbatch.storage.local import Local
from tests.cli.conftest import COMMAND, environment
from tests.permissions import closed_folder, plain_user

PNG = ib.Recipe([ib.Resize("5")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "sub/c.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9)).save(tmp_path / "photos" / name)
    ib.run([tmp_path / "photos"], tmp_path / "out", PNG, workers=0)
    return tmp_path / "photos"


def left(photos: Path) -> set[str]:
    out = photos.parent / "out"
    return {str(path.relative_to(out)) for path in out.rglob("*.png")}


def run_prune(photos: Path, *paths: Path, **words: object) -> ib.Report:
    return ib.run(paths or [photos], photos.parent / "out", PNG, workers=0, prune=True, **words)  # type: ignore[arg-type]  # settings


def test_outputs_whose_source_is_gone_are_removed_and_nothing_else(photos: Path) -> None:
    (photos / "b.png").unlink()
    foreign = photos.parent / "out" / "mine.png"
    foreign.write_bytes(b"mine")
    assert run_prune(photos).ok
    assert left(photos) == {"a.png", "sub/c.png", "mine.png"}
    out = photos.parent / "out"
    assert {row.path for row in Ledger(str(out)).rows} == {str(out / "a.png"), str(out / "sub/c.png")}
    Image.new("L", (9, 9)).save(photos / "b.png")
    assert run_prune(photos).counts["ok"] == 1  # and it is forgotten: the new one is made


def test_what_cannot_be_removed_is_kept_in_mind_and_the_others_go(photos: Path) -> None:
    for name in ("b.png", "sub/c.png"):
        (photos / name).unlink()
    Image.new("L", (9, 9)).save(photos / "sub/d.png")
    inner = photos.parent / "out" / "sub"
    ledger = Ledger(str(photos.parent / "out"))
    with closed_folder(inner):
        assert [os.path.basename(row.path) for row in prune(ledger, list(ledger.rows))] == ["a.png", "b.png"]
    assert left(photos) == {"sub/c.png"}


def test_without_prune_nothing_is_removed(photos: Path) -> None:
    (photos / "b.png").unlink()
    ib.run([photos], photos.parent / "out", PNG, workers=0)
    assert "b.png" in left(photos)


def test_what_was_edited_stays(photos: Path) -> None:
    (photos / "b.png").unlink()
    edited = photos.parent / "out" / "b.png"
    info = edited.stat()
    data = bytearray(edited.read_bytes())
    data[-1] ^= 1
    edited.write_bytes(data)
    run_prune(photos)
    assert "b.png" in left(photos)
    os.utime(edited, ns=(info.st_atime_ns, info.st_mtime_ns))  # same size, same time: the content tells
    run_prune(photos)
    assert "b.png" in left(photos)


def test_what_cannot_be_read_is_not_taken_for_what_has_no_hash(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(str(photos.parent / "out"))
    monkeypatch.setattr(Local, "fingerprint", lambda self, key: "")
    assert prune(ledger, [replace(row, hash="") for row in ledger.rows]) == []
    assert left(photos) == {"a.png", "b.png", "sub/c.png"}


def test_only_below_the_folders_of_this_run(photos: Path) -> None:
    (photos / "b.png").unlink()
    (photos / "sub/d.png").write_bytes((photos / "sub/c.png").read_bytes())
    run_prune(photos, photos / "sub")
    assert "b.png" in left(photos)


def test_what_is_not_surely_gone_refuses(photos: Path) -> None:
    (photos / "b.png").unlink()
    before = left(photos)
    with pytest.raises(ib.PlanError, match="filters leave some out"):
        run_prune(photos, filters=ib.Filters(exclude=("*.jpg",)))
    with pytest.raises(ib.PlanError, match="whole folders"):
        run_prune(photos, photos / "a.png")
    empty = photos.parent / "empty"
    empty.mkdir()
    with pytest.raises(ib.PlanError, match="disk mounted"):
        run_prune(photos, photos, empty)
    with pytest.raises(ib.PlanError):
        run_prune(photos, photos, photos.parent / "missing")
    assert left(photos) == before


def test_a_folder_that_cannot_be_listed_hides_its_sources_and_refuses(photos: Path) -> None:
    before = left(photos)
    (photos / "sub").chmod(0)
    try:
        with plain_user(), pytest.raises(ib.PlanError, match=r"photos/sub cannot be listed; run once without --prune"):
            run_prune(photos)
        with plain_user():
            process = subprocess.run(
                [*COMMAND, "run", "photos", "-o", "out", "--resize", "5", "--prune"], cwd=photos.parent,
                env=environment(), capture_output=True, text=True, check=False,
            )  # fmt: skip
    finally:
        (photos / "sub").chmod(0o755)
    assert process.returncode == 2 and "photos/sub cannot be listed" in process.stderr
    assert left(photos) == before


def test_a_source_that_cannot_be_read_does_not_keep_others_from_being_pruned(photos: Path) -> None:
    (photos / "b.png").unlink()
    (photos / "lost.png").symlink_to("nowhere.png")
    assert [failed.source.relative for failed in run_prune(photos).failed] == ["lost.png"]
    assert left(photos) == {"a.png", "sub/c.png"}


def test_a_run_that_stops_removes_nothing(photos: Path) -> None:
    (photos / "b.png").unlink()
    (photos / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run_prune(photos, fail_fast=True).counts["failed"] == 1
    assert "b.png" in left(photos)


@pytest.mark.parametrize("first", [False, True])
def test_archived_is_not_gone(photos: Path, first: bool) -> None:
    archive = photos.parent / "archive"
    if first:  # made and moved in one run
        Image.new("L", (9, 9)).save(photos / "new.png")
    ib.run([photos], photos.parent / "out", PNG, workers=0, archive=str(archive))
    before = left(photos)
    assert {"a.png", "b.png"} < before and not (photos / "a.png").exists()
    Image.new("L", (9, 9)).save(photos / "other.png")
    run_prune(photos)
    assert left(photos) == {*before, "other.png"}
    with pytest.raises(ib.UsageError, match="moved is not gone"):
        run_prune(photos, archive=str(archive))


@pytest.mark.parametrize("dry", [False, True])
def test_an_orphan_behind_a_link_that_leads_out_is_named_and_stays(photos: Path, dry: bool) -> None:
    out, elsewhere = photos.parent / "out", photos.parent / "elsewhere"
    (out / "sub").rename(elsewhere)
    (out / "sub").symlink_to(elsewhere)
    (photos / "sub/c.png").unlink()
    batch = ib.Batch([photos], out, PNG, settings=ib.Settings(workers=0, prune=True))
    with pytest.raises(ib.PlanError, match="out/sub leads out of"):
        batch.prepare() if dry else list(batch.outcomes())
    assert (elsewhere / "c.png").exists()
