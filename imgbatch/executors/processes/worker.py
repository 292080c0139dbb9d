"""Worker: what runs in a worker process? A loop: receive a chunk, do its jobs one by one, send the outcomes back.

Only bytes cross the pipe. Jobs and outcomes are pickled one by one, so that one that cannot be pickled costs itself
alone; errors travel as text. Messages to the worker: the pickled task (once), then chunks ``(again, [job, ...])``.
Messages from it begin with one byte: READY, REFUSAL (text: the task cannot be used here), NO_HOST (text: nothing can be
done here), ASK (for so many bytes: answered when there is room) or REPLY.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import forkserver, parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from imgbatch.core.errors import PHASES, Phase, sentence
from imgbatch.executors import priority
from imgbatch.executors.base import failure_of
from imgbatch.executors.captured_stderr import CapturedStderr
from imgbatch.executors.messages import pickle_outcome, unpickle_job
from imgbatch.executors.one_thread import ask_for_one_thread
from imgbatch.executors.processes.in_flight import Table
from imgbatch.executors.processes.memory_budget import ALLOWANCE, limit_memory
from imgbatch.executors.processes.staged_sums import Ticket, open_sheet
from imgbatch.executors.processes.start_method import TERMINAL_SIGNALS
from imgbatch.pipeline.task import Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Sheet

READY, REFUSAL, NO_HOST, REPLY, ASK = b"+", b"!", b"~", b"=", b"?"
_PHASE_CODES = {phase: code for code, phase in enumerate(PHASES)}
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
#: malloc.h of glibc: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD, with what they grow to anyway after a large picture. Till
#: then every tiny one would give its memory back to the system and fetch it again, for 14 % more processor time
#: (python -m tests.benchmarks.choices). Pages of 2 MB (MADV_HUGEPAGE) spare time while the same ones are used again,
#: but cost more than small ones on a virtual machine that has given memory back to its host: nothing asks for them.
_MALLOPT = ((-1, 64 * 2**20), (-3, 32 * 2**20))
#: Before a picture of more bytes a worker gives free memory back to the system: malloc keeps what former pictures have
#: left, and the new one would come on top of it. Progressive JPEGs take so many; most photographs do not, and their
#: worker need not ask for the same memory again.
_LARGE = 64 * 2**20


class WorkerContext:
    """Says its phase in the table of jobs in flight, and keeps the sheet whose sums are staged when a job is ok.

    Parameters
    ----------
    connection : Connection
        To the supervisor, which is asked for memory.
    table, row
        Where the phase is written, and the worker's row of it.
    sums : Sheet or None
        Cleared before each job; None: nothing is summed.
    stage : callable
        Puts the sheet into the worker's staging record.
    """

    def __init__(
        self, connection: Connection, table: Table, row: int, sums: Sheet | None, stage: Callable[[], None]
    ) -> None:
        self._connection = connection
        self.again = False
        self.current_phase: Phase = "read"
        self.sums = sums
        self.stage = stage
        self._phase_word = table.phase_word(row)

    def begin(self) -> None:
        """The next job: nothing is said of it yet."""
        self.current_phase = "read"
        if self.sums is not None:
            self.sums.clear()

    def reserve(self, size: int) -> None:
        """Wait until the supervisor grants `size` bytes of the memory budget; up to ``ALLOWANCE`` bytes are free."""
        if size > _LARGE:
            give_back_memory()
        if size > ALLOWANCE:
            self._connection.send_bytes(ASK + size.to_bytes(8, "little"))
            self._connection.recv_bytes()

    def phase(self, phase: Phase) -> None:
        """Remember the phase, and write it to the table, where the supervisor finds it when this worker is dead."""
        self.current_phase = phase
        self._phase_word[0] = _PHASE_CODES[phase]


def serve(connection: Connection, name: str, rows: int, row: int, ticket: Ticket | None) -> None:
    """The worker's whole life; ends when the parent closes the pipe.

    Parameters
    ----------
    connection : Connection
        To the supervisor, which sends the Task first and then chunks of jobs, pickled.
    name, rows, row
        Of the table of jobs in flight: its segment, how many rows it has, and the worker's own.
    ticket : Ticket or None
        Where sums are staged; None: nothing is summed.
    """
    _settle_in()
    capture = CapturedStderr()
    capture.take()
    answer = NO_HOST
    try:
        table = Table.attach(name, rows)
        context = WorkerContext(connection, table, row, *open_sheet(ticket, row))
        answer = REFUSAL
        task: Task = pickle.loads(connection.recv_bytes())
        task.open()
        task.own_process()
        limit_memory(task.most_memory)
    except BaseException as error:  # noqa: BLE001 - anything here is told to the parent, which raises it
        connection.send_bytes(answer + f"{type(error).__name__}: {sentence(error)}".encode("utf-8", "replace"))
        return
    connection.send_bytes(READY)
    with contextlib.suppress(EOFError, OSError):  # the parent has gone or wants no more
        while True:
            context.again, jobs = pickle.loads(connection.recv_bytes())
            connection.send_bytes(REPLY + pickle.dumps(_chunk(task, jobs, context, table, row, capture)))


def _chunk(
    task: Task, jobs: list[bytes], context: WorkerContext, table: Table, row: int, capture: CapturedStderr
) -> list[bytes]:
    replies = []
    if task.bytes_ahead:
        with contextlib.suppress(Exception):  # whoever gets the job says what is wrong with it
            task.expect(list(map(unpickle_job, jobs)))
    for position, data in enumerate(jobs):
        if table.stopping:
            break
        table.begin(row, position)
        replies.append(_one(task, data, context, capture))
        table.end(row)
    return replies


def _one(task: Task, data: bytes, context: WorkerContext, capture: CapturedStderr) -> bytes:
    """One job to its pickled Outcome, or to a pickled Failure."""
    context.begin()
    try:
        job = unpickle_job(data)
        try:
            outcome = task(job, context)
        except BaseException as error:  # noqa: BLE001 - also who leaves with sys.exit
            outcome = task.blame(job, "failed", failure_of(error, context.current_phase))
        outcome = capture.add_warnings(outcome)
        reply = pickle_outcome(outcome, job)
        if outcome.status == "ok":
            context.stage()
        return reply
    except BaseException as error:  # noqa: BLE001 - one Outcome for every job; the parent makes it from this
        return pickle.dumps(failure_of(error, context.current_phase))


def _settle_in() -> None:
    """Die with the parent, leave signals to it, and be the one that the kernel's OOM killer takes."""
    for number in TERMINAL_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ask_for_one_thread()
    parent = parent_process()
    if parent is not None:
        priority.follow(parent.pid or 0)
        with contextlib.suppress(RuntimeError):  # no more threads: then the kernel has to end it, as below
            threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()
    if sys.platform == "linux":
        import ctypes  # the parent, which imports this file, too, has no use for it

        # Stuck in C with the GIL held, no thread of ours can run: then the kernel ends us with the forkserver,
        # which ends with the parent, if no worker keeps its pipe open (multiprocessing hands a copy to every child).
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        with contextlib.suppress(OSError, AttributeError):  # musl has no such function
            for option, value in _MALLOPT:
                ctypes.CDLL(None).mallopt(option, value)
        alive = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)  # private: no public way to find it
        if alive is not None:
            with contextlib.suppress(OSError):
                os.close(alive)
            forkserver._forkserver._forkserver_alive_fd = None  # type: ignore[attr-defined]  # so that nobody uses it
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")


def give_back_memory() -> None:
    """Give free memory back to the system, where malloc is glibc's."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)


def _leave_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
