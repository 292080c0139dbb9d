"""Which faults does which engine survive? ``python -m tests.faults [--seconds 20]``

One engine and one fault per process: 40 jobs in chunks of 8 on 2 workers, numbers 5 and 17 of them poisoned. Printed
is "ok" (one right outcome for every job, the poisoned ones blamed), how many jobs got no outcome ("lost") or were
failed although nothing was wrong with them ("failed"), or HANG (not finished when given up).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile

from tests.faults.engines import ENGINES, JOBS, POISON, outcomes

FAULTS = {
    "raise": "exception",
    "raise_bad": "exception that cannot be unpickled, str() raises",
    "memory": "MemoryError",
    "sys_exit": "sys.exit()",
    "os_exit": "os._exit()",
    "segv": "SIGSEGV",
    "abort": "abort()",
    "kill": "SIGKILL in the job",
    "close_fds": "closes all file descriptors",
    "unpicklable_result": "unpicklable result",
    "result_explodes": "result explodes on unpickling",
    "loop": "endless loop",
    "loop_c": "endless loop in C, GIL held, SIGTERM blocked",
    "stop": "SIGSTOP of the worker",
}


def one(engine: str, fault: str) -> None:
    """In a process of its own: print a line per outcome as it comes."""
    for outcome in outcomes(engine, fault):
        print(outcome.index, outcome.status, flush=True)


def cell(engine: str, fault: str, seconds: float) -> str:
    """One cell of the table."""
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "tests.faults", "--one", engine, fault]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(seconds)
            hung = False
        except subprocess.TimeoutExpired:
            hung = True
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                hung = False
            process.wait()
        said.seek(0)
        seen = dict(line.split() for line in said.read().splitlines() if len(line.split()) == 2)
    lost = [index for index in range(JOBS) if str(index) not in seen]
    innocent = [index for index, status in seen.items() if status != "ok" and int(index) not in POISON]
    guilty = [index for index in POISON if seen.get(str(index), "ok") != "ok"]
    parts = ["HANG"] if hung else []
    parts += [f"{len(lost)} lost"] if lost else []
    parts += [f"{len(innocent)} failed"] if innocent else []
    if not parts and len(guilty) < len(POISON):
        parts = ["not blamed"]
    return ", ".join(parts) or "ok"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--one", nargs=2)
    words = parser.parse_args()
    if words.one:
        one(*words.one)
        return
    print(f"{'fault in a worker':52}" + "".join(f"{engine:22}" for engine in ENGINES))
    for fault, told in FAULTS.items():
        cells = [cell(engine, fault, words.seconds) for engine in ENGINES]
        print(f"{told:52}" + "".join(f"{text:22}" for text in cells), flush=True)


if __name__ == "__main__":
    main()
