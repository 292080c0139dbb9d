"""Is the command quiet when all is well, and does it say what is new when it is not?"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run, damage

WORDS = ("run", "photos", "-o", "out", "--resize", "40", "--unattended")


def test_not_a_word_unless_there_is_news(run: Run, place: Path) -> None:
    done = run(*WORDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    whole = (place / "photos" / "a.jpg").read_bytes()
    damage(place / "photos" / "a.jpg")
    done = run(*WORDS)
    assert done.returncode == 1 and "truncated in decode" in done.stderr and "1 failed" in done.stderr
    done = run(*WORDS)  # it was broken yesterday, too
    assert (done.returncode, done.stderr) == (0, "")
    assert run(*WORDS, "--known-failures", "fail").returncode == 1
    (place / "photos" / "a.jpg").write_bytes(whole)
    done = run(*WORDS)
    assert done.returncode == 0 and "recovered: photos/a.jpg" in done.stderr
    assert run(*WORDS).stderr == ""


def test_a_stop_is_news(run: Run, place: Path) -> None:
    for path in (place / "photos").rglob("*.jpg"):
        damage(path)
    run(*WORDS)
    (place / "photos" / "new.jpg").write_bytes(b"")
    done = run(*WORDS, "--retry-failed", "--max-failures", "0")
    assert done.returncode == 4 and "stopped:" in done.stderr


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has no priorities")
@pytest.mark.parametrize("how", ["flag", "environment", "recipe"])
def test_a_run_makes_way_however_it_was_said(run: Run, place: Path, how: str) -> None:
    (place / "r.toml").write_text(f"[run]\nunattended = {'true' if how == 'recipe' else 'false'}\n")
    words = ["run", "photos", "-o", "out", "-r", "r.toml", "-j", "2", "--on-finish", "nice > said.txt"]
    words += ["--unattended"] if how == "flag" else []
    done = run(*words, **({"IMGBATCH_UNATTENDED": "1"} if how == "environment" else {}))
    assert done.returncode == 0, done.stderr
    assert int((place / "said.txt").read_text()) >= 10


def test_the_command_at_the_end_gets_the_summary(run: Run, place: Path) -> None:
    done = run("run", "photos", "-o", "out", "--on-finish", "cat > summary.json; echo heard")
    assert done.returncode == 0 and "heard" in done.stderr and not done.stdout
    found = json.loads((place / "summary.json").read_text())
    assert (found["event"], found["ok"], found["exit_code"]) == ("summary", 3, 0)


def test_a_command_that_fails_at_the_end_is_said(run: Run) -> None:
    done = run("run", "photos", "-o", "out", "--on-finish", "exit 3", "-Q")
    assert done.returncode == 4 and "--on-finish 'exit 3' failed: exit code 3" in done.stderr


def test_a_command_that_does_not_read_is_none_that_failed(run: Run) -> None:
    assert run("run", "photos", "-o", "out", "--on-finish", "true", "-Q").returncode == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_tells_start_failures_and_end(run: Run, place: Path, form: str) -> None:
    damage(place / "photos" / "a.jpg")
    run("run", "photos", "-o", "out", "--log", "night.log", "--log-format", form)
    run("run", "photos", "-o", "out", "--log", "night.log", "--log-format", form, "-v")
    lines = (place / "night.log").read_text().splitlines()
    if form == "text":
        assert " INFO start: 3 files for " in lines[0]
        assert " ERROR failed: photos/a.jpg: truncated in decode: " in lines[1]
        assert " ERROR end: 2 ok, 1 skipped, 1 failed" in lines[2] and lines[2].endswith("exit code 1")
        assert len(lines) == 3 + 5
        return
    records = [json.loads(line) for line in lines]
    assert [record["event"] for record in records] == ["start", "file", "summary", "start", *["file"] * 3, "summary"]
    assert records[1]["level"] == "error" and records[1]["error"]["kind"] == "truncated" and "time" in records[1]


def test_a_log_that_cannot_be_written_is_refused_before_the_run(run: Run, place: Path) -> None:
    done = run("run", "photos", "-o", "out", "--log", "nowhere/night.log")
    assert done.returncode == 2 and "cannot write --log 'nowhere/night.log'" in done.stderr
    assert not (place / "out" / "a.jpg").exists()


def test_prometheus_keeps_the_last_success(run: Run, place: Path) -> None:
    def figures() -> dict[str, float]:
        lines = (place / "web.prom").read_text().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}

    words = ("run", "photos", "-o", "out", "--report", "web.prom")
    run(*words)
    label = f'output="{place}/out"'
    good = figures()
    assert good[f'imgbatch_files{{{label},status="ok"}}'] == 3 and good[f"imgbatch_exit_code{{{label}}}"] == 0
    success = f"imgbatch_last_success_timestamp_seconds{{{label}}}"
    assert good[success] == good[f"imgbatch_last_run_timestamp_seconds{{{label}}}"] > 1.7e9
    damage(place / "photos" / "a.jpg")
    run(*words)
    bad = figures()
    assert bad[success] == good[success] < bad[f"imgbatch_last_run_timestamp_seconds{{{label}}}"]
    assert bad[f'imgbatch_files{{{label},status="failed"}}'] == 1


def test_a_ledger_that_was_set_aside_is_news(place: Path, run: Run) -> None:
    words = ("run", "photos", "-o", "out", "--resize", "20", "-j", "0", "--unattended", "--log", "night.log")
    run(*words)
    (place / "out/.imgbatch/ledger.sqlite").write_bytes(b"no database")
    done = run(*words)
    assert done.returncode == 0 and "was set aside as ledger.sqlite.damaged-1" in done.stderr
    assert " WARNING the ledger " in (place / "night.log").read_text()
    assert run(*words).stderr == ""


def test_what_a_killed_run_met_is_news_to_the_next_that_ends(run: Run, place: Path) -> None:
    damage(place / "photos" / "a.jpg")
    assert run(*WORDS).returncode == 1
    with sqlite3.connect(place / "out/.imgbatch/ledger.sqlite") as ledger:  # what kill -9 leaves: a run without an end
        ledger.execute("UPDATE runs SET ended_ns=NULL, exit_code=NULL")
    ledger.close()
    done = run(*WORDS, "--max-files", "1")
    assert done.returncode == 1 and "truncated in decode" in done.stderr
    done = run(*WORDS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_in_which_nothing_is_left_is_news(run: Run, place: Path) -> None:
    """Its disk is not mounted, say; a folder whose files are archived is meant to be empty."""
    words = ["run", "photos", "-o", "out", "--resize", "20", "--unattended"]
    assert (run(*words).stderr, run(*words).stderr) == ("", "")
    (place / "photos").rename(place / "elsewhere")
    (place / "photos").mkdir()
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "warning: no images are left in photos/: is its disk mounted?\n")
    shutil.rmtree(place / "out")
    shutil.rmtree(place / "photos")
    shutil.copytree(place / "elsewhere", place / "photos")
    (place / "photos/notes.txt").unlink()
    assert run(*words, "--archive", "done").returncode == 0
    shutil.rmtree(place / "photos")
    (place / "photos").mkdir()
    assert run(*words, "--archive", "done").stderr == ""


@pytest.mark.parametrize("trust", ["", "untrusted = true\n"])
def test_a_recipe_that_is_refused_is_told_of_where_it_says(run: Run, place: Path, trust: str) -> None:
    (place / "jobs").mkdir()
    keys = f'output = "../web"\nlog = "night.log"\non_finish = "cat > told"\ngrace = "soon"\n{trust}'
    (place / "jobs/r.toml").write_text(f'[input]\npaths = ["../photos"]\n[[op]]\nname = "resiz"\n[run]\n{keys}')
    done = run("run", "-r", "jobs/r.toml", "--unattended", "--report", "web.prom")
    assert done.returncode == 2 and ("did you mean 'resize'" in done.stderr) == (not trust)
    assert f'imgbatch_exit_code{{output="{place}/web"}} 2' in (place / "web.prom").read_text()
    assert (place / "jobs/night.log").exists() == (place / "told").exists() == (not trust)
    if not trust:
        assert "did you mean" in (place / "jobs/night.log").read_text()
        assert json.loads((place / "told").read_text())["exit_code"] == 2


def test_the_last_success_is_of_that_output(run: Run, place: Path) -> None:
    words = ["run", "photos", "--resize", "20", "--report", "web.prom", "-o"]
    assert run(*words, "a").returncode == 0
    damage(place / "photos/a.jpg")
    assert run(*words, "a").returncode == 1
    assert f'last_success_timestamp_seconds{{output="{place}/a"}}' in (place / "web.prom").read_text()
    assert run(*words, "b").returncode == 1
    assert "last_success_timestamp" not in (place / "web.prom").read_text()
