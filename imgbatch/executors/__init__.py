"""Which executors are there? In this process, or a guarded Pool of worker processes.

Nothing is imported before it is used: the command starts the forkserver (start_method.py) before it loads anything
else.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    import concurrent.futures

    from imgbatch.executors.base import Executor
    from imgbatch.pixels.exact_sums import Totals

__all__ = ["make", "refuse_import", "refuse_mixtures"]


def refuse_import() -> None:
    """Leave quietly when a worker imports a script without main guard: the parent knows this exit code."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and getattr(process.current_process(), "_inheriting", False):  # private: the only sign
        from imgbatch.executors.base import NO_GUARD

        os._exit(NO_GUARD)  # sys.exit would become 1 under forkserver, and be printed; this is a worker, not the user's


def refuse_mixtures(workers: int | str, timeout: float | None, summed: bool, given: object) -> None:
    """Say what no executor can do, before anything is begun.

    Raises
    ------
    UsageError
        A time limit, or sums, for an executor that cannot keep them.
    """
    from imgbatch.core.errors import UsageError

    if given is not None and (timeout is not None or summed):
        raise UsageError("expected no timeout and no sums with an executor of the caller's, which cannot keep them")
    if workers == 0 and timeout is not None:
        raise UsageError("expected workers for a timeout: with workers=0 nobody could stop a file")


def make(
    workers: int | str,
    chunksize: int | str,
    timeout: float | None = None,
    sums: Totals | None = None,
    memory: int | str = "auto",
    given: concurrent.futures.Executor | None = None,
) -> Executor:
    """The executor for a number of workers; 0: in this process; auto: one for each processor; `given`: the caller's.

    Raises
    ------
    UsageError
        As `refuse_mixtures`.
    """
    refuse_mixtures(workers, timeout, sums is not None, given)
    if given is not None:
        from imgbatch.executors.futures import Futures

        return Futures(given, chunksize)
    if workers == 0:
        from imgbatch.executors.inline import Inline

        return Inline(sums)
    from imgbatch.executors.processes.pool import (  # numpy and multiprocessing only where they are used
        Pool,
        auto_workers,
    )

    return Pool(auto_workers() if workers == "auto" else int(workers), chunksize, timeout, sums=sums, memory=memory)
