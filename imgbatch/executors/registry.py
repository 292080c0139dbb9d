"""Registry of executors: which are there, and which one does a run get?

Nothing is imported before it is used: the command starts the forkserver (start_method.py) before it loads anything
else. Adding an executor is its file, its line in `EXECUTORS`, and in :func:`choose` the case that asks for it.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    import concurrent.futures

    from distributed import Client

    from imgbatch.core.run_settings import Settings
    from imgbatch.executors.base import Executor, ExecutorOptions
    from imgbatch.executors.dask.cluster import Cluster
    from imgbatch.planning.reference_files import Borrower


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
    on_this_machine : bool
        Whether its workers are on this machine, so that memory can be shared with them.
    refusal : str
        The sentence for a run that asks for what it does not keep.
    is_cluster : bool
        Whether jobs are done by a cluster, which the run opens and closes.
    takes_streams : bool
        Whether jobs may come while others are done.
    """

    def __init__(
        self, place: str, in_this_process: bool = False, *, keeps_timeout: bool = True, keeps_memory: bool = True,
        on_this_machine: bool = True, refusal: str = "", is_cluster: bool = False, takes_streams: bool = False,
    ) -> None:  # fmt: skip
        self.place, self.in_this_process, self.is_cluster = place, in_this_process, is_cluster
        self.takes_streams = takes_streams
        self.on_this_machine = on_this_machine
        self.keeps_timeout, self.keeps_memory, self.refusal = keeps_timeout, keeps_memory, refusal

    @property
    def borrower(self) -> Borrower:
        """To whom the files of operations are lent."""
        return "nobody" if self.in_this_process else "processes" if self.on_this_machine else "machines"

    def refuse(self, wish: Settings | ExecutorOptions) -> None:
        """UsageError where a run wants a limit that this kind cannot keep."""
        has_memory_limit = wish.memory != "auto" or getattr(wish, "untrusted", False)
        if (wish.timeout is not None and not self.keeps_timeout) or (has_memory_limit and not self.keeps_memory):
            from imgbatch.core.errors import UsageError

            raise UsageError(self.refusal)


EXECUTORS = {
    "processes": ExecutorKind("processes.pool.Pool", takes_streams=True),
    "inline": ExecutorKind(
        "inline.Inline", in_this_process=True, keeps_timeout=False, takes_streams=True,
        refusal="expected workers for a timeout: with workers=0 nobody could stop a file",
    ),
    "futures": ExecutorKind(
        "futures.Futures", keeps_timeout=False, keeps_memory=False, on_this_machine=False,
        refusal="expected no timeout, no memory limit and no untrusted files with an executor of the caller's, which "
        "can end no file and limits no process",
    ),
    "dask": ExecutorKind("dask.executor.Dask", is_cluster=True, on_this_machine=False),
}  # fmt: skip


def choose(
    workers: int | str, foreign_executor: concurrent.futures.Executor | Client | None = None, word: str = "processes"
) -> ExecutorKind:
    """The kind of executor that a run gets.

    Parameters
    ----------
    workers : int or "auto"
        0: in this process.
    foreign_executor : concurrent.futures.Executor or distributed.Client, optional
        The caller's own.
    word : str
        That of ``--executor``.

    Raises
    ------
    UsageError
        Neither `workers` nor the caller's executor says how many calls that does at a time.
    """
    if is_client(foreign_executor):
        return EXECUTORS["dask"]
    if foreign_executor is not None:
        from imgbatch.executors.futures import slots_of

        slots_of(foreign_executor, workers)
        return EXECUTORS["futures"]
    name = word.partition(":")[0]
    return EXECUTORS["inline" if name == "processes" and workers == 0 else name]


def is_client(value: object) -> bool:
    """Whether that is a Client of dask.distributed, which is not loaded to find out."""
    classes = [(one.__module__.partition(".")[0], one.__name__) for one in type(value).__mro__]
    return ("distributed", "Client") in classes


def cluster_of(kind: ExecutorKind, client: object, settings: Settings) -> Cluster | None:
    """The cluster of a run, which is reached when the first job is to be done; None for executors without one.

    Parameters
    ----------
    kind : ExecutorKind
    client : distributed.Client or None
        The caller's; without one it is the cluster that the settings name.
    settings : Settings
    """
    if not kind.is_cluster:
        return None
    from imgbatch.executors.dask.cluster import Cluster

    return Cluster(client, settings.executor.partition(":")[2], settings.workers, settings.executor_timeout)


def make(kind: ExecutorKind, options: ExecutorOptions) -> Executor:
    """An executor of that kind; UsageError where it cannot keep what the options ask for."""
    kind.refuse(options)
    module, _, name = kind.place.rpartition(".")
    executor: type[Executor] = getattr(importlib.import_module(f"imgbatch.executors.{module}"), name)
    return executor.make(options)
