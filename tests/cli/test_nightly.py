"""Does a run that comes every night go on where the last one was, and let nobody in beside it?"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Job, Outcome
from imgbatch.core.report import ExitCode
from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from imgbatch.runs.batch import Batch
from tests.cli.conftest import COMMAND, Run, damage, environment, tree

WORDS = [
    "run",
    "many",
    "-o",
    "out",
    "--resize",
    "300,upscale",
    "--median",
    "5",
    "-j",
    "2",
    "--chunksize",
    "1",
    "--json",
]
FILES = 24


@pytest.fixture
def many(place: Path) -> Path:
    (place / "many").mkdir()
    for number in range(FILES):
        Image.effect_noise((150, 100 + number), 80).save(place / f"many/{number:02}.png")
    return place


def summary(text: str) -> dict[str, int]:
    record: dict[str, int] = json.loads(text.splitlines()[-1])
    return record


def start_run(place: Path, records: int) -> subprocess.Popen[bytes]:
    """A run that has told so many records."""
    started = subprocess.Popen(
        [*COMMAND, *WORDS], cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert started.stdout is not None
    for _ in range(records):
        assert started.stdout.readline()
    return started


def kill_run(place: Path, records: int) -> None:
    with start_run(place, records) as started:
        started.kill()


def integrity(place: Path) -> str:
    with sqlite3.connect(place / "out" / STATE / FILE) as connection:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(said)


def test_after_kill_9_of_the_parent_the_next_run_completes_the_tree(many: Path, run: Run) -> None:
    calm = run(*WORDS)
    assert summary(calm.stdout)["ok"] == FILES
    wanted, originals = tree(many / "out"), tree(many / "many")
    (many / "out").rename(many / "calm")
    for round in range(5):
        kill_run(many, 1 + 4 * round)
        temporary = many / "out" / ".imgbatch-4194999-1.tmp"  # a process number that cannot be
        temporary.write_bytes(b"half")
        done = run(*WORDS)
        assert done.returncode == 0, done.stderr
        assert summary(done.stdout)["ok"] + summary(done.stdout)["unchanged"] == FILES
        assert tree(many / "out") == wanted
        assert tree(many / "many") == originals
        assert integrity(many) == "ok"
        assert summary(run(*WORDS).stdout)["unchanged"] == FILES
        (many / "out").rename(many / f"out{round}")


@pytest.mark.parametrize(
    ("name", "folder"), [("{stem}-{width}.{ext}", "."), ("{width}/{stem}.{ext}", "99"), ("{hash}/a/x", "{odd}/a")]
)
def test_what_a_kill_left_is_swept_where_the_pixels_give_the_names(
    many: Path, run: Run, name: str, folder: str
) -> None:
    kill_run(many, 1)
    left = many / "out" / folder / ".imgbatch-4194999-1.tmp"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    assert run(*WORDS, "--name", name).returncode == 0
    assert not left.exists()


def test_two_at_once(many: Path, run: Run) -> None:
    with start_run(many, 1) as first:
        os.kill(first.pid, signal.SIGSTOP)  # so that it is at work for as long as we look
        second = run(*WORDS)
        assert second.returncode == 75
        assert f"process {first.pid}, since " in second.stderr
        assert "--wait 10m" in second.stderr and second.stderr.count("\n") == 1
        looking = run(*WORDS[:-1], "-n")
        assert looking.returncode == 0
        first.kill()
    third = run(*WORDS)
    assert third.returncode == 0 and summary(third.stdout)["ok"] > 0


@pytest.mark.parametrize("words", [["--max-files", "10"], ["--max-time", "0.001"]])
def test_a_planned_stop_is_no_failure(many: Path, run: Run, words: list[str]) -> None:
    first = run(*WORDS, *words)
    assert first.returncode == 0, first.stderr
    said = summary(first.stdout)
    assert said["remaining"] == FILES - said["ok"] > 0
    assert f"stopped: {'10 files are done' if words[1] == '10' else '0.001 s are over'} ({words[0]})" in first.stderr
    assert "run the same command again to go on" in first.stderr
    second = summary(run(*WORDS).stdout)
    assert (second["ok"], second["unchanged"], second["remaining"]) == (said["remaining"], said["ok"], 0)


def test_what_failed_is_not_tried_again(place: Path, run: Run) -> None:
    damage(place / "photos/a.jpg")
    words = ["run", "photos", "-o", "out", "--resize", "9"]
    first, second, third = run(*words), run(*words), run(*words, "--retry-failed")
    for done in (first, second, third):
        assert done.returncode == 1 and "failed: photos/a.jpg: truncated" in done.stderr
    assert ["not tried again" in done.stderr for done in (first, second, third)] == [False, True, False]


def test_a_folder_that_cannot_be_written_to_is_one_sentence(place: Path, run: Run) -> None:
    (place / "out").mkdir()
    (place / "out" / STATE).write_text("a file where the folder belongs")
    done = run("run", "photos", "-o", "out", "--resize", "9")
    assert done.returncode == 2 and "--state DIR" in done.stderr and done.stderr.count("\n") == 1
    assert run("run", "photos", "-o", "out", "--resize", "9", "--state", "state").returncode == 0


def test_prune_shows_first(place: Path, run: Run) -> None:
    words = ["run", "photos", "-o", "out", "--resize", "9", "--prune"]
    assert run(*words).returncode == 0
    (place / "photos/a.jpg").unlink()
    plan = run(*words, "-n")
    assert plan.stdout == "out/a.jpg -> removed\n"
    assert (place / "out/a.jpg").exists()
    done = run(*words)
    assert done.returncode == 0 and "(1 removed: the source is gone)" in done.stderr
    assert not (place / "out/a.jpg").exists()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_run_without_work_opens_no_source_and_touches_no_output(many: Path, run: Run) -> None:
    for path in (many / "many").iterdir():
        os.utime(path, (10**9, 10**9))  # a file as young as its record is looked into
    run("run", "many", "-o", "out", "--resize", "9")
    before = {path: path.stat().st_mtime_ns for path in (many / "out").glob("*.png")}
    assert len(before) == FILES
    words = ["strace", "-f", "-e", "trace=openat,open", "-o", str(many / "trace"), *COMMAND, "run", "many", "-o", "out"]
    done = subprocess.run(
        [*words, "--resize", "9", "-Q"], cwd=many, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    opened = [line for line in (many / "trace").read_text().splitlines() if ".png" in line]
    assert opened == []
    assert {path: path.stat().st_mtime_ns for path in (many / "out").glob("*.png")} == before


DIE = """
import os
from dataclasses import dataclass
import imgbatch as ib

