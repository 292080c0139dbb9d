"""Record list: how can a list hold a million values? The latest ones as they are, all others packed into a record file.

A value costs 8 bytes of memory. It is equal to what was appended, and another object each time it is asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from imgbatch.core.records.packing import Packing
    from imgbatch.core.records.record_file import RecordFile

T = TypeVar("T")
RECENT = 1024  # values that are not packed yet: a small run packs none
_REPR_LENGTH = 8  # values in a repr


class EqualSequence(Sequence[T]):
    """A sequence that is equal to one of another type, if that has equal values; its repr shows the first of them."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=False))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        more = f", ... ({len(self) - _REPR_LENGTH} more)" if len(self) > _REPR_LENGTH else ""
        return f"[{', '.join(map(repr, islice(self, _REPR_LENGTH)))}{more}]"


class RecordList(EqualSequence[T]):
    """A sequence that grows at its end, and may be read by other threads meanwhile.

    Parameters
    ----------
    packing : Packing or None
        Makes bytes of its values; None: of a class that inherits and has one when it is needed.
    values : iterable, optional
        What it begins with.
    folder : str
        Where its file shall lie, once there is one; as of :class:`record_file.RecordFile`.
    recent : int, optional
        How many of the latest values are held as they are.
    """

    def __init__(
        self, packing: Packing[T] | None, values: Iterable[T] = (), folder: str = "", recent: int | None = None
    ) -> None:
        self._packing, self._folder = packing, folder
        self._most_recent = RECENT if recent is None else recent
        self._records: RecordFile | None = None  # of all values before the recent ones
        self._recent: list[T] = []
        self._first_recent = 0  # the number of the first of them
        self._lock = threading.Lock()
        for value in values:
            self.append(value)

    def append(self, value: T) -> None:
        """Add a value; HostError where the disk takes no more: it is there all the same, in memory."""
        self._recent.append(value)
        if len(self._recent) >= self._most_recent:
            self._pack_recent()

    def lie_in(self, folder: str) -> None:
        """Have the file made in `folder`, unless there is one already."""
        self._folder = folder
        if self._records is not None:
            self._records.folder = folder

    def __len__(self) -> int:
        with self._lock:
            return self._first_recent + len(self._recent)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            return [self._value(number) for number in range(*place.indices(len(self)))]
        count = len(self)
        if not -count <= place < count:
            raise IndexError(f"expected a place below {count}, got {place}")
        return self._value(place % count)

    def __iter__(self) -> Iterator[T]:
        number = 0
        while number < len(self):  # it may grow meanwhile
            yield self._value(number)
            number += 1

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def _value(self, number: int) -> T:
        """The value that was appended as the one of that number."""
        with self._lock:
            if number >= self._first_recent:
                return self._recent[number - self._first_recent]
            assert self._packing is not None
            assert self._records is not None
            return self._packing.unpack(self._records[number])

    def _pack_recent(self) -> None:
        if self._records is None:
            from imgbatch.core.records.record_file import RecordFile  # small runs need none

            self._records = RecordFile(self._folder)
        if self._packing is None:
            self._packing = self._make_packing()
        records = list(map(self._packing.pack, self._recent))
        with self._lock:
            self._first_recent += len(records)
            self._recent = []
            self._records.extend(records)

    def _make_packing(self) -> Packing[T]:
        """The packing of one that was made without."""
        raise NotImplementedError
