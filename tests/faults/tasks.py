"""What can go wrong in a worker? Tasks that misbehave by choice, as ordinary picklable objects.

A job's source path says what happens: ``ok``, or a fault named in FAULTS; ``<fault>:<more>`` carries an argument.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imgbatch.core.job import Job, Outcome, Source
from imgbatch.pipeline.task import Task, TaskContext
from imgbatch.storage.temporary import temporary_name


class BadUnpickle:
    """Explodes when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return explode, ()


class BadError(Exception):
    """Cannot be unpickled, and its str() raises."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one)

    def __str__(self) -> str:
        raise RuntimeError("no words")


def explode() -> None:
    """What unpickling a BadUnpickle calls."""
    raise RuntimeError("exploded while unpickling")


def job(index: int, fault: str = "ok") -> Job:
    """A job whose source says what shall happen."""
    return Job(index, Source(f"/{fault}", ".", f"{index}-{fault}", size=1), ())


@dataclass(frozen=True)
class FaultyTask(Task):
    """Does what the job's path says."""

    folder: str = ""  # where traces are left

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        context.phase("ops")
        fault, _, more = job.source.path[1:].partition(":")
        act(fault, more, self.folder, job.index)
        if fault == "unpicklable_result":
            return Outcome(job.index, job.source, "ok", ms={"f": lambda: 0})  # type: ignore[dict-item]  # the fault
        if fault == "result_explodes":
            return Outcome(job.index, job.source, "ok", changes=(BadUnpickle(),))  # type: ignore[arg-type]  # the fault
        return Outcome(job.index, job.source, "ok")


@dataclass(frozen=True)
class Stillborn(FaultyTask):
    """Ends each worker that unpacks it, and counts them."""

    def __setstate__(self, state: dict[str, str]) -> None:
        with open(os.path.join(state["folder"], "starts"), "a") as file:
            file.write("x")
        os._exit(1)


def act(fault: str, more: str, folder: str, index: int) -> None:
    """The deed itself, inside the worker."""
    if fault == "raise":
        raise ValueError("raised")
    if fault == "raise_bad":
        raise BadError(1, 2)
    if fault == "sys_exit":
        sys.exit(3)
    if fault == "os_exit":
        os._exit(3)
    if fault == "memory":
        raise MemoryError
    if fault == "segv":
        ctypes.string_at(0)
    if fault == "abort":
        os.abort()
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "kill_once":
        trace = os.path.join(folder, f"killed-{index}")
        if not os.path.exists(trace):
            with open(trace, "w"):
                os.kill(os.getpid(), signal.SIGKILL)
    if fault == "signal_once":
        trace = os.path.join(folder, f"signal-{index}")
        if not os.path.exists(trace):
            with open(trace, "w"):
                os.kill(os.getpid(), signal.Signals[more])
    if fault == "half":  # stuck in the middle of a file
        with open(temporary_name(folder), "w"):
            time.sleep(3600)
    if fault == "loop":
        while True:
            time.sleep(3600)
    if fault == "loop_c":
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
        sum(range(10**12))  # one call, the GIL is held
    if fault == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if fault == "close_fds":
        os.closerange(3, 64)
    if fault == "print":
        os.write(2, b"libtest: a warning\n")
    if fault == "sleep":
        time.sleep(float(more))
    if fault == "steps":  # a second of work that stands still while its process does
        for _ in range(10):
            time.sleep(0.1)
    if fault == "trace":
        with open(os.path.join(folder, f"done-{index}"), "a") as file:
            file.write("x")
