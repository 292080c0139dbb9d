"""Is a record list a list, whatever it holds, wherever its values lie, and in how little memory?"""

from __future__ import annotations

import concurrent.futures
import copy
import errno
import os
import pickle
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from imgbatch.core.errors import HostError
from imgbatch.core.job import Cost, Failure, Job, Outcome, Source, Target, Written
from imgbatch.core.records import record_file, record_list
from imgbatch.core.records.packing import JobPacking, OutcomePacking, SourcePacking
from imgbatch.core.records.record_file import RecordFile
from imgbatch.core.records.record_list import RecordList
from imgbatch.pipeline.inspect import VerifyJob
from imgbatch.pixels.histogram import Measurement

TEXT = some.text(some.characters(codec=None), max_size=6)  # surrogates, too, as in names of files
FAILURES = some.builds(Failure, some.just("corrupt"), some.just("read"), TEXT)
SOURCES = some.builds(
    lambda folder, relative, path, *more: Source(folder + relative if path is None else path, folder, relative, *more),
    TEXT, TEXT, some.none() | TEXT, some.integers(0, 2**40), some.integers(0, 2**63 - 1), some.booleans(),
    some.none() | FAILURES, some.none() | some.tuples(some.integers(), some.integers(), TEXT),
)  # fmt: skip
TARGETS = some.builds(Target, some.integers(0, 3), TEXT, TEXT, some.none() | TEXT, some.booleans(), some.booleans())
JOBS = some.builds(Job, some.integers(0), SOURCES, some.lists(TARGETS, max_size=2).map(tuple))
WRITTEN = some.builds(Written, some.integers(0, 3), TEXT, TEXT, *[some.integers(0)] * 3, some.none() | some.integers())
COSTS = some.builds(
    Cost, TEXT, some.integers(), some.dictionaries(TEXT, some.floats(0, 9)), some.floats(0), some.just(7)
)
TEXTS = some.lists(TEXT, max_size=2).map(tuple)
FIELDS = (
    some.integers(0, 50), SOURCES, some.sampled_from(["ok", "failed"]), some.lists(WRITTEN, max_size=2).map(tuple),
    some.none() | FAILURES, TEXTS, TEXTS, some.dictionaries(TEXT, some.floats(0, 9), max_size=3), some.none() | COSTS,
    TEXT, TEXTS,
)  # fmt: skip
SIZES = some.tuples(some.integers(1, 9), some.integers(1, 9))
OUTCOMES = some.builds(Outcome, *FIELDS) | some.builds(Measurement, *FIELDS, TEXT, TEXT, SIZES, some.just((1, 2)))


class Text(str):
    """Of a type that marshal does not know."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made, and values packed, after a few."""
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 100)
    monkeypatch.setattr(record_list, "RECENT", 3)


def source(number: int) -> Source:
    return Source(f"/photos/2024/{number}.jpg", "photos", f"2024/{number}.jpg", 1000 + number, 10**18 + number)


def outcome(number: int) -> Outcome:
    output = Written(0, f"/web/2024/{number}.webp", "webp", 40, 30, 700 + number, hash="0" * 32)
    return Outcome(number, source(number), "ok", (output,), ms={"read": 0.1, "decode": 1.5})


@given(value=OUTCOMES)
def test_an_outcome_is_equal_once_it_was_packed(value: Outcome) -> None:
    packing = OutcomePacking()
    copy = packing.unpack(packing.pack(value))
    assert copy == value
    assert type(copy) is type(value)
    assert list(copy.ms) == list(value.ms)


@given(value=JOBS)
def test_a_job_is_equal_once_it_was_packed(value: Job) -> None:
    packing = JobPacking()
    assert packing.unpack(packing.pack(value)) == value


def test_what_is_of_a_kind_of_its_own_is_pickled() -> None:
    job = VerifyJob(1, source(1), (), hash="0" * 32)
    assert JobPacking().unpack(JobPacking().pack(job)) == job
    odd = Outcome(1, source(1), "ok", warnings=(Text("odd"),))
    assert OutcomePacking().unpack(OutcomePacking().pack(odd)) == odd


def test_what_too_many_do_not_share_stands_in_each_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgbatch.core.records.packing._SHARED_LIMIT", 2)
    packing = SourcePacking()
    sources = [Source(f"/{number}/a.jpg", f"{number}", "a.jpg") for number in range(5)]
    records = [packing.pack(one) for one in sources]
    assert [packing.unpack(record) for record in records] == sources
    assert len(packing._roots._values) == 2


