"""Is a ledger damaged, or is it the place where it lies?"""

from __future__ import annotations

import sqlite3

import pytest

from imgbatch.ledger.damage import is_damage


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
