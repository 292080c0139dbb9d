"""What has each worker in hand? A table in shared memory, readable also after the worker's death.

One row per worker: the position of its job in the chunk (-1: none), the phase, when the job began. Only the worker
writes its row; only the parent writes the stop word. Nothing is locked: a row is read after its worker is dead, or
as a hint (deadlines) that is checked again after the shot.
"""

from __future__ import annotations

import time

import numpy

from imgbatch.errors import PHASES, Phase
from imgbatch.shared import SharedArray

IDLE = -1
ROW = numpy.dtype([("job", "i8"), ("phase", "i8"), ("began_ns", "i8"), ("stop", "i8")])


class Table:
    """The rows of all workers; the parent creates it, each worker attaches."""

    def __init__(self, shared: SharedArray) -> None:
        self._shared = shared
        self._jobs = shared.array["job"]
        self._phases = shared.array["phase"]
        self._began = shared.array["began_ns"]
        self._stop = shared.array["stop"]

    @classmethod
    def create(cls, rows: int) -> Table:
        """A table of `rows` idle rows."""
        table = cls(SharedArray.create((rows,), ROW))
        table._jobs[:] = IDLE
        return table

    @classmethod
    def attach(cls, name: str, rows: int) -> Table:
        """The table that the parent created."""
        return cls(SharedArray.attach(name, (rows,), ROW))

    @property
    def name(self) -> str:
        return self._shared.name

    def begin(self, row: int, job: int) -> None:
        """The worker of `row` takes job number `job` of its chunk in hand. The time first: see :meth:`in_hand`."""
        self._phases[row] = 0
        self._began[row] = time.monotonic_ns()
        self._jobs[row] = job

    def phase(self, row: int, phase: int) -> None:
        self._phases[row] = phase

    def end(self, row: int) -> None:
        self._jobs[row] = IDLE

    def in_hand(self, row: int) -> tuple[int, Phase, int]:
        """(position or IDLE, phase, began_ns) of a row."""
        return int(self._jobs[row]), PHASES[int(self._phases[row])], int(self._began[row])

    @property
    def stopped(self) -> bool:
        """Whether workers shall return after the file in hand."""
        return bool(self._stop[0])

    def stop(self) -> None:
        self._stop[0] = 1

    def unlink(self) -> None:
        """No worker attaches any more: should the parent end without :meth:`release`, nothing is left behind."""
        self._shared.unlink()

    def release(self) -> None:
        """Let go; the parent's copy removes the segment."""
        del self._jobs, self._phases, self._began, self._stop
        self._shared.release()
