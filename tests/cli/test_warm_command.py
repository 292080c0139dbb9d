"""Is a command whose imports were done before the one that a shell starts?"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Run, damage, environment, tree
from tests.cli.warm_command import WarmCommand, can_fork, start_variables

pytestmark = pytest.mark.skipif(not can_fork(), reason="no process can fork itself here")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "photos", "-o", "out", "--resize", "40", "--name", "{n:03d}", "-vv"],
        ["run", "photos", "-o", "out", "--resize", "40", "--workers", "2", "--blur", "2"],
        ["run", "photos", "-o", "out", "--rezise", "40"],
        ["run", "--files-from", "-", "-o", "out", "--json", "-"],
        ["check", "photos"],
        ["stats", "photos"],
        ["ops", "resize"],
        ["--version"],
    ],
    ids=lambda words: " ".join(words[:1] + words[-2:]),
)
def test_it_says_and_does_the_same(words: list[str], run: Run, cold_run: Run, place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    results = []
    for command in (run, cold_run):
        done = command(*words, input="photos/a.jpg\nphotos/nowhere.jpg\n", TMPDIR=str(place), SOME_NAME="ä \udcff")
        said = [text for text in (done.stdout, done.stderr) if " s)" not in text and "time" not in text]
        results.append((done.returncode, said, tree(place / "out") if (place / "out").exists() else {}))
        if (place / "out").exists():
            (place / "out").rename(place / f"out-{len(results)}")
    assert results[0] == results[1]
    assert not list(place.glob("pymp-*"))


def test_one_that_is_killed_is_said_to_be(place: Path, warm_command: WarmCommand) -> None:
    (place / "kill.py").write_text(f"import os\nos.kill(os.getpid(), {signal.SIGKILL:d})\n")
    words = ["run", "photos", "-o", "out", "--op", "kill.py:Kill"]
    assert warm_command.run(words, place, environment()).returncode == -signal.SIGKILL
    assert warm_command.run(["--version"], place, environment()).returncode == 0


def test_what_counts_at_the_start_is_left_to_a_shell(run: Run) -> None:
    assert start_variables({"PYTHONUTF8": "1", "LC_ALL": "C", "HOME": "/"}) == {"PYTHONUTF8": "1", "LC_ALL": "C"}
    assert "import 'site'" in run("run", PYTHONVERBOSE="1").stderr


def test_nothing_of_one_is_left_to_the_next(run: Run, place: Path, warm_command: WarmCommand) -> None:
    assert run("--version").returncode == 0  # from now on it has imported what it imports
    before = set(os.listdir(f"/proc/{warm_command.number}/fd")) if os.path.isdir("/proc") else set()
    first = run("run", "photos", "-o", "out", "--resize", "40", IMGBATCH_FORMAT="x", IMGBATCH_WORKERS="x")
    assert first.returncode == 2
    assert run("run", "photos", "-o", "out", "--resize", "40").returncode == 0
    after = set(os.listdir(f"/proc/{warm_command.number}/fd")) if os.path.isdir("/proc") else set()
    assert before == after
