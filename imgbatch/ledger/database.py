"""Database: how is the ledger's file made, and opened to write and to read?

One SQLite file, WAL, written by the parent only. It is made whole: built in memory, put on the disk under another name,
renamed. Who holds the lock recovers what a killed run left (a hot journal, a WAL); who only looks changes nothing in
the folder, and leaves nothing there. What is wrong with a file is said by damage.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from imgbatch.core.errors import PlanError, one_line
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.ledger.damage import (
    COMPANIONS,
    SQLITE_ERRORS,
    LedgerDamageError,
    check_file,
    check_rows,
    guard,
    refuse_programs,
    set_aside,
)
from imgbatch.ledger.rows import Row
from imgbatch.ledger.schema import COLUMNS, PATHS, VERSION, bring_up_to_date, columns_of, insert, select
from imgbatch.storage.atomic_write import hash_of, open_atomic
from imgbatch.storage.temporary import sweep

FILE = "ledger.sqlite"
_ANYWHERE = ("source", "place")  # paths of sources are absolute
_TOGETHER = 1_000  # records that are read at a time


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
            bring_up_to_date(connection, version)
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
        bring_up_to_date(connection, 0)
        content = connection.serialize() if hasattr(connection, "serialize") else b""  # an empty file will do
    with open_atomic(file, durable=True) as stream:
        stream.write(content)


@frozen(slots=True)
class Tables:
    """What a ledger knows, as records with the columns as in COLUMNS.

    Attributes
    ----------
    written : iterator of tuple
        In the order of their paths, as bytes; each is checked before it is given.
    failures, runs : list of tuple
    """

    written: Iterator[tuple[Any, ...]]
    failures: list[tuple[Any, ...]]
    runs: list[tuple[Any, ...]]


@contextlib.contextmanager
def open_tables(file: str, mend: bool) -> Iterator[Tables]:
    """The tables of a ledger, read without creating anything: those with many rows while they are asked for.

    They are empty where there is no file.

    Parameters
    ----------
    mend : bool
        Whether a damaged file may be set aside (this run holds the lock), or is only named.

    Raises
    ------
    PlanError
        The file is damaged, foreign, of a newer version, or cannot be opened where it is; also in the block.
    """
    if not os.path.exists(file):
        yield Tables(iter(()), [], [])
        return
    with open_to_read(file, mend) as connection:
        if mend and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("its pages contradict one another")
        failures, runs = read_table(connection, "failures"), read_table(connection, "runs")
        check_places(connection)
        yield Tables(_written_records(connection, {0, *(row[0] for row in runs)}), failures, runs)


def _written_records(connection: sqlite3.Connection, runs: set[int]) -> Iterator[tuple[Any, ...]]:
    """All of `written`; DatabaseError at one that no run writes, or none of these runs."""
    column = COLUMNS["written"].index("run")
    cursor = connection.execute(f"{select('written')} ORDER BY path")
    while records := cursor.fetchmany(_TOGETHER):
        check_rows("written", records)
        if not {record[column] for record in records} <= runs:
            raise sqlite3.DatabaseError("it names runs that it does not have")
        yield from records


def read_rows(file: str, mend: bool) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of `written`, `failures` and `runs`; the parameters and errors are those of :func:`open_tables`."""
    with open_tables(file, mend) as tables:
        return {"written": list(tables.written), "failures": tables.failures, "runs": tables.runs}


