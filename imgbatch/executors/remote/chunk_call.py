"""Chunk call: what does a worker of the caller's executor do with a chunk? One call, one reply.

It travels with every chunk, so it is small: the pickled task, the driver's terms (host.py) and the layout of the
sums. A process unpickles the task and looks at itself once; within the driver's own process the task is just used.
"""

from __future__ import annotations

import contextlib
import functools
import pickle
from typing import TYPE_CHECKING, NamedTuple

from imgbatch.core.errors import sentence
from imgbatch.core.job import Outcome
from imgbatch.executors.attempts import Attempt
from imgbatch.executors.base import failure_of
from imgbatch.executors.messages import pickle_job, pickle_outcome, unpickle_job
from imgbatch.executors.remote.host import Terms, refusal, worker_name
from imgbatch.pipeline.task import LocalContext, Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Layout, Sheet

TASK_CACHE_SIZE = 4  # runs whose work a process of the caller's keeps: as many may take turns in it


class Reply(NamedTuple):
    """What comes back for a chunk.

    Attributes
    ----------
    replies : list of bytes
        A pickled Outcome, or Failure, for each job; fewer when the worker was told to stop, none when it refuses.
    sums : bytes
        The record of what the jobs have summed; empty where nothing is summed.
    refusal : str
        Why the worker cannot do it; "" when it has done it.
    missing : str
        A source that the worker misses.
    """

    replies: list[bytes]
    sums: bytes = b""
    refusal: str = ""
    missing: str = ""


class ChunkCall:
    """The work of a run: itself within this process, its bytes for another one.

    Parameters
    ----------
    data : bytes
        The pickled task.
    terms : Terms
        What a worker must have.
    layout : Layout or None
        Of the sums.
    task : Task or None
        Itself, in the driver's process.

    Attributes
    ----------
    stopping : bool
        Set in the driver's process: the files in hand are the last ones.
    """

    def __init__(self, data: bytes, terms: Terms, layout: Layout | None = None, task: Task | None = None) -> None:
        self._pickle, self._terms, self._layout, self._task = data, terms, layout, task
        self.stopping = False

    def __reduce__(self) -> tuple[type[ChunkCall], tuple[bytes, Terms, Layout | None]]:
        return ChunkCall, (self._pickle, self._terms, self._layout)

    @staticmethod
    def pack(attempt: Attempt) -> list[bytes]:
        """What is called with."""
        return list(map(pickle_job, attempt.jobs))

    def __call__(self, jobs: list[bytes]) -> Reply:
        """In a worker of the caller's."""
        if self._task is not None:
            return self._do(self._local_task, jobs)
        task = _introduce(self._pickle, self._terms)
        if isinstance(task, str):
            return Reply([], refusal=task)
        return self._do(task, jobs)._replace(missing=_missing_source(task, jobs[0]))

    @functools.cached_property
    def _local_task(self) -> Task:
        assert self._task is not None
        self._task.open()
        return self._task

    def _do(self, task: Task, jobs: list[bytes]) -> Reply:
        total = self._new_sheet()
        replies = []
        for data in jobs:
            if self.stopping:
                break
            replies.append(_one(task, data, self._new_sheet(), total))
        return Reply(replies, b"" if total is None else total.record.tobytes())

    def _new_sheet(self) -> Sheet | None:
        if self._layout is None:
            return None
        from imgbatch.pixels.exact_sums import Sheet

        return Sheet(self._layout)


@functools.lru_cache(maxsize=TASK_CACHE_SIZE)
def _introduce(data: bytes, terms: Terms) -> Task | str:
    """The work of a run in another process, unpickled once, not once a chunk; or why it cannot be done there."""
    reason = refusal(terms)
    if reason:
        return reason
    try:
        task: Task = pickle.loads(data)
        task.open()
    except Exception as error:  # noqa: BLE001 - the user's code may be in it
        return f"{worker_name()} cannot do this: {type(error).__name__}: {sentence(error)}"
    return task


def _missing_source(task: Task, data: bytes) -> str:
    """The source of a chunk's first job, where this process does not see it."""
    with contextlib.suppress(Exception):  # a job that cannot be read, which its reply tells
        return task.missing_source(unpickle_job(data))
    return ""


def _one(task: Task, data: bytes, sheet: Sheet | None, total: Sheet | None) -> bytes:
    """A job to its pickled Outcome, or Failure; its sums to those of the chunk."""
    context = LocalContext(sheet)
    context.again = True  # engines such as Dask try again what a worker of theirs has lost, and say nothing
    try:
        job = unpickle_job(data)
        outcome: Outcome = task(job, context)
        reply = pickle_outcome(outcome, job)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one Outcome for every job; the parent makes it from this
        return pickle.dumps(failure_of(error, context.current_phase))
    if sheet is not None and total is not None and outcome.status == "ok":
        from imgbatch.pixels.exact_sums import add

        add(total.record, sheet.record)
    return reply
