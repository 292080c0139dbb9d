"""Is an original kept whole while its place gets other bytes, and does it come back as it was?"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from pathlib import Path

import pytest

from imgbatch.originals import backups
from imgbatch.originals.backups import backup_folders, discard, keep_original, new_backup_folder, restore
from imgbatch.storage.below import Root

DATA = bytes(range(256)) * 12_000  # 3 MB: more than is copied at a time


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "photos/a.jpg"
    path.parent.mkdir()
    path.write_bytes(DATA)
    path.chmod(0o640)
    os.utime(path, ns=(3 * 10**18, 10**18))
    return path


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no hard links, and shares no blocks."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(fcntl, "ioctl", refuse)


def as_it_was(path: Path) -> bool:
    info = path.stat()
    return path.read_bytes() == DATA and (info.st_mode & 0o7777, info.st_mtime_ns) == (0o640, 10**18)


def test_an_original_is_kept_by_a_link_where_nobody_else_can_write_to_it(original: Path, tmp_path: Path) -> None:
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))
    assert place.stat().st_ino == original.stat().st_ino and as_it_was(place)


def test_an_original_with_another_name_is_copied(original: Path, tmp_path: Path) -> None:
    os.link(original, tmp_path / "other.jpg")
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))
    (tmp_path / "other.jpg").write_bytes(b"written to by its other name")
    assert place.stat().st_nlink == 1 and as_it_was(place)
    assert os.listdir(place.parent) == ["a.jpg"]


@pytest.mark.usefixtures("no_links")
def test_where_there_are_no_links_it_is_copied_there_and_back(original: Path, tmp_path: Path) -> None:
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))
    assert as_it_was(place) and place.stat().st_ino != original.stat().st_ino
    original.write_bytes(b"new")
    restore(str(place), str(original))
    assert as_it_was(original) and as_it_was(place)
    assert os.listdir(original.parent) == ["a.jpg"] == os.listdir(place.parent)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this call")
def test_a_copy_shares_its_blocks_where_the_disk_can(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(copy: int, request: int, source: int) -> int:
        assert (request, os.pread(source, len(DATA) + 1, 0)) == (0x40049409, DATA)  # FICLONE of linux/fs.h
        return os.write(copy, b"shared")  # nothing else is written then

    monkeypatch.setattr(fcntl, "ioctl", share)
    os.link(original, tmp_path / "other name")
    keep_original(str(original), str(tmp_path / "state/a.jpg"))
    assert (tmp_path / "state/a.jpg").read_bytes() == b"shared"


def test_a_backup_is_never_replaced(original: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = tmp_path / "state/backup/1/a.jpg"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"older")
    for _ in range(2):
        with pytest.raises(FileExistsError):
            keep_original(str(original), str(place))
        request.getfixturevalue("no_links")
    assert place.read_bytes() == b"older" and as_it_was(original)


def test_a_restored_original_stands_in_its_place_and_in_the_backup(original: Path, tmp_path: Path) -> None:
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))
    original.unlink()
    original.write_bytes(b"new")
    restore(str(place), str(original))
    assert as_it_was(original) and as_it_was(place) and os.listdir(original.parent) == ["a.jpg"]


def test_a_disk_that_fails_is_no_disk_without_links(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", broken)
    fresh = original.with_name("b.jpg")
    fresh.write_bytes(DATA)
    with pytest.raises(OSError, match="Input/output error"):
        keep_original(str(fresh), str(place.with_name("b.jpg")))
    fresh.unlink()
    with pytest.raises(OSError, match="Input/output error"):
        restore(str(place), str(original))
    monkeypatch.undo()
    monkeypatch.setattr(backups, "rename_file", broken)
    with pytest.raises(OSError, match="Input/output error"):
        restore(str(place), str(original))
    assert os.listdir(original.parent) == ["a.jpg"] == os.listdir(place.parent)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only /proc tells what a descriptor stands for")
@pytest.mark.parametrize("linked", [True, False])
def test_a_backup_is_on_the_disk_when_it_is_said_to_be_there(
    original: Path, tmp_path: Path, linked: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if not linked:
        request.getfixturevalue("no_links")
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        assert not path.endswith(".tmp") or os.path.getsize(path) == len(DATA)
        synced.append("copy" if path.endswith(".tmp") else os.path.relpath(path, tmp_path))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    place = tmp_path / "state/backup/1/a.jpg"
    keep_original(str(original), str(place))
    restore(str(place), str(original))
    copy = [] if linked else ["copy"]
    assert synced == [*copy, "state/backup/1", *copy, "photos"]


def test_a_backup_that_is_discarded_takes_its_empty_folders_along(original: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for name in ("1/trip/a.jpg", "2/a.jpg", "2/b.jpg"):
        keep_original(str(original), str(state / "backup" / name))
    discard(str(state / "backup/1/trip/a.jpg"), str(state))
    discard(str(state / "backup/2/a.jpg"), str(state))
    discard(str(state / "backup/2/a.jpg"), str(state))  # it is gone already
    assert backup_folders(str(state)) == ["2"] and os.listdir(state / "backup/2") == ["b.jpg"]
    discard(str(state / "backup/2/b.jpg"), str(state))
    assert os.listdir(state) == ["backup"] and as_it_was(original)


def test_each_run_has_a_room_of_its_own(tmp_path: Path) -> None:
    state = str(tmp_path)
    assert backup_folders(state) == []
    for name in ("1", "1-2", "1-3"):
        assert new_backup_folder(state, 1) == os.path.join(state, "backup", name)
        os.makedirs(new_backup_folder(state, 1))
    os.symlink("nowhere", os.path.join(state, "backup", "2"))
    assert new_backup_folder(state, 2) == os.path.join(state, "backup", "2-2")
    assert backup_folders(state) == ["1", "1-2", "1-3", "2"]


def test_a_backup_is_kept_put_back_and_given_up_below_its_folders_only(original: Path, tmp_path: Path) -> None:
    photos, state = tmp_path / "photos", tmp_path / "state"
    (tmp_path / "home/1").mkdir(parents=True)
    (tmp_path / "home/1/a.jpg").write_bytes(b"the user's own")
    state.mkdir()
    (state / "backup").symlink_to("../home")
    (photos / "out").symlink_to("../home/1")
    roots = Root(str(photos)), Root(str(state))
    with pytest.raises(OSError, match="leads out"):
        keep_original(str(original), str(state / "backup/1/b.jpg"), *roots)
    with pytest.raises(OSError, match="leads out"):
        restore(str(original), str(photos / "out/a.jpg"), Root(str(tmp_path)), Root(str(photos)))
    with pytest.raises(OSError, match="leads out"):
        discard(str(state / "../home/1/a.jpg"), str(state))
    assert backup_folders(str(state)) == []
    assert [path.read_bytes() for path in (tmp_path / "home/1").iterdir()] == [b"the user's own"]
