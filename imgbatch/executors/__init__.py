"""Which executors are there? In this process, or a guarded Pool of worker processes."""

from __future__ import annotations

import sys

from imgbatch.executors.base import NO_GUARD, Executor, Work, chunked
from imgbatch.executors.inline import Inline

__all__ = ["Executor", "Inline", "Work", "chunked", "make", "refuse_import"]


def refuse_import() -> None:
    """Leave quietly when a worker imports a script without main guard: the parent knows this exit code."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and getattr(process.current_process(), "_inheriting", False):  # private: the only sign
        sys.exit(NO_GUARD)


def make(workers: int | str, chunksize: int | str, timeout: float | None = None) -> Executor:
    """The executor for a number of workers; 0: in this process; auto: one for each processor."""
    if workers == 0:
        return Inline()
    from imgbatch.executors.pool import Pool, auto_workers  # numpy and multiprocessing only where they are used

    return Pool(auto_workers() if workers == "auto" else int(workers), chunksize, timeout)
