"""Does ``--state auto`` keep the ledger out of the output folder, and does everybody find it there again?"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

import imgbatch as ib
from tests.cli.conftest import Run, tree

WORDS = ("run", "photos", "-o", "web", "--resize", "40")


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state folder, not there yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "home state"))
    return place / "home state/imgbatch"


def test_all_commands_find_it_whether_it_is_said_again_or_not(run: Run, place: Path, home: Path) -> None:
    assert run(*WORDS, "--state", "auto").stderr.startswith("3 ok")
    assert not (place / "web/.imgbatch").exists()
    (state,) = home.iterdir()
    assert state.name.startswith("web-") and (state / "ledger.sqlite").exists()
    for more in ([], ["--state", "auto"]):
        assert run(*WORDS, *more).stderr.startswith("0 ok, 3 unchanged")
        assert "3 ok" in run("history", "web", *more).stdout
        assert run("verify", "web", *more).stderr.startswith("3 ok")
        assert "removed" in run("undo", "web", "-n", *more).stdout
        assert "no shards" in run("merge", "web", *more).stderr
    assert not (place / "web/.imgbatch").exists()
    (place / "photos/a.jpg").unlink()
    assert "(1 removed: the source is gone)" in run(*WORDS, "--prune").stderr
    assert run("undo", "web").returncode == 0 and not tree(place / "web")


def test_there_is_never_a_second_ledger(run: Run, place: Path, home: Path) -> None:
    assert run(*WORDS).returncode == 0
    for state in ("auto", "other"):
        done = run(*WORDS, "--state", state)
        assert done.returncode == 2 and "web has its ledger in it, and a second one would not know" in done.stderr
    assert not home.exists() and not (place / "other").exists()
    command = run(*WORDS, "--state", "auto").stderr.partition("move it first: ")[2].strip()
    assert shlex.split(command)[0] == "mkdir"
    subprocess.run(["sh", "-c", command], check=True)
    assert run(*WORDS, "--state", "auto").stderr.startswith("0 ok, 3 unchanged")
    assert run(*WORDS).stderr.startswith("0 ok, 3 unchanged") and not (place / "web/.imgbatch").exists()


def test_what_was_replaced_is_not_replaced_again(run: Run, place: Path, home: Path) -> None:
    words = ["run", "photos", "--in-place", "--resize", "50%"]
    before = tree(place / "photos")
    assert run(*words, "--state", "auto").stderr.startswith("3 ok")
    assert run(*words).stderr.startswith("0 ok, 3 unchanged")
    assert not (place / "photos/.imgbatch").exists()
    assert run("undo", "photos").returncode == 0 and tree(place / "photos") == before


def test_outputs_of_other_runs_are_no_sources(run: Run, place: Path, home: Path) -> None:
    assert run("run", "photos", "-o", "photos/thumbs", "--resize", "9", "--state", "auto").returncode == 0
    done = run("run", "photos", "-o", "web", "--resize", "40")
    assert done.stderr.startswith("3 ok") and not (place / "web/thumbs").exists()


def test_a_schedule_says_where_it_is(run: Run, place: Path, home: Path) -> None:
    assert run(*WORDS, "--state", "auto", "--save-recipe", "r.toml").returncode == 0
    assert 'state = "auto"' in (place / "r.toml").read_text()
    done = run("schedule", "r.toml", "--at", "daily", "--as", "systemd")
    text = done.stdout
    assert "note: each run of r.toml will keep its ledger in the user's state folder\n" in done.stderr
    assert f'--state "{home}" --unattended' in text and f'ReadWritePaths="{home}"' in text
    line = run("schedule", "r.toml", "--at", "daily").stdout
    night = subprocess.run(
        ["sh", "-c", line.removeprefix("@daily ").replace("\\%", "%")], cwd="/", capture_output=True, text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])}, check=False,
    )  # fmt: skip
    assert (night.returncode, night.stderr) == (0, "")
    assert run("history", "web").stdout.count("\n") == 3 and not (place / "web/.imgbatch").exists()


def test_the_library_is_told(place: Path, home: Path) -> None:
    with pytest.raises(ib.UsageError, match="expected a folder for state, got auto"):
        ib.run(place / "photos", place / "web", state="auto", workers=0)
