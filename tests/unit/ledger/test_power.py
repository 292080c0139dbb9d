"""Is what the ledger records on the disk first, and is what a power cut leaves ours to make again?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger import ledger as ledgers
from imgbatch.ledger.database import FILE, open_to_write
from imgbatch.planning.names import STATE

HALF = ib.Recipe([ib.Resize("50%")])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.effect_noise((40, 30), 50).convert("RGB").save(folder / name)
    return folder


def _rows(out: Path) -> int:
    connection = sqlite3.connect(out / STATE / FILE)
    (count,) = connection.execute("SELECT count(*) FROM written").fetchone()
    connection.close()
    return int(count)


def _end_no_run(out: Path, is_long_ago: bool = False) -> None:
    connection = sqlite3.connect(out / STATE / FILE)
    with connection:
        connection.execute("UPDATE runs SET ended_ns=NULL, exit_code=NULL")
        if is_long_ago:
            connection.execute("UPDATE runs SET started_ns=1, seen_ns=2")
    connection.close()


@pytest.mark.parametrize("word", ["auto", "off"])
def test_outputs_are_on_the_disk_before_they_are_recorded(
    photos: Path, word: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, synced = photos.parent / "out", {}

    def sync_files(paths: Collection[str]) -> None:
        synced.update(dict.fromkeys(paths, _rows(out)))

    monkeypatch.setattr(ledgers, "sync_files", sync_files)
    monkeypatch.setattr(ledgers, "_BATCH_SECONDS", 1e9)  # one transaction, however slow the machine
    assert ib.run([photos], out, HALF, workers=0, sync=word).counts["ok"] == 2
    assert synced == ({} if word == "off" else {str(out / "a.png"): 0, str(out / "b.png"): 0}) and _rows(out) == 2


@pytest.mark.parametrize("word", ["auto", "off"])
def test_the_beginning_of_a_run_is_on_the_disk(photos: Path, word: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    original = open_to_write

    def listening(file: str) -> sqlite3.Connection:
        connection = original(file)
        connection.set_trace_callback(events.append)
        return connection

    monkeypatch.setattr(ledgers, "open_to_write", listening)
    ib.run([photos], photos.parent / "out", HALF, workers=0, sync=word)
    begin = next(number for number, statement in enumerate(events) if " INTO runs " in statement)
    modes = [statement for statement in events[:begin] if "synchronous" in statement]
    assert modes[-1] == f"PRAGMA synchronous={'NORMAL' if word == 'off' else 'FULL'}"


@pytest.mark.parametrize(("left", "ended"), [(0, True), (0, False), (20, False)])
def test_an_output_that_is_cut_is_made_again(photos: Path, left: int, ended: bool) -> None:
    out = photos.parent / "out"
    ib.run([photos], out, HALF, workers=0)
    whole = (out / "a.png").read_bytes()
    (out / "a.png").write_bytes(whole[:left])
    if not ended:
        _end_no_run(out)
    report = ib.run([photos], out, HALF, workers=0)
    assert (report.counts["ok"], report.counts["unchanged"]) == (1, 1) and (out / "a.png").read_bytes() == whole


def test_what_a_power_cut_left_is_ours_also_when_the_disk_dates_it_later(photos: Path) -> None:
    out = photos.parent / "out"
    ib.run([photos], out, HALF, workers=0)
    whole = (out / "a.png").read_bytes()
    (out / "a.png").write_bytes(whole[:20])
    _end_no_run(out, is_long_ago=True)
    assert ib.run([photos], out, HALF, workers=0).counts["ok"] == 1 and (out / "a.png").read_bytes() == whole


def test_an_output_that_is_shorter_since_a_run_has_ended_was_changed(photos: Path) -> None:
    out = photos.parent / "out"
    ib.run([photos], out, HALF, workers=0)
    (out / "a.png").write_bytes(b"mine")
    with pytest.raises(ib.PlanError, match=r"a\.png was changed since"):
        ib.run([photos], out, HALF, workers=0)


@pytest.mark.parametrize("left", [0, 20])
def test_a_cut_output_that_no_row_tells_of_is_made_again_and_a_foreign_one_is_not(photos: Path, left: int) -> None:
    out = photos.parent / "out"
    ib.run([photos], out, HALF, workers=0)
    whole = (out / "a.png").read_bytes()
    connection = sqlite3.connect(out / STATE / FILE)
    with connection:
        connection.execute("DELETE FROM written")
    connection.close()
    _end_no_run(out)
    (out / "a.png").write_bytes(whole[:left])
    (out / "b.png").write_bytes(b"mine")
    report = ib.run([photos], out, HALF, workers=0)
    assert report.counts["ok"] == 1 and (out / "a.png").read_bytes() == whole
    assert [os.path.basename(outcome.source.path) for outcome in report.failed] == ["b.png"]
    assert (out / "b.png").read_bytes() == b"mine"
