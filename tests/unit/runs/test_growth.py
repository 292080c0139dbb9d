"""Does a run with nothing to do take little memory for each file? Measured by what Python has allocated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.records import record_file
from imgbatch.ledger import database
from imgbatch.ledger.database import FILE
from imgbatch.ledger.index import row_table
from imgbatch.ledger.schema import COLUMNS, insert
from imgbatch.planning import folders
from imgbatch.planning.jobs import job_list
from imgbatch.runs.batch import Batch

FEW, MANY = 1_000, 3_000
IN_FOLDER = 250
MOST_BYTES = 100  # at the peak, for each more file; 120 are promised of what the process holds
RECIPE = ib.Recipe(ops=[ib.Resize("4")])


def make_folder(folder: Path, count: int) -> None:
    """So many sources and their outputs, hard links of one, and the ledger of the run that wrote these."""
    photos, out = folder / "photos", folder / "out"
    photos.mkdir(parents=True)
    original = photos / "000-0.png"
    Image.new("RGB", (8, 8)).save(original)
    os.utime(original, (10**9, 10**9))  # a file as young as its record is looked into, which is noted for each
    assert ib.run(photos, out, RECIPE, workers=0).ok
    with contextlib.closing(sqlite3.connect(out / ".imgbatch" / FILE)) as connection, connection:
        (row,) = connection.execute(f"SELECT {', '.join(COLUMNS['written'])} FROM written").fetchall()
        for number in range(1, count):
            name = f"{number // IN_FOLDER:03}/picture-{number:06}.png"
            for place in (photos, out):
                (place / name).parent.mkdir(exist_ok=True)
                os.link(place / "000-0.png", place / name)
            connection.execute(insert("written"), (os.fsencode(name), os.fsencode(photos / name), *row[2:]))


def peak(folder: Path) -> int:
    """The most bytes that the preparation and the run held."""
    tracemalloc.start()
    batch = Batch(folder / "photos", folder / "out", RECIPE, ib.Settings(workers=0))
    batch.keeps_outcomes = False
    assert {outcome.status for outcome in batch.outcomes()} == {"unchanged"}
    _, size = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size


def test_a_file_more_takes_a_few_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (  # what is held whatever the count, so that a few thousand files tell
        (record_file, "BUFFER_SIZE", 2**14), (job_list, "_RECENT", 64),
        (row_table, "_TOGETHER", 64), (database, "_TOGETHER", 64), (folders, "_NAMES_AT_HAND", IN_FOLDER),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(Batch, "_start_logger", lambda self: None)  # pytest would keep what it hears
    for count in (FEW, MANY):
        make_folder(tmp_path / str(count), count)
    peak(tmp_path / str(FEW))  # imports
    few, many = peak(tmp_path / str(FEW)), peak(tmp_path / str(MANY))
    assert (many - few) / (MANY - FEW) < MOST_BYTES
