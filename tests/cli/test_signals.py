"""Does Ctrl-C finish the files in hand, a second one end at once, and the next run go on?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import COMMAND, Run, environment

FILES = 30
#: Slow enough that a signal always finds it at work.
WORDS = ["run", "many", "-o", "out", "--resize", "900,upscale", "--median", "9", "--chunksize", "1", "--json"]


@pytest.fixture
def many(place: Path) -> Iterator[Path]:
    (place / "many").mkdir()
    Image.effect_noise((300, 200), 80).save(place / "many/0.png")
    data = (place / "many/0.png").read_bytes()
    for number in range(1, FILES):
        (place / f"many/{number}.png").write_bytes(data)
    yield place


def run_with_signals(place: Path, workers: str, *signals: signal.Signals) -> tuple[int, list[dict[str, object]], str]:
    """(exit code, records, stderr) of a run that gets the signals after its first record."""
    words = [*COMMAND, *WORDS, "-j", workers]
    with (
        open(place / "stderr", "w+b") as said,
        subprocess.Popen(words, cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=said) as started,
    ):
        assert started.stdout is not None
        lines = [started.stdout.readline()]
        for number in signals:
            started.send_signal(number)
        lines += started.stdout.readlines()
    return started.returncode, [json.loads(line) for line in lines], (place / "stderr").read_text()


def leftovers(place: Path) -> list[Path]:
    return [path for path in (place / "out").rglob("*.tmp") if path.is_file()]


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_what_is_in_hand(
    many: Path, run: Run, number: signal.Signals, code: int, workers: str
) -> None:
    ended, records, said = run_with_signals(many, workers, number)
    assert ended == code
    assert "finishing the files in hand; again to stop at once" in said
    assert "run the same command again to go on" in said
    assert "Traceback" not in said
    summary = records[-1]
    assert summary["event"] == "summary"
    assert summary["exit_code"] == code
    done = [record for record in records if record.get("status") == "ok"]
    assert 0 < len(done) < FILES
    assert summary["remaining"] == FILES - len(done)
    made = sorted(path.name for path in (many / "out").glob("*.png"))
    assert made == sorted(str(record["source"]) for record in done)
    for path in (many / "out").glob("*.png"):
        with Image.open(path) as image:
            image.load()
    assert not leftovers(many)
    plan = run(*WORDS[:-1], "-n")
    assert len(plan.stdout.splitlines()) == FILES - len(done)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_second_signal_ends_at_once(many: Path, workers: str) -> None:
    ended, records, said = run_with_signals(many, workers, signal.SIGINT, signal.SIGTERM)
    assert ended == 143
    assert all(record["event"] == "file" for record in records)
    assert "Traceback" not in said and "Warning" not in said  # of shared memory that nobody removed
    assert not leftovers(many)
    for path in (many / "out").glob("*.png"):
        with Image.open(path) as image:
            image.load()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_forkserver_does_not_hear_ctrl_c_while_it_loads() -> None:
    script = (
        "import signal; from multiprocessing import forkserver; from imgbatch.executors.processes import start_method\n"
        "start_method.warm(numbers=False)\n"
        "pid = forkserver._forkserver._forkserver_pid\n"
        "lines = dict(line.split(':', 1) for line in open(f'/proc/{pid}/status'))\n"
        "print(int(lines['SigBlk'], 16) >> signal.SIGINT - 1 & 1, signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1 set()\n", done.stderr


SLEEPER = """
import dataclasses, time
import imgbatch

@imgbatch.operation("sleep")
@dataclasses.dataclass(frozen=True)
class Sleep(imgbatch.Operation):
    def apply(self, image):
        for _ in range(600):
            time.sleep(0.1)
        return image
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_sigterm_gives_the_files_in_hand_their_grace_and_no_more(many: Path, workers: str) -> None:
    """An operation that takes a minute; the run ends with the reports of what was done, and nothing half-written."""
    (many / "slow.py").write_text(SLEEPER)
    words = ["run", "many", "-o", "out", "--op", "slow.py:sleep", "-j", workers, "--grace", "0.2s", "--log", "log"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=many, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as started:
        while "start" not in ((many / "log").read_text() if (many / "log").exists() else ""):
            assert started.poll() is None
        started.send_signal(signal.SIGTERM)
        said = started.communicate()[1]
    assert started.returncode == 143
    assert "Traceback" not in said and not leftovers(many) and not list((many / "out").glob("*.png"))
    assert workers == "0" or "143" in (many / "log").read_text() or "terminated" in (many / "log").read_text()