def read_table(connection: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    """All rows of a table, with the columns as in COLUMNS; DatabaseError where one holds what no run writes."""
    rows = connection.execute(select(name)).fetchall()
    check_rows(name, rows)
    return rows


def check_places(connection: sqlite3.Connection) -> None:
    """sqlite3.DatabaseError for a row whose file would lie outside of its folder: no run writes one, strangers may."""
    for table, column in (("written", "path"), ("replaced", "path"), ("replaced", "backup")):
        value = f"CAST({column} AS BLOB)"
        rows = connection.execute(
            f"SELECT {column} FROM {table} WHERE instr({value}, X'2E2E') OR instr({value}, X'00') OR "
            f"instr({value}, X'3A') OR substr({value}, 1, 1) IN (X'2F', X'5C')"
        )
        for (name,) in rows:
            if is_outside(os.fsdecode(name)):
                place = one_line(os.fsdecode(name), 80)
                raise sqlite3.DatabaseError(f"it names a place outside, {place}: it is not from here")


def is_outside(path: str) -> bool:
    """Whether a path that was written down as one below a folder leads out of it, or is none."""
    parts = path.replace(os.sep, "/").split("/")
    return os.path.isabs(path) or bool(os.path.splitdrive(path)[0]) or ".." in parts or "\0" in path


def salvage(aside: str, file: str, folder: str) -> None:
    """Begin a new ledger with what can be read of a damaged one, and what the files themselves prove.

    The history of runs; what was replaced in place, which is known by content anyway; and which outputs are ours to
    make again, since they hold the very bytes that were recorded. That one is up to date is not believed.

    Parameters
    ----------
    aside, file : str
        The damaged ledger and the new one.
    folder : str
        DIR (absolute).
    """
    rows: dict[str, list[Sequence[object]]] = {"runs": [], "replaced": [], "written": []}
    with contextlib.suppress(*SQLITE_ERRORS, OSError, LedgerDamageError), _open_to_look(aside) as connection:
        refuse_programs(connection)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for name, sound in rows.items():
            with contextlib.suppress(*SQLITE_ERRORS):
                for row in connection.execute(select(name, columns_of(connection, name))):
                    if _is_sound(name, row) and (proof := _prove(name, row, folder)) is not None:
                        sound.append(proof)
    runs, column = {row[0] for row in rows["runs"]}, COLUMNS["written"].index("run")
    rows["written"] = [row for row in rows["written"] if row[column] in runs]
    last_ns = {row[0]: row[COLUMNS["replaced"].index("recorded_ns")] for row in rows["replaced"] if row[0] not in runs}
    for run, ns in last_ns.items():  # of a run that cannot be read: else the next one gets its number, and its rows
        rows["runs"].append((run, ns, ns, ns, None, "{}", "", "", "", b""))
    if any(rows.values()):
        with contextlib.suppress(*SQLITE_ERRORS, OSError), contextlib.closing(open_to_write(file)) as new, new:
            for name, sound in rows.items():
                new.executemany(insert(name), sound)


def _is_sound(table: str, row: Sequence[Any]) -> bool:
    """Whether a row is one that a run may have written."""
    try:
        check_rows(table, [row])
        return table != "runs" or isinstance(json.loads(row[COLUMNS[table].index("counts")]), dict)
    except (sqlite3.DatabaseError, ValueError, RecursionError):
        return False


def _prove(table: str, row: Sequence[Any], folder: str) -> Sequence[object] | None:
    """A row as it is believed; None: the files do not hold what it says, or are elsewhere."""
    if table == "runs":
        return row
    if any(is_outside(os.fsdecode(row[column])) for column in PATHS[table] if COLUMNS[table][column] not in _ANYWHERE):
        return None
    if table == "written":
        output = Row.from_record(folder, row)
        info_ns = output.mtime_if_intact(by_content=True)
        if info_ns is None:
            return None
        # What was doubtful stays so; of the source an older ledger knows too little to say that it is unchanged
        proof = replace(output, digest=output.digest and "?", mtime_ns=info_ns, recorded_ns=0)
        return proof.as_record(folder)
    step, path = (COLUMNS[table].index(name) for name in ("step", "path"))
    if row[step] == "intended" and hash_of(os.path.join(folder, os.fsdecode(row[path]))) == row[4]:
        return (*row[:step], "done", *row[step + 1 :])
    return row if row[step] in ("done", "undone") else None


@contextlib.contextmanager
def open_to_read(file: str, mend: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, with the tables of this version; what is wrong, also in the block, is a PlanError.

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
        refuse_programs(connection)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version <= 0:
            raise sqlite3.DatabaseError("it is another program's database" if tables else "it is empty")
        if version < VERSION:  # only the copy becomes one of today
            memory = stack.enter_context(contextlib.closing(sqlite3.connect(":memory:")))
            connection.backup(memory)
            connection = memory
            bring_up_to_date(connection, version)
        for name, columns in COLUMNS.items():
            if columns_of(connection, name) != set(columns):
                raise sqlite3.DatabaseError(f"its table {name} has other columns")
        yield connection


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
