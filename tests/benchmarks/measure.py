"""A run of a command: how long does it take, how much processor time, and how much memory at the worst moment?

Processor time is that of the whole process tree, user and system: what the kernel adds up of each process that ended
and was waited for. On Linux, orphans of the tree (a forkserver that outlives its parent by a moment) become children
of this process meanwhile (PR_SET_CHILD_SUBREAPER), and are waited for. It holds on a loaded machine, where seconds do
not.

Memory is the sum of the PSS (each shared page divided among its sharers) of every process of the command's session,
read from ``/proc`` every 20 ms. Reading costs processor time, so it is done in a round of its own, which is not timed.

What a run has made is moved aside before the next, not deleted, and is on the disk before the clock starts: a file
system may be busy with deleted files for minutes (ext4 without a journal passes over every inode deleted in the last
minutes when it looks for a new one, ``recently_deleted`` in fs/ext4/ialloc.c: 20,000 tiny files took 0.03 ms each in a
fresh folder, 0.4 after a deletion), and whoever came next would pay for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class CommandError(Exception):
    """A command ended with an error; the message is the last line it said."""


class Run(NamedTuple):
    """Seconds by the wall clock, of all processors together, and what was printed."""

    seconds: float
    processor: float
    printed: str


@dataclass
class Watch:
    """What the memory of a session was at most; bytes."""

    peak: int = 0

    def until(self, session: int, ended: threading.Event) -> None:
        while not ended.wait(0.02):
            self.peak = max(self.peak, session_memory(session))


def run(command: list[str], target: Path, cwd: Path, environment: dict[str, str], watch: Watch | None = None) -> Run:
    """One run into an empty folder, from the start of the process to its end."""
    if target.exists():
        aside = _aside(target)
        aside.mkdir(exist_ok=True)
        target.rename(aside / str(len(os.listdir(aside))))
    os.sync()
    with _adopting_orphans():
        before, began = _of_children(), time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        printed, said = _communicate(process, watch)
        seconds = time.perf_counter() - began
        _wait_for_orphans(process.pid)
        processor = _of_children() - before
    if process.returncode:
        lines = said.strip().splitlines() or ["it said nothing"]
        raise CommandError(f"exit code {process.returncode}: {lines[-1][:160]}")
    return Run(seconds, processor, printed)


def _communicate(process: subprocess.Popen[str], watch: Watch | None) -> tuple[str, str]:
    """What a process printed and said, while `watch` looks at its memory."""
    ended = threading.Event()
    watcher = None
    if watch is not None and PROC.is_dir():
        watcher = threading.Thread(target=watch.until, args=(process.pid, ended))
        watcher.start()
    try:
        return process.communicate()
    finally:
        ended.set()
        if watcher is not None:
            watcher.join()


def _of_children() -> float:
    """Processor seconds of all children that were waited for, and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextlib.contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Orphans of our children are ours, where the system has that."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None) if PROC.is_dir() else None
    if prctl is None:
        yield
        return
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _wait_for_orphans(group: int) -> None:
    """Let all processes of a group end that are our children; they have ten seconds."""
    until = time.monotonic() + 10
    with contextlib.suppress(ChildProcessError):  # there is none left
        while time.monotonic() < until:
            if os.waitid(os.P_PGID, group, os.WEXITED | os.WNOHANG) is None:
                time.sleep(0.002)


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
