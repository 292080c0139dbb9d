"""Is a ledger of every version there was read, believed and brought up to date, by the names of its columns?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.database import FILE, open_to_write, read_rows
from imgbatch.ledger.history import read_replacements, read_runs
from imgbatch.ledger.rows import Replacement, Row
from imgbatch.ledger.schema import COLUMNS, KINDS, MIGRATIONS, PATHS, SCHEMA, VERSION, columns_of
from imgbatch.planning.names import STATE

HALF = ib.Recipe([ib.Resize("50%")])
SOURCE_HASH, HASH = 32 * "c", 32 * "d"
#: The tables as each version made them.
_FIRST = (
    "path BLOB PRIMARY KEY, source BLOB NOT NULL, output INTEGER NOT NULL, source_size INTEGER NOT NULL, "
    "source_mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL, format TEXT NOT NULL, width INTEGER NOT NULL, "
    "height INTEGER NOT NULL, frames INTEGER NOT NULL, quality INTEGER, size INTEGER NOT NULL, "
    "mtime_ns INTEGER NOT NULL"
)
_TEXT, _NUMBER, _BYTES = "TEXT NOT NULL DEFAULT ''", "INTEGER NOT NULL DEFAULT 0", "BLOB NOT NULL DEFAULT X''"
_HASHES, _TIMES = f"source_hash {_TEXT}, hash {_TEXT}", f"recorded_ns {_NUMBER}, run {_NUMBER}"
_WRITTEN = f"CREATE TABLE written ({_FIRST}, {_HASHES}, own {_TEXT}, {_TIMES}, moved {_NUMBER}) WITHOUT ROWID"
_FAILURES = (
    "CREATE TABLE failures (source BLOB NOT NULL, digest TEXT NOT NULL, source_size INTEGER NOT NULL, "
    "source_mtime_ns INTEGER NOT NULL, status TEXT NOT NULL, kind TEXT NOT NULL, phase TEXT NOT NULL, "
    "message TEXT NOT NULL, attempts INTEGER NOT NULL, next_ns INTEGER NOT NULL, versions TEXT NOT NULL, "
    "run INTEGER NOT NULL, PRIMARY KEY (source, digest)) WITHOUT ROWID"
)
_RUNS = (
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, started_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL, "
    "ended_ns INTEGER, exit_code INTEGER, counts TEXT NOT NULL, digest TEXT NOT NULL, versions TEXT NOT NULL, "
    "command TEXT NOT NULL"
)
_INTENTS = "CREATE TABLE intents (source BLOB PRIMARY KEY, step TEXT NOT NULL)"
_REPLACED = (
    "CREATE TABLE replaced (run INTEGER NOT NULL, path BLOB NOT NULL, step TEXT NOT NULL, original TEXT NOT NULL, "
    "hash TEXT NOT NULL, backup BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, "
    "recorded_ns INTEGER NOT NULL, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, "
    "frames INTEGER NOT NULL, quality INTEGER, PRIMARY KEY (run, path)) WITHOUT ROWID"
)
STORED: dict[str, tuple[int, Sequence[str]]] = {
    "1": (1, [f"CREATE TABLE written ({_FIRST}) WITHOUT ROWID"]),
    "2, the first": (
        2,
        [f"CREATE TABLE written ({_FIRST}, {_HASHES}, {_TIMES}) WITHOUT ROWID", _FAILURES, f"{_RUNS})", _INTENTS],
    ),
    "2": (2, [_WRITTEN, _FAILURES, f"{_RUNS})", _INTENTS]),
    "3": (3, [_WRITTEN, _FAILURES, f"{_RUNS})", _REPLACED]),
    "4": (4, [_WRITTEN, _FAILURES, f"{_RUNS})", _REPLACED]),
    "6": (
        6,
        [
            f"{_WRITTEN.removesuffix(') WITHOUT ROWID')}, placeholder {_TEXT}) WITHOUT ROWID", _FAILURES,
            f"{_RUNS}, folder {_BYTES})", _REPLACED,
        ],
    ),
    "7": (
        7,
        [
            f"{_WRITTEN.removesuffix(') WITHOUT ROWID')}, placeholder {_TEXT}, place {_BYTES}) WITHOUT ROWID",
            _FAILURES, f"{_RUNS}, folder {_BYTES})", _REPLACED,
        ],
    ),
    "8": (
        8,
        [
            f"{_WRITTEN.removesuffix(') WITHOUT ROWID')}, placeholder {_TEXT}, place {_BYTES}) WITHOUT ROWID",
            _FAILURES.replace(", PRIMARY", f", source_hash {_TEXT}, PRIMARY"), f"{_RUNS}, folder {_BYTES})", _REPLACED,
        ],
    ),
    "5": (5, [_WRITTEN, _FAILURES, f"{_RUNS}, folder {_BYTES})", _REPLACED]),
}
_FAILED = (b"/photos/b.jpg", "recipe", 1, 2, "failed", "corrupt", "decode", "cut", 1, 0, "imgbatch 1", 1, SOURCE_HASH)
_RUN = (1, 10, 20, 30, 0, "{}", "recipe", "imgbatch 1", "imgbatch run", b"/out")
_REPLACEMENT = (1, b"a.jpg", "done", SOURCE_HASH, HASH, b"backup/1/a.jpg", 5, 6, 7, "jpeg", 8, 9, 1, 80)


def _store(file: Path, version: str) -> None:
    """A ledger as that version left it, with a row in each of its tables."""
    file.parent.mkdir(parents=True)
    number, tables = STORED[version]
    connection = sqlite3.connect(file)
    with connection:
        for table in tables:
            connection.execute(table)
        connection.execute(f"PRAGMA user_version={number}")
        row = (
            b"a.png", b"/photos/a.jpg", 0, 1, 2, "digest", "png", 3, 4, 1, None, 5, 6, SOURCE_HASH, HASH, "jpeg", 777,
            1, 1, "hash #102030", b"/done/a.jpg",
        )  # fmt: skip
        rows = {"written": row, "failures": _FAILED, "runs": _RUN, "replaced": _REPLACEMENT}
        for name, values in rows.items():
            there = columns_of(connection, name)
            pairs = [(column, value) for column, value in zip(COLUMNS[name], values, strict=True) if column in there]
            if pairs:
                columns, marks = ", ".join(column for column, _ in pairs), ", ".join("?" * len(pairs))
                connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", [value for _, value in pairs])
    connection.close()


@pytest.mark.parametrize("version", STORED)
def test_a_ledger_of_every_version_is_read_and_becomes_one_of_this(tmp_path: Path, version: str) -> None:
    file = tmp_path / "out" / STATE / FILE
    _store(file, version)
    before, number = file.read_bytes(), STORED[version][0]
    for step in ("looked at", "brought up to date"):
        rows = read_rows(str(file), mend=False)
        (row,) = (Row.from_record("/out", record) for record in rows["written"])
        assert (row.path, row.source, row.size, row.mtime_ns) == ("/out/a.png", "/photos/a.jpg", 5, 6)
        assert (row.source_hash, row.hash) == ((SOURCE_HASH, HASH) if number >= 2 else ("", ""))
        assert (row.own, row.moved) == (("jpeg", 1) if version not in ("1", "2, the first") else ("", 0))
        assert row.placeholder == ("hash #102030" if number >= 6 else "")
        assert row.place == ("/done/a.jpg" if number >= 7 else "")
        assert row.recorded_ns == (777 if number >= 4 else 0)  # else `own` would be believed
        failed = (*_FAILED[:-1], SOURCE_HASH if number >= 8 else "")
        assert rows["failures"] == ([failed] if number >= 2 else [])
        runs = read_runs(str(file.parent))
        assert [(run.id, run.command, run.exit_code) for run in runs] == ([(1, "imgbatch run", 0)] * (number >= 2))
        replacements = read_replacements("/out", str(file.parent))
        if number >= 3:
            assert [one.as_record("/out", str(file.parent)) for one in replacements] == [_REPLACEMENT]
        else:
            assert replacements == []
        if step == "looked at":
            assert file.read_bytes() == before
            open_to_write(str(file)).close()
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert all(columns_of(connection, table) == set(COLUMNS[table]) for table in SCHEMA)
    connection.close()


def test_there_is_a_way_from_every_version_to_this_one() -> None:
    assert sorted(MIGRATIONS) == list(range(2, VERSION + 1))
    assert {number for number, _ in STORED.values()} == set(range(1, VERSION + 1))


def test_every_column_has_a_kind_and_every_row_its_fields() -> None:
    assert {table: len(columns) for table, columns in COLUMNS.items()} == {
        table: len(kinds) for table, kinds in KINDS.items()
    }
    assert tuple(COLUMNS["written"]) == Row.__match_args__ and tuple(COLUMNS["replaced"]) == Replacement.__match_args__
    for table, paths in PATHS.items():
        assert paths == tuple(number for number, kind in enumerate(KINDS[table]) if kind is bytes)


def test_a_real_ledger_of_the_version_before_is_believed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.effect_noise((40, 30), 50).save(tmp_path / "in/a.png")
    ib.run([tmp_path / "in"], tmp_path / "out", HALF, workers=0)
    file = tmp_path / "out" / STATE / FILE
    connection = sqlite3.connect(file)
    connection.execute("ALTER TABLE runs DROP COLUMN folder")
    connection.execute("PRAGMA user_version=4")
    connection.close()
    for _ in range(2):
        assert ib.run([tmp_path / "in"], tmp_path / "out", HALF, workers=0).counts["unchanged"] == 1
    assert os.listdir(file.parent) and not list(file.parent.glob("*damaged*"))
