"""Who does the poisoned jobs? A plain Pool, a ProcessPoolExecutor, and ours."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from imgbatch.core.job import Job, Outcome
from imgbatch.executors.processes.pool import Pool
from tests.faults.tasks import FaultyTask, job

JOBS, POISON = 40, (5, 17)
ENGINES = ("Pool", "ProcessPoolExecutor", "imgbatch")
HANGS = ("loop", "loop_c", "stop")


class _Desk:
    again = False
    sums = None

    def phase(self, phase: str) -> None:
        """Nobody watches."""

    def reserve(self, size: int) -> None:
        """Nobody keeps a budget."""


def plain(task: Job) -> Outcome:
    """The job as one would write it for other engines: an exception is that job's value."""
    try:
        return FaultyTask()(task, _Desk())
    except Exception:  # noqa: BLE001 - the point of the pattern
        return Outcome(task.index, task.source, "failed")


def outcomes(engine: str, fault: str) -> Iterator[Outcome]:
    """What an engine yields."""
    jobs = [job(index, fault if index in POISON else "ok") for index in range(JOBS)]
    if engine == "imgbatch":
        yield from Pool(2, 8, timeout=1.0 if fault in HANGS else None).run(FaultyTask(), jobs)
        return
    context = multiprocessing.get_context("forkserver")
    if engine == "Pool":
        with context.Pool(2) as pool:
            results = pool.imap_unordered(plain, jobs, 8)
            while True:
                try:
                    yield next(results)
                except StopIteration:
                    return
                except Exception:  # noqa: BLE001 - an engine's error is what is measured: it counts as no outcome
                    continue
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        futures = {executor.submit(plain, one): one for one in jobs}
        for future, one in futures.items():
            try:
                yield future.result()
            except Exception:  # noqa: BLE001 - an engine's error is what is measured: it is that job's failure
                yield Outcome(one.index, one.source, "failed")
