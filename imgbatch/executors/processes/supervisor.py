"""Supervisor: who watches a worker? One each: a thread of the Pool borrows it, and it owns one process and one pipe.

A supervisor returns only when every job of its chunk has an Outcome, has been put aside for a second chance, or the run
was stopped. No lock and no pipe is shared between processes, so a worker that dies breaks nothing but its own
conversation: the job in its hand is blamed by name, phase and signal, and a new worker does the rest of the chunk.
"""

from __future__ import annotations

import contextlib
import pickle
import signal
import threading
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from imgbatch.core.errors import EngineError
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.base import NO_GUARD, outcome_of_reply
from imgbatch.executors.processes.in_flight import IDLE
from imgbatch.executors.processes.memory_budget import resident
from imgbatch.executors.processes.run_state import Chunk, Death, RunState, cause_of_death
from imgbatch.executors.processes.worker import ASK, READY, REFUSAL, serve

AT_ONCE = 256  # jobs sent in one message: what a pipe takes without waiting for its reader
START_TIMEOUT = 60.0  # seconds for a worker to answer
FRUITLESS = 5  # starts in a row that may fail before the run is given up
IDLE_DEATHS = 3  # how often a job may be sent to a worker that dies before it begins or after it ends
_TICK = 0.25  # seconds between looks at the clock while a deadline runs
RECYCLE_SIZE = 512 * 2**20  # bytes that a worker may keep between chunks
_JOIN_TIMEOUT = 10.0  # seconds to wait for a process that was shot
#: Process.start and .exitcode poll all children: two threads doing so overwrite an exit code with 255 (gh-130895).
_CHILDREN = threading.Lock()


