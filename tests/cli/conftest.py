"""What do the tests of the command share? The command itself, in a folder of its own, and pictures to feed it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.warm_command import WarmCommand, can_fork, start_variables

ROOT = Path(__file__).parents[2]
#: The command, as a user's shell starts it.
COMMAND = [sys.executable, "-m", "imgbatch"]

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]


def environment(**more: str) -> dict[str, str]:
    """The surroundings of a test's command: nothing of the caller's imgbatch settings, two workers at most."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("IMGBATCH_")}
    kept.pop("NO_COLOR", None)
    return {**kept, "PYTHONPATH": str(ROOT), "IMGBATCH_WORKERS": "0", **more}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with ``photos``: three pictures in two folders, a text and a picture that ends early."""
    photos = tmp_path / "photos"
    (photos / "trip").mkdir(parents=True)
    for number, name in enumerate(["a.jpg", "trip/b.jpg", "trip/c.png"]):
        Image.new("RGB", (80 + number, 60), (40 * number, 90, 200)).save(photos / name)
    (photos / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.fixture(scope="session")
def warm_command() -> Iterator[WarmCommand | None]:
    """What starts commands without importing the package anew; None where no process can fork itself."""
    if not can_fork():
        yield None
        return
    command = WarmCommand(environment())
    yield command
    command.close()


@pytest.fixture
def cold_run(place: Path) -> Run:
    """Runs the command in `place` as a shell starts it; arguments are words, keywords are variables."""

    def call(*words: str, input: str | None = None, **variables: str) -> Result:
        return subprocess.run(
            [*COMMAND, *words], cwd=place, env=environment(**variables), input=input, capture_output=True,
            encoding="utf-8", errors="surrogateescape", timeout=120,
        )  # fmt: skip

    return call


@pytest.fixture
def run(place: Path, cold_run: Run, warm_command: WarmCommand | None) -> Run:
    """The same, without imports where that changes nothing: where no variable counts when Python starts."""
    if warm_command is None:
        return cold_run

    def call(*words: str, input: str | None = None, **variables: str) -> Result:
        surroundings = environment(**variables)
        is_alike = start_variables(surroundings) == warm_command.start_variables
        if is_alike and warm_command.lock.acquire(blocking=False):  # else two at once
            try:
                return warm_command.run(words, place, surroundings, input)
            finally:
                warm_command.lock.release()
        return cold_run(*words, input=input, **variables)

    return call


def damage(path: Path) -> None:
    """Cut a picture's file in half."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that is not imgbatch's own, with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".imgbatch" not in path.parts
    }
