"""Is a pipe read to its end, and not waited for when nobody writes to it?"""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

import pytest

from imgbatch.storage.pipe import read_all


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


def test_nobody_writes(pipe: str) -> None:
    with pytest.raises(ValueError, match="nobody writes to it"):
        read_all(pipe, patience_s=0.01)


def test_a_writer_that_comes_later(pipe: str) -> None:
    def write() -> None:
        with open(pipe, "wb") as file:  # opens when there is a reader
            file.write(b"x" * 200_000)

    writer = threading.Thread(target=write)
    writer.start()
    data = read_all(pipe, patience_s=60)
    writer.join()
    assert data == b"x" * 200_000


def test_a_writer_that_takes_its_time(pipe: str) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY)
    os.close(reader)
    result: list[bytes] = []
    thread = threading.Thread(target=lambda: result.append(read_all(pipe, patience_s=0.001)))
    thread.start()
    while not _has_reader(writer):
        pass
    thread.join(0.05)
    assert thread.is_alive(), "the writer has it open"
    os.write(writer, b"late")
    os.close(writer)
    thread.join()
    assert result == [b"late"]


def _has_reader(writer: int) -> bool:
    """Whether somebody reads from a pipe: else writing nothing to it breaks."""

    poll = select.poll()
    poll.register(writer, select.POLLOUT)
    return not any(events & select.POLLERR for _, events in poll.poll(0))


def test_files_and_what_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_001)
    assert len(read_all(str(tmp_path / "file"))) == 3_000_001
    with pytest.raises(ValueError, match="it has more than 3 MB"):
        read_all(str(tmp_path / "file"), most=3_000_000)
    (tmp_path / "empty").write_bytes(b"")
    assert read_all(str(tmp_path / "empty")) == b""
