"""Do log, .prom and the command at the end tell of runs that were refused, or that could not start or go on?"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from pathlib import Path

import pytest

from imgbatch.core.errors import UsageError
from imgbatch.reporters import log
from tests.cli.conftest import Run, damage

TELL = ("--log", "night.log", "--report", "web.prom", "--report", "all.json", "--on-finish", "cat > end.json")


def startup_path(place: Path, code: str) -> str:
    """A PYTHONPATH on which every Python begins with `code`."""
    (place / "sitecustomize.py").write_text(code)
    return os.pathsep.join([str(place), str(Path(__file__).parents[2])])


def check_reports(place: Path, code: int, words: str) -> None:
    """Everybody has heard of an end with that exit code, and why."""
    line = (place / "night.log").read_text().splitlines()[-1]
    assert " CRITICAL end: " in line and words in line and line.endswith(f", exit code {code}")
    assert f'\nimgbatch_exit_code{{output="{place}/out"}} {code}\n' in (place / "web.prom").read_text()
    assert json.loads((place / "end.json").read_text())["exit_code"] == code


def test_a_refusal_is_told(run: Run, place: Path) -> None:
    assert run("run", "photos", "-o", "out", *TELL).returncode == 0
    records = (place / "all.json").read_text()
    success = [line for line in (place / "web.prom").read_text().splitlines() if "last_success" in line]
    (place / "out" / "notes.png").write_bytes(b"mine")
    done = run("run", "photos", "nowhere", "-o", "out", *TELL)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    check_reports(place, 2, "nowhere")
    assert (place / "all.json").read_text() == records, "the records of the last run stay"
    assert success == [line for line in (place / "web.prom").read_text().splitlines() if "last_success" in line]


def test_a_recipe_that_makes_no_sense_is_told(run: Run, place: Path) -> None:
    (place / "web.toml").write_text("[input]\npaths = ['photos']\n[[op]]\nname = 'resise'\n")
    assert run("run", "-r", "web.toml", "-o", "out", *TELL).returncode == 2
    check_reports(place, 2, "resise")


def test_what_a_recipe_says_of_the_log_counts_too(run: Run, place: Path) -> None:
    (place / "web.toml").write_text("[run]\nlog = 'night.log'\non_finish = 'cat > end.json'\n")
    assert run("run", "-r", "web.toml", "nowhere", "-o", "out", "--report", "web.prom").returncode == 2
    check_reports(place, 2, "nowhere")


def test_a_lock_that_is_held_is_told(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "out")
    with open(place / "out" / ".imgbatch" / "lock", "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert run("run", "photos", "-o", "out", *TELL).returncode == 75
    check_reports(place, 75, "out")


def test_a_run_that_cannot_start_is_told(run: Run, place: Path) -> None:
    code = """
import imgbatch.executors as executors
from imgbatch.core.errors import EngineError
def make(*_): raise EngineError("no worker starts")
executors.make = make
"""
    done = run("run", "photos", "-o", "out", *TELL, PYTHONPATH=startup_path(place, code))
    assert done.returncode == 70 and len(done.stderr.splitlines()) == 1
    check_reports(place, 70, "no worker starts")


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENOSPC])
def test_a_disk_that_fails_is_no_mistake_of_ours(run: Run, place: Path, number: int) -> None:
    code = f"""
import imgbatch.datasets.pack as pack
def fail(*_, **__): raise OSError({number}, "the disk says no", "all.json")
pack.open_atomic = fail
"""
    words = ("pack", "photos", "-o", "all.npy", "--resize", "8x8!", "-j", "0")
    done = run(*words, "-Q", "--report", "all.prom", PYTHONPATH=startup_path(place, code))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (4, "imgbatch: the disk says no: 'all.json'")
    assert "imgbatch_exit_code" in (place / "all.prom").read_text() and not (place / "all.npy").exists()


def test_a_look_tells_nobody(run: Run, place: Path) -> None:
    assert run("run", "nowhere", "-o", "out", "-n", *TELL).returncode == 2
    assert sorted(os.listdir(place)) == ["photos"]


def test_a_log_that_cannot_be_written_does_not_hide_the_refusal(run: Run, place: Path) -> None:
    done = run("run", "nowhere", "-o", "out", "--log", "no/night.log", "--report", "web.prom")
    assert done.returncode == 2 and "nowhere" in done.stderr and len(done.stderr.splitlines()) == 1
    assert f'imgbatch_exit_code{{output="{place}/out"}} 2' in (place / "web.prom").read_text()


@pytest.mark.parametrize("source", ["photos", "nowhere"])
def test_a_picture_is_no_log(run: Run, place: Path, source: str) -> None:
    before = (place / "photos" / "a.jpg").read_bytes()
    assert run("run", source, "-o", "out", "--log", "photos/a.jpg").returncode == 2
    assert (place / "photos" / "a.jpg").read_bytes() == before


def test_a_system_log_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(log, "_SOCKETS", (str(tmp_path / "log"),))
    with pytest.raises(UsageError, match="expected a system log for --log syslog"):
        log.Log("syslog", "text", "out")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "log"))
        log.Log("syslog", "text", "out").start(3, 7)
        assert b"start: 3 files for out" in server.recv(1000)


def test_reports_of_a_run_that_broke_off_half_way(run: Run, place: Path) -> None:
    """The records of what was done, and how it ended."""
    damage(place / "photos" / "a.jpg")
    code = """
import imgbatch.runs.batch as batch
count = batch.Batch._count
def fail(self, outcome):
    count(self, outcome)
    raise RuntimeError("a mistake")
batch.Batch._count = fail
"""
    done = run("run", "photos", "-o", "out", *TELL, PYTHONPATH=startup_path(place, code))
    assert done.returncode == 70
    check_reports(place, 70, "a mistake")
    assert (place / "night.log").read_text().count("start: 3 files") == 1
    records = json.loads((place / "all.json").read_text())
    assert [record["event"] for record in records] == ["file", "summary"] and records[1]["exit_code"] == 70
