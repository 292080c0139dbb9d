"""Jobs in flight: what is each worker at? A table in shared memory, readable also after the worker's death.

One row per worker: the position of its job in the chunk (-1: none), the phase, when the job began. Only the worker
writes its row; only the parent writes the stop word. Nothing is locked: a row is read after its worker is dead, or
as a hint (deadlines) that is checked again after the shot.
"""

from __future__ import annotations

import contextlib
import time

from imgbatch.core.errors import PHASES, Phase
from imgbatch.memory.shared_arrays import SharedWords

IDLE = -1
_JOB, _PHASE, _BEGAN, _STOP, _COLUMNS = 0, 1, 2, 3, 4


class Table:
    """The rows of all workers; the parent creates it, each worker attaches.

    What numpy would call an array of dtype ``[("job", "i8"), ("phase", "i8"), ("began_ns", "i8"), ("stop", "i8")]``;
    read without numpy, which takes a worker longer to load than everything else.
    """

    def __init__(self, segment: SharedWords) -> None:
        self._segment = segment
        self._words = segment.words

    @classmethod
    def create(cls, rows: int) -> Table:
        """A table of `rows` idle rows."""
        table = cls(SharedWords.create(_COLUMNS * rows))
        for row in range(rows):
            table.end(row)
        return table

    @classmethod
    def attach(cls, name: str, rows: int) -> Table:
        """The table that the parent created."""
        return cls(SharedWords.attach(name, _COLUMNS * rows))

    @property
    def name(self) -> str:
        """The name of the shared memory segment, for :meth:`attach` in another process."""
        return self._segment.name

    def begin(self, row: int, job: int) -> None:
        """The worker of `row` takes job number `job` of its chunk in hand. The time first: see :meth:`in_hand`."""
        self._words[_COLUMNS * row + _PHASE] = 0
        self._words[_COLUMNS * row + _BEGAN] = time.monotonic_ns()
        self._words[_COLUMNS * row + _JOB] = job

    def phase_word(self, row: int) -> memoryview:
        """One word, for the phase that the worker of `row` is in: its place in ``core.errors.PHASES``."""
        return self._words[_COLUMNS * row + _PHASE :][:1]

    def end(self, row: int) -> None:
        """The worker of `row` has no job any more; its phase and time stay as they were."""
        self._words[_COLUMNS * row + _JOB] = IDLE

    def in_hand(self, row: int) -> tuple[int, Phase, int]:
        """(position or IDLE, phase, began_ns) of a row."""
        job, phase, began, _ = self._words[_COLUMNS * row : _COLUMNS * (row + 1)]
        return job, PHASES[phase], began

    @property
    def stopping(self) -> bool:
        """Whether workers shall return after the file in hand."""
        return bool(self._words[_STOP])

    def stop(self) -> None:
        """Set the stop word; does nothing after :meth:`release`: a signal may come between that and the run's end."""
        with contextlib.suppress(ValueError):
            self._words[_STOP] = 1

    def unlink(self) -> None:
        """No worker attaches any more: should the parent end without :meth:`release`, nothing is left behind."""
        self._segment.unlink()

    def release(self) -> None:
        """Let go; the parent's copy removes the segment."""
        self._segment.release()
