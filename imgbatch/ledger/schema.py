"""Schema: which tables does a ledger have, and how does one of an older version get them?

Whatever a version adds is one entry of MIGRATIONS: a ledger of any version goes through those that follow it, one after
the other, in one transaction. Rows are written and read by the names of their columns, whose order may differ.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Sequence
from types import UnionType
from typing import NamedTuple

VERSION = 8
#: A new ledger's tables.
SCHEMA = {
    "written": """CREATE TABLE IF NOT EXISTS written (
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
    moved INTEGER NOT NULL DEFAULT 0,       -- whether the source was to be archived: then it is not gone
    placeholder TEXT NOT NULL DEFAULT '',   -- what stands for the file while it loads; '' where nobody asked
    place BLOB NOT NULL DEFAULT X''         -- absolute: where the source was archived; '': not, or not known
) WITHOUT ROWID""",
    "failures": """CREATE TABLE IF NOT EXISTS failures (
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
    source_hash TEXT NOT NULL DEFAULT '',   -- of the content; '' where it is not known
    PRIMARY KEY (source, digest)
) WITHOUT ROWID""",
    "runs": """CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    started_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL,    -- the last sign of life
    ended_ns INTEGER,            -- NULL: it runs, or died
    exit_code INTEGER,
    counts TEXT NOT NULL,        -- the summary as JSON
    digest TEXT NOT NULL,        -- of the whole recipe
    versions TEXT NOT NULL,      -- imgbatch's, Pillow's
    command TEXT NOT NULL,
    folder BLOB NOT NULL DEFAULT X''  -- DIR, absolute, as it was then; '': not known
)""",
    "replaced": """CREATE TABLE IF NOT EXISTS replaced (
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
}
#: The names of their columns, in the order in which rows are written and read.
COLUMNS = {name: re.findall(r"^    ([a-z_]+) ", table, re.MULTILINE) for name, table in SCHEMA.items()}
Kind = type | UnionType
_COUNT: Kind = int | None
#: What the columns hold, and which of them are paths.
KINDS: dict[str, tuple[Kind, ...]] = {
    "written": (
        bytes, bytes, int, int, int, str, str, int, int, int, _COUNT, int, int, str, str, str, int, int, int,
        str, bytes,
    ),
    "failures": (bytes, str, int, int, str, str, str, str, int, int, str, int, str),
    "runs": (int, int, int, _COUNT, _COUNT, str, str, str, str, bytes),
    "replaced": (int, bytes, str, str, str, bytes, int, int, int, str, int, int, int, _COUNT),
}  # fmt: skip
PATHS = {"written": (0, 1, 20), "failures": (0,), "runs": (9,), "replaced": (1, 5)}


def _places(*names: str) -> dict[str, list[int]]:
    return {table: [place for place, name in enumerate(own) if name in names] for table, own in COLUMNS.items()}


#: Columns with a content_hash or '', with a format's name or '', and with numbers that are not negative.
HASHES, FORMATS = _places("source_hash", "hash", "original"), _places("format", "own")
SIZES = _places("output", "source_size", "width", "height", "frames", "size")


class Migration(NamedTuple):
    """What a version of the ledger added to the one before."""

    tables: Sequence[str] = ()
    columns: Sequence[tuple[str, str, str]] = ()  # (table, column, definition); those that are there stay
    statement: str = ""


_TEXT, _NUMBER, _BYTES = "TEXT NOT NULL DEFAULT ''", "INTEGER NOT NULL DEFAULT 0", "BLOB NOT NULL DEFAULT X''"
#: By the version that they lead to, from the one before.
MIGRATIONS = {
    2: Migration(
        ("failures", "runs"),
        [
            *(("written", name, _TEXT) for name in ("source_hash", "hash", "own")),
            *(("written", name, _NUMBER) for name in ("recorded_ns", "run", "moved")),
        ],
    ),
    3: Migration(("replaced",)),
    4: Migration(statement="UPDATE written SET recorded_ns=0"),  # `own` is not believed: it was the format written
    5: Migration(  # the first ledgers of version 2 had no `own` and no `moved`
        columns=[("runs", "folder", _BYTES), ("written", "own", _TEXT), ("written", "moved", _NUMBER)]
    ),
    6: Migration(columns=[("written", "placeholder", _TEXT)]),
    7: Migration(columns=[("written", "place", _BYTES)]),
    8: Migration(columns=[("failures", "source_hash", _TEXT)]),
}


def bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Give a ledger of an older version (0: none) the tables of this one."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in SCHEMA.values() if version == 0 else ():
            connection.execute(table)
        for number in range(version + 1, VERSION + 1) if version else ():
            _migrate(connection, MIGRATIONS[number])
        connection.execute(f"PRAGMA user_version={VERSION}")


def _migrate(connection: sqlite3.Connection, migration: Migration) -> None:
    for name in migration.tables:
        connection.execute(SCHEMA[name])
    for table, column, definition in migration.columns:
        if column not in columns_of(connection, table):
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")
    if migration.statement:
        connection.execute(migration.statement)


def columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns; empty where there is no such table."""
    return {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}


def insert(table: str) -> str:
    """The statement that writes a row, with a mark for each of COLUMNS."""
    columns = COLUMNS[table]
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


#: What a run changes while it goes, in this order: the statement for each row.
CHANGES = {
    "written": insert("written"),
    "failures": insert("failures"),
    "news": "UPDATE failures SET run=? WHERE source=? AND digest=?",
    "touched": "UPDATE failures SET source_mtime_ns=? WHERE source=? AND digest=?",
    "forgotten": "DELETE FROM failures WHERE source=? AND digest=?",
    "moved": "UPDATE written SET moved=1 WHERE source=?",
    "pruned": "DELETE FROM written WHERE path=?",
    "places": "UPDATE written SET place=? WHERE path=?",
    "placeholders": "UPDATE written SET placeholder=? WHERE path=?",
}


def select(table: str, there: Collection[str] | None = None) -> str:
    """The statement that reads all rows, with the columns as in COLUMNS; `there`: those that an older ledger has."""
    blanks = {bytes: "X''", str: "''"}
    columns = zip(COLUMNS[table], KINDS[table], strict=True)
    names = [
        name if there is None or name in there else f"{blanks.get(kind, '0')} AS {name}"  # type: ignore[call-overload]  # plain types are keys, unions are not found
        for name, kind in columns
    ]
    return f"SELECT {', '.join(names)} FROM {table}"
