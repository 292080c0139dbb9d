"""Damage: what is wrong with a ledger's file, and what becomes of it?

A file that is no ledger, or holds what no run wrote, is set aside under another name, never deleted, by the run that
holds the lock; who only looks names it. Where the place is the cause (a disk that is full, read-only or another user's)
the file stays, and the sentence names what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from typing import Any

from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.errors import PlanError
from imgbatch.ledger.schema import FORMATS, HASHES, KINDS, PATHS, SIZES

COMPANIONS = ("-wal", "-shm", "-journal")
#: The primary result codes that blame the place, or what we asked, not the content: https://sqlite.org/rescode.html.
_OF_THE_PLACE = frozenset((
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE,
))  # fmt: skip
_KEYLESS = "replace(sql, 'PRIMARY KEY (', '')"
#: Counts the definitions that are more than a table of plain columns.
_PROGRAMS = (
    "SELECT count(*) FROM sqlite_master WHERE sql IS NOT NULL AND (sql NOT LIKE 'CREATE TABLE %' OR "
    f"length({_KEYLESS}) - length(replace({_KEYLESS}, '(', '')) != 1)"
)
#: What SQLite raises; where its message quotes bytes of a damaged file that are no text, the message itself is lost.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class LedgerDamageError(PlanError):
    """A ledger is damaged; `aside` is where it was put, None where it is still in its place."""

    aside: str | None = None


@contextlib.contextmanager
def guard(file: str, mend: bool) -> Iterator[None]:
    """Within the block a ledger is read; whatever is wrong with it becomes a PlanError, damage a LedgerDamageError.

    Parameters
    ----------
    file : str
    mend : bool
        Whether a damaged file may be set aside (this run holds the lock), or is only named.
    """
    try:
        yield
    except PlanError:
        raise
    except sqlite3.Error as error:
        raise (_damage_error(file, error, mend) if is_damage(error) else unusable_error(file, error)) from None
    except OSError as error:
        raise unusable_error(file, error) from None
    except (ValueError, RecursionError) as error:
        raise _damage_error(file, error, mend) from None


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether a file's content is the cause, and not the place where it lies, or what we asked of it."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # our own checks; a text that is none
        return type(error) is sqlite3.DatabaseError or "decode" in str(error)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _OF_THE_PLACE


def check_file(file: str) -> None:
    """DatabaseError where something else than a file has the ledger's name."""
    if not stat.S_ISREG(os.stat(file).st_mode):
        raise sqlite3.DatabaseError("it is not a file")


def refuse_programs(connection: sqlite3.Connection) -> None:
    """DatabaseError where there is more than tables of plain columns: what a stranger lets compute may have no end.

    Views and triggers are programs, and so are the expressions of a table (CHECK, DEFAULT, GENERATED), which stand in
    parentheses; ours have those around the columns and the key only. What counts is the definition that SQLite parses,
    not what the row says that it is.
    """
    if connection.execute(_PROGRAMS).fetchone() != (0,):
        raise sqlite3.DatabaseError("it holds more than plain tables: it is not from here")


def check_rows(table: str, rows: Sequence[Sequence[Any]]) -> None:
    """DatabaseError where a row of a table does not hold what a run writes."""
    kinds = KINDS[table]
    for types in {tuple(map(type, row)) for row in rows}:
        if len(types) != len(kinds) or not all(map(issubclass, types, kinds)):
            raise sqlite3.DatabaseError("a row holds what no run writes")
    if any(b"\0" in row[column] for row in rows for column in PATHS[table]):
        raise sqlite3.DatabaseError("a path holds a NUL")
    for column in HASHES[table]:
        hashes = [row[column] for row in rows]
        if not set(map(len, hashes)) <= {0, 32} or "".join(hashes).strip("0123456789abcdef"):
            raise sqlite3.DatabaseError("a hash is none")
    if not {row[column] for row in rows for column in FORMATS[table]} <= {"", *WRITTEN}:
        raise sqlite3.DatabaseError("it names a format that there is not")
    if any(row[column] < 0 for row in rows for column in SIZES[table]):
        raise sqlite3.DatabaseError("a size is negative")


def unusable_error(file: str, error: Exception) -> PlanError:
    """The sentence for a place where no database can be kept."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "is full" in str(error):
        return PlanError(f"the ledger {file} cannot be written ({error}); make room on its disk")
    place = next(path for path in (file, os.path.dirname(file), os.sep) if os.path.exists(path))
    folder = os.path.dirname(file)
    if not os.access(place, os.W_OK) or (os.path.isdir(folder) and not os.access(folder, os.W_OK)):
        return PlanError(f"the ledger {file} cannot be used ({error}): {permission_hint(place)}")
    return PlanError(
        f"the ledger {file} cannot be used where it is ({error}); keep it on a local disk that can be written to, with "
        "--state DIR"
    )


def permission_hint(path: str) -> str:
    """Whom a file or folder belongs to that may not be written to, and what to do."""
    from pathlib import Path  # only for this sentence

    try:
        owner = Path(path).owner()
    except (KeyError, NotImplementedError):  # a number without a name; Windows
        owner = f"user {os.stat(path).st_uid}"
    except OSError:
        owner = "another user"
    return (
        f"it belongs to {owner}, and you may not write to it; ask for that (in a shared folder: chmod -R g+w), or keep "
        "one of your own with --state DIR"
    )


def write_error(file: str, error: sqlite3.Error | UnicodeDecodeError) -> OSError:
    """What is raised where the ledger takes no more, which ends the run; a damaged file is set aside."""
    message = f"the ledger cannot be written: {error}"
    if is_damage(error):
        with contextlib.suppress(OSError):
            message += f"; it was set aside as {os.path.basename(set_aside(file))}"
    return OSError(errno.ENOSPC if "full" in str(error) else errno.EIO, message, file)


def _damage_error(file: str, error: Exception, mend: bool) -> LedgerDamageError:
    """The sentence for a file that is no ledger, which is renamed when it may be."""
    aside = None
    with contextlib.suppress(OSError):
        aside = set_aside(file) if mend else None
    if aside is None:
        then = "move it away to start anew, as the next run does that may write there"
    else:
        then = f"it was set aside as {os.path.basename(aside)}"
    damage = LedgerDamageError(f"the ledger {file} cannot be read ({error}); {then}")
    damage.aside = aside
    return damage


def was_set_aside(file: str) -> bool:
    """Whether a damaged ledger lies beside this one, so that files may be there which a run wrote that is forgotten."""
    return os.path.lexists(f"{file}.damaged-1")


def set_aside(file: str) -> str:
    """Rename a ledger's file and its companions, which must not be taken for the next one's; the new name."""
    number = 1
    while os.path.lexists(f"{file}.damaged-{number}"):
        number += 1
    aside = f"{file}.damaged-{number}"
    for end in ("", *COMPANIONS):
        with contextlib.suppress(FileNotFoundError):
            os.rename(file + end, aside + end)
    return aside
