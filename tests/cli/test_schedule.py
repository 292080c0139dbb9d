"""Does ``imgbatch schedule`` print what cron and systemd take as it is?"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run

RECIPE = '[input]\npaths = ["photos"]\n[[op]]\nname = "resize"\nsize = "40"\n[[output]]\ndir = "web"\n'


@pytest.fixture
def recipe(place: Path) -> Path:
    """A recipe that says everything, under a name that needs care."""
    path = place / "50% of it's $5.toml"
    path.write_text(RECIPE)
    return path


def test_the_crontab_line_runs_as_it_is(run: Run, place: Path, recipe: Path) -> None:
    line = run("schedule", recipe.name, "--at", "0 3 * * *").stdout
    assert line.startswith("0 3 * * * ") and line.count("\n") == 1
    assert "'" + str(place) in line  # absolute
    command = line.removeprefix("0 3 * * * ").replace("\\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd="/", env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")  # nothing to wake anybody for
    assert (place / "web" / "a.jpg").exists()


def test_systemd_accepts_the_units(run: Run, place: Path, recipe: Path) -> None:
    text = run("schedule", recipe.name, "--at", "*/20 1-4 1 * mon", "--as", "systemd").stdout
    parts = re.split(r"^# (imgbatch-\S+)\n", text, flags=re.M)[1:]
    assert parts[0::2] == ["imgbatch-50-of-it-s-5.service", "imgbatch-50-of-it-s-5.timer"]
    assert "--unattended" in parts[1] and "OnCalendar=" in parts[3]
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    folder = place / "units"
    folder.mkdir()
    for name, unit in zip(parts[0::2], parts[1::2], strict=True):
        (folder / name).write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(folder / name) for name in parts[0::2])], capture_output=True, text=True
    )
    assert "units" not in done.stderr and done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["r.toml"], "expected --at"),
        (["--at", "@daily"], "expected one RECIPE.toml"),
        (["nowhere.toml", "--at", "@daily"], "cannot read the recipe"),
        (["r.toml", "--at", "0 25 * * *"], "expected a number from 0 to 23, * or */N for the hour of --at"),
        (["r.toml", "--at", "@daily", "--as", "crn"], "did you mean 'cron'?"),
        (["r.toml", "--at", "@daily"], "expected paths in [input]"),
    ],
)
def test_what_could_not_run_at_night_is_refused_now(run: Run, place: Path, words: list[str], said: str) -> None:
    (place / "r.toml").write_text('[[output]]\ndir = "web"\n')
    done = run("schedule", *words)
    assert done.returncode == 2 and said in done.stderr and not done.stdout


def test_where_the_results_go_must_be_known(run: Run, place: Path) -> None:
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n')
    done = run("schedule", "r.toml", "--at", "@daily")
    assert "expected output in [run], or a dir in every [[output]]" in done.stderr
    line = run("schedule", "r.toml", "--at", "@daily", "-o", "web").stdout
    assert f"-o {place}/web --unattended" in line
