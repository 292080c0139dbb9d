"""Is it on the disk what was about to be done to a source, before it is done?"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from imgbatch.ledger.database import FILE
from imgbatch.ledger.rows import Replaced
from imgbatch.originals.replacements import Past


@pytest.fixture
def past(tmp_path: Path) -> Past:
    (tmp_path / "photos/.imgbatch").mkdir(parents=True)
    return Past(str(tmp_path / "photos"), str(tmp_path / "photos/.imgbatch"))


def entry(past: Past, name: str, run: int = 1) -> Replaced:
    place = f"{past.state}/backup/{run}/{name}"
    return Replaced(run, f"{past.folder}/{name}", "intended", "before", "after", place, 9, 8, 7, "jpeg", 6, 5, 1, 80)


def rows(past: Past) -> list[tuple[object, ...]]:
    """What another process sees."""
    connection = sqlite3.connect(past.file)
    try:
        return connection.execute("SELECT run, path, step, backup FROM replaced ORDER BY run, path").fetchall()
    finally:
        connection.close()


def test_an_intention_is_seen_at_once_and_what_was_done_with_the_next(past: Past) -> None:
    first, second = entry(past, "a.jpg"), entry(past, "trip/b.jpg")
    past.intend(first)
    assert rows(past) == [(1, b"a.jpg", "intended", b"backup/1/a.jpg")]  # relative: the folder may be moved
    past.done(first)
    assert rows(past)[0][2] == "intended"
    past.intend(second)
    assert [row[2] for row in rows(past)] == ["done", "intended"]
    past.settle(first, "undone")
    past.done(second)
    past.close()
    assert [row[2] for row in rows(past)] == ["undone", "done"]  # and the first is not told to be done once more
    past.close()


def test_what_did_not_happen_is_forgotten_and_nothing_else(past: Past) -> None:
    entries = [entry(past, "a.jpg"), entry(past, "b.jpg"), entry(past, "a.jpg", run=2)]
    past.note(entries)
    past.settle(entries[0], "")
    assert [row[:2] for row in rows(past)] == [(1, b"b.jpg"), (2, b"a.jpg")]
    past.settle(entries[2], "undone")
    assert [row[2] for row in rows(past)] == ["intended", "undone"]
    past.note([replace(entries[1], step="done", backup="")])
    assert rows(past)[0] == (1, b"b.jpg", "done", b"")
    past.close()


def test_nothing_is_created_by_looking_and_all_is_let_go_of(past: Past) -> None:
    past.close()
    assert not Path(past.file).exists() and Path(past.file).name == FILE
    past.intend(entry(past, "a.jpg"))
    past.close()
    assert not list(Path(past.state).glob("*-wal")) and not list(Path(past.state).glob("*-shm"))


def test_an_intention_that_cannot_be_written_is_an_error(past: Past) -> None:
    past.intend(entry(past, "a.jpg"))
    past.close()
    Path(past.file).write_bytes(b"no ledger" * 1000)
    for call in (past.intend, lambda one: past.settle(one, "done")):
        with pytest.raises(OSError, match="ledger"):
            call(entry(past, "b.jpg"))
