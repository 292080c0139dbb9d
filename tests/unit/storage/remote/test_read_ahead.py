"""Are the next sources read in time, each once, and never more than there is room for?"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from imgbatch.core.errors import ImageError
from imgbatch.core.job import Failure, Source
from imgbatch.executors.processes.memory_budget import ALLOWANCE, bytes_ahead
from imgbatch.storage.remote import read_ahead
from imgbatch.storage.remote.read_ahead import ReadAhead

SIZE = 100


def source(number: int, size: int = SIZE) -> Source:
    """One of a bucket."""
    return Source(f"s3://photos/{number}.jpg", "s3://photos", f"{number}.jpg", size)


class Reads:
    """What is read, and a gate that reads wait at."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.gate, self.lock = threading.Event(), threading.Lock()
        self.gate.set()

    def read(self, one: Source) -> bytes:
        with self.lock:
            self.paths.append(one.relative)
        assert self.gate.wait(60)
        if one.relative == "13.jpg":
            raise ImageError("io", "unlucky")
        return one.relative.encode()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reads]:
    reads = Reads()
    monkeypatch.setattr(read_ahead, "read_source", reads.read)
    yield reads
    reads.gate.set()


def test_each_source_is_read_once_and_given_to_who_asks(reads: Reads) -> None:
    ahead = ReadAhead(3 * SIZE)
    sources = [source(number) for number in range(20)]
    ahead.expect(sources)
    for one in sources:
        if one.relative == "13.jpg":
            with pytest.raises(ImageError, match="unlucky"):
                ahead.take(one)
        else:
            assert ahead.take(one) == one.relative.encode()
    assert sorted(reads.paths) == sorted(one.relative for one in sources)


def test_no_more_is_on_its_way_than_there_is_room_for(reads: Reads) -> None:
    reads.gate.clear()
    ahead = ReadAhead(3 * SIZE)
    ahead.expect([source(number) for number in range(9)])
    assert len(ahead._reads) == 3 and len(ahead._next) == 6
    reads.gate.set()
    ahead.take(source(0))
    assert len(ahead._reads) == 3, "there is room for the next one"


def test_what_is_larger_than_the_room_is_read_in_its_turn(reads: Reads) -> None:
    ahead = ReadAhead(SIZE)
    sources = [source(0), source(1, 10 * SIZE), source(2)]
    ahead.expect(sources)
    assert [ahead.take(one) for one in sources] == [b"0.jpg", b"1.jpg", b"2.jpg"]
    assert sorted(reads.paths) == ["0.jpg", "1.jpg", "2.jpg"]


def test_what_did_not_come_is_given_up(reads: Reads) -> None:
    ahead = ReadAhead(2 * SIZE)
    ahead.expect([source(0), source(1), source(2)])
    ahead.expect([source(5), source(6)])  # the run goes on elsewhere
    assert ahead.take(source(5)) == b"5.jpg" and set(ahead._reads) <= {source(6).path}
    assert ahead.take(source(0)) == b"0.jpg", "who asks all the same gets it"


def test_only_what_is_remote_and_without_a_problem_is_read_ahead(reads: Reads) -> None:
    ahead = ReadAhead(9 * SIZE)
    bad = Source("s3://photos/x.jpg", "s3://photos", "x.jpg", SIZE, problem=Failure("io", "read", "no"))
    ahead.expect([bad, Source("/photos/a.jpg", "/photos", "a.jpg", SIZE)])
    assert not ahead._reads and not ahead._next and not reads.paths


def test_the_room_is_a_part_of_the_memory_budget() -> None:
    assert bytes_ahead(64_000_000) == 1_000_000 and bytes_ahead(10**12) == ALLOWANCE
