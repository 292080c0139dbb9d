"""Is a growing list the list of all that its source gives, read while it grows, and filled ahead of who reads it?"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from imgbatch.core.job import Source
from imgbatch.core.records import growing_list, record_file, record_list
from imgbatch.core.records.growing_list import GrowingList
from imgbatch.core.records.packing import SourcePacking


def source(number: int) -> Source:
    return Source(f"/photos/{number}.jpg", "photos", f"{number}.jpg", number)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made, and values packed, after a few."""
    monkeypatch.setattr(growing_list, "FIRST", 4)
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 100)
    monkeypatch.setattr(record_list, "RECENT", 3)


@pytest.mark.parametrize("count", [0, 3, 4, 5, 60])
def test_it_holds_all_in_order_and_may_be_read_again(count: int) -> None:
    values = list(map(source, range(count)))
    grown = GrowingList(SourcePacking(), iter(values))
    assert len(grown) == min(count, 4)
    assert grown.is_complete is (count < 4)
    assert list(grown) == values
    assert grown.is_complete
    assert list(grown) == grown == values


def test_it_is_filled_ahead_of_its_reader() -> None:
    numbers = iter(range(100))
    grown = GrowingList(SourcePacking(), map(source, numbers))
    reader = iter(grown)
    for _ in range(11):
        next(reader)
    assert len(grown) == 50  # five times the number of the latest, 10
    grown.foresee(10, window=45)
    assert len(grown) == 55
    grown.foresee(30, window=45)
    assert grown.is_complete and len(grown) == 100
    complete = GrowingList(SourcePacking(), map(source, range(100)))
    complete.complete()
    assert complete.is_complete and complete == grown


def test_where_its_file_has_no_room_it_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: str) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(record_file, "_new_file", refuse)
    assert list(GrowingList(SourcePacking(), map(source, range(30)))) == list(map(source, range(30)))


def test_what_its_source_raises_is_raised_where_it_was_met() -> None:
    def sources() -> Iterator[Source]:
        yield from map(source, range(6))
        raise RuntimeError("the walk has failed")

    reader = iter(GrowingList(SourcePacking(), sources()))
    assert next(reader) == source(0)
    with pytest.raises(RuntimeError, match="the walk has failed"):
        list(reader)
