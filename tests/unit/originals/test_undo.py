"""Is what cannot be taken back left as it is, named with its reason, and all else taken back?"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.ledger import Ledger
from imgbatch.originals import backups, undo
from imgbatch.originals.replacements import Replacements
from imgbatch.storage.atomic_write import hash_of
from imgbatch.storage.below import Root
from tests.cli.conftest import tree
from tests.permissions import closed_folder

HALF = ib.Recipe([ib.Resize("50%")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.png", "closed/b.png", "trip/c.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 30), number).save(folder / name)
    return folder


def relative_names(paths: list[str] | tuple[str, ...], folder: Path) -> list[str]:
    return sorted(os.path.relpath(path, folder) for path in paths)


def left(undone: ib.Undone, folder: Path) -> dict[str, str]:
    return {os.path.relpath(path, folder): why for path, why in undone.left}


def test_originals_whose_folder_is_closed_are_left_with_the_reason(photos: Path) -> None:
    before = tree(photos)
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    once = tree(photos)
    with closed_folder(photos / "closed"):
        undone = ib.undo(photos)
    assert relative_names(undone.restored, photos) == ["a.png", "trip/c.png"]
    assert left(undone, photos) == {"closed/b.png": "Permission denied"}
    assert tree(photos) == {**before, "closed/b.png": once["closed/b.png"]}
    assert relative_names(ib.undo(photos).restored, photos) == ["closed/b.png"] and tree(photos) == before


def test_outputs_whose_folder_is_closed_are_left_with_the_reason(photos: Path) -> None:
    out = photos.parent / "out"
    ib.run(photos, out, HALF, workers=0)
    with closed_folder(out / "closed"):
        undone = ib.undo(out)
    assert relative_names(undone.removed, out) == ["a.png", "trip/c.png"]
    assert left(undone, out) == {"closed/b.png": "Permission denied"} and tree(out).keys() == {"closed/b.png"}
    assert [row.path for row in Ledger(str(out)).rows] == [str(out / "closed/b.png")]
    assert relative_names(ib.undo(out).removed, out) == ["closed/b.png"] and not tree(out)


def test_what_is_no_longer_what_was_made_is_left(photos: Path) -> None:
    out = photos.parent / "out"
    ib.run(photos, out, HALF, workers=0)
    (out / "a.png").write_bytes(b"edited")
    (photos / "trip/c.png").unlink()
    (out / "closed/b.png").unlink()
    shown = ib.undo(out, dry_run=True)
    assert (shown.removed, shown.restored) == ([], []) and len(list(Ledger(str(out)).rows)) == 3
    undone = ib.undo(out)
    assert undone.left == shown.left and not undone.removed
    why = f"its source {photos / 'trip/c.png'} is not there any more, so that it could not be made again"
    assert left(undone, out) == {"a.png": "was changed since", "trip/c.png": why}
    assert tree(out).keys() == {"a.png", "trip/c.png"}
    assert relative_names([row.path for row in Ledger(str(out)).rows], out) == ["a.png", "trip/c.png"]


def test_a_dry_run_says_of_a_folder_that_leads_out_what_the_undo_will_say(photos: Path) -> None:
    out = photos.parent / "out"
    ib.run(photos, out, HALF, workers=0)
    (out / "trip").rename(photos.parent / "elsewhere")
    (out / "trip").symlink_to(photos.parent / "elsewhere")
    look = ib.undo(out, dry_run=True)
    undone = ib.undo(out)
    assert relative_names(look.removed, out) == relative_names(undone.removed, out) == ["a.png", "closed/b.png"]
    assert left(look, out) == left(undone, out) and "leads out" in left(undone, out)["trip/c.png"]
    assert (photos.parent / "elsewhere/c.png").exists()


def test_a_dry_run_names_all_and_touches_nothing(photos: Path) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    before = tree(photos.parent)
    backups = sorted((photos / ".imgbatch/backup").rglob("*"))
    for _ in range(2):
        assert relative_names(ib.undo(photos, dry_run=True).restored, photos) == ["a.png", "closed/b.png", "trip/c.png"]
    assert tree(photos.parent) == before and sorted((photos / ".imgbatch/backup").rglob("*")) == backups


def test_what_a_killed_run_intended_is_settled_by_an_undo_and_not_by_a_look(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(photos)
    with monkeypatch.context() as patch:
        patch.setattr(Replacements, "complete", lambda self, entry: None)
        assert ib.run(photos, recipe=HALF, in_place=True, workers=0).ok

    def steps() -> list[str]:
        with closing(sqlite3.connect(photos / ".imgbatch/ledger.sqlite")) as connection:
            return [step for (step,) in connection.execute("SELECT step FROM replaced")]

    assert len(ib.undo(photos, dry_run=True).restored) == 3 and steps() == ["intended"] * 3
    assert len(ib.undo(photos).restored) == 3 and steps() == ["undone"] * 3
    assert tree(photos) == before


@pytest.mark.parametrize("again", ["undo", "run"])
def test_a_backup_that_a_killed_undo_had_no_time_to_remove_goes(
    photos: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    with monkeypatch.context() as patch:
        patch.setattr(undo, "discard", lambda *_: None)
        ib.undo(photos)
    kept = photos / ".imgbatch/backup/1"
    other = kept / "trip/c.png"
    other.unlink()
    other.write_bytes(b"somebody else's")
    assert len(list(kept.rglob("*.png"))) == 3
    if again == "run":
        ib.run(photos, recipe=ib.Recipe([ib.Resize("30%")]), in_place=True, workers=0)
    else:
        with pytest.raises(ib.PlanError, match="nothing is left to take back"):
            ib.undo(photos)
    assert list(kept.rglob("*.png")) == [other] and other.read_bytes() == b"somebody else's"


def test_the_disk_s_word_is_passed_on(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    before = tree(photos)

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output\nerror")

    monkeypatch.setattr(undo, "restore", broken)
    undone = ib.undo(photos)
    assert not undone.restored and set(left(undone, photos).values()) == {"Input/output error"}
    assert tree(photos) == before


@pytest.mark.parametrize("change", ["edited", "gone", "backup gone", "backup edited"])
def test_an_original_comes_back_only_over_what_the_run_made(photos: Path, change: str) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    backup = photos / ".imgbatch/backup/1/a.png"
    if change == "edited":
        (photos / "a.png").write_bytes(b"edited")
    elif change == "gone":
        (photos / "a.png").unlink()
    elif change == "backup gone":
        backup.unlink()
    else:
        backup.write_bytes(b"edited")
    undone = ib.undo(photos)
    shown = os.path.relpath(backup) if str(backup).startswith(os.getcwd()) else str(backup)
    assert left(undone, photos) == {
        "a.png": {
            "edited": f"was changed since; its original is {shown}",
            "gone": f"cannot be read or is gone since; its original is {shown}",
        }.get(change, f"its backup {shown} is gone or was changed")
    }
    assert relative_names(undone.restored, photos) == ["closed/b.png", "trip/c.png"]


def backup_of(photos: Path, name: str) -> Path:
    (place,) = (photos / ".imgbatch/backup").glob(f"*/{name}")
    return place


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_link_to_the_backup_is_not_taken_for_the_original(photos: Path, is_finished: bool) -> None:
    """Somebody put it in the photo's place; were the backup then given up, the original would be lost."""
    original = (photos / "a.png").read_bytes()
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    backup = backup_of(photos, "a.png")
    (photos / "a.png").unlink()
    (photos / "a.png").symlink_to(backup)
    if not is_finished:
        with closing(sqlite3.connect(photos / ".imgbatch/ledger.sqlite")) as connection, connection:
            connection.execute("UPDATE replaced SET step='intended' WHERE path=?", (b"a.png",))
    undone = ib.undo(photos)
    assert list(left(undone, photos)) == ["a.png"] and "its original is" in left(undone, photos)["a.png"]
    assert backup.read_bytes() == original