@pytest.mark.usefixtures("small")
def test_it_is_a_list() -> None:
    values = [outcome(number) for number in range(20)]
    records = RecordList(OutcomePacking(), values)
    assert len(records) == 20
    assert records == values
    assert values == records
    assert records != values[:-1]
    assert records != [*values[:-1], outcome(99)]
    assert records[2:7] == values[2:7]
    assert records[::-3] == values[::-3]
    assert [records[-1], records[-20]] == [values[-1], values[0]]
    assert list(reversed(records)) == values[::-1]
    assert values[13] in records
    assert records.index(values[13]) == 13
    assert repr(records) == f"[{', '.join(map(repr, values[:8]))}, ... (12 more)]"
    assert repr(RecordList(OutcomePacking(), values[:2])) == repr(values[:2])
    for place in (20, -21):
        with pytest.raises(IndexError, match="expected a place below 20"):
            records[place]


@pytest.mark.usefixtures("small")
def test_copies_hold_all_values_and_grow_by_themselves() -> None:
    values = [outcome(number) for number in range(20)]
    records = RecordList(OutcomePacking(), values)
    for other in (pickle.loads(pickle.dumps(records)), copy.deepcopy(records)):
        other.append(outcome(20))
        assert other == [*values, outcome(20)]
    assert records == values


@pytest.mark.usefixtures("small")
def test_it_may_be_read_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    class LockedFile(RecordFile):
        """Of a list whose lock is held at each change and look."""

        def extend(self, records: Iterable[bytes]) -> None:
            assert values._lock.locked()
            super().extend(records)

        def __getitem__(self, number: int) -> bytes:
            assert values._lock.locked()
            return super().__getitem__(number)

    monkeypatch.setattr(record_file, "RecordFile", LockedFile)
    values = RecordList(SourcePacking())

    def read() -> None:
        while len(values) < 3000:
            for number in range(max(0, len(values) - 5), len(values)):
                assert values[number] == source(number)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for number in range(3000):
            values.append(source(number))
        reader.result()


@pytest.mark.usefixtures("small")
def test_its_file_has_no_name_and_lies_in_the_folder(tmp_path: Path) -> None:
    records = RecordFile(str(tmp_path))
    records.extend([b"x" * 60, b"y" * 60])
    assert os.listdir(tmp_path) == []
    assert records.folder == str(tmp_path)
    elsewhere = RecordFile(str(tmp_path / "none"))  # where it cannot be made, the system's folder will do
    elsewhere.extend([b"x" * 60, b"y" * 60])
    assert list(elsewhere) == [b"x" * 60, b"y" * 60]


def test_a_small_one_makes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_file, "_new_file", lambda folder: pytest.fail("a file was made"))
    records = RecordList(OutcomePacking(), map(outcome, range(2000)))
    assert records[1500] == outcome(1500)


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_told_and_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = record_file._new_file

    class FullDisk:
        """Writes half of the first bytes, and then says that there is no room."""

        def __init__(self, file: object) -> None:
            self.file, self.rooms = file, [30]

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: memoryview) -> int:
            if not self.rooms:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.rooms.pop()
            return self.file.write(data[:30])  # type: ignore[attr-defined,no-any-return]

    disks: list[Any] = [FullDisk(real("")[0])]
    monkeypatch.setattr(record_file, "_new_file", lambda folder: (disks[0], str(tmp_path)))
    records = RecordList(OutcomePacking())
    values = [outcome(number) for number in range(9)]
    failures = 0
    for value in values:
        try:
            records.append(value)
        except HostError as error:
            failures += 1
            assert str(error) == (
                f"the folder for temporary files {tmp_path} takes no more of what the run has to remember "
                "(No space left on device); make room, or name another one in TMPDIR"
            )
    assert failures
    assert records == values
    disks[0].rooms = [30] * 99
    for number in (9, 10, 11):
        records.append(outcome(number))
    assert os.fstat(disks[0].fileno()).st_size > 300  # now that there is room, they lie in the file
    assert records == [*values, *map(outcome, (9, 10, 11))]


def test_a_value_costs_few_bytes_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_file, "BUFFER_SIZE", 2**12)

    def size_after(count: int) -> int:
        tracemalloc.start()
        records = RecordList(OutcomePacking(), map(outcome, range(count)))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(records) == count
        return size

    assert size_after(32_000) - size_after(8_000) < 9 * 24_000 + 2**12  # of which a part is waiting
