"""Slot: what does a worker of the cluster do with a chunk? It has it done by a worker process of ours, and watches.

A slot is what the Pool has a thread for at home: one supervisor, one worker process, one pipe. So a job that crashes or
hangs costs itself alone here, too, and the sums of a chunk are those of the jobs that were answered.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from imgbatch.core.errors import BLAME, EngineError, sentence
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.executors.messages import pickle_outcome, unpickle_job
from imgbatch.executors.processes.in_flight import Table
from imgbatch.executors.processes.launch import variables_of
from imgbatch.executors.processes.memory_budget import BudgetShare
from imgbatch.executors.processes.run_state import Chunk, RunState
from imgbatch.executors.processes.staged_sums import Staging
from imgbatch.executors.processes.start_method import start_context
from imgbatch.executors.processes.supervisor import Supervisor
from imgbatch.executors.remote.host import Terms, refusal
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Layout, Totals

_PATIENCE = 2.0  # seconds that an idle worker process has to leave


@frozen
class Order:
    """What the slots of a run must know; sent with each chunk, and read with the first one.

    Attributes
    ----------
    task_pickle : bytes
    timeout : float or None
        Seconds that a job may take.
    memory : int or "auto"
        Bytes of decoded pixels that all worker processes of one of Dask's may hold at the same time.
    layout : Layout or None
        What is summed.
    terms : Terms
        What a worker must have.
    """

    task_pickle: bytes
    timeout: float | None
    memory: int | str
    layout: Layout | None
    terms: Terms


@frozen
class ChunkReply:
    """What became of a chunk.

    Attributes
    ----------
    outcomes : list of (int, bytes)
        The place of a job in the chunk, and its pickled outcome. Who stopped on the way has not all of them.
    sums : bytes
        The record of what these jobs have summed; b"" without sums.
    refusal : str
        Why this worker cannot do the work; "" where it can.
    missing : int
        The place of a job that failed, and whose source this worker does not see; -1 where there is none.
    """

    outcomes: list[tuple[int, bytes]]
    sums: bytes = b""
    refusal: str = ""
    missing: int = -1


class Slot:
    """One supervisor and its worker process, for one chunk at a time."""

    def __init__(self, order: Order, task: Task, budget: BudgetShare) -> None:
        self._order = order
        self._totals: Totals | None = None
        if order.layout is not None:
            from imgbatch.pixels.exact_sums import Totals

            self._totals = Totals(order.layout, in_shared_memory=False)
        self._staging, self._table = Staging(self._totals, 1), Table.create(1)
        self.state = RunState(
            context=start_context(None, task.uses_numpy, variables_of(task)), table=self._table,
            staging=self._staging, rows=1, task=task, task_pickle=order.task_pickle, timeout=order.timeout,
            budget=budget,
        )  # fmt: skip
        self._supervisor = Supervisor(self.state, 0)

    def answer(self, jobs: list[bytes], begin: Callable[[], object]) -> ChunkReply:
        """What becomes of a chunk's jobs; those whose worker was killed from outside come last, one at a time.

        `begin` is called when the first one is about to be in hand.
        """
        chunk = list(map(unpickle_job, jobs))
        state = self.state
        try:
            self._supervisor.start()
            begin()
            outcomes = self._supervisor.answer(Chunk(chunk, again=True))
            while state.second and not state.stopping:
                outcomes += self._supervisor.answer(Chunk([state.second.popleft()], last=True))
        except EngineError as error:
            return self._refuse(sentence(error))
        if state.host_error is not None:
            return self._refuse(sentence(state.host_error))
        terms, missing = self._order.terms, -1
        if terms.probe and not os.path.lexists(terms.probe):  # an unmounted folder takes files all the same
            return self._refuse(refusal(terms))
        if any(outcome.error is not None and BLAME[outcome.error.kind] != "file" for outcome in outcomes):
            missing = next((place for place, job in enumerate(chunk) if state.task.missing_source(job)), -1)
        places = {job.index: place for place, job in enumerate(chunk)}
        replies = []
        for outcome in outcomes:
            place = places[outcome.index]
            replies.append((place, pickle_outcome(outcome, chunk[place])))
        return ChunkReply(replies, self._take_sums(), missing=missing)

    def stop(self, at_once: bool) -> None:
        """Return after the job in hand, or without it."""
        self.state.stopping = True
        self._table.stop()
        if at_once:
            self.state.aborting = True
            self._supervisor.kill()

    def close(self) -> None:
        """End the worker process."""
        self._supervisor.close(_PATIENCE)
        self._staging.release()
        self._table.release()
        if self._totals is not None:
            self._totals.release()

    def _take_sums(self) -> bytes:
        if self._totals is None:
            return b""
        return self._totals.take()

    def _refuse(self, text: str) -> ChunkReply:
        """Nothing of the chunk counts: another worker does it."""
        self.state.host_error = None
        self.state.leftover.clear()
        self.state.second.clear()
        self.state.without_worker.clear()
        self._take_sums()
        return ChunkReply([], refusal=text)
