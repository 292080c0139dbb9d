"""Are many files put on the disk in one call, and few one by one, with their folders?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from imgbatch.storage import durable


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced: names, or a disk."""
    made: list[str] = []

    def syncfs(descriptor: int) -> int:
        made.append("disk")
        return 0

    monkeypatch.setattr(durable, "_syncfs", lambda: syncfs)
    monkeypatch.setattr(durable, "sync", lambda path: made.append(os.path.basename(path)))
    return made


def _files(folder: Path, count: int) -> list[str]:
    paths = [folder / f"{number % 2}" / f"{number}.png" for number in range(count)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return [str(path) for path in paths]


def test_few_files_are_synced_with_their_folders(tmp_path: Path, calls: list[str]) -> None:
    durable.sync_files(_files(tmp_path, 2))
    assert sorted(calls) == ["0", "0.png", "1", "1.png"]


def test_many_files_are_one_call_for_each_disk(tmp_path: Path, calls: list[str]) -> None:
    durable.sync_files(_files(tmp_path, 40))
    assert calls == ["disk"]


def test_a_disk_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_syncfs", lambda: lambda descriptor: -1)
    with pytest.raises(OSError, match=str(tmp_path)):
        durable.sync_files(_files(tmp_path, 40))


def test_a_file_that_is_gone_meanwhile_is_no_error(tmp_path: Path) -> None:
    paths = _files(tmp_path, 2)
    os.unlink(paths[0])
    durable.sync_files(paths)


@pytest.mark.skipif(sys.platform != "linux", reason="syncfs is Linux's")
def test_linux_has_the_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable._syncfs.cache_clear()
    monkeypatch.setattr(durable, "sync", lambda path: pytest.fail(f"{path} was synced alone"))
    durable.sync_files(_files(tmp_path, 40))
    assert durable._syncfs() is not None
