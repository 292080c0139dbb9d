"""Growing list: how can work begin before all of it is known? A record list that is filled while it is read.

Whoever reads it has it filled some way ahead, in the same thread: five times as far as was read, so that after a fifth
of the work it is known how much there is.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TypeVar

from imgbatch.core.errors import HostError
from imgbatch.core.records.packing import Packing
from imgbatch.core.records.record_list import RecordList

T = TypeVar("T")
FIRST = 2_000  # values that are there from the start: small runs know all
_TIMES = 5  # how far ahead of its reader


class GrowingList(RecordList[T]):
    """A list of what an iterator gives; its length is what is there so far.

    Parameters
    ----------
    packing : Packing
    source : iterator
        Gives the values, and is only asked by who calls :meth:`reach` or :meth:`foresee`, or iterates.

    Attributes
    ----------
    is_complete : bool
        Whether all values are there.
    """

    def __init__(self, packing: Packing[T], source: Iterator[T]) -> None:
        super().__init__(packing)
        self._source = source
        self.is_complete = False
        self.reach(FIRST)

    def reach(self, count: int) -> None:
        """Fill it up to `count` values, if there are so many."""
        missing = 0 if self.is_complete else count - len(self)
        for _ in range(missing):
            try:
                value = next(self._source)
            except StopIteration:
                self.is_complete = True
                return
            with contextlib.suppress(HostError):  # no room for its file: then it is in memory, and the work goes on
                self.append(value)

    def complete(self) -> None:
        """Fill it to the end."""
        self.reach(sys.maxsize)

    def foresee(self, number: int, window: int = 1) -> None:
        """Fill it for who reads the value of that number next: at least `window` further, if there are so many."""
        if not self.is_complete:
            self.reach(max(number + window, _TIMES * number))

    def __iter__(self) -> Iterator[T]:
        number = 0
        while True:
            self.foresee(number)
            if number >= len(self):
                return
            yield self._value(number)
            number += 1
