"""Does new content get its original's owner and mode, and a file that others put in its place nothing?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Written
from imgbatch.originals import backups, in_place
from imgbatch.originals.new_content import adopt
from imgbatch.storage import rename as storage_rename
from imgbatch.storage.atomic_write import content_hash

DATA = b"new content"


@pytest.fixture
def output(tmp_path: Path) -> Written:
    """What a worker wrote beside an original, and a private file elsewhere."""
    (tmp_path / "original").write_bytes(b"old")
    (tmp_path / "original").chmod(0o640)
    (tmp_path / "private").write_bytes(DATA)
    (tmp_path / "private").chmod(0o600)
    path = tmp_path / "made"
    path.write_bytes(DATA)
    return Written(
        0, str(path), "png", 1, 1, len(DATA), mtime_ns=path.stat().st_mtime_ns, hash=content_hash(DATA)
    )  # fmt: skip


def test_it_becomes_like_its_original(output: Written, tmp_path: Path) -> None:
    adopt(output.path, None, output, os.stat(tmp_path / "original"))
    assert os.stat(output.path).st_mode & 0o777 == 0o640


def test_mode_and_owner_are_on_the_disk_before_it_takes_the_original_s_place(
    output: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: modes.append(os.fstat(descriptor).st_mode & 0o777))
    adopt(output.path, None, output, os.stat(tmp_path / "original"))
    assert modes == [0o640]


def test_a_file_of_ours_is_not_read_again(output: Written, tmp_path: Path) -> None:
    Path(output.path).write_bytes(DATA[::-1])  # of its size and time: the disk gave it another number meanwhile
    os.utime(output.path, ns=(0, output.mtime_ns))
    adopt(output.path, None, output, os.stat(tmp_path / "original"))
    assert os.stat(output.path).st_mode & 0o777 == 0o640


@pytest.mark.parametrize("way", ["link", "hard link", "other file", "named pipe"])
def test_another_file_in_its_place_is_left_as_it_is(output: Written, tmp_path: Path, way: str) -> None:
    os.unlink(output.path)
    if way == "link":
        os.symlink("private", output.path)
    elif way == "hard link":
        os.utime(tmp_path / "private", ns=(0, output.mtime_ns))
        os.link(tmp_path / "private", output.path)
    elif way == "named pipe":
        os.mkfifo(output.path)
    else:
        os.rename(tmp_path / "private", output.path)
    with pytest.raises(OSError):
        adopt(output.path, None, output, os.stat(tmp_path / "original"))
    place = tmp_path / "private" if way != "other file" else Path(output.path)
    assert place.stat().st_mode & 0o777 == 0o600 and place.read_bytes() == DATA


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes other people's files")
def test_another_user_s_file_of_its_size_and_time_is_known_by_its_content(output: Written, tmp_path: Path) -> None:
    os.chown(output.path, 61001, 61001)
    adopt(output.path, None, output, os.stat(tmp_path / "original"))  # a disk that knows no owners
    Path(output.path).write_bytes(DATA[::-1])
    os.utime(output.path, ns=(0, output.mtime_ns))
    os.chown(output.path, 61001, 61001)
    with pytest.raises(OSError, match="swapped"):
        adopt(output.path, None, output, os.stat(tmp_path / "original"))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_link_never_takes_a_picture_s_place(tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody swaps the new file for a link right before, or within, the rename."""
    photo = tmp_path / "photos/a.png"
    photo.parent.mkdir()
    Image.effect_noise((40, 30), 50).save(photo)
    original = photo.read_bytes()
    (tmp_path / "private").write_bytes(DATA)
    (tmp_path / "private").chmod(0o600)
    name = "keep_original" if moment == "before" else "rename_file"
    keep, rename = backups.keep_original, storage_rename.rename_file

    def swap() -> None:
        (path,) = photo.parent.glob(".imgbatch-*.tmp")
        path.unlink()
        path.symlink_to("../private")

    def keep_and_swap(*words: object) -> None:
        keep(*words)  # type: ignore[arg-type]  # passed on as they came
        swap()

    def swap_and_rename(*words: object) -> None:
        swap()
        rename(*words)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(in_place, name, keep_and_swap if moment == "before" else swap_and_rename)
    report = ib.run(photo.parent, recipe=ib.Recipe([ib.Resize("20")]), in_place=True, workers=0)
    (failed,) = report.failed
    assert failed.error is not None and "swapped" in failed.error.message
    assert not photo.is_symlink() and photo.read_bytes() == original
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(photo.parent)) == [".imgbatch", "a.png"]
    monkeypatch.undo()
    assert ib.run(photo.parent, recipe=ib.Recipe([ib.Resize("20")]), in_place=True, workers=0).counts["ok"] == 1
