"""Hosted runs: which runs have slots in this process of Dask's, and when do these end?

Slots stay between the chunks of a run. They end with the run, a minute after its last chunk (whoever sent it may be
dead), or with this process, as all of our worker processes do with their parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

from imgbatch.core.errors import sentence
from imgbatch.executors.dask.cluster import TOPIC
from imgbatch.executors.dask.slot import ChunkReply, Order, Slot
from imgbatch.executors.messages import unpickle_job
from imgbatch.executors.processes.memory_budget import SHARE, Budget, BudgetShare, budget_size
from imgbatch.executors.remote.host import refusal
from imgbatch.pipeline.task import Task

IDLE_SECONDS = 60.0  # after which the slots of a run that sends nothing end
_LOOK = 5.0  # seconds between looks for such
_BURIAL = 1.0  # seconds that supervisors may take to clear up after workers that were killed
_FORMER_RUNS = 64  # names of runs that have ended, whose late chunks are not done


class HostedRun:
    """The slots of one run in this process of Dask's.

    Attributes
    ----------
    refusal : str
        Why this process cannot do its work, and has no slots for it; "" where it can.
    """

    def __init__(self, order: Order, threads: int, memory_limit: int | None) -> None:
        self._order = order
        self.refusal = refusal(order.terms)
        if self.refusal:
            return
        self._task: Task = pickle.loads(order.task_pickle)
        size = budget_size(order.memory)
        if order.memory == "auto" and memory_limit:
            size = min(size, int(memory_limit * SHARE))
        self._budget, self._threads = Budget(size), max(1, threads)
        self._lock = threading.Lock()
        self._all: list[Slot] = []
        self._free: list[Slot] = []
        self._has_ended = self._is_stopping = False
        self._last_use = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether no slot has anything in hand."""
        with self._lock:
            return len(self._free) == len(self._all)

    @property
    def idle_seconds(self) -> float:
        """Since when it has had nothing to do."""
        return time.monotonic() - self._last_use if self.is_idle else 0.0

    def answer(self, jobs: list[bytes], begin: Callable[[], object]) -> ChunkReply:
        """What becomes of a chunk; `begin` is called when its first job is about to be in hand."""
        with self._lock:
            if self._has_ended or self._is_stopping:
                return ChunkReply([])
            if not self._free:
                share = BudgetShare(self._budget, len(self._all), self._threads)
                self._free.append(Slot(self._order, self._task, share))
                self._all.append(self._free[-1])
            slot = self._free.pop()
        try:
            return slot.answer(jobs, begin)
        finally:
            self._give_back(slot)

    def _give_back(self, slot: Slot) -> None:
        with self._lock:
            self._last_use = time.monotonic()
            self._free.append(slot)
            has_ended = self._has_ended
        if has_ended:
            slot.close()

    def stop(self, at_once: bool = False) -> None:
        """Do no more than what is in hand, or not even that."""
        with self._lock:
            self._is_stopping = True
            for slot in self._all:
                slot.stop(at_once)

    def end(self) -> None:
        """End all worker processes, those that are at work after their chunk."""
        with self._lock:
            self._has_ended = True
            free = list(self._free)
        for slot in free:
            slot.close()


class HostedRuns:
    """The runs by name. Chunks come in threads of Dask's, words about runs in its event loop, which must not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, HostedRun] = {}
        self._former: dict[str, None] = {}  # in the order in which they ended
        self._is_watched = False

    def get(self, name: str) -> HostedRun | None:
        """The run of that name, where it has slots here."""
        with self._lock:
            return self._runs.get(name)

    def get_or_begin(self, name: str, order: bytes) -> HostedRun | None:
        """The run of that name, with its first chunk a new one; None when it has ended already.

        Raises what keeps its :class:`Order` from being read.
        """
        with self._lock:
            if name in self._former:
                return None
            run = self._runs.get(name)
            if run is None:
                run = HostedRun(pickle.loads(order), *_worker_facts())
                if run.refusal:
                    return run
                self._runs[name] = run
                if not self._is_watched:
                    self._is_watched = True
                    threading.Thread(target=self._end_idle_runs, name="imgbatch-idle", daemon=True).start()
            return run

    def end(self, name: str) -> threading.Thread | None:
        """Nothing more comes of a run: the thread that ends its processes, where it has some."""
        with self._lock:
            self._former[name] = None
            while len(self._former) > _FORMER_RUNS:
                del self._former[next(iter(self._former))]
            run = self._runs.pop(name, None)
        if run is None:
            return None
        thread = threading.Thread(target=run.end, name="imgbatch-end", daemon=True)
        thread.start()
        return thread

    def _end_idle_runs(self) -> None:
        while True:
            time.sleep(_LOOK)
            with self._lock:
                idle = [name for name, run in self._runs.items() if run.idle_seconds > IDLE_SECONDS]
                runs = [self._runs.pop(name) for name in idle]
                self._is_watched = bool(self._runs)
                is_last = not self._is_watched
            for run in runs:
                run.end()
            if is_last:
                return


_hosted_runs = HostedRuns()


def do_chunk(message: bytes) -> bytes:
    """The pickled :class:`ChunkReply` to (name of the run, key of the chunk, pickled :class:`Order`, jobs)."""
    name, key, order, jobs = pickle.loads(message)
    try:
        run = _hosted_runs.get_or_begin(name, order)
    except Exception as error:  # noqa: BLE001 - what it needs is not there, or is another; the sender is told
        return pickle.dumps(ChunkReply([], refusal=f"{type(error).__name__}: {sentence(error)}"))
    if run is None or run.refusal:
        return pickle.dumps(ChunkReply([], refusal="" if run is None else run.refusal))
    return pickle.dumps(run.answer(jobs, functools.partial(_say_beginning, key)))


def stop_run(name: str) -> None:
    """Finish the files in hand of a run, and begin no others."""
    run = _hosted_runs.get(name)
    if run is not None:
        run.stop()


async def abort_run(name: str) -> None:
    """Drop the files in hand of a run, and wait a moment until what was half written is removed."""
    run = _hosted_runs.get(name)
    if run is None:
        return
    run.stop(at_once=True)
    end = time.monotonic() + _BURIAL
    while not run.is_idle and time.monotonic() < end:
        await asyncio.sleep(0.02)


def end_run(name: str) -> None:
    """End the processes of a run, of which nothing more comes, soon: an event loop must not wait."""
    _hosted_runs.end(name)


def end_run_here(name: str) -> None:
    """As :func:`end_run`, in the process that has the cluster, too; return when the processes of the run have ended."""
    thread = _hosted_runs.end(name)
    if thread is not None:
        thread.join()


def clean_up_after_dead(task: bytes, jobs: bytes) -> None:
    """Remove the temporary files that dead processes of this machine have left of a pickled task's pickled jobs."""
    pickle.loads(task).clean_up_after(None, list(map(unpickle_job, pickle.loads(jobs))))


def _say_beginning(key: str) -> None:
    """Tell who has sent a chunk that it is in hand: should this process die now, it may be the chunk's fault."""
    worker = _worker()
    if worker is not None:
        worker.log_event(TOPIC, key)


def _worker_facts() -> tuple[int, int | None]:
    """The threads of this process of Dask's, and the bytes that it may use, where it has such a limit."""
    worker = _worker()
    return (1, None) if worker is None else (int(worker.state.nthreads), worker.memory_manager.memory_limit)


def _worker() -> Any:
    """Dask's worker that has called us; None in a thread of anybody else's."""
    with contextlib.suppress(ImportError, ValueError):
        from distributed import get_worker

        return get_worker()
    return None
