"""Which processes belong to a command that is at work, and what does each do? As /proc tells (Linux)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator

from tests.faults.killer import background

#: Who can be killed: one worker, all, the process that forks them, the one that tidies up, the command, or everybody.
ROLES = ("worker", "all workers", "forkserver", "tracker", "run", "session")
_EVERY_SECONDS = 0.08  # on average, between two shots at workers
_GROWN_SECONDS = 0.4  # a worker that is younger may not have said its first word: five such deaths end a run, rightly


def members(session: int) -> dict[int, int]:
    """The living processes of a session, and the parent of each."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat") as file:
                    state, parent, _, its_session = file.read().rpartition(")")[2].split()[:4]
                if int(its_session) == session and state not in "ZX":
                    found[int(name)] = int(parent)
    return found


def cast(session: int) -> dict[str, list[int]]:
    """The processes that play each role."""
    parents = members(session)
    servers = [pid for pid, parent in parents.items() if parent == session and pid in parents.values()]
    workers = [pid for pid, parent in parents.items() if parent in servers]
    trackers = [pid for pid, parent in parents.items() if parent == session and pid not in servers]
    return {
        "worker": workers, "all workers": workers, "forkserver": servers, "tracker": trackers if servers else [],
        "run": [session], "session": list(parents),
    }  # fmt: skip


def _grown(pid: int) -> bool:
    """Whether a process is there for a while."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        return False
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK") > _GROWN_SECONDS


def kill(pids: list[int]) -> int:
    """SIGKILL to each; how many were there."""
    count = 0
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            count += 1
    return count


@contextlib.contextmanager
def shoot_role(session: int, role: str, after: float, chance: random.Random) -> Iterator[list[int]]:
    """Kill who plays that role, first after so many seconds: workers again and again, others once; how many each time.

    Only a run that has workers is shot at, unless it is the run itself that is meant.
    """
    counts: list[int] = []

    def shoot(over: threading.Event) -> None:
        if over.wait(after):
            return
        while not over.is_set():
            pids = cast(session)[role]
            if "worker" in role:
                pids = list(filter(_grown, pids))
            if pids:
                count = kill([chance.choice(pids)] if role == "worker" else pids)
                counts.append(count)
                if "worker" not in role:
                    return
            over.wait(chance.random() * 2 * _EVERY_SECONDS if "worker" in role else 0.005)

    with background(shoot):
        yield counts


def left_over(session: int, patience: float = 5.0) -> list[int]:
    """The processes that are still there after a while."""
    until = time.monotonic() + patience
    while pids := list(members(session)):
        if time.monotonic() > until:
            return pids
        time.sleep(0.02)
    return []
