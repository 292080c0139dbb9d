"""How long does a command take, and how much memory do it and all its children hold at the worst moment?

Memory is the sum of the PSS (each shared page divided among its sharers) of every process of the command's session,
read from ``/proc`` every 20 ms. Reading costs processor time, so it is done in a round of its own, which is not timed.

What a run has made is moved aside before the next, not deleted, and is on the disk before the clock starts: a file
system may be busy with deleted files for minutes (ext4 without a journal passes over every inode deleted in the last
minutes when it looks for a new one, ``recently_deleted`` in fs/ext4/ialloc.c: 20,000 tiny files took 0.03 ms each in a
fresh folder, 0.4 after a deletion), and whoever came next would pay for it.
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


class CommandError(Exception):
    """A command ended with an error; the message is the last line it said."""


@dataclass
class Watch:
    """What the memory of a session was at most; bytes."""

    peak: int = 0

    def until(self, session: int, ended: threading.Event) -> None:
        while not ended.wait(0.02):
            self.peak = max(self.peak, session_memory(session))


def run(
    command: list[str], target: Path, cwd: Path, environment: dict[str, str], watch: Watch | None = None
) -> tuple[float, str]:
    """One run into an empty folder: wall clock of the whole process, and what it printed."""
    if target.exists():
        aside = _aside(target)
        aside.mkdir(exist_ok=True)
        target.rename(aside / str(len(os.listdir(aside))))
    os.sync()
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
        raise CommandError(f"exit code {process.returncode}: {lines[-1][:160]}")
    return spent, printed


def clear(target: Path) -> None:
    """Remove what all runs into `target` have made."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(_aside(target), ignore_errors=True)


def _aside(target: Path) -> Path:
    return target.with_name(f"{target.name}-former")


def session_memory(session: int) -> int:
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
