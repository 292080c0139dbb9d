"""Executor contract: what does every executor promise?

That it calls ``task(job, context)`` for every job and yields exactly one Outcome for each, in any order, whatever
happens. It knows nothing of images and folders: that is the task's.
"""

from __future__ import annotations

import contextlib
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.core.errors import EngineError, HostError, HostWarning, Phase, sentence
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.job_stream import JobStream
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    import concurrent.futures
    from typing import Any, Protocol, TypeAlias

    from imgbatch.executors.dask.cluster import Cluster
    from imgbatch.pixels.exact_sums import Totals

    class DaskClient(Protocol):
        """A ``distributed.Client``, as type checkers see it where that is not installed."""

        @property
        def scheduler(self) -> Any: ...

        def submit(self, func: Any, *args: Any, key: Any = None) -> Any: ...

    #: What a caller may give to have the work done: one of theirs, or the word of ``--executor``.
    ForeignExecutor: TypeAlias = concurrent.futures.Executor | DaskClient | str

NO_GUARD = 77  # the exit code of a worker that met a script without main guard


@frozen
class ExecutorOptions:
    """What a run asks of its executor.

    Attributes
    ----------
    workers : int or "auto"
        Worker processes; auto: one for each processor.
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
    retries : int
        How often a file is tried again whose worker such an executor has lost.
    cluster : Cluster or None
        The Dask cluster, which is used instead.
    """

    workers: int | str = "auto"
    chunksize: int | str = "auto"
    timeout: float | None = None
    sums: Totals | None = None
    memory: int | str = "auto"
    foreign_executor: concurrent.futures.Executor | None = None
    retries: int = 3
    cluster: Cluster | None = None


class Executor(ABC):
    """Does the jobs of a run; it can be stopped, and aborted.

    Attributes
    ----------
    late : list of Outcome
        Those of the files in hand when the iterator was closed: they are finished, and nobody has got them.
    """

    late: Sequence[Outcome] = ()

    @classmethod
    @abstractmethod
    def make(cls, options: ExecutorOptions) -> Executor:
        """The executor for these options, of which it may need only some."""

    @property
    @abstractmethod
    def parallelism(self) -> int:
        """How many jobs are done at the same time, at most; at least 1."""

    def begin(self, task: Task, jobs: Sequence[Job] | JobStream) -> Iterator[Outcome]:
        """Outcomes of jobs that are all there, or still to come; those that another one left undone are among them."""
        if not isinstance(jobs, JobStream):
            return self.run(task, jobs)
        jobs.repeat()
        return self.run_stream(task, jobs)

    @abstractmethod
    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One Outcome for each job, as they complete; closing the iterator stops cleanly.

        A list that grows (:class:`growing_list.GrowingList`) is filled meanwhile, in the caller's thread.
        """

    def run_stream(self, task: Task, jobs: JobStream) -> Iterator[Outcome]:
        """As :meth:`run`, of jobs that come while others are done; only of kinds that `take_streams`.

        Where it is stopped, the stream must end, too: who waits for it is woken by that.
        """
        raise NotImplementedError

    @abstractmethod
    def stop(self) -> None:
        """Start nothing new; what is in hand is finished and yielded. Callable from any thread or signal handler."""

    @abstractmethod
    def abort(self) -> None:
        """Stop at once; what is in hand is dropped."""


def pickle_task(task: Task) -> bytes:
    """`task` pickled once; EngineError when it cannot be sent to another process."""
    try:
        return pickle.dumps(task)
    except Exception as error:  # noqa: BLE001 - pickling calls the user's code, which may raise anything
        raise EngineError(
            f"the recipe cannot be sent to the workers: {sentence(error)}; define operations at the top of a module "
            "(no lambdas, no local classes), or run with workers=0"
        ) from None


def failure_of(error: BaseException, phase: Phase) -> Failure:
    """What an error that a task has raised in `phase` is to its file: everywhere the same."""
    if isinstance(error, MemoryError):
        return Failure("memory", phase, "not enough memory")
    return Failure("operation", phase, f"{type(error).__name__}: {sentence(error)}")


@contextlib.contextmanager
def time_limit(seconds: float | None, stop: Callable[[str], object]) -> Iterator[None]:
    """Within the block `stop` is told why when so many seconds are over (None, 0: never); HostError without thread."""
    if not seconds:
        yield
        return
    import threading

    timer = threading.Timer(seconds, stop, (f"{seconds:g} s are over (--max-time)",))
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:
        raise HostError(f"max_time (--max-time) needs a thread, and {sentence(error)}; run without it") from None
    try:
        yield
    finally:
        timer.cancel()


def warn(text: str) -> None:
    """Warn that the machine gives the run less than it asks for; the command says it, a program as it likes."""
    import warnings  # seldom

    warnings.warn(HostWarning(text), stacklevel=2)


def warn_once(texts: Iterable[str], earlier: set[str]) -> None:
    """Warn of each that is not among the earlier ones, and then is."""
    for text in texts:
        if text not in earlier:
            earlier.add(text)
            warn(text)
