"""Do the promises hold: in a few rounds every day, in many for the note (``-m soak``)?"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[3]


def play(words: str) -> None:
    """A soak run in a process of its own; its table is shown where it fails."""
    name, *arguments = shlex.split(words)
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.soak.{name}", *arguments], cwd=REPO, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(REPO)}, check=False,
    )  # fmt: skip
    print(done.stdout, done.stderr)
    if done.stdout.startswith("skipped: "):
        pytest.skip(done.stdout.removeprefix("skipped: ").strip())
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize(
    "words",
    [
        "power --rounds 1 --seed 1 --case in-place",
        "power --rounds 3 --seed 1 --case output",
        "points --rounds 15 --seed 7 --story output --act 'kill after'",
        "points --rounds 3 --seed 3 --act 'kill before' --story 'archive on another disk'",
        "points --rounds 6 --seed 2 --act 'kill before' --story 'reports in folders of their own' --story 'mean image'",
        "points --rounds 15 --seed 1",
        "damage --rounds 20 --seed 1",
        "kills --rounds 1 --seed 1 --case output --who forkserver",
        "kills --rounds 1 --seed 1 --case output --who run",
        "kills --rounds 2 --seed 4 --case reports --case pack --who session",
        "swapper --rounds 5 --kind temporaries",
        "fuzz --rounds 40 --seed 1 --only pictures",
        "fuzz --rounds 100 --seed 1 --only files",
        "fuzz --rounds 300 --seed 1 --only words",
        "growth --rounds 1 --found 1 --seed 5",
        "folder_goes --rounds 2 --seed 1 --deed removed --deed 'swapped for a link'",
        "signals --rounds 3 --seed 1 --signal 'HUP to the run'",
        "attacks --rounds 1",
    ],
)
def test_a_few_rounds(words: str) -> None:
    play(words)


@pytest.mark.soak
@pytest.mark.parametrize(
    "words",
    [
        "points --rounds 0",
        "power --rounds 100 --seed 2",
        "damage --rounds 1000 --seed 2",
        "attacks --rounds 1",
        "swapper --rounds 300",
        "folder_goes --rounds 120 --seed 2",
        "kills --rounds 21 --seed 2 --who worker --files 800 --workers 8",
        "kills --rounds 100 --seed 2 --who forkserver",
        "kills --rounds 500 --seed 2 --who run --who session",
        "signals --rounds 280 --seed 2",
        "fuzz --rounds 15000 --seed 2 --only files",
        "fuzz --each 100000 --seed 2 --only pictures",
        "growth --rounds 5",
        "exiftool_walk",
        "growth --rounds 1 --found 50 --seed 2",
    ],
)
def test_many_rounds(words: str) -> None:
    play(words)
