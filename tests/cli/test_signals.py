"""Does Ctrl-C finish the files in hand, a second one end at once, and the next run go on?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.executors.processes.pool import Pool
from tests.cli.conftest import COMMAND, Run, environment
from tests.faults.tasks import FaultyTask, job

FILES = 30
TERMINATING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
]
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
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), *((number, 143) for number in TERMINATING)],
)
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
@pytest.mark.parametrize("how", ["warm(numbers=False)", "warm(numbers=False, alone=True)", "start_context(None)"])
def test_helpers_do_not_hear_the_terminal_while_they_load(how: str) -> None:
    script = (
        "import signal; from multiprocessing import forkserver, resource_tracker\n"
        "from imgbatch.executors.processes import start_method\n"
        f"start_method.{how}\n"
        "def blocks(pid, *names):\n"
        "    lines = dict(line.split(':', 1) for line in open(f'/proc/{pid}/status'))\n"
        "    return all(int(lines['SigBlk'], 16) >> getattr(signal, name) - 1 & 1 for name in names)\n"
        "names = 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'\n"
        "print(blocks(forkserver._forkserver._forkserver_pid, 'SIGINT', *names),\n"
        "      blocks(resource_tracker._resource_tracker._pid, *names), signal.pthread_sigmask(signal.SIG_BLOCK, ()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "True True set()\n", done.stderr


SLEEPER = """
import dataclasses, time
import imgbatch

@imgbatch.operation("sleep")
@dataclasses.dataclass(frozen=True)
class Sleep(imgbatch.Operation):
    def apply(self, image):
        open("at-work", "w").close()
        for _ in range(600):
            time.sleep(0.1)
        return image
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_sigterm_gives_the_files_in_hand_their_grace_and_no_more(many: Path, workers: str) -> None:
    """An operation that takes a minute; the run ends with the reports of what was done, and nothing half-written."""
    (many / "slow.py").write_text(SLEEPER)
    words = ["run", "many", "-o", "out", "--op", "slow.py:sleep", "-j", workers, "--grace", "0.2s", "--log", "log"]
    words += ["--report", "r.json", "--on-finish", "cat > hook"]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=many, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as started:
        while not (many / "at-work").exists():
            assert started.poll() is None
        started.send_signal(signal.SIGTERM)
        said = started.communicate()[1]
    assert started.returncode == 143
    assert "Traceback" not in said and not leftovers(many) and not list((many / "out").glob("*.png"))
    assert "terminated" in (many / "log").read_text() and "stopped: terminated" in said
    for place in ("r.json", "hook"):
        summary = json.loads((many / place).read_text())
        summary = summary[-1] if isinstance(summary, list) else summary
        assert (summary["exit_code"], summary["remaining"] + summary["failed"] > 0) == (143, True)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals here")
@pytest.mark.parametrize("second", ["SIGHUP", "SIGTERM"])
def test_a_terminal_that_is_closed_is_heard_once(many: Path, second: str) -> None:
    """The shell and the kernel both tell of it; SIGTERM is another matter."""
    ended, records, _ = run_with_signals(many, "2", signal.SIGHUP, getattr(signal, second))
    assert ended == 143
    assert (records[-1]["event"] == "summary") == (second == "SIGHUP")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals here")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_a_terminal_that_is_closed_takes_all_with_it_but_the_files_in_hand(many: Path, name: str) -> None:
    """All processes of the terminal hear it: none of them may end for it before the run does."""
    words = [*COMMAND, *WORDS, "-j", "2", "--report", "r.json"]
    with subprocess.Popen(
        words, cwd=many, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as started:
        assert started.stdout is not None and started.stderr is not None
        started.stdout.readline()
        os.killpg(started.pid, getattr(signal, name))
        started.stdout.readlines()
        said = started.stderr.read()
    records = json.loads((many / "r.json").read_text())
    files = records["files"] if isinstance(records, dict) else [one for one in records if one["event"] == "file"]
    assert started.returncode == 143 and b"Traceback" not in said and b"resource_tracker" not in said
    assert {record["status"] for record in files} == {"ok"} and not leftovers(many)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals here")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM"])
def test_a_signal_to_a_worker_is_no_fault_of_its_file(tmp_path: Path, name: str) -> None:
    jobs = [job(index, f"signal_once:{name}" if index == 2 else "ok") for index in range(6)]
    outcomes = list(Pool(2, 2).run(FaultyTask(str(tmp_path)), jobs))
    assert [outcome.status for outcome in outcomes] == ["ok"] * 6


INIT = """
import os, sys
from imgbatch.cli.signals import serve_as_init
serve_as_init()
sys.path.insert(0, os.getcwd())
{then}
"""
ORPHAN = """
ends = os.pipe()
if not os.fork():
    if not os.fork():
        os.write(ends[1], str(os.getpid()).encode())
        os._exit(0)
    os._exit(0)
number = int(os.read(ends[0], 20))
os.wait()
while True:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        sys.exit(7)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has containers")
@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("sys.exit(3)", 3),
        ("os.kill(os.getpid(), 9)", 137),
        (ORPHAN, 7),
        ("import signal; os.kill(os.getppid(), signal.SIGTERM); signal.pause()", 143),
        ("import signal; os.kill(os.getppid(), signal.SIGUSR2); signal.pause()", 140),
    ],
)
def test_process_1_of_a_container_looks_after_the_command(then: str, code: int) -> None:
    subreaper = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"  # PR_SET_CHILD_SUBREAPER
    done = subprocess.run([sys.executable, "-c", subreaper + INIT.format(then=then)], env=environment(), timeout=60)
    assert done.returncode == code
