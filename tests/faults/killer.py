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
def shoot_workers(
    executor: Callable[[], Executor | None], every: float, seed: int, most: int = sys.maxsize
) -> Iterator[list[int]]:
    """Kill a random worker of the pool that `executor` gives, every so many seconds; the list of the shot pids.

    After `most` shots no more, however slow the machine is.
    """
    shot: list[int] = []
    over = threading.Event()
    chance = random.Random(seed)

    def shoot() -> None:
        while len(shot) < most and not over.wait(every):
            pool = executor()
            if not isinstance(pool, Pool):
                continue
            pids = [supervisor.pid for supervisor in list(pool.supervisors) if supervisor.pid]
            if pids:
                victim = chance.choice(pids)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    shot.append(victim)

    thread = threading.Thread(target=shoot)
    thread.start()
    try:
        yield shot
    finally:
        over.set()
        thread.join()
