"""Is the ledger's file opened without changing what it says, and read without leaving a trace?"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.ledger.damage import write_error
from imgbatch.ledger.database import FILE, open_to_read, open_to_write, read_rows
from imgbatch.ledger.schema import VERSION, insert
from tests.permissions import closed_folder

ROW = (
    b"a.png", b"/photos/a.jpg", 0, 1, 2, "digest", "png", 3, 4, 1, None, 5, 6, 32 * "c", 32 * "d", "jpeg", 777, 0, 0,
    "", b"",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A ledger of this version with one row."""
    path = str(tmp_path / "state" / FILE)
    connection = open_to_write(path)
    with connection:
        connection.execute(insert("written"), ROW)
    connection.close()
    return path


def test_opening_a_ledger_of_this_version_changes_nothing_in_it(file: str) -> None:
    for _ in range(2):
        open_to_write(file).close()
        assert read_rows(file, mend=False) == {"written": [ROW], "failures": [], "runs": []}
    with open_to_read(file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_what_older_versions_say_of_the_source_s_format_is_not_believed(file: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=3")
    connection.close()
    (row,) = read_rows(file, mend=False)["written"]
    assert row == tuple(0 if value == 777 else value for value in ROW)
    open_to_write(file).close()
    assert read_rows(file, mend=False)["written"] == [row]  # also when the file has become one of this version


def test_a_ledger_is_read_where_nothing_can_be_written_beside_it(file: str) -> None:
    folder = Path(file).parent
    with closed_folder(folder):
        assert read_rows(file, mend=False)["written"] == [ROW]
    assert os.listdir(folder) == [FILE]


def test_a_ledger_at_work_is_read_with_what_is_not_in_its_main_file_yet(file: str) -> None:
    writer = open_to_write(file)
    with writer:
        writer.execute("UPDATE written SET format='webp'")
    assert os.path.getsize(file + "-wal") > 0
    folder = Path(file).parent
    with closed_folder(folder):
        assert [row[6] for row in read_rows(file, mend=False)["written"]] == ["webp"]
    writer.close()


def test_what_is_no_ledger_is_named_and_set_aside_only_by_who_holds_the_lock(file: str) -> None:
    Path(file).write_bytes(b"no database" * 500)
    for path in (file + "-wal", file + "-shm", file + ".damaged-1"):
        Path(path).touch()
    with pytest.raises(PlanError, match="move it away to start anew"):
        read_rows(file, mend=False)
    assert Path(file).read_bytes().startswith(b"no database")
    with pytest.raises(PlanError, match=r"was set aside as ledger.sqlite.damaged-2"):
        read_rows(file, mend=True)
    left = {name.removeprefix(FILE) for name in os.listdir(Path(file).parent)}
    assert left == {".damaged-1", ".damaged-2"} | {f".damaged-2{end}" for end in ("-wal", "-shm")}


def test_another_program_s_database_and_a_newer_ledger_stay_where_they_are(tmp_path: Path) -> None:
    path = str(tmp_path / FILE)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (word TEXT)")
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with pytest.raises(PlanError, match="written by a newer imgbatch"):
        read_rows(path, mend=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=0")
    connection.close()
    with pytest.raises(PlanError, match="another program's database"):
        read_rows(path, mend=False)
    assert os.listdir(tmp_path) == [FILE]


def test_an_empty_file_is_what_is_left_of_a_ledger(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    with pytest.raises(PlanError, match="it is empty"):
        read_rows(str(tmp_path / FILE), mend=True)
    assert os.listdir(tmp_path) == [f"{FILE}.damaged-1"]


@pytest.mark.parametrize(("text", "code"), [("database or disk is full", errno.ENOSPC), ("disk I/O error", errno.EIO)])
def test_a_full_disk_is_told_from_a_broken_one(text: str, code: int) -> None:
    assert write_error("/x/ledger.sqlite", sqlite3.OperationalError(text)).errno == code
