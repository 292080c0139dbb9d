"""Registry of executors: which are there, and which one does a run get?

Nothing is imported before it is used: the command starts the forkserver (start_method.py) before it loads anything
else. Adding an executor is its file, its line in `EXECUTORS`, and in :func:`make` the case that asks for it.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    import concurrent.futures

    from imgbatch.executors.base import Executor
    from imgbatch.pixels.exact_sums import Totals

#: Each executor by its word: module (inside executors) and class.
EXECUTORS = {"processes": "processes.pool.Pool", "inline": "inline.Inline", "futures": "futures.Futures"}


def refuse_mixtures(workers: int | str, timeout: float | None, has_sums: bool, foreign_executor: object) -> None:
    """Refuse what no executor can do, before anything is begun.

    Parameters
    ----------
    workers : int or "auto"
    timeout : float or None
        Seconds a job.
    has_sums : bool
        Whether sums are kept.
    foreign_executor : concurrent.futures.Executor or None
        The caller's executor.

    Raises
    ------
    UsageError
        A time limit, or sums, for an executor that cannot keep them.
    """
    from imgbatch.core.errors import UsageError

    if foreign_executor is not None and (timeout is not None or has_sums):
        raise UsageError("expected no timeout and no sums with an executor of the caller's, which cannot keep them")
    if workers == 0 and timeout is not None:
        raise UsageError("expected workers for a timeout: with workers=0 nobody could stop a file")


def make(
    workers: int | str,
    chunksize: int | str,
    timeout: float | None = None,
    sums: Totals | None = None,
    memory: int | str = "auto",
    foreign_executor: concurrent.futures.Executor | None = None,
) -> Executor:
    """The executor for a number of workers.

    Parameters
    ----------
    workers : int or "auto"
        0: in this process; auto: a worker for each processor.
    chunksize : int or "auto"
        Jobs handed to a worker at a time.
    timeout : float or None
        Seconds that a job may take.
    sums : Totals or None
        Where the sums of the files whose Outcome is "ok" are added up.
    memory : int or "auto"
        Bytes of decoded pixels that all workers may hold at the same time.
    foreign_executor : concurrent.futures.Executor or None
        The caller's executor, which is used instead.

    Raises
    ------
    UsageError
        As `refuse_mixtures`.
    """
    refuse_mixtures(workers, timeout, sums is not None, foreign_executor)
    word = "futures" if foreign_executor is not None else "inline" if workers == 0 else "processes"
    from imgbatch.executors.base import ExecutorOptions

    module, _, name = EXECUTORS[word].rpartition(".")
    kind: type[Executor] = getattr(importlib.import_module(f"imgbatch.executors.{module}"), name)
    return kind.make(ExecutorOptions(workers, chunksize, timeout, sums, memory, foreign_executor))
