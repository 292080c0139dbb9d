"""Is it on the disk what was about to be done to a source, before it is done?"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from imgbatch.ledger.database import FILE
from imgbatch.ledger.rows import Replacement
from imgbatch.originals.replacements import Replacements


@pytest.fixture
def replacements(tmp_path: Path) -> Replacements:
    (tmp_path / "photos/.imgbatch").mkdir(parents=True)
    return Replacements(str(tmp_path / "photos"), str(tmp_path / "photos/.imgbatch"))


def entry(replacements: Replacements, name: str, run: int = 1) -> Replacement:
    place = f"{replacements.state}/backup/{run}/{name}"
    return Replacement(
        run, f"{replacements.folder}/{name}", "intended", "before", "after", place, 9, 8, 7, "jpeg", 6, 5, 1, 80
    )


def rows(replacements: Replacements) -> list[tuple[object, ...]]:
    """What another process sees."""
    connection = sqlite3.connect(replacements.file)
    try:
        return connection.execute("SELECT run, path, step, backup FROM replaced ORDER BY run, path").fetchall()
    finally:
        connection.close()


def test_an_intention_is_seen_at_once_and_what_was_done_with_the_next(replacements: Replacements) -> None:
    first, second = entry(replacements, "a.jpg"), entry(replacements, "trip/b.jpg")
    replacements.intend(first)
    assert rows(replacements) == [(1, b"a.jpg", "intended", b"backup/1/a.jpg")]  # relative: the folder may be moved
    replacements.complete(first)
    assert rows(replacements)[0][2] == "intended"
    replacements.intend(second)
    assert [row[2] for row in rows(replacements)] == ["done", "intended"]
    replacements.settle(first, "undone")
    replacements.complete(second)
    replacements.close()
    assert [row[2] for row in rows(replacements)] == [
        "undone",
        "done",
    ]  # and the first is not told to be done once more
    replacements.settle(second, "undone")
    replacements.close()
    assert [row[2] for row in rows(replacements)] == ["undone", "undone"]


def test_what_did_not_happen_is_forgotten_and_nothing_else(replacements: Replacements) -> None:
    entries = [entry(replacements, "a.jpg"), entry(replacements, "b.jpg"), entry(replacements, "a.jpg", run=2)]
    replacements.record(entries)
    replacements.settle(entries[0], "")
    assert [row[:2] for row in rows(replacements)] == [(1, b"b.jpg"), (2, b"a.jpg")]
    replacements.settle(entries[2], "undone")
    assert [row[2] for row in rows(replacements)] == ["intended", "undone"]
    replacements.record([replace(entries[1], step="done", backup="")])
    assert rows(replacements)[0] == (1, b"b.jpg", "done", b"")
    replacements.close()


def test_nothing_is_created_by_looking_and_all_is_let_go_of(replacements: Replacements) -> None:
    replacements.close()
    assert not Path(replacements.file).exists() and Path(replacements.file).name == FILE
    replacements.intend(entry(replacements, "a.jpg"))
    replacements.close()
    assert not list(Path(replacements.state).glob("*-wal")) and not list(Path(replacements.state).glob("*-shm"))


def test_an_intention_that_cannot_be_written_is_an_error_and_the_next_goes_into_a_new_ledger(
    replacements: Replacements,
) -> None:
    def settle(one: Replacement) -> None:
        replacements.settle(one, "done")

    for number, call in enumerate((replacements.intend, settle), 1):
        replacements.intend(entry(replacements, "a.jpg"))
        replacements.close()
        Path(replacements.file).write_bytes(b"no ledger" * 1000)
        with pytest.raises(OSError, match=f"ledger.*set aside as {FILE}.damaged-{number}"):
            call(entry(replacements, "b.jpg"))


def test_after_damage_the_next_entry_goes_into_a_file_that_is_opened_anew(replacements: Replacements) -> None:
    replacements.intend(entry(replacements, "a.jpg"))
    damaged = MagicMock()
    damaged.__enter__.return_value = damaged
    damaged.executemany.side_effect = sqlite3.DatabaseError("database disk image is malformed")
    replacements._disconnect()
    replacements._connection = damaged
    with pytest.raises(OSError, match="malformed"):
        replacements.intend(entry(replacements, "b.jpg"))
    damaged.close.assert_called_once_with()
    replacements.intend(entry(replacements, "b.jpg"))
    assert [row[1] for row in rows(replacements)] == [b"b.jpg"]  # the file before was set aside
