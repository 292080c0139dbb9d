"""Run state: what do all supervisors of one run share, and what passes between them and the Pool?"""

from __future__ import annotations

import os
import signal
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext

from imgbatch.core.errors import HostError, Phase
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Job
from imgbatch.executors.processes.in_flight import Table
from imgbatch.executors.processes.memory_budget import Budget
from imgbatch.executors.processes.staged_sums import Staging
from imgbatch.pipeline.task import Task


@dataclass(repr=False, eq=False)
class RunState:
    """What all supervisors of one run share.

    `stopping` and `aborting` are polled, never waited for: a signal handler sets them, where the lock of an Event might
    be held already by the thread that it interrupts. `owner` is the process whose run it is.
    """

    context: BaseContext
    table: Table
    staging: Staging
    rows: int
    task: Task
    task_pickle: bytes
    timeout: float | None
    budget: Budget
    stopping: bool = False
    aborting: bool = False
    second: deque[Job] = field(default_factory=deque)
    leftover: deque[Job] = field(default_factory=deque)  # for which a supervisor found no worker
    without_worker: list[int] = field(default_factory=list)  # the rows of those supervisors
    host_error: HostError | None = None  # what the last of them met
    start_failures: int = 0
    last_death: str = ""
    owner: int = field(default_factory=os.getpid)

    @property
    def has_no_worker(self) -> bool:
        """Whether no supervisor has a worker, or will get one."""
        return len(self.without_worker) >= self.rows


@frozen
class Chunk:
    """Jobs that are answered together; `last` when these have their second chance.

    `again` says that they may have been done before, by somebody who could not tell.
    """

    jobs: list[Job]
    last: bool = False
    again: bool = False


@frozen
class Death:
    """How a worker ended: the job in its hand (or IDLE), the phase, the exit code, and whether we shot it for time."""

    position: int
    phase: Phase
    exitcode: int | None
    late: bool = False


def cause_of_death(exitcode: int | None) -> str:
    """How a process ended, as a phrase: its exit code, or the signal's name."""
    if exitcode is None:
        return "cause unknown"
    if exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"
