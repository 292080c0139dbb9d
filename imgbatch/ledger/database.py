"""Database: how is the ledger's file opened, and how is a damaged ledger set aside?

One SQLite file, WAL, written by the parent only. A damaged or foreign file is set aside under another name, never
deleted; a file of a newer version and a disk that cannot take a database are refused with a sentence that names
``--state``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator

from imgbatch.core.errors import PlanError, one_line

FILE = "ledger.sqlite"
VERSION = 4
#: The columns of `written` in version 1, and those that version 2 added, with their defaults.
OLD_COLUMNS = (
    "path, source, output, source_size, source_mtime_ns, digest, format, width, height, frames, quality, size, mtime_ns"
)
NEW_COLUMNS = {
    "source_hash": "TEXT NOT NULL DEFAULT ''",
    "hash": "TEXT NOT NULL DEFAULT ''",
    "own": "TEXT NOT NULL DEFAULT ''",
    "recorded_ns": "INTEGER NOT NULL DEFAULT 0",
    "run": "INTEGER NOT NULL DEFAULT 0",
    "moved": "INTEGER NOT NULL DEFAULT 0",
}
COLUMNS = f"{OLD_COLUMNS}, {', '.join(NEW_COLUMNS)}"
_AS_OLD = f"{OLD_COLUMNS}, '', '', '', 0, 0, 0"
_OWNED_WRONGLY = COLUMNS.replace("recorded_ns", "0")  # versions 2 and 3: `own` was the format that was written

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS written (
    path BLOB PRIMARY KEY,       -- relative to DIR, as the file system's bytes
    source BLOB NOT NULL,        -- absolute
    output INTEGER NOT NULL,
    source_size INTEGER NOT NULL,
    source_mtime_ns INTEGER NOT NULL,
    digest TEXT NOT NULL,        -- of that output of the recipe, and of what its operations were told; '': doubtful
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    quality INTEGER,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    source_hash TEXT NOT NULL DEFAULT '',   -- of the content; '' where it is not known
    hash TEXT NOT NULL DEFAULT '',          -- of what was written
    own TEXT NOT NULL DEFAULT '',           -- the source's format, where it can be written
    recorded_ns INTEGER NOT NULL DEFAULT 0,
    run INTEGER NOT NULL DEFAULT 0,
    moved INTEGER NOT NULL DEFAULT 0        -- whether the source was to be archived: then it is not gone
) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS failures (
    source BLOB NOT NULL,        -- absolute
    digest TEXT NOT NULL,        -- of the whole recipe
    source_size INTEGER NOT NULL,
    source_mtime_ns INTEGER NOT NULL,
    status TEXT NOT NULL,        -- failed, timeout or crashed
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_ns INTEGER NOT NULL,    -- not tried before; 0: not until the file or the recipe changes
    versions TEXT NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (source, digest)
) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    started_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL,    -- the last sign of life
    ended_ns INTEGER,            -- NULL: it runs, or died
    exit_code INTEGER,
    counts TEXT NOT NULL,        -- the summary as JSON
    digest TEXT NOT NULL,        -- of the whole recipe
    versions TEXT NOT NULL,      -- imgbatch's, Pillow's
    command TEXT NOT NULL
)""",
    """CREATE TABLE IF NOT EXISTS replaced (
    run INTEGER NOT NULL,
    path BLOB NOT NULL,          -- relative to DIR: the source that is replaced
    step TEXT NOT NULL,          -- intended, done or undone
    original TEXT NOT NULL,      -- hash of the content before
    hash TEXT NOT NULL,          -- and after
    backup BLOB NOT NULL,        -- relative to the state folder: where the original is; '' where nothing changes
    size INTEGER NOT NULL,       -- of the new content
    mtime_ns INTEGER NOT NULL,
    recorded_ns INTEGER NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    quality INTEGER,
    PRIMARY KEY (run, path)
) WITHOUT ROWID""",
)


