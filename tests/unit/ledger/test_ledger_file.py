"""Is a ledger made whole, recovered by who holds the lock, looked at without a trace, and damage seen in every row?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.ledger.database import FILE, open_to_read, open_to_write, read_rows
from imgbatch.ledger.history import past_runs
from imgbatch.planning.names import STATE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a ledger belongs."""
    return tmp_path / "out" / STATE / FILE


def _make(file: Path, runs: int = 1) -> None:
    connection = open_to_write(str(file))
    with connection:
        connection.executemany(
            "INSERT INTO runs (started_ns, seen_ns, ended_ns, counts, digest, versions, command) VALUES "
            "(1, 2, 3, '{}', '', '', ?)",
            [("x" * 500,)] * runs,
        )
    connection.close()


def _names(file: Path) -> set[str]:
    return set(os.listdir(file.parent))


def _leave_hot_journal(file: Path, aside: Path) -> None:
    """As after a kill in a transaction, where a disk knows no WAL: half of the pages are new."""
    shutil.copytree(file.parent, aside)
    connection = sqlite3.connect(aside / FILE)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA cache_size=1")
    connection.execute("BEGIN")
    connection.execute("UPDATE runs SET command='half' || command")
    for name in (FILE, f"{FILE}-journal"):
        shutil.copyfile(aside / name, file.parent / name)
    connection.close()


def test_a_ledger_gets_the_mode_that_umask_gives(file: Path) -> None:
    before = os.umask(0o002)
    try:
        connection = open_to_write(str(file))
        modes = {name: (file.parent / name).stat().st_mode & 0o777 for name in _names(file)}
        connection.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o664} and f"{FILE}-wal" in modes  # a group's folder: all may write


def test_a_ledger_that_cannot_be_made_whole_is_not_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        open_to_write(str(file))
    assert _names(file) == set()


def test_companions_of_a_ledger_that_is_gone_are_not_taken_for_the_new_ones(file: Path) -> None:
    _make(file)
    reader = sqlite3.connect(file)
    reader.execute("SELECT * FROM runs").fetchall()
    shutil.copyfile(f"{file}-wal", file.parent / "wal")
    reader.close()
    file.unlink()
    (file.parent / "wal").rename(f"{file}-wal")
    open_to_write(str(file)).close()
    assert past_or_none(file) == []
    assert f"{FILE}.damaged-1-wal" in _names(file)


def past_or_none(file: Path) -> list[str]:
    """The commands of all runs."""
    with open_to_read(str(file)) as connection:
        return [command for (command,) in connection.execute("SELECT command FROM runs")]


@pytest.mark.parametrize("mend", [False, True])
def test_a_hot_journal_is_rolled_back(file: Path, tmp_path: Path, mend: bool) -> None:
    _make(file, runs=200)
    _leave_hot_journal(file, tmp_path / "aside")
    before = {name: (file.parent / name).read_bytes() for name in _names(file)}
    with open_to_read(str(file), mend) as connection:
        commands = {command for (command,) in connection.execute("SELECT command FROM runs")}
    assert commands == {"x" * 500}
    now = {name: (file.parent / name).read_bytes() for name in _names(file)}
    if not mend:
        assert now == before  # who only looks changes nothing
    else:
        assert set(now) == {FILE}


def test_who_only_looks_leaves_nothing(file: Path) -> None:
    _make(file)
    assert len(past_runs(file.parents[1])) == 1
    assert _names(file) == {FILE}


def test_who_only_looks_sees_what_a_killed_run_wrote_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    _make(file)
    connection = open_to_write(str(file))
    with connection:
        connection.execute("UPDATE runs SET command='new'")
    shutil.copytree(file.parent, tmp_path / "cut" / STATE)
    connection.close()
    cut = tmp_path / "cut" / STATE / FILE
    os.unlink(f"{cut}-shm")
    before = {name: (cut.parent / name).read_bytes() for name in _names(cut)}
    assert past_or_none(cut) == ["new"]
    assert {name: (cut.parent / name).read_bytes() for name in _names(cut)} == before
    read_rows(str(cut), mend=True)
    assert _names(cut) == {FILE} and past_or_none(cut) == ["new"]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE runs SET started_ns='long ago'", "UPDATE runs SET counts='[]'", "UPDATE runs SET counts='{'",
        "UPDATE runs SET command=CAST(x'ff' AS TEXT)", "DROP TABLE replaced", "ALTER TABLE replaced ADD COLUMN more",
        "PRAGMA user_version=-1", "PRAGMA user_version=0",
        "INSERT INTO replaced VALUES (1, x'61', 'done', '', '', x'6100', 1, 1, 1, '', 1, 1, 1, 1)",
        "INSERT INTO written (path, source, output, source_size, source_mtime_ns, digest, format, width, height,"
        " frames, size, mtime_ns) VALUES (x'6100', x'61', 0, 0, 0, '', '', 1, 1, 1, 1, 1)",
        "INSERT INTO failures VALUES ('a', '', 1, 1, '', '', '', '', 1, 1, '', 1, '')",
    ],
)  # fmt: skip
def test_a_row_that_no_run_writes_is_damage(file: Path, damage: str) -> None:
    _make(file)
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(ib.PlanError, match="move it away"):
        past_runs(file.parents[1])
    assert _names(file) == {FILE}


@pytest.mark.parametrize("other", ["folder", "text"])
def test_what_is_no_database_is_set_aside_and_the_next_run_begins_anew(file: Path, other: str) -> None:
    file.parent.mkdir(parents=True)
    if other == "folder":
        file.mkdir()
    else:
        file.write_text("SQLite format 3\n")
    with pytest.raises(ib.PlanError, match="set aside as ledger.sqlite.damaged-1"):
        read_rows(str(file), mend=True)
    _make(file)
    assert len(past_or_none(file)) == 1
