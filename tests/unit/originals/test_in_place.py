"""Is an original in its place or in the backup, whatever fails while it is replaced?"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Source
from imgbatch.ledger.history import read_replacements
from imgbatch.ledger.rows import Replacement
from imgbatch.originals import in_place
from imgbatch.originals.backups import discard, keep_original
from imgbatch.originals.replacements import Replacements
from imgbatch.storage.local import Local
from tests.permissions import plain_user
from tests.unit.storage.test_temporary import dead

HALF = ib.Recipe([ib.Resize("50%")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.png", "trip/b.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 30), number).save(folder / name)
        (folder / name).chmod(0o640)
    return folder


def run_in_place(photos: Path, **settings: object) -> ib.Report:
    return ib.run(photos, recipe=HALF, in_place=True, workers=0, **settings)  # type: ignore[arg-type]  # words


def backups(photos: Path) -> list[str]:
    room = photos / ".imgbatch" / "backup"
    return sorted(str(path.relative_to(room)) for path in room.rglob("*.png"))


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize("ledger_too", [False, True])
def test_a_rename_that_fails_leaves_the_original_and_the_next_run_goes_on(
    photos: Path, ledger_too: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the ledger, on the same disk, cannot take it down any more: the error is the first one."""
    original, rename = (photos / "a.png").read_bytes(), os.replace

    def broken(name: str, path: str, **folders: int | None) -> None:
        if os.path.basename(path) == "a.png":
            raise OSError(errno.EIO, "Input/output error")
        rename(name, path, **folders)

    def deaf(self: Replacements, entry: object, step: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    if ledger_too:
        monkeypatch.setattr(Replacements, "settle", deaf)
    report = run_in_place(photos)
    (failed,) = report.failed
    assert failed.error is not None and failed.error.message == "Input/output error" and report.exit_code == 4
    assert (photos / "a.png").read_bytes() == original and not list(photos.rglob("*.tmp"))
    assert backups(photos) == (["1/a.png"] if ledger_too else [])
    monkeypatch.undo()
    assert run_in_place(photos).counts["ok"] == 2
    assert backups(photos) == ["2/a.png", "2/trip/b.png"] and size(photos / "a.png") == (20, 15)
    assert (photos / ".imgbatch/backup/2/a.png").read_bytes() == original


def test_what_a_killed_run_intended_is_settled_when_the_file_can_be_read(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Replacements, "complete", lambda self, entry: None)
        assert run_in_place(photos).ok
    Image.new("L", (40, 30), 9).save(photos / "new.png")  # else there is nothing to do, and nothing is settled
    (photos / "a.png").chmod(0)
    with plain_user():
        run_in_place(photos)
    (photos / "a.png").chmod(0o640)
    state = str(photos / ".imgbatch")
    steps = {os.path.basename(one.path): one.step for one in read_replacements(str(photos), state) if one.run == 1}
    assert steps == {"a.png": "intended", "b.png": "done"} and backups(photos)[0] == "1/a.png"
    assert size(photos / "a.png") == (20, 15) == size(photos / "new.png")
    assert run_in_place(photos).counts["unchanged"] == 3


def test_what_a_killed_run_left_beside_a_backup_goes_with_the_next(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Replacements, "complete", lambda self, entry: None)
        assert run_in_place(photos).ok
    half = photos / ".imgbatch" / "backup" / "1" / "trip" / f".imgbatch-{dead()}-1.tmp"
    half.write_bytes(b"half of a backup")
    Image.new("L", (40, 30), 9).save(photos / "new.png")
    assert run_in_place(photos).ok
    assert not half.exists() and backups(photos) == ["1/a.png", "1/trip/b.png", "2/new.png"]


def test_mode_and_owner_stay_and_what_becomes_the_same_is_left_alone(photos: Path) -> None:
    if os.geteuid() == 0:
        os.chown(photos / "a.png", 1234, 2345)
    assert run_in_place(photos).counts["ok"] == 2
    info = (photos / "a.png").stat()
    assert info.st_mode & 0o7777 == 0o640
    assert os.geteuid() != 0 or (info.st_uid, info.st_gid) == (1234, 2345)
    inode = info.st_ino
    same = ib.run(photos, recipe=ib.Recipe(outputs=[ib.Output()]), in_place=True, workers=0)
    assert same.ok and (photos / "a.png").stat().st_ino == inode and len(backups(photos)) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_another_user_s_file_is_replaced_by_one_of_ours_where_the_owner_cannot_be_given(photos: Path) -> None:
    original = (photos / "a.png").read_bytes()
    os.chown(photos / "a.png", 1234, 2345)
    (photos / "a.png").chmod(0o644)
    with plain_user():
        assert run_in_place(photos).counts["ok"] == 2
    info = (photos / "a.png").stat()
    assert (info.st_uid, info.st_mode & 0o7777) == (0, 0o644) and size(photos / "a.png") == (20, 15)
    assert (photos / ".imgbatch/backup/1/a.png").read_bytes() == original


@pytest.mark.parametrize("names", [1, 2, 3])
def test_it_is_said_that_another_name_of_the_file_keeps_the_original(photos: Path, names: int) -> None:
    for number in range(1, names):
        os.link(photos / "a.png", photos.parent / f"other{number}.png")
    report = run_in_place(photos)
    changes = next(one.changes for one in report.outcomes if one.source.relative == "a.png")
    backup_lines = [change for change in changes if change.startswith("original kept: ")]
    assert backup_lines == [f"original kept: {photos / '.imgbatch/backup/1/a.png'}"]
    said = {2: ("name keeps",), 3: ("names keep",)}.get(names, ())
    link_lines = tuple(f"hard link: its other {words} the original's bytes" for words in said)
    assert changes[-1 - len(link_lines) :] == (backup_lines[0], *link_lines)


def test_backups_older_than_was_asked_go_after_a_complete_run(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_place(photos)
    Image.new("L", (40, 30), 9).save(photos / "a.png")
    run_in_place(photos, keep_backups=3600)
    assert backups(photos) == ["1/a.png", "1/trip/b.png", "2/a.png"]
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 7200)
    Image.new("L", (40, 30), 10).save(photos / "a.png")
    run_in_place(photos, keep_backups=3600)
    assert backups(photos) == ["3/a.png"]


def test_a_backup_s_place_that_another_file_has_costs_it_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes A.png and a.png for one name (FAT, APFS): the state folder may lie on one."""
    Image.new("L", (40, 30), 7).save(photos / "A.png")
    before = {name: (photos / name).read_bytes() for name in ("A.png", "a.png")}
    monkeypatch.setattr(in_place, "keep_original", lambda path, place, *more: keep_original(path, _fold(place), *more))
    monkeypatch.setattr(in_place, "discard", lambda place, state: discard(_fold(place), state))
    report = run_in_place(photos)
    assert report.counts["failed"] == 1
    contents = [path.read_bytes() for path in photos.rglob("*.png")]
    assert all(data in contents for data in before.values())


def _fold(path: str) -> str:
    return os.path.join(os.path.dirname(path), os.path.basename(path).lower())


@pytest.mark.parametrize(("code", "kind"), [(errno.EIO, "io"), (errno.EINVAL, "unsupported")])
def test_a_file_that_cannot_be_opened_for_a_moment_is_of_no_other_format(
    photos: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: str
) -> None:
    """EINVAL says that it is no file by now, which who reads it tells."""
    look = Local.read_prefix

    def busy(self: Local, key: str, size: int) -> bytes:
        if key.endswith("a.png"):
            raise OSError(code, os.strerror(code))
        return look(self, key, size)

    monkeypatch.setattr(Local, "read_prefix", busy)
    outcomes = {one.source.relative: one for one in run_in_place(photos).outcomes}
    error = outcomes["a.png"].error
    assert error is not None and error.kind == kind
    assert (error.message == "Input/output error") is (kind == "io")
    assert outcomes["trip/b.png"].status == "ok" and size(photos / "a.png") == (40, 30)


@pytest.mark.parametrize(
    ("recorded_after_ns", "is_known"), [(0, False), (49 * 10**6, False), (50 * 10**6, True), (-1, True), (10**9, True)]
)
def test_a_file_of_the_moment_in_which_it_was_recorded_is_looked_into(recorded_after_ns: int, is_known: bool) -> None:
    """Within so short a time it may have changed once more, and kept its size and time."""
    written = 10**18
    recorded = written + recorded_after_ns
    entry = Replacement(1, "/a.jpg", "done", "before", "after", "/b/a.jpg", 9, written, recorded, "jpeg", 6, 5, 1, 80)
    assert in_place._is(entry, Source("/a.jpg", "/", "a.jpg", 9, written)) is is_known
