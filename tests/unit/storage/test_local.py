"""Is a source read whole, and is it said what keeps it from being read?"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from imgbatch.core.errors import ImageError
from imgbatch.storage.local import Local
from tests.permissions import plain_user

read = Local().read


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe.jpg", tmp_path / "folder.jpg"
    os.mkfifo(pipe)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jpg"))
        for path, words in ((pipe, "a named pipe"), (folder, "a folder"), (tmp_path / "socket.jpg", "a socket"),
                            (Path("/dev/zero"), "a device")):  # fmt: skip
            began = time.monotonic()
            with pytest.raises(ImageError, match=f"not a file but {words}") as failed:
                read(str(path))
            assert failed.value.kind == "unsupported" and time.monotonic() - began < 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as failed:
        read(str(tmp_path / "missing.jpg"))
    assert (failed.value.kind, str(failed.value)) == ("io", "No such file or directory")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ImageError, match="empty") as failed:
        read(str(tmp_path / "empty.jpg"))
    assert failed.value.kind == "truncated"
    with pytest.raises(ImageError) as failed:
        read("nul\0.jpg")
    assert failed.value.kind == "io"


def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "a.jpg").chmod(0)
    with plain_user(), pytest.raises(ImageError) as failed:
        read(str(tmp_path / "a.jpg"))
    assert failed.value.kind == "permission"


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\xfe.png"
    with open(raw, "wb") as file:
        file.write(b"data")
    assert read(os.fsdecode(raw)) == b"data"


def test_a_file_is_read_whole_though_the_system_gives_it_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(bytes(range(256)) * 100)
    given = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: given(descriptor, min(size, 1000)))
    assert read(str(tmp_path / "a.png")) == bytes(range(256)) * 100
