"""Launch: how does a worker process come to its first word, also where the host makes that hard?

A start that fails is tried again after a pause: the forkserver may have been killed just now, and a new one is started
then. Where that does not help either, the system gives no more processes: HostError.
"""

from __future__ import annotations

import contextlib
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from imgbatch.core.errors import EngineError, HostError, sentence
from imgbatch.executors.base import NO_GUARD
from imgbatch.executors.host_limits import has_address_limit
from imgbatch.executors.processes.run_state import RunState, cause_of_death
from imgbatch.executors.processes.start_method import CHILDREN, frozen_program, spawn_context, start_conditions
from imgbatch.executors.processes.worker import NO_HOST, READY, REFUSAL, serve
from imgbatch.pipeline.task import Task
from imgbatch.storage.registry import CREDENTIALS, is_remote

START_TIMEOUT = 60.0  # seconds for a worker to answer
FRUITLESS = 5  # workers in a row that may die before their first word until the run is given up
JOIN_TIMEOUT = 10.0  # seconds to wait for a process that was shot
PAUSES = (0.05, 0.2, 0.5, 1.0)  # seconds after a start that failed; at the third it is tried without a forkserver


def variables_of(task: Task) -> tuple[str, ...]:
    """What the names of the variables begin with that a task's workers need as they are now: those of remote stores."""
    is_far_away = bool(task.bytes_ahead) or (task.root is not None and is_remote(task.root.path))
    return CREDENTIALS if is_far_away else ()


def start_worker(state: RunState, row: int) -> tuple[BaseProcess, Connection]:
    """A worker that has said that it is ready, and our end of its pipe.

    Raises
    ------
    HostError
        The system gives no process, or none that can work.
    EngineError
        The worker cannot use the task, or the script that it imports.
    """
    pauses = iter(() if state.has_no_worker else PAUSES)
    while True:
        if state.start_failures >= FRUITLESS:
            kind = HostError if has_address_limit() else EngineError
            raise kind(f"workers cannot be started: {FRUITLESS} in a row died before their first word "
                       f"({state.last_death}); run with workers=0 (-j 0)")  # fmt: skip
        try:
            started = _start(state, row)
        except (OSError, EOFError, RuntimeError, AssertionError) as error:
            pause = next(pauses, None)
            if pause is None or state.stopping:
                raise HostError(f"the system gives no process: {sentence(error)}") from error
            if pause == PAUSES[2]:
                state.context = spawn_context()
            time.sleep(pause)
            continue
        if started is not None:
            state.start_failures = 0
            return started


def _start(state: RunState, row: int) -> tuple[BaseProcess, Connection] | None:
    """A worker and our end of its pipe; None when it died before its first word."""
    state.table.end(row)
    ours, theirs = state.context.Pipe()
    process: BaseProcess = state.context.Process(  # type: ignore[attr-defined]  # BaseContext lacks it in typeshed
        target=serve,
        args=(theirs, state.table.name, state.rows, row, state.staging.ticket),
        daemon=True,
        name=f"imgbatch-{row}",
    )
    try:
        with CHILDREN, start_conditions():
            process.start()
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    word = b""
    with contextlib.suppress(EOFError, OSError):
        ours.send_bytes(state.task_pickle)
        wait([ours, process.sentinel], START_TIMEOUT)
        if ours.poll():
            word = ours.recv_bytes()
    if word == READY:
        return process, ours
    with contextlib.suppress(OSError):
        process.kill()
    with CHILDREN:
        process.join(JOIN_TIMEOUT)
        exitcode = process.exitcode
    ours.close()
    if word.startswith(NO_HOST):
        raise HostError(f"workers cannot reach what this process shares with them: {word[1:].decode()}")
    if word.startswith(REFUSAL):
        raise EngineError(f"the recipe cannot be used by the workers: {word[1:].decode()}; define operations in a "
                          "module that they can import, or run with workers=0")  # fmt: skip
    if exitcode == NO_GUARD:
        raise EngineError(_NO_SUPPORT if frozen_program() else _NO_MAIN_GUARD)
    state.last_death = cause_of_death(exitcode)
    state.start_failures += 1
    return None


_NO_MAIN_GUARD = (
    "the script has no main guard, so every worker would start it again; put the call under "
    "`if __name__ == '__main__':`, or run with workers=0"
)
_NO_SUPPORT = (
    "this frozen program starts itself again as its own worker; call multiprocessing.freeze_support() first of all "
    "under `if __name__ == '__main__':`, or run with workers=0"
)
