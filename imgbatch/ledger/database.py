"""Database: how is the ledger's file made, and opened to write and to read?

One SQLite file, WAL, written by the parent only. It is made whole: built in memory, put on the disk under another name,
renamed. Who holds the lock recovers what a killed run left (a hot journal, a WAL); who only looks changes nothing in
the folder, and leaves nothing there. What is wrong with a file is said by damage.py.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator

from imgbatch.core.errors import PlanError, one_line
from imgbatch.ledger.damage import COMPANIONS, Kind, check_file, check_rows, guard, set_aside
from imgbatch.storage.atomic_write import open_atomic, sweep

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
_COLUMNS_V1 = f"{OLD_COLUMNS}, '', '', '', 0, 0, 0"
_COLUMNS_V2 = COLUMNS.replace("recorded_ns", "0")  # versions 2 and 3: `own` was the format that was written

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
_COUNT: Kind = int | None
#: What the columns hold that are read, by table, and which of them are paths.
_WRITTEN_KINDS: tuple[Kind, ...] = (
    bytes, bytes, int, int, int, str, str, int, int, int, _COUNT, int, int, str, str, str, int, int, int,
)  # fmt: skip
_FAILURE_KINDS: tuple[Kind, ...] = (bytes, str, int, int, str, str, str, str, int, int, str, int)


def open_to_write(file: str) -> sqlite3.Connection:
    """A connection that writes; the file and its tables are made when needed.

    Raises
    ------
    sqlite3.Error, OSError
        The disk is full or read-only, or cannot lock.
    """
    if not os.path.exists(file):
        _make(file)
    connection = sqlite3.connect(file, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")  # stays with a rollback journal where WAL does not work
        connection.execute("PRAGMA synchronous=NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < VERSION:
            _make_tables(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(file: str) -> None:
    """A new ledger, whole or not at all, with the mode that umask gives, as its companions then have."""
    folder = os.path.dirname(file)
    os.makedirs(folder, exist_ok=True)
    sweep(folder)
    if any(os.path.lexists(file + end) for end in COMPANIONS):
        set_aside(file)  # of a file that is gone: SQLite would put its content into the new one
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        _make_tables(connection, 0)
        content = connection.serialize() if hasattr(connection, "serialize") else b""  # an empty file will do
    with open_atomic(file, durable=True) as stream:
        stream.write(content)


def _make_tables(connection: sqlite3.Connection, version: int) -> None:
    """The tables of this version, of those of an older one (0: of none)."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in SCHEMA:
            connection.execute(table)
        for name, definition in NEW_COLUMNS.items() if version == 1 else ():
            connection.execute(f"ALTER TABLE written ADD COLUMN {name} {definition}")
        connection.execute("UPDATE written SET recorded_ns=0")  # `own` is then not believed (index.py)
        connection.execute(f"PRAGMA user_version={VERSION}")


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
    rows: dict[str, list[tuple[object, ...]]] = {"written": [], "failures": [], "runs": []}
    with open_to_read(file, mend) as (connection, version):
        if version:
            columns = COLUMNS if version == VERSION else _COLUMNS_V2 if version >= 2 else _COLUMNS_V1
            rows["written"] = connection.execute(f"SELECT {columns} FROM written").fetchall()
        if version >= 2:
            rows["failures"] = connection.execute("SELECT * FROM failures").fetchall()
            rows["runs"] = connection.execute(
                "SELECT digest, started_ns, seen_ns, id FROM runs WHERE ended_ns IS NULL"
            ).fetchall()
        check_rows(rows["written"], _WRITTEN_KINDS, paths=(0, 1))
        check_rows(rows["failures"], _FAILURE_KINDS, paths=(0,))
        check_rows(rows["runs"], (str, int, int, int))
        check_places(connection, version)
    return rows


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
def open_to_read(file: str, mend: bool = False) -> Iterator[tuple[sqlite3.Connection, int]]:
    """A connection that only reads, and the version of the file; what is wrong, also within the block, is a PlanError.

    Parameters
    ----------
    mend : bool
        Whether this process holds the lock: then it recovers the file, and may set a damaged one aside.
    """
    with guard(file, mend), contextlib.ExitStack() as stack:
        check_file(file)
        connection = stack.enter_context(_open_with_lock(file) if mend else _open_to_look(file))
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise PlanError(
                f"the ledger {file} was written by a newer imgbatch (version {version}); update imgbatch, or give "
                "this run a ledger of its own with --state DIR"
            )
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version < 0 or (tables and not version):
            raise sqlite3.DatabaseError("it is another program's database")
        if version == VERSION:
            for name, columns in _TABLES.items():
                description = connection.execute(f"SELECT * FROM {name} LIMIT 0").description
                if [column[0] for column in description] != columns:
                    raise sqlite3.DatabaseError(f"its table {name} has other columns")
        yield connection, version


#: The columns of each table, in their order.
_TABLES = {
    table.split()[5]: re.findall(r"^    ([a-z_]+) ", table, re.MULTILINE) for table in SCHEMA
}  # fmt: skip


def _open_with_lock(file: str) -> contextlib.closing[sqlite3.Connection]:
    """Where nobody else writes: SQLite recovers what a killed run left, and takes its companions away."""
    has_companions = any(os.path.exists(file + end) for end in COMPANIONS)
    return _connect(file, "rw" if has_companions else "ro&immutable=1")


@contextlib.contextmanager
def _open_to_look(file: str) -> Iterator[sqlite3.Connection]:
    """Where somebody else may write, and nothing may be made, not even what SQLite makes for readers."""
    wal, shm, journal = (os.path.exists(file + end) for end in COMPANIONS)
    with contextlib.ExitStack() as stack:
        if not wal and not journal:
            yield stack.enter_context(_connect(file, "ro&immutable=1"))
            return
        if journal or shm:
            try:
                connection = stack.enter_context(_connect(file, "ro"))
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError:  # it has to be recovered
                stack.close()
            else:
                yield connection
                return
        import tempfile  # only where a run was killed

        copy = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), FILE)
        for end in ("", "-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(file + end, copy + end)
        yield stack.enter_context(_connect(copy, "rw"))


def _connect(file: str, mode: str) -> contextlib.closing[sqlite3.Connection]:
    from urllib.parse import quote  # only for ledgers that are looked at

    uri = f"file:{quote(os.fsencode(file))}?mode={mode}"
    return contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30))
