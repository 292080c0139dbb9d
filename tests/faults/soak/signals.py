"""What if signals come, to the run, to its group, or to one worker; and if all of it stands still for a while?

A signal that asks a program to end ends the run as SIGTERM does, or comes too late; one to a worker is no fault of the
file in its hand; others change nothing. After the same command again all is as after an undisturbed run.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import COMMAND, environment
from tests.faults.soak.command import INTERNAL, run
from tests.faults.soak.family import cast, kill, left_over, members
from tests.faults.soak.kills import Stage
from tests.faults.soak.place import differences
from tests.faults.soak.tally import Tally, arguments, skip

_SECONDS = 120
_TO_END = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2")
_TO_WORKERS = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "PIPE")
_HARMLESS = ("WINCH", "CHLD", "PIPE", "CONT")
_SIGNAL_CODES = (130, 143)
RAW, BLAMED, CHANGED, FAULTY, HANG, PROCESS, REFUSED, DIFFERS = (
    "died of a signal that asks to end", "innocent file failed", "not the same in spite of a harmless signal",
    "internal error or traceback", "hang", "process left", "refused for ever", "tree not as undisturbed",
)  # fmt: skip
Send = Callable[[int, threading.Event], None]


def _number(name: str) -> signal.Signals:
    return signal.Signals[f"SIG{name}"]


def _once(name: str, send: Callable[[int, int], None]) -> Send:
    return lambda pid, over: send(pid, _number(name))


def _again_and_again(name: str, send: Callable[[int, int], None]) -> Send:
    def act(pid: int, over: threading.Event) -> None:
        while not over.wait(0.003):
            send(pid, _number(name))

    return act


def _to_worker(name: str) -> Send:
    def act(pid: int, over: threading.Event) -> None:
        while not over.is_set() and not (workers := cast(pid)["worker"]):
            over.wait(0.01)
        if not over.is_set():
            os.kill(workers[0], _number(name))

    return act


def _stand_still(pid: int, over: threading.Event) -> None:
    for _ in range(3):
        if over.wait(0.3):
            return
        os.killpg(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.killpg(pid, signal.SIGCONT)


#: What is sent, and what it is: a wish to end, something at a worker, or harmless.
SIGNALS: dict[str, tuple[Send, str]] = {
    **{f"{name} to the run": (_once(name, os.kill), "end") for name in _TO_END},
    **{f"{name} to the group": (_once(name, os.killpg), "end") for name in _TO_END},
    **{f"{name} again and again to the group": (_again_and_again(name, os.killpg), "end") for name in _TO_END[:3]},
    **{f"{name} to a worker": (_to_worker(name), "worker") for name in _TO_WORKERS},
    **{f"{name} again and again to the run": (_again_and_again(name, os.kill), "harmless") for name in _HARMLESS},
    "STOP and CONT to the group": (_stand_still, "harmless"),
}


def play(stage: Stage, name: str, after: float, tally: Tally) -> None:
    """One run that gets the signal after so many seconds, and the same again in peace."""
    stage.fresh()
    send, kind = SIGNALS[name]
    over = threading.Event()
    with tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [*COMMAND, *stage.words], cwd=stage.place, env=environment(), stdout=subprocess.DEVNULL, stderr=stderr,
            start_new_session=True,
        )  # fmt: skip

        def act() -> None:
            if not over.wait(after):
                with contextlib.suppress(ProcessLookupError):
                    send(process.pid, over)

        thread = threading.Thread(target=act)
        thread.start()
        try:
            code: int | None = process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            over.set()
            thread.join()
        if code is None:
            tally.breach(HANG, name, "it did not end")
            kill(list(members(process.pid)))
            process.wait()
        stderr.seek(0)
        said = stderr.read()
    tally.counts["runs"] += 1
    tally.counts[f"exit {code}"] += 1
    if pids := left_over(process.pid):
        tally.breach(PROCESS, name, str(pids))
        kill(pids)
    if code == INTERNAL or "Traceback" in said:
        tally.breach(FAULTY, name, said)
    elif kind == "end" and code not in (0, *_SIGNAL_CODES) and "again" not in name and (stage.place / "out").exists():
        tally.breach(RAW, name, f"{code}: {said}")  # before the first folder is made there may be no handler yet
    elif kind == "worker" and code != 0:
        tally.breach(BLAMED, name, f"{code}: {said}")
    elif kind == "harmless" and (code != 0 or differences(stage.tree(), stage.undisturbed)):
        tally.breach(CHANGED, name, f"{code}: {said}")
    again = run((*stage.words, "--retry-failed"), stage.place)
    if again.code != 0:
        tally.breach(REFUSED, name, f"exit {again.code}: {again.stderr}")
    elif odd := differences(stage.tree(), stage.undisturbed):
        tally.breach(DIFFERS, name, f"{list(odd.items())[:4]}")


def main() -> int:
    parser = arguments(__doc__, len(SIGNALS))
    parser.add_argument("--signal", choices=SIGNALS, action="append", help="only this one (may be repeated)")
    words = parser.parse_args()
    if sys.platform != "linux":
        skip("processes are found in /proc")
    chance = random.Random(words.seed)
    tally = Tally("signals", RAW, BLAMED, CHANGED, FAULTY, HANG, PROCESS, REFUSED, DIFFERS)
    names = list(words.signal or SIGNALS)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        stage = Stage(Path(folder), "output")
        for number in range(words.rounds):
            play(stage, names[number % len(names)], chance.random() * stage.seconds * 0.8, tally)
    return tally.show()


if __name__ == "__main__":
    sys.exit(main())
