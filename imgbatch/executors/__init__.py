"""Which executors are there? In this process, or a guarded Pool of worker processes."""

from __future__ import annotations

from imgbatch.executors.base import Desk, Executor, Work, chunked
from imgbatch.executors.inline import Inline

__all__ = ["Desk", "Executor", "Inline", "Work", "chunked", "make"]


def make(workers: int | str, chunksize: int | str, timeout: float | None = None) -> Executor:
    """The executor for a number of workers; 0: in this process; auto: one for each processor."""
    if workers == 0:
        return Inline()
    from imgbatch.executors.pool import Pool, auto_workers  # numpy and multiprocessing only where they are used

    return Pool(auto_workers() if workers == "auto" else int(workers), chunksize, timeout)
