"""Staged sums: how do sums survive a worker that is killed at any moment? By a staging record in shared memory.

A worker adds a file to its own record when that file's Outcome has been pickled; its supervisor adds the record to the
totals at the moment the reply has arrived whole, and empties it. When a worker dies its record is emptied, and the
files of that reply are done again. So a file counts exactly when its "ok" reached the parent, never twice, and nobody
can die with the totals half-written or locked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from imgbatch.memory.shared_arrays import SharedArray

if TYPE_CHECKING:
    import numpy

    from imgbatch.pixels.exact_sums import Layout, Sheet, Totals


class Ticket(NamedTuple):
    """What a worker needs to find its record."""

    name: str
    layout: Layout
    rows: int


class Staging:
    """The records of all workers, as the parent sees them. Without totals there are none, and nothing happens."""

    def __init__(self, totals: Totals | None, rows: int) -> None:
        self._totals = totals
        self._segment: SharedArray | None = None
        self.ticket: Ticket | None = None
        if totals is not None:
            self._segment = SharedArray.create((rows,), totals.layout.dtype)
            self.ticket = Ticket(self._segment.name, totals.layout, rows)

    @property
    def has_sums(self) -> bool:
        """Whether anything is summed."""
        return self._totals is not None

    def commit(self, row: int) -> None:
        """Count what the worker of `row` has summed: its reply is here, and it waits for the next chunk."""
        if self._totals is not None and self._segment is not None:
            from imgbatch.pixels.exact_sums import zero

            record = self._segment.array[row, ...]
            self._totals.add(record)
            zero(record)

    def drop(self, row: int) -> None:
        """Forget what the worker of `row` has summed: it is dead, or its reply is of no use."""
        if self._segment is not None:
            from imgbatch.pixels.exact_sums import zero

            zero(self._segment.array[row, ...])

    def unlink(self) -> None:
        """No worker attaches any more: should the parent end without :meth:`release`, nothing is left behind."""
        if self._segment is not None:
            self._segment.unlink()

    def release(self) -> None:
        """Let go of the records; the parent's call removes the segment."""
        if self._segment is not None:
            self._segment.release()


def open_sheet(ticket: Ticket | None, row: int) -> tuple[Sheet | None, Callable[[], None]]:
    """In a worker: the sheet for its context, and the function that adds it to the staging record of `row`."""
    if ticket is None:
        return None, lambda: None
    from imgbatch.pixels.exact_sums import Sheet, add

    sheet = Sheet(ticket.layout)
    segment = SharedArray.attach(ticket.name, (ticket.rows,), ticket.layout.dtype)
    record: numpy.ndarray[Any, Any] = segment.array[row, ...]

    def stage(_segment: SharedArray = segment) -> None:  # keeps the segment as long as it is used
        add(record, sheet.record)

    return sheet, stage