def test_what_others_put_there_meanwhile_costs_no_original(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = (photos / "a.png").read_bytes()
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    restore = backups.restore

    def restore_and_swap(place: str, path: str, *roots: Root) -> None:
        restore(place, path, *roots)
        Path(path).unlink()
        Path(path).write_bytes(b"theirs")

    monkeypatch.setattr(undo, "restore", restore_and_swap)
    reasons = left(ib.undo(photos), photos)
    assert len(reasons) == 3
    assert all("somebody else changed it meanwhile; its original is" in why for why in reasons.values())
    assert backup_of(photos, "a.png").read_bytes() == original


def test_nothing_half_done_stands_in_the_photos_folder(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others may write; beside the backup, where they seldom may, the next undo sweeps it."""
    before = tree(photos)
    ib.run(photos, recipe=HALF, in_place=True, workers=0)

    def die(name: str, path: str, *_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(backups, "rename_file", die)
        killed.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            ib.undo(photos)
        (temporary,) = photos.rglob(".imgbatch-*.tmp")
    assert temporary.is_relative_to(photos / ".imgbatch/backup")
    temporary.rename(temporary.with_name(".imgbatch-4000000-1.tmp"))  # its process has ended
    assert len(ib.undo(photos).restored) == 3 and tree(photos) == before
    assert not (photos / ".imgbatch/backup/1").exists()


def test_an_edit_while_the_backup_is_looked_into_is_no_output_of_the_run(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)

    def edit_and_hash(path: str) -> str:
        (photos / "edit").write_bytes(b"edited")
        os.replace(photos / "edit", photos / "a.png")
        return hash_of(path)

    monkeypatch.setattr(undo, "hash_of", edit_and_hash)
    undone = ib.undo(photos)
    assert (photos / "a.png").read_bytes() == b"edited" and "a.png" in left(undone, photos)


def test_an_output_whose_source_is_a_broken_link_stays(photos: Path) -> None:
    out, content = photos.parent / "out", photos.parent / "content.png"
    (photos / "a.png").rename(content)
    (photos / "a.png").symlink_to(content)
    ib.run([photos / "a.png"], out, HALF, workers=0)
    content.unlink()
    undone = ib.undo(out)
    assert not undone.removed and "is not there any more" in left(undone, out)["a.png"]
    assert (out / "a.png").exists()
