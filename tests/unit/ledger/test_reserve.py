"""Is what a dead run or a dead worker left known as ours also where the disk has another clock than the machine?"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.job import Job, Source, Target
from imgbatch.ledger import reserve
from imgbatch.ledger.ledger import Ledger
from imgbatch.storage.below import Root

SKEWS = pytest.mark.parametrize("skew_s", [0, 600, -600], ids=["same", "ahead", "behind"])
_TICKS_NS = 20_000_000  # a file's times are those of the last tick of a clock, 1 to 10 ms ago


def skew(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Put the clock of the disk ahead of the machine's: to the disk, it is this one that is behind."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() - int(seconds * 1e9))


def begin(folder: Path, state: Path | None = None) -> Ledger:
    """A run that has begun."""
    os.makedirs(state or folder / ".imgbatch", exist_ok=True)
    ledger = Ledger(str(folder), state=None if state is None else str(state), digest="d")
    ledger.root.hold()
    ledger.begin(["d"])
    assert ledger.run
    return ledger


def foreign_and_own(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> tuple[Ledger, Path, Path]:
    """A file that was there before the run, and one that it made."""
    folder.mkdir()
    foreign, own = folder / "foreign.png", folder / "own.png"
    foreign.write_bytes(b"old")
    while not own.exists() or own.stat().st_ctime_ns - foreign.stat().st_ctime_ns < _TICKS_NS:
        own.write_bytes(b"")
    own.unlink()
    skew(monkeypatch, seconds)
    ledger = begin(folder)
    own.write_bytes(b"new")
    return ledger, foreign, own


@SKEWS
def test_what_a_dead_worker_left_is_known_by_the_clock_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew_s: float
) -> None:
    out = tmp_path / "out"
    ledger, foreign, own = foreign_and_own(out, monkeypatch, skew_s)
    for path in (foreign, own):
        source = Source("/photos/a.png", "/photos", "a.png")
        ledger.adopt(Job(0, source, (Target(0, str(path), "png"),)))
    ledger.end({"exit_code": 0, "remaining": 0})
    ledger.close()
    later = Ledger(str(out), digest="d")
    assert later.owner_of(str(foreign)) is None
    entry = later.owner_of(str(own))
    assert entry is not None and entry.doubtful


@SKEWS
def test_what_a_dead_run_left_is_known_by_the_clock_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew_s: float
) -> None:
    out = tmp_path / "out"
    ledger, foreign, own = foreign_and_own(out, monkeypatch, skew_s)
    ledger.close()  # it never ended
    later = Ledger(str(out), digest="d")
    assert later.owner_of(str(foreign)) is None
    entry = later.owner_of(str(own))
    assert entry is not None and entry.doubtful


def test_where_the_state_is_on_another_disk_the_outputs_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Root, "device", property(lambda self: -1))
    (tmp_path / "out").mkdir()
    skew(monkeypatch, 600)
    begin(tmp_path / "out", tmp_path / "state").close()
    ahead = reserve.read_reserve(str(tmp_path / "state" / reserve.NAME))
    assert 599e9 < ahead < 601e9
    assert list((tmp_path / "out").iterdir()) == [], "nothing stays there"


def test_a_reserve_of_an_earlier_version_tells_of_no_difference(tmp_path: Path) -> None:
    file = tmp_path / reserve.NAME
    file.write_bytes(bytes(64 * 1024))
    assert reserve.read_reserve(str(file)) == reserve.read_reserve(str(tmp_path / "none")) == 0


def test_the_reserve_is_as_large_as_ever_and_gone_with_the_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ledger = begin(out)
    file = out / ".imgbatch" / reserve.NAME
    assert file.stat().st_size == 64 * 1024
    ledger.end({"exit_code": 0, "remaining": 0})
    ledger.close()
    assert not file.exists()
    assert ib.past_runs(out)
