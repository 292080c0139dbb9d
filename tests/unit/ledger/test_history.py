"""Does the ledger tell its runs and replacements as they were, also of those that were killed?"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import PlanError
from imgbatch.ledger.database import FILE
from imgbatch.ledger.history import History, read_replacements, read_runs
from imgbatch.planning.names import STATE

HALF = ib.Recipe([ib.Resize("50%")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate("ab"):
        Image.new("L", (40, 30), number).save(folder / f"{name}.png")
    return folder


def change(state: Path, statement: str) -> None:
    connection = sqlite3.connect(state / FILE)
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_run_that_ended_and_one_that_died_are_told_apart(photos: Path) -> None:
    state = photos.parent / "out" / STATE
    assert read_runs(str(state)) == [] and read_replacements(str(photos.parent), str(state)) == []
    for recipe in (HALF, ib.Recipe([ib.Flip()])):
        ib.run(photos, photos.parent / "out", recipe, workers=0, overwrite=True)
    second = 10**9
    change(state, f"UPDATE runs SET started_ns={100 * second}, seen_ns={103 * second}, ended_ns={104 * second}")
    change(state, "UPDATE runs SET ended_ns=NULL, exit_code=NULL, counts='{}' WHERE id=2")
    first, killed = read_runs(str(state))
    assert (first.id, first.started, first.seconds, first.ended, first.exit_code) == (1, 100.0, 4.0, True, 0)
    assert first.counts["ok"] == 2 and first.command == "" and first.digest != killed.digest
    assert (killed.id, killed.seconds, killed.ended, killed.exit_code) == (2, 3.0, False, None)
    change(state, "UPDATE runs SET ended_ns=1 WHERE id=1")  # the clock was set back
    assert read_runs(str(state))[0].seconds == 0


def test_replacements_are_absolute_wherever_the_folder_was_moved(photos: Path) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    new_place = photos.rename(photos.parent / "moved")
    first, second = read_replacements(str(new_place), str(new_place / STATE))
    assert [entry.path for entry in (first, second)] == [str(new_place / "a.png"), str(new_place / "b.png")]
    assert first.backup == str(new_place / STATE / "backup/1/a.png") and os.path.exists(second.backup)
    assert (first.step, first.width, first.height, first.size) == ("done", 20, 15, (new_place / "a.png").stat().st_size)


def test_what_can_be_taken_back_is_counted_by_run(photos: Path) -> None:
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    Image.new("L", (40, 30), 9).save(photos / "a.png")
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    assert History(photos, None).undoable_counts() == {1: 2, 2: 1}
    (photos / STATE / "backup/1/b.png").unlink()
    assert History(photos, None).undoable_counts() == {1: 1, 2: 1}
    ib.undo(photos)
    assert History(photos, None).undoable_counts() == {1: 1}
    change(photos / STATE, "UPDATE replaced SET step='undone'")  # killed before it could discard the backup
    assert (photos / STATE / "backup/1/a.png").exists() and History(photos, None).undoable_counts() == {}
    out = photos.parent / "out"
    ib.run(photos, out, HALF, workers=0)
    (out / "a.png").write_bytes(b"edited")
    assert History(out, None).undoable_counts() == {1: 1}


def test_a_folder_without_a_past_says_where_one_is(photos: Path) -> None:
    below = photos / "trip" / "day"
    below.mkdir(parents=True)
    with pytest.raises(PlanError, match="no runs are recorded in .*day; give the output folder"):
        History(below, None)
    ib.run(photos, recipe=HALF, in_place=True, workers=0)
    with pytest.raises(PlanError, match="no runs are recorded in .*day; did you mean .*photos[?]$"):
        History(below, None)
    assert not (below / STATE).exists()
