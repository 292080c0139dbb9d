"""Does a source go where it belongs when its work is done, and is it never lost on the way?"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from imgbatch.core.errors import UsageError
from imgbatch.core.job import Failure, Outcome, Source, Written
from imgbatch.originals import archive
from imgbatch.originals.archive import SourceMover
from imgbatch.planning.find import discover
from imgbatch.storage import below
from imgbatch.storage.rename import rename_file
from tests.cli.conftest import tree

DATA = bytes(range(256)) * 12_000  # 3 MB: more than is copied at a time
BAD = Failure("corrupt", "decode", "it ends early")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a source and the output that was made of it."""
    for name, data in (("photos/trip/a.jpg", DATA), ("out/trip/a.png", b"made")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    os.utime(tmp_path / "photos/trip/a.jpg", ns=(3 * 10**18, 10**18))
    (tmp_path / "photos/trip/a.jpg").chmod(0o640)
    return tmp_path


def outcome(place: Path, status: str = "ok", error: Failure | None = None) -> Outcome:
    path = place / "photos/trip/a.jpg"
    source = Source(str(path), str(place / "photos"), "trip/a.jpg", len(DATA), 10**18)
    outputs = () if error else (Written(0, str(place / "out/trip/a.png"), "png", 1, 1, 4),)
    return Outcome(0, source, status, outputs=outputs, error=error)  # type: ignore[arg-type]  # one of the words


def moves(place: Path) -> SourceMover:
    return SourceMover(str(place / "old"), str(place / "bad"), str(place / "out"), [str(place / "photos")])


@pytest.fixture(params=["rename", "another disk"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "another disk":

        def apart(*_: object, **__: object) -> None:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

        monkeypatch.setattr(archive, "rename_file", apart)
    return str(request.param)


@pytest.mark.parametrize("status", ["ok", "unchanged"])
def test_a_source_is_archived_whole_with_its_mode_and_times(place: Path, disk: str, status: str) -> None:
    result = moves(place).settle(outcome(place, status))
    target = place / "old/trip/a.jpg"
    assert result.changes == (f"archived: {target}",) and not result.warnings
    assert tree(place) == {"old/trip/a.jpg": DATA, "out/trip/a.png": b"made"}
    info = target.stat()
    assert (info.st_mode & 0o777, info.st_mtime_ns, info.st_nlink) == (0o640, 10**18, 1)


def test_the_outputs_and_the_copy_are_on_the_disk_before_the_source_goes(
    place: Path, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        name = "copy" if path.endswith(".tmp") else os.path.relpath(path, place)
        synced.append(name if (place / "photos/trip/a.jpg").exists() else f"{name} later")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    moves(place).settle(outcome(place))
    copy = ["copy", "old/trip"] if disk == "another disk" else []
    assert synced == ["out/trip/a.png", "out/trip", *copy, "old/trip later", "photos/trip later"]


def test_outputs_that_cannot_be_put_on_the_disk_keep_the_source_where_it_is(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refused)
    result = moves(place).settle(outcome(place))
    assert result.warnings == ("not archived: Input/output error",) and not result.changes
    assert tree(place).keys() == {"photos/trip/a.jpg", "out/trip/a.png"}


def test_a_name_that_is_taken_is_numbered_and_what_is_there_stays(place: Path, disk: str) -> None:
    (place / "old/trip").mkdir(parents=True)
    (place / "old/trip/a.jpg").write_bytes(b"other")
    (place / "old/trip/a-1.jpg").symlink_to(place / "photos/trip/a.jpg")
    result = moves(place).settle(outcome(place))
    target = Path(result.changes[0].removeprefix("archived: "))
    assert target.parent == place / "old/trip" and target.read_bytes() == DATA and not target.is_symlink()
    assert (place / "old/trip/a.jpg").read_bytes() == b"other" and len(os.listdir(place / "old/trip")) == 3
    assert not (place / "photos/trip/a.jpg").exists()


def test_what_a_killed_run_has_copied_is_not_copied_again(place: Path, disk: str) -> None:
    (place / "old/trip").mkdir(parents=True)
    (place / "old/trip/a.jpg").write_bytes(DATA)
    result = moves(place).settle(outcome(place))
    assert result.changes == (f"archived: {place / 'old/trip/a.jpg'}",)
    assert tree(place) == {"old/trip/a.jpg": DATA, "out/trip/a.png": b"made"}


def test_a_file_of_the_same_size_and_time_is_no_copy_unless_its_bytes_are_the_same(place: Path, disk: str) -> None:
    (place / "old/trip").mkdir(parents=True)
    other = place / "old/trip/a.jpg"
    other.write_bytes(b"x" * len(DATA))
    os.utime(other, ns=(10**18, 10**18))
    moves(place).settle(outcome(place))
    assert sorted(path.read_bytes() == DATA for path in other.parent.iterdir()) == [False, True]


def test_another_name_of_the_same_file_is_no_copy_of_it(place: Path, disk: str) -> None:
    (place / "old/trip").mkdir(parents=True)
    os.link(place / "photos/trip/a.jpg", place / "old/trip/a.jpg")
    moves(place).settle(outcome(place))
    assert len(os.listdir(place / "old/trip")) == 2 and (place / "old/trip/a.jpg").read_bytes() == DATA


def test_a_copy_that_fails_leaves_the_source_and_nothing_else(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive, "rename_file", full)
    result = moves(place).settle(outcome(place))
    assert result.warnings == ("not archived: No space left on device",)
    assert tree(place).keys() == {"photos/trip/a.jpg", "out/trip/a.png"}


def test_a_file_that_is_swapped_in_the_last_moment_goes_back_to_its_place(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename = place / "photos/trip/a.jpg", rename_file

    def swap(name: str, new: str, *words: object) -> None:
        if path.exists() and path.read_bytes() == DATA:
            path.unlink()
            path.write_bytes(b"somebody else's")
        rename(name, new, *words)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(archive, "rename_file", swap)
    (warning,) = moves(place).settle(outcome(place)).warnings
    assert warning.startswith("not archived: somebody else swapped it")
    assert path.read_bytes() == b"somebody else's"
    assert tree(place).keys() == {"photos/trip/a.jpg", "out/trip/a.png"}


@pytest.mark.parametrize("change", ["bytes", "time", "link"])
def test_what_changed_meanwhile_is_left_where_it_is(place: Path, change: str) -> None:
    path = place / "photos/trip/a.jpg"
    if change == "bytes":
        path.write_bytes(DATA + b"more")
        os.utime(path, ns=(10**18, 10**18))
    elif change == "time":
        os.utime(path, ns=(10**18, 10**18 + 1))
    else:
        path.rename(place / "elsewhere.jpg")
        path.symlink_to(place / "elsewhere.jpg")
    before = tree(place)
    (warning,) = moves(place).settle(outcome(place)).warnings
    assert warning.startswith("not archived: it ") and tree(place) == before and path.exists()


def test_a_bad_file_is_quarantined_with_the_reason_beside_it(place: Path, disk: str) -> None:
    result = moves(place).settle(outcome(place, "failed", BAD))
    target = place / "bad/trip/a.jpg"
    assert result.changes == (f"quarantined: {target}",)
    reason = f"{place / 'photos/trip/a.jpg'}: corrupt in decode: it ends early\n"
    assert (place / "bad/trip/a.jpg.txt").read_text() == reason
    assert target.read_bytes() == DATA and not (place / "photos/trip/a.jpg").exists()


def test_a_reason_takes_nobody_s_name_and_is_said_once(place: Path) -> None:
    (place / "bad/trip").mkdir(parents=True)
    (place / "bad/trip/a.jpg.txt").write_text("a file that failed, too")
    moves(place).settle(outcome(place, "failed", BAD))
    assert (place / "bad/trip/a.jpg.txt").read_text() == "a file that failed, too"
    assert len(os.listdir(place / "bad/trip")) == 3
    (place / "bad/trip/a.jpg").rename(place / "photos/trip/a.jpg")
    moves(place).settle(outcome(place, "failed", BAD))
    assert len(os.listdir(place / "bad/trip")) == 3


def test_another_folder_is_refused_where_folders_cannot_be_held_open(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(below, "HAS_DIR_FD", False)
    mover = moves(place)
    assert mover.settle(outcome(place, "failed", BAD)).changes
    (place / "bad").rename(place / "away")
    (place / "bad").mkdir()
    source = place / "photos/trip/a.jpg"
    source.write_bytes(DATA)
    os.utime(source, ns=(3 * 10**18, 10**18))
    (warning,) = mover.settle(outcome(place, "failed", BAD)).warnings
    assert warning.startswith("not quarantined: ") and source.exists() and not list((place / "bad").iterdir())


def test_two_files_of_one_name_keep_a_reason_each(place: Path) -> None:
    moves(place).settle(outcome(place, "failed", BAD))
    another = place / "photos/trip/a.jpg"
    another.write_bytes(DATA[::-1])
    os.utime(another, ns=(3 * 10**18, 10**18))
    moves(place).settle(outcome(place, "failed", BAD))
    assert sorted(os.listdir(place / "bad/trip")) == ["a-1.jpg", "a-1.jpg.txt", "a.jpg", "a.jpg.txt"]


def test_a_reason_is_there_before_its_file_and_what_a_kill_has_left_is_believed(
    place: Path, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, transfer, there = place / "bad/trip/a.jpg.txt", archive._transfer, []

    def look(*words: object) -> None:
        there.append(reason.read_text())
        transfer(*words)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(archive, "_transfer", look)
    reason.parent.mkdir(parents=True)
    reason.write_text(f"{place / 'photos/trip/a.jpg'}: corrupt, as another run had put it\n")
    moves(place).settle(outcome(place, "failed", BAD))
    assert there == [reason.read_text()] and sorted(os.listdir(reason.parent)) == ["a.jpg", "a.jpg.txt"]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_reason_goes_where_its_file_cannot_be_moved(
    place: Path, monkeypatch: pytest.MonkeyPatch, is_killed: bool
) -> None:
    if is_killed:  # a run that had said why already
        (place / "bad/trip").mkdir(parents=True)
        (place / "bad/trip/a.jpg.txt").write_text(
            f"{place / 'photos/trip/a.jpg'}: corrupt, as another run had put it\n"
        )

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not today")

    monkeypatch.setattr(archive, "_transfer", refuse)
    assert moves(place).settle(outcome(place, "failed", BAD)).warnings == ("not quarantined: not today",)
    assert os.listdir(place / "bad/trip") == [] and (place / "photos/trip/a.jpg").exists()


def test_where_sources_may_go(place: Path) -> None:
    folders = moves(place).folders_of([outcome(place).source])
    assert [(folder, root.path) for folder, root in folders] == [
        (str(place / name / "trip"), str(place / name)) for name in ("old", "bad")
    ]


def test_a_failure_that_is_not_the_file_s_moves_nothing(place: Path) -> None:
    before = tree(place)
    full = Failure("no_space", "write", "No space left on device")
    assert moves(place).settle(outcome(place, "failed", full)) == outcome(place, "failed", full)
    only = SourceMover(str(place / "old"), None, str(place / "out"), [])
    assert only.settle(outcome(place, "failed", BAD)) == outcome(place, "failed", BAD)
    other = SourceMover(None, str(place / "bad"), str(place / "out"), [])
    assert other.settle(outcome(place)) == outcome(place)
    assert tree(place) == before
    assert (only.folders, other.folders) == ([str(place / "old")], [str(place / "bad")])


@pytest.mark.parametrize("name", ["archive", "quarantine"])
def test_sources_do_not_move_to_where_they_are_or_are_made(place: Path, name: str) -> None:
    (place / "alias").symlink_to(place / "photos")
    for folder in ("photos", "out", "alias"):
        words = {"archive": None, "quarantine": None, name: str(place / folder)}
        with pytest.raises(UsageError, match=f"expected a folder of its own for {name}, got"):
            SourceMover(words["archive"], words["quarantine"], str(place / "out"), [str(place / "photos")])


@pytest.mark.parametrize("swap", ["photos", "photos/trip"])
def test_nothing_is_moved_out_of_a_folder_that_was_swapped(place: Path, swap: str) -> None:
    (source,) = discover([str(place / "photos")])
    assert isinstance(source, Source)
    (place / swap).rename(place / "away")
    outside = place / "outside" / source.relative[len(swap.removeprefix("photos")) :]
    outside.parent.mkdir(parents=True)
    outside.write_bytes(DATA)
    os.utime(outside, ns=(10**18, 10**18))
    (place / swap).symlink_to(place / "outside")
    reasons: list[str] = []
    done = moves(place).settle(Outcome(0, source, "ok"), reasons.append)
    assert len(done.warnings) == 1 and done.warnings[0].startswith("not archived: ") and not reasons
    assert outside.read_bytes() == DATA and not (place / "old").exists()


def test_a_change_of_the_same_size_while_the_copy_is_made_is_not_lost(
    place: Path, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if disk == "rename":
        pytest.skip("a rename takes the file as it is")
    source, real = place / "photos/trip/a.jpg", archive._read

    def read(file: BinaryIO) -> bytes:
        data = real(file)
        if not data and source.read_bytes() == DATA:
            source.write_bytes(DATA[::-1])
        return data

    monkeypatch.setattr(archive, "_read", read)
    result = moves(place).settle(outcome(place))
    assert source.read_bytes() == DATA[::-1] and "changed while the run was at work" in "".join(result.warnings)
