"""Is a ledger damaged, or is it the place where it lies?"""

from __future__ import annotations

import errno
import sqlite3

import pytest

from imgbatch.ledger.damage import is_damage, refuse_programs, unusable_error
from imgbatch.ledger.schema import VERSION, bring_up_to_date


def _error(code: int) -> sqlite3.Error:
    """As SQLite raises it."""
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_READONLY_DIRECTORY,
        sqlite3.SQLITE_CANTOPEN_ISDIR, sqlite3.SQLITE_CONSTRAINT_NOTNULL,
    ],
)  # fmt: skip
def test_the_place_is_to_blame_also_where_sqlite_says_more(code: int) -> None:
    assert not is_damage(_error(code))


@pytest.mark.parametrize(
    "code",
    [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CORRUPT_INDEX, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR_SHORT_READ],
)
def test_the_content_is_to_blame(code: int) -> None:
    assert is_damage(_error(code))


def test_what_our_own_checks_and_texts_that_are_none_say_is_damage() -> None:
    assert is_damage(sqlite3.DatabaseError("it is not a file"))
    assert is_damage(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))
    assert not is_damage(sqlite3.InterfaceError("it was closed"))


@pytest.mark.parametrize(
    "program",
    [
        "CREATE VIEW more AS SELECT * FROM runs",
        "CREATE TRIGGER more AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
        "CREATE INDEX more ON runs(abs(exit_code))",
        "CREATE TABLE more (a INTEGER CHECK (length(hex(zeroblob(9))) > a))",
        "CREATE TABLE more (a INTEGER, b AS (length(hex(zeroblob(a)))))",
        "CREATE TABLE more (a INTEGER DEFAULT (length(hex(zeroblob(9)))))",
        "CREATE TABLE more (a INTEGER, b TEXT CHECK/*PRIMARY KEY (*/(a > 0), PRIMARY KEY (a))",
    ],
)
def test_a_ledger_that_could_compute_is_from_a_stranger(program: str) -> None:
    connection = sqlite3.connect(":memory:")
    bring_up_to_date(connection, 0)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    refuse_programs(connection)
    connection.execute(program)
    with pytest.raises(sqlite3.DatabaseError, match="more than plain tables"):
        refuse_programs(connection)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_is_no_wrong_place(error: Exception) -> None:
    sentence = str(unusable_error("/out/.imgbatch/ledger.sqlite", error))
    assert "make room" in sentence and "--state" not in sentence
