"""What if whoever writes the list of a stream is slow, silent, endless, or dies?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

REPO = Path(__file__).parents[2]
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some small pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 6), "teal").save(folder / name)
    return folder


@contextmanager
def streaming(tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command whose list is a pipe from here; it is ended at the end."""
    command = [sys.executable, "-m", "imgbatch", "run", "--files-from", "-", "--stream", "-o", str(tmp_path / "out")]
    with subprocess.Popen(
        [*command, "--json", *words], env={**os.environ, "PYTHONPATH": str(REPO)}, cwd=tmp_path,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        try:
            yield program
        finally:
            program.kill()


def say(program: subprocess.Popen[str], text: str) -> None:
    assert program.stdin is not None
    program.stdin.write(text)
    program.stdin.flush()


def record(program: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of the command."""
    assert program.stdout is not None
    result: dict[str, Any] = json.loads(program.stdout.readline())
    return result


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_line_is_done_while_the_producer_is_silent(folder: Path, tmp_path: Path, workers: str) -> None:
    with streaming(tmp_path, "-j", workers) as program:
        for name in ("a.png", "b.png"):
            say(program, f"photos/{name}\n")
            assert record(program)["source"] == name
        assert program.stdin is not None
        program.stdin.close()
        assert record(program)["ok"] == 2
        assert program.wait() == 0


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", list(ENDS))
def test_a_silent_producer_does_not_keep_a_run_from_its_end(
    folder: Path, tmp_path: Path, number: signal.Signals, workers: str
) -> None:
    with streaming(tmp_path, "-j", workers) as program:
        say(program, "photos/a.png\n")
        assert record(program)["status"] == "ok"
        program.send_signal(number)
        assert record(program)["exit_code"] == ENDS[number]
        assert program.wait() == ENDS[number]
    with streaming(tmp_path) as program:
        say(program, "photos/a.png\n")
        assert record(program)["status"] == "unchanged"


def test_time_ends_a_run_for_which_nothing_comes(tmp_path: Path) -> None:
    with streaming(tmp_path, "--max-time", "50ms") as program:
        assert record(program)["ok"] == 0
        assert program.wait() == 0
        assert program.stderr is not None and "--max-time" in program.stderr.read()
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_a_producer_that_dies_within_a_line_has_not_named_a_folder(folder: Path, tmp_path: Path) -> None:
    with streaming(tmp_path, "-j", "0") as program:
        assert program.stdin is not None
        text = "import os; os.write(1, b'photos/a.png\\nphotos'); os.kill(os.getpid(), 9)"
        subprocess.run([sys.executable, "-c", text], stdout=program.stdin, check=False)
        program.stdin.close()
        first, second = record(program), record(program)
        assert first["source"] == "a.png" and first["status"] == "ok"
        assert second["source"] == "photos" and "within this line" in second["error"]["message"]
        assert record(program)["failed"] == 1
        assert program.wait() == 1


def test_a_killed_run_goes_on(folder: Path, tmp_path: Path) -> None:
    with streaming(tmp_path) as program:
        say(program, "photos/a.png\n")
        record(program)
        program.kill()
        program.wait()
    with streaming(tmp_path) as program:
        say(program, "photos/a.png\nphotos/b.png\n")
        statuses = [record(program)["status"] for _ in range(2)]
        assert set(statuses) <= {"ok", "unchanged"}


def test_a_report_may_not_be_a_picture(folder: Path, tmp_path: Path) -> None:
    with streaming(tmp_path, "--failed-list", "photos/a.png") as program:
        assert program.wait() == 2
        assert program.stderr is not None and "got the picture" in program.stderr.read()
