"""What if somebody shoots workers at random, busy or idle, for the whole run?"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from imgbatch.executors.base import Executor
from imgbatch.executors.processes.pool import Pool


@contextlib.contextmanager
def background(shoot: Callable[[threading.Event], None]) -> Iterator[None]:
    """Within the block a thread shoots; it returns when the event is set, which is at the end."""
    over = threading.Event()
    thread = threading.Thread(target=shoot, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def kill_one(pids: list[int], chance: random.Random) -> list[int]:
    """SIGKILL to one of these processes; which it was, unless there was none any more."""
    victims: list[int] = []
    if pids:
        with contextlib.suppress(ProcessLookupError):
            victim = chance.choice(pids)
            os.kill(victim, signal.SIGKILL)
            victims.append(victim)
    return victims


@contextlib.contextmanager
def shoot_workers(
    executor: Callable[[], Executor | None], every: float, seed: int, most: int = sys.maxsize
) -> Iterator[list[int]]:
    """Kill a random worker of the pool that `executor` gives, every so many seconds; the list of the shot pids.

    After `most` shots no more, however slow the machine is.
    """
    shot: list[int] = []
    chance = random.Random(seed)

    def shoot(over: threading.Event) -> None:
        while len(shot) < most and not over.wait(every):
            pool = executor()
            if isinstance(pool, Pool):
                shot.extend(kill_one([one.pid for one in list(pool.supervisors) if one.pid], chance))

    with background(shoot):
        yield shot
