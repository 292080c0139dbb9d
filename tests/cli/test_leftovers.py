"""Does a run sweep what one that was killed has left, wherever that was written?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, tree


@pytest.fixture
def rest(place: Path) -> str:
    """The name of a temporary file of a process that has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    return f".imgbatch-{done.stdout.strip()}-1.tmp"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "photos", "-o", "out", "--resize", "9", "--report", "r/x.csv"],
        ["run", "photos", "-o", "out", "--resize", "9", "--report", "r/x.prom"],
        ["run", "photos", "-o", "out", "--resize", "9", "--failed-list", "r/x.txt"],
        ["run", "photos", "-o", "out", "--resize", "9", "--save-recipe", "r/x.toml"],
        ["run", "photos", "-o", "out", "--widths", "9,12", "--srcset", "r/x.json"],
        ["stats", "photos", "--mean-image", "r/x.png"],
        ["stats", "photos", "--plot", "r/x.png"],
        ["pack", "photos", "--resize", "9x9!", "-o", "r/x.npy"],
        ["pack", "photos", "--resize", "9x9!", "-o", "x.npy", "--spill", "r"],
    ],
    ids=lambda words: " ".join(words[-2:]),
)
def test_beside_what_is_written_once_a_run(run: Run, place: Path, rest: str, words: list[str]) -> None:
    (place / "r").mkdir()
    (place / "r" / rest).write_bytes(b"half a report")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert rest not in tree(place / "r")


def test_a_pack_that_is_refused_sweeps_too(run: Run, place: Path, rest: str) -> None:
    (place / "x.npy").write_bytes(b"in the way")
    (place / rest).write_bytes(b"half an index")
    assert run("pack", "photos", "--resize", "9x9!", "-o", "x.npy").returncode == 2
    assert rest not in tree(place)