class Supervisor:
    """One worker process and its pipe; used by one thread at a time."""

    def __init__(self, state: RunState, row: int) -> None:
        self.state, self.row = state, row
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._awake = 0  # when this process last did not run, or the worker waited for memory

    @property
    def pid(self) -> int | None:
        """The worker's process number, when there is one."""
        process = self._process
        return None if process is None else process.pid

    # -- answering -----------------------------------------------------------------------------------------------------

    def answer(self, chunk: Chunk) -> list[Outcome]:
        """The Outcomes of a chunk's jobs."""
        outcomes: list[Outcome] = []
        todo = list(chunk.jobs)
        at_once, again, idle_deaths = AT_ONCE, chunk.last, 0
        while todo and not self.state.stopping:
            part = todo[:at_once]
            result = self._ask(again, part)
            if not isinstance(result, Death):
                pairs = [
                    outcome_of_reply(self.state.task, job, reply) for job, reply in zip(part, result, strict=False)
                ]
                if self._commit_sums(pairs):
                    outcomes += [outcome for outcome, _ in pairs]
                    todo = todo[len(result) :]
                    idle_deaths = 0
                else:
                    again, at_once = True, 1
                continue
            if self.state.aborting:
                break
            again = True
            if result.position == IDLE:
                # Nobody had anything in hand: the rest is tried one by one, but not for ever.
                idle_deaths += 1
                at_once = 1
                if idle_deaths > IDLE_DEATHS:
                    message = (
                        f"{idle_deaths} workers died over it with nothing in hand ({cause_of_death(result.exitcode)})"
                    )
                    outcomes.append(
                        self.state.task.blame(todo.pop(0), "crashed", Failure("crash", result.phase, message))
                    )
                    idle_deaths = 0
                continue
            job = todo.pop(result.position)
            outcome = self._verdict(job, result, chunk.last)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes

    def _verdict(self, job: Job, death: Death, last: bool) -> Outcome | None:
        """Blame for the job in a dead worker's hand; None when it gets a second chance."""
        if death.late:
            seconds = f"{self.state.timeout or 0:g} s"
            message = f"timeout: {seconds} in {death.phase} of {job.source.relative}"
            return self.state.task.blame(job, "timeout", Failure("timeout", death.phase, message))
        # SIGKILL and SIGTERM come from outside, and 255 says that the forkserver died: not the job's fault at first.
        if not last and death.exitcode in (None, 255, -signal.SIGTERM, -signal.SIGKILL):
            self.state.second.append(job)
            return None
        message = f"the worker died in {death.phase} of {job.source.relative} ({cause_of_death(death.exitcode)})"
        return self.state.task.blame(job, "crashed", Failure("crash", death.phase, message))

    def _commit_sums(self, pairs: list[tuple[Outcome, bool]]) -> bool:
        """Count what the jobs of a reply have summed; False: they must be done again one by one.

        The worker has summed all of them into one record. When one of them cannot be read here, its part cannot be
        told from the others'.
        """
        if all(readable for _, readable in pairs):
            self.state.staging.commit(self.row)
            return True
        self.state.staging.drop(self.row)
        return len(pairs) == 1 or not self.state.staging.has_sums

    # -- one conversation ----------------------------------------------------------------------------------------------

    def _ask(self, again: bool, jobs: list[Job]) -> list[bytes] | Death:
        process, connection = self._worker()
        message = pickle.dumps((again, [pickle.dumps(job) for job in jobs]))
        try:
            connection.send_bytes(message)
            while True:
                late = self._await_word(process, connection)
                if late is not None:
                    break
                word = connection.recv_bytes()
                if word[:1] == ASK:
                    self._make_room(process, int.from_bytes(word[1:], "little"))
                    connection.send_bytes(ASK)
                    continue
                replies: list[bytes] = pickle.loads(word[1:])
                self._recycle()
                return replies
        except (EOFError, OSError, pickle.UnpicklingError):
            late = False  # it died, or closed its end: then it cannot be talked to and has to go
        return self._bury(jobs, late)

    def _make_room(self, process: BaseProcess, size: int) -> None:
        """Wait until the worker may decode `size` bytes; the time counts for nobody."""

        def is_waiting() -> bool:
            return not self.state.aborting and not wait([process.sentinel], 0)

        self.state.budget.take(self.row, size, is_waiting)
        self._awake = time.monotonic_ns()

    def _recycle(self) -> None:
        """Give back the worker's memory; one that keeps much of it for itself is replaced before its next chunk."""
        if self.state.budget.give_back(self.row) and self._process is not None:
            size = resident(self._process.pid or 0)
            if size > max(RECYCLE_SIZE, self.state.budget.size // (2 * self.state.rows)):
                self.close(1.0)

    def _await_word(self, process: BaseProcess, connection: Connection) -> bool | None:
        """None when there is something to read; else the worker is dead, True when we shot it for being late."""
        timeout = self.state.timeout
        while True:
            before = time.monotonic()
            ready = wait([connection, process.sentinel], _TICK if timeout is not None else None)
            if connection in ready or connection.poll():
                return None
            if ready:
                return False
            if timeout is None:
                continue
            if time.monotonic() - before > _TICK + 0.5:
                # This process did not run (Ctrl-Z, a closed lid): that is not the job's time.
                self._awake = time.monotonic_ns()
            position, _, began = self.state.table.in_hand(self.row)
            if position != IDLE and time.monotonic_ns() - max(began, self._awake) > timeout * 1e9:
                return self._shoot(position, began)

    def _shoot(self, position: int, began: int) -> bool:
        """Kill the worker; whether the job that was late is still in its hand (it may have ended just then)."""
        self.kill()
        assert self._process is not None
        wait([self._process.sentinel], _JOIN_TIMEOUT)
        return self.state.table.in_hand(self.row)[0] == position and self.state.table.in_hand(self.row)[2] == began

    def _bury(self, jobs: list[Job], late: bool) -> Death:
        """Make sure that the worker is gone, read what it had in hand, and remove what it left half-written."""
        process, connection = self._process, self._connection
        assert process is not None and connection is not None
        if not wait([process.sentinel], 0.5):
            self.kill()
            wait([process.sentinel], _JOIN_TIMEOUT)
        with _CHILDREN:
            process.join(_JOIN_TIMEOUT)
            exitcode = process.exitcode
        position, phase, _ = self.state.table.in_hand(self.row)
        self.state.table.end(self.row)
        self.state.staging.drop(self.row)
        self.state.budget.give_back(self.row)
        connection.close()
        self._process = self._connection = None
        if position >= len(jobs):
            position = IDLE
        if position != IDLE and process.pid is not None:
            self.state.task.clean_up(jobs[position], process.pid)
        return Death(position, phase, exitcode, late)

    # -- the process ---------------------------------------------------------------------------------------------------

    def _worker(self) -> tuple[BaseProcess, Connection]:
        while self._process is None or self._connection is None:
            if self.state.start_failures >= FRUITLESS:
                raise EngineError(f"workers cannot be started: {FRUITLESS} in a row died before their first word")
            self._start()
        return self._process, self._connection

    def _start(self) -> None:
        state = self.state
        state.table.end(self.row)
        ours, theirs = state.context.Pipe()
        process: BaseProcess = state.context.Process(  # type: ignore[attr-defined]  # BaseContext lacks it in typeshed
            target=serve,
            args=(theirs, state.table.name, state.rows, self.row, state.staging.ticket),
            daemon=True,
            name=f"imgbatch-{self.row}",
        )
        with _CHILDREN:
            process.start()
        theirs.close()
        word = b""
        with contextlib.suppress(EOFError, OSError):
            ours.send_bytes(state.task_pickle)
            wait([ours, process.sentinel], START_TIMEOUT)
            if ours.poll():
                word = ours.recv_bytes()
        if word == READY:
            state.start_failures = 0
            self._process, self._connection = process, ours
            return
        with contextlib.suppress(OSError):
            process.kill()
        with _CHILDREN:
            process.join(_JOIN_TIMEOUT)
            exitcode = process.exitcode
        ours.close()
        if word.startswith(REFUSAL):
            raise EngineError(f"the recipe cannot be used by the workers: {word[1:].decode()}; define operations in a "
                              "module that they can import, or run with workers=0")  # fmt: skip
        if exitcode == NO_GUARD:
            raise EngineError(
                "the script has no main guard, so every worker would start it again; put the call under "
                "`if __name__ == '__main__':`, or run with workers=0"
            )
        state.start_failures += 1

    def kill(self) -> None:
        """SIGKILL, or what the system has for it."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                process.kill()

    def close(self, patience: float) -> None:
        """End the worker: it leaves when its pipe closes; after `patience` seconds it is killed."""
        process, connection = self._process, self._connection
        if connection is not None:
            connection.close()
        if process is None:
            return
        if not wait([process.sentinel], patience):
            self.kill()
        with _CHILDREN:
            process.join(_JOIN_TIMEOUT)
        self._process = self._connection = None