@ib.operation("die")
@dataclass(frozen=True)
class Die(ib.Operation):
    \"\"\"End the worker.\"\"\"
    def apply(self, image):
        os._exit(3)
"""
TWO = """
[[output]]
format = "webp"
[[output]]
format = "png"
[[output.op]]
name = "die.py:Die"
"""


def test_what_a_worker_had_finished_when_it_died_is_in_nobody_s_way(place: Path, run: Run) -> None:
    (place / "die.py").write_text(DIE)
    (place / "two.toml").write_text(TWO)
    words = ["run", "photos", "-o", "out", "-r", "two.toml", "-j", "1"]
    first = run(*words)
    assert first.returncode == 1 and (place / "out/a.webp").exists()
    for more in ([], ["--retry-failed"]):
        again = run(*words, *more)
        assert again.returncode == 1 and "in the way" not in again.stderr, again.stderr
    other = run("run", "photos", "-o", "out", "-f", "webp")
    assert other.returncode == 0, other.stderr


@pytest.mark.parametrize("ours", [True, False])
def test_what_workers_had_finished_when_all_were_told_to_end_is_in_nobody_s_way(
    place: Path, run: Run, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """A signal to all processes: a worker puts a file in its place and dies before it can say so.

    Or somebody else does, in that moment: what does not hold the bytes that are made is never written over.
    """
    run("run", "photos", "-o", "calm", "--resize", "9")
    batch = Batch([place / "photos"], place / "out", ib.Recipe([ib.Resize("9")]), ib.Settings(workers=0))
    finished = (place / "calm/a.jpg").read_bytes() if ours else b"somebody else's"

    def ended(work: object, jobs: list[Job], *rest: object) -> Iterator[Outcome]:
        (place / "out").mkdir(exist_ok=True)
        path = Path(jobs[0].targets[0].path)
        assert path.name == "a.jpg"
        path.write_bytes(finished)
        batch.stop(ExitCode.TERMINATED, "terminated")
        yield from ()

    monkeypatch.setattr(batch, "_execute", ended)
    assert list(batch.outcomes()) == [] and batch.report.remaining == 3
    again = run("run", "photos", "-o", "out", "--resize", "9")
    assert again.returncode == (0 if ours else 1) and ("3 ok" if ours else "2 ok") in again.stderr, again.stderr
    assert (place / "out/a.jpg").read_bytes() == finished
    if ours:
        assert tree(place / "out") == tree(place / "calm")
        assert "3 unchanged" in run("run", "photos", "-o", "out", "--resize", "9").stderr


def test_a_foreign_file_that_was_to_be_replaced_stays_foreign_until_it_is(
    place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "out").mkdir()
    (place / "out/a.jpg").write_bytes(b"somebody else's")
    threading.Event().wait(0.02)  # file systems tell times apart that are a few ms from one another
    settings = ib.Settings(workers=0, overwrite=True)
    batch = Batch([place / "photos"], place / "out", ib.Recipe([ib.Resize("9")]), settings)

    def ended(work: object, jobs: list[Job], *rest: object) -> Iterator[Outcome]:
        batch.stop(ExitCode.TERMINATED, "terminated")
        yield from ()

    monkeypatch.setattr(batch, "_execute", ended)
    assert list(batch.outcomes()) == []
    assert run("run", "photos", "-o", "out", "--resize", "9").returncode == 2
    assert (place / "out/a.jpg").read_bytes() == b"somebody else's"
