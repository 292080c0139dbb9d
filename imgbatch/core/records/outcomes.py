"""Outcomes: what became of each file, in the order of the sources? A list that holds a million in 22 MB.

They arrive in any order. Numbers are sorted, not outcomes: an outcome is only unpacked for who asks for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, overload

from imgbatch.core.job import STATUSES, Outcome, Status
from imgbatch.core.records.record_list import EqualSequence, RecordList

if TYPE_CHECKING:
    from imgbatch.core.records.packing import OutcomePacking

_CODES = {status: code for code, status in enumerate(STATUSES)}
_GAPS = 8  # of the places of a table, so many may be empty for each that is not


class Outcomes(RecordList[Outcome]):
    """Outcomes as they are appended, and once they are sorted, by their index."""

    def __init__(self, values: Iterable[Outcome] = ()) -> None:
        self._indices = array("q")  # by number, which says when it arrived
        self._codes = bytearray()  # of the statuses, by number
        self._order: array[int] = array("I")  # by place: the number; of the places beyond it, their own
        super().__init__(None, values)

    def append(self, value: Outcome) -> None:
        """Add an outcome at the end; HostError as of :meth:`RecordList.append`."""
        self._indices.append(value.index)
        self._codes.append(_CODES[value.status])
        super().append(value)

    def sort(self) -> None:
        """Bring them into the order of their indices; those of one index stay as they are."""
        self._order = _order_of(self._indices)

    def of_status(self, statuses: Collection[Status]) -> Sequence[Outcome]:
        """Those of some statuses, in their order here; what arrives later is not among them."""
        codes = {_CODES[status] for status in statuses}
        count, order = len(self), self._order
        if not codes.intersection(self._codes):
            return _Selection(self, array("I"))
        numbers = enumerate(chain(order, range(len(order), count)))
        return _Selection(self, array("I", (place for place, number in numbers if self._codes[number] in codes)))

    def _make_packing(self) -> OutcomePacking:
        from imgbatch.core.records.packing import OutcomePacking

        return OutcomePacking()

    def _value(self, number: int) -> Outcome:
        order = self._order
        return super()._value(order[number] if number < len(order) else number)


class _Selection(EqualSequence[Outcome]):
    """Some of many outcomes, by their places. Equal to a list of them; a copy of it is such a list."""

    def __init__(self, outcomes: Outcomes, places: array[int]) -> None:
        self._outcomes, self._places = outcomes, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Outcome: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Outcome]: ...
    def __getitem__(self, place: int | slice) -> Outcome | Sequence[Outcome]:
        if isinstance(place, slice):
            return _Selection(self._outcomes, self._places[place])
        return self._outcomes[self._places[place]]

    def __reduce__(self) -> tuple[Any, ...]:
        return Outcomes, (list(self),)


def _order_of(indices: array[int]) -> array[int]:
    """The numbers in the order of their indices; empty where that is the order that they have."""
    if all(map(int.__le__, indices, indices[1:])):
        return array("I")
    if min(indices) >= 0 and max(indices) < _GAPS * len(indices) + 1000:
        numbers = array("I", bytes(4 * (max(indices) + 1)))  # by index, from 1 on; 0: there is none
        for number, index in enumerate(indices, 1):
            numbers[index] = number
        order = array("I", (number - 1 for number in numbers if number))
        if len(order) == len(indices):  # else some share an index
            return order
    return array("I", sorted(range(len(indices)), key=indices.__getitem__))
