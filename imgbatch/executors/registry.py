"""Registry of executors: which are there, and which one does a run get?

Nothing is imported before it is used: the command starts the forkserver (start_method.py) before it loads anything
else. Adding an executor is its file, its line in `EXECUTORS`, and in :func:`choose` the case that asks for it.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    import concurrent.futures

    from imgbatch.core.run_settings import Settings
    from imgbatch.executors.base import Executor, ExecutorOptions


class ExecutorKind:
    """Where an executor is, and what it promises: known before it is loaded.

    Parameters
    ----------
    place : str
        Module (inside executors) and class.
    in_this_process : bool
        Whether jobs are done in the process of the caller, so that nothing must be pickled or shared.
    keeps_timeout : bool
        Whether a job is ended that takes too long.
    keeps_memory : bool
        Whether the memory of its workers is limited: for all of them together, and for files from strangers.
    refusal : str
        The sentence for a run that asks for what it does not keep.
    """

    def __init__(
        self, place: str, in_this_process: bool = False, *, keeps_timeout: bool = True, keeps_memory: bool = True,
        refusal: str = "",
    ) -> None:  # fmt: skip
        self.place, self.in_this_process = place, in_this_process
        self.keeps_timeout, self.keeps_memory, self.refusal = keeps_timeout, keeps_memory, refusal

    def refuse(self, wish: Settings | ExecutorOptions) -> None:
        """UsageError where a run wants a limit that this kind cannot keep."""
        has_memory_limit = wish.memory != "auto" or getattr(wish, "untrusted", False)
        if (wish.timeout is not None and not self.keeps_timeout) or (has_memory_limit and not self.keeps_memory):
            from imgbatch.core.errors import UsageError

            raise UsageError(self.refusal)


EXECUTORS = {
    "processes": ExecutorKind("processes.pool.Pool"),
    "inline": ExecutorKind(
        "inline.Inline", in_this_process=True, keeps_timeout=False,
        refusal="expected workers for a timeout: with workers=0 nobody could stop a file",
    ),
    "futures": ExecutorKind(
        "futures.Futures", keeps_timeout=False, keeps_memory=False,
        refusal="expected no timeout, no memory limit and no untrusted files with an executor of the caller's, which "
        "can end no file and limits no process",
    ),
}  # fmt: skip


def choose(workers: int | str, foreign_executor: concurrent.futures.Executor | None = None) -> ExecutorKind:
    """The kind of executor for a number of workers (0: in this process), or for the caller's own executor.

    Raises
    ------
    UsageError
        Neither `workers` nor the caller's executor says how many calls that does at a time.
    """
    if foreign_executor is not None:
        from imgbatch.executors.futures import slots_of

        slots_of(foreign_executor, workers)
        return EXECUTORS["futures"]
    return EXECUTORS["inline" if workers == 0 else "processes"]


def make(kind: ExecutorKind, options: ExecutorOptions) -> Executor:
    """An executor of that kind; UsageError where it cannot keep what the options ask for."""
    kind.refuse(options)
    module, _, name = kind.place.rpartition(".")
    executor: type[Executor] = getattr(importlib.import_module(f"imgbatch.executors.{module}"), name)
    return executor.make(options)
