"""Supervisor: who watches a worker? One each: a thread of the Pool borrows it, and it owns one process and one pipe.

A supervisor returns only when every job of its chunk has an Outcome, has been put aside for a second chance, or the run
was stopped. No lock and no pipe is shared between processes, so a worker that dies breaks nothing but its own
conversation: the job in its hand is blamed by name, phase and signal, and a new worker does the rest of the chunk.
"""

from __future__ import annotations

import contextlib
import pickle
import signal
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from imgbatch.core.errors import HostError, sentence
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.messages import outcome_of_reply, pickle_job
from imgbatch.executors.processes.in_flight import IDLE
from imgbatch.executors.processes.launch import JOIN_TIMEOUT, start_worker
from imgbatch.executors.processes.memory_budget import resident
from imgbatch.executors.processes.run_state import Chunk, Death, RunState, cause_of_death
from imgbatch.executors.processes.start_method import CHILDREN
from imgbatch.executors.processes.worker import ASK

AT_ONCE = 256  # jobs sent in one message: what a pipe takes without waiting for its reader
IDLE_DEATHS = 3  # how often a job may be sent to a worker that dies before it begins or after it ends
_TICK = 0.25  # seconds between looks at the clock while a deadline runs
#: What a process brings upon itself; Windows, which knows few signals, tells their numbers as others.
_OWN_SIGNALS = frozenset(
    getattr(signal, name, 0) for name in ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")
)
RECYCLE_SIZE = 512 * 2**20  # bytes that a worker may keep between chunks


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
        at_once, again, idle_deaths = AT_ONCE, chunk.last or chunk.again, 0
        while todo and not self.state.stopping:
            part = todo[:at_once]
            try:
                result = self._ask(again, part)
            except HostError as error:
                outcomes += self._give_up(todo, chunk.last, error)
                break
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
        # Most signals come from outside, and 255 says that the forkserver died: not the job's fault at first.
        code = death.exitcode
        if not last and (code in (None, 255) or (code < 0 and -code not in _OWN_SIGNALS)):
            self.state.second.append(job)
            return None
        message = f"the worker died in {death.phase} of {job.source.relative} ({cause_of_death(death.exitcode)})"
        return self.state.task.blame(job, "crashed", Failure("crash", death.phase, message))

    def _give_up(self, jobs: list[Job], last: bool, error: HostError) -> list[Outcome]:
        """No worker can be had: leave the jobs to others; those on their second chance are too risky for them."""
        if self.state.stopping:
            return []
        self.state.host_error = error
        self.state.without_worker.append(self.row)
        if not last:
            self.state.leftover.extend(jobs)
            return []
        message = f"the worker was killed, and no other can be started ({sentence(error)})"
        return [self.state.task.blame(job, "crashed", Failure("crash", "read", message)) for job in jobs]

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
        message = pickle.dumps((again, list(map(pickle_job, jobs))))
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
        wait([self._process.sentinel], JOIN_TIMEOUT)
        return self.state.table.in_hand(self.row)[0] == position and self.state.table.in_hand(self.row)[2] == began

    def _bury(self, jobs: list[Job], late: bool) -> Death:
        """Make sure that the worker is gone, read what it had in hand, and remove what it left half-written."""
        process, connection = self._process, self._connection
        assert process is not None and connection is not None
        if not wait([process.sentinel], 0.5):
            self.kill()
            wait([process.sentinel], JOIN_TIMEOUT)
        with CHILDREN:
            process.join(JOIN_TIMEOUT)
            exitcode = process.exitcode
        if exitcode in (None, 255):  # the forkserver ended, of which the worker dies a moment later
            with contextlib.suppress(EOFError, OSError):
                while connection.poll(JOIN_TIMEOUT):
                    connection.recv_bytes()
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
        if self._process is None or self._connection is None:
            self._process, self._connection = start_worker(self.state, self.row)
        return self._process, self._connection

    def start(self) -> None:
        """Start the worker where there is none, which the first chunk does otherwise; raises what launch.py raises."""
        self._worker()

    def kill(self) -> None:
        """SIGKILL, or what the system has for it."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                process.kill()

    def hang_up(self) -> None:
        """Close the pipe, upon which the worker leaves."""
        if self._connection is not None:
            self._connection.close()

    def close(self, patience: float) -> None:
        """End the worker: hang up, and after `patience` seconds kill it."""
        process = self._process
        self.hang_up()
        if process is None:
            return
        if not wait([process.sentinel], patience):
            self.kill()
        with CHILDREN:
            process.join(JOIN_TIMEOUT)
        self._process = self._connection = None
