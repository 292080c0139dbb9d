"""Is a source that cannot be opened for a moment that file's problem, and never taken for what it is not?"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.storage.local import Local

HALF = ib.Recipe([ib.Resize("50%")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.effect_noise((40, 30), 50).convert("RGB").save(folder / name)
    return folder


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOENT])
@pytest.mark.parametrize("in_place", [False, True])
def test_a_source_that_cannot_be_opened_gets_no_other_format(
    photos: Path, in_place: bool, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Local.read_prefix

    def broken(self: Local, key: str, size: int) -> bytes:
        if key.endswith("b.jpg"):
            raise OSError(number, os.strerror(number))
        return original(self, key, size)

    monkeypatch.setattr(Local, "read_prefix", broken)
    out = None if in_place else photos.parent / "out"
    report = ib.run([photos], out, HALF, workers=0, in_place=in_place)
    (failed,) = report.failed
    assert failed.error is not None and (failed.error.kind, failed.error.phase) == ("io", "read")
    assert failed.error.message == os.strerror(number) and report.exit_code == 1
    monkeypatch.undo()
    again = ib.run([photos], out, HALF, workers=0, in_place=in_place)
    assert (again.counts["ok"], again.counts["unchanged"], again.exit_code) == (1, 1, 0)
    assert {path.name for path in photos.parent.rglob("*.*g")} == {"a.jpg", "b.jpg"}


def test_a_file_that_cannot_be_compared_is_not_changed_twice(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ib.run([photos], recipe=HALF, workers=0, in_place=True).exit_code == 0
    (photos / "a.jpg").touch()  # its content has to be looked at
    original = Local.read

    def broken(self: Local, key: str) -> bytes:
        if key.endswith("a.jpg"):
            monkeypatch.undo()
            raise ib.ImageError("io", os.strerror(errno.EIO))
        return original(self, key)

    monkeypatch.setattr(Local, "read", broken)
    report = ib.run([photos], recipe=HALF, workers=0, in_place=True)
    assert (report.counts["failed"], report.counts["unchanged"], report.counts["ok"]) == (1, 1, 0)
    assert Image.open(photos / "a.jpg").size == (20, 15)