def open_to_write(file: str) -> sqlite3.Connection:
    """A connection that writes; the file and its tables are made when needed.

    Raises
    ------
    sqlite3.Error
        The disk is full or read-only, or cannot lock.
    """
    os.makedirs(os.path.dirname(file), exist_ok=True)
    connection = sqlite3.connect(file, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")  # stays with a rollback journal where WAL does not work
        connection.execute("PRAGMA synchronous=NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < VERSION:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in SCHEMA:
                    connection.execute(table)
                for name, declared in NEW_COLUMNS.items() if version == 1 else ():
                    connection.execute(f"ALTER TABLE written ADD COLUMN {name} {declared}")
                connection.execute("UPDATE written SET recorded_ns=0")  # `own` is then not believed (index.py)
                connection.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def read_rows(file: str, mend: bool) -> dict[str, list[tuple[object, ...]]]:
    """The rows of `written`, `failures` and the `runs` that did not end, read without creating anything.

    Parameters
    ----------
    mend : bool
        Whether a damaged file may be set aside (this run holds the lock), or is only named.

    Raises
    ------
    PlanError
        The file is damaged, foreign, of a newer version, or cannot be opened where it is.
    """
    found: dict[str, list[tuple[object, ...]]] = {"written": [], "failures": [], "runs": []}
    try:
        with open_to_read(file) as (connection, version):
            if version > VERSION:
                raise PlanError(
                    f"the ledger {file} was written by a newer imgbatch (version {version}); update imgbatch, or give "
                    "this run a ledger of its own with --state DIR"
                )
            if version:
                columns = COLUMNS if version == VERSION else _OWNED_WRONGLY if version >= 2 else _AS_OLD
                found["written"] = connection.execute(f"SELECT {columns} FROM written").fetchall()
            if version >= 2:
                found["failures"] = connection.execute("SELECT * FROM failures").fetchall()
                found["runs"] = connection.execute(
                    "SELECT digest, started_ns, seen_ns FROM runs WHERE ended_ns IS NULL"
                ).fetchall()
            elif not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise sqlite3.DatabaseError("it is another program's database")
            check_places(connection, version)
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):  # a table or column that is missing: not ours
            raise unusable_error(file, error) from None
        raise _damaged(file, error, mend) from None
    except sqlite3.DatabaseError as error:
        raise _damaged(file, error, mend) from None
    return found


def check_places(connection: sqlite3.Connection, version: int) -> None:
    """sqlite3.DatabaseError for a row whose file would lie outside of its folder: no run writes one, strangers may."""
    columns = [("written", "path"), *([("replaced", "path"), ("replaced", "backup")] if version >= 3 else [])]
    for table, column in columns if version else ():
        value = f"CAST({column} AS BLOB)"
        rows = connection.execute(
            f"SELECT {column} FROM {table} WHERE instr({value}, X'2E2E') OR instr({value}, X'00') OR "
            f"instr({value}, X'3A') OR substr({value}, 1, 1) IN (X'2F', X'5C')"
        )
        for (name,) in rows:
            path = os.fsdecode(name)
            parts = path.replace(os.sep, "/").split("/")
            if os.path.isabs(path) or os.path.splitdrive(path)[0] or ".." in parts or "\0" in path:
                raise sqlite3.DatabaseError(f"it names a place outside, {one_line(path, 80)}: it is not from here")


@contextlib.contextmanager
def open_to_read(file: str) -> Iterator[tuple[sqlite3.Connection, int]]:
    """A connection that only reads, and the version of the file."""
    with contextlib.closing(sqlite3.connect(f"file:{_uri(file)}", uri=True, timeout=30)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        yield connection, version


def unusable_error(file: str, error: Exception) -> PlanError:
    """The sentence for a place where no database can be kept."""
    return PlanError(
        f"the ledger {file} cannot be used where it is ({error}); keep it on a local disk that can be written to, with "
        "--state DIR"
    )


def write_error(file: str, error: Exception) -> OSError:
    """What is raised where the ledger takes no more, which ends the run."""
    code = errno.ENOSPC if "full" in str(error) else errno.EIO
    return OSError(code, f"the ledger cannot be written: {error}", file)


def _damaged(file: str, error: Exception, mend: bool) -> PlanError:
    """The sentence for a file that is no ledger, which is renamed when it may be."""
    then = "outputs of former runs then count as foreign files (--skip-existing or --overwrite)"
    if not mend:
        return PlanError(f"the ledger {file} cannot be read ({error}); move it away to start anew: {then}")
    aside = _aside(file)
    return PlanError(
        f"the ledger {file} cannot be read ({error}) and was set aside as {os.path.basename(aside)}; run again to "
        f"start anew: {then}, or give the run another ledger with --state DIR"
    )


def _aside(file: str) -> str:
    """Rename a ledger's file and its companions; the new name."""
    number = 1
    while os.path.lexists(f"{file}.damaged-{number}"):
        number += 1
    aside = f"{file}.damaged-{number}"
    os.rename(file, aside)
    for end in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(file + end, aside + end)
    return aside


def _uri(file: str) -> str:
    """The file for reading: as it stands where nothing can be written beside it, which SQLite would need to do."""
    from urllib.parse import quote  # only for ledgers that are looked at

    quoted = quote(os.fsencode(file))
    if os.access(os.path.dirname(file), os.W_OK) or os.path.exists(file + "-wal"):
        return f"{quoted}?mode=ro"
    return f"{quoted}?mode=ro&immutable=1"
