"""Does the store remember what was compared, and nothing that may have changed since?"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Source
from imgbatch.ledger.fingerprints.store import FILE, FingerprintStore, StoreRow, folder_of

ROW = StoreRow("0123456789abcdef" * 2, 640, 480, 3, (2**64 - 1, 0, 5), 12.5, "")
SOURCE = Source("/photos/a.jpg", "photos", "a.jpg", 1000, 1_700_000_000_000_000_000)


def store(folder: Path, version: str = "1", *roots: str, trust: bool = False) -> FingerprintStore:
    return FingerprintStore(roots or ("/photos",), str(folder), trust, version)


def file_of(folder: Path) -> Path:
    return Path(folder_of(["/photos"], str(folder)), FILE)


def remember(folder: Path, *sources: Source) -> None:
    one = store(folder)
    for source in sources:
        one.add(source, ROW)
    one.close()
    assert one.problem == ""


def test_what_was_compared_is_known_to_the_next_search(tmp_path: Path) -> None:
    assert store(tmp_path).find(SOURCE) is None
    remember(tmp_path, SOURCE, replace(SOURCE, path="/photos/\udcff.jpg"))
    again = store(tmp_path)
    assert again.find(SOURCE) == again.find(replace(SOURCE, path="/photos/\udcff.jpg")) == ROW
    assert again.find(replace(SOURCE, path="/photos/b.jpg")) is None
    again.add(SOURCE, replace(ROW, pixels="f" * 32))
    again.close()
    last = store(tmp_path).find(SOURCE)
    assert last is not None and last.pixels == "f" * 32


@pytest.mark.parametrize("change", [{"size": 1001}, {"mtime_ns": SOURCE.mtime_ns + 1}, {"mtime_ns": 0}])
def test_a_file_that_changed_is_not_known(tmp_path: Path, change: dict[str, int]) -> None:
    remember(tmp_path, SOURCE)
    assert store(tmp_path).find(replace(SOURCE, **change)) is None  # type: ignore[arg-type]  # one of its fields


def test_a_file_to_which_something_was_done_is_not_known(tmp_path: Path) -> None:
    one = store(tmp_path)
    one.add(SOURCE, ROW, ctime_ns=5)
    one.close()
    assert store(tmp_path).find(SOURCE, 5) == ROW and store(tmp_path).find(SOURCE, 6) is None


def test_a_file_of_a_former_layout_is_made_anew_without_a_word(tmp_path: Path) -> None:
    remember(tmp_path, SOURCE)
    with closing(sqlite3.connect(file_of(tmp_path))) as connection, connection:
        connection.execute("ALTER TABLE fingerprints DROP COLUMN ctime_ns")
    again = store(tmp_path, "2")
    assert again.find(SOURCE) is None
    again.add(SOURCE, ROW)
    again.close()
    assert store(tmp_path, "2").find(SOURCE) == ROW and again.problem == ""


def test_a_file_that_may_have_changed_while_it_was_read_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 10**6)
    fresh = replace(SOURCE, mtime_ns=now)
    remember(tmp_path, fresh)
    assert store(tmp_path).find(fresh) is None


def test_another_version_and_other_roots_know_nothing(tmp_path: Path) -> None:
    remember(tmp_path, SOURCE)
    assert store(tmp_path, "1", "/other").find(SOURCE) is None
    assert store(tmp_path, "1", "/other", "/photos").find(SOURCE) is None
    assert store(tmp_path).find(SOURCE) == ROW
    assert store(tmp_path, "2").find(SOURCE) is None
    assert store(tmp_path, "1").find(SOURCE) is None  # forgotten


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(4096)])
def test_a_damaged_file_is_made_anew_and_said(tmp_path: Path, content: bytes) -> None:
    remember(tmp_path, SOURCE)
    file_of(tmp_path).write_bytes(content)
    again = store(tmp_path)
    assert again.find(SOURCE) is None and "damaged" in again.problem
    again.add(SOURCE, ROW)
    again.close()
    last = store(tmp_path)
    assert last.find(SOURCE) == ROW and last.problem == ""


@pytest.mark.parametrize(
    "wrong",
    [
        "width = -1",
        "width = 'x'",
        "hashes = x'00'",
        "content = 'short'",
        "pixels = 7",
        "structure = NULL",
        "frames = 0",
    ],
)
def test_a_row_that_no_search_writes_is_not_believed(tmp_path: Path, wrong: str) -> None:
    remember(tmp_path, SOURCE)
    with closing(sqlite3.connect(file_of(tmp_path))) as connection, connection:
        connection.execute(f"UPDATE fingerprints SET {wrong}")
    assert store(tmp_path).find(SOURCE) is None


def test_where_nothing_can_be_written_nothing_is_noted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    one = store(tmp_path / "file")
    one.add(SOURCE, ROW)
    one.close()
    assert one.find(SOURCE) is None and "cannot be used" in one.problem


def test_what_strangers_put_there_is_refused(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.parent.mkdir()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlanError, match="is a link, as no run makes one"):
        store(tmp_path)
    file.unlink()
    (tmp_path / "other").mkdir()
    os.rename(file.parent, tmp_path / "moved")
    file.parent.symlink_to(tmp_path / "other")
    with pytest.raises(PlanError, match="is a link; if you trust"):
        store(tmp_path)
    assert store(tmp_path, trust=True).problem == ""


def test_files_that_are_gone_are_forgotten_when_they_are_many(tmp_path: Path) -> None:
    sources = [replace(SOURCE, path=f"/photos/{number}.jpg") for number in range(1500)]
    remember(tmp_path, *sources)
    one = store(tmp_path)
    one.forget_others([source.path for source in sources[:400]], 400)
    assert one.find(sources[1400]) == ROW  # not that many
    one.forget_others([source.path for source in sources[:100]], 100)
    assert one.find(sources[99]) == ROW and one.find(sources[100]) is None
    one.close()
