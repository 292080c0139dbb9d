"""How long does a command take, and how much memory do it and all its children hold at the worst moment?

Memory is the sum of the PSS (each shared page divided among its sharers) of every process of the command's session,
read from ``/proc`` every 20 ms. Reading costs processor time, so it is done in a round of its own, which is not timed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


class CommandFailed(Exception):
    """A command ended with an error; the message is the last line it said."""


@dataclass
class Watch:
    """What the memory of a session was at most; bytes."""

    peak: int = 0

    def until(self, session: int, ended: threading.Event) -> None:
        while not ended.wait(0.02):
            self.peak = max(self.peak, held(session))


def run(
    command: list[str], target: Path, cwd: Path, environment: dict[str, str], watch: Watch | None = None
) -> tuple[float, str]:
    """One run into an empty folder: wall clock of the whole process, and what it printed."""
    shutil.rmtree(target, ignore_errors=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    ended = threading.Event()
    watcher = None
    if watch is not None and PROC.is_dir():
        watcher = threading.Thread(target=watch.until, args=(process.pid, ended))
        watcher.start()
    try:
        printed, said = process.communicate()
    finally:
        ended.set()
        if watcher is not None:
            watcher.join()
    spent = time.perf_counter() - began
    if process.returncode:
        lines = said.strip().splitlines() or ["it said nothing"]
        raise CommandFailed(f"exit code {process.returncode}: {lines[-1][:160]}")
    return spent, printed


def held(session: int) -> int:
    """The PSS of all processes of a session; bytes."""
    total = 0
    for entry in os.listdir(PROC):
        if not entry.isdecimal():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):  # it ended while it was looked at
            after_name = (PROC / entry / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[3]) != session:
                continue
            for line in (PROC / entry / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
