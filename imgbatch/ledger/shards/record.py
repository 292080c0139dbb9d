"""Record of a shard: what became of its files, in a form that a merge can tell as one run would have?

``outcomes.jsonl`` in the shard's folder, a line for each thing: an id, then for each run its start, each outcome as it
comes, and how it ended. A line is there before the ledger knows the same, so that a shard that was killed, and run
again, still tells how each file was made, and not that it is unchanged. The first run after a merge begins a new file.
record_line.py says what stands in a line of a file.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from imgbatch.core.errors import PlanError, sentence
from imgbatch.core.job import Outcome
from imgbatch.core.run_settings import FAIL_ON
from imgbatch.ledger.shards.record_line import START, check_summary, entry_of, outcome_of, time_of

FILE = "outcomes.jsonl"
CONDITIONS = {"recipe", "fail_on", "sources", "versions", "command"}
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass
class ShardRun:
    """One run of a shard.

    Attributes
    ----------
    started_ns, ended_ns : int
        When it began and ended (time.time_ns()); 0: it was killed.
    conditions : dict
        What shards have to agree on, or are asked about: ``recipe``, ``fail_on``, ``sources`` (a hash of the names of
        all of them), ``versions``, ``command``.
    place : int
        Where its outcomes begin in the record, in bytes.
    summary : dict or None
        Of its report; None: it was killed.
    sums : dict or None
        Of the pixels, where they were wanted.
    """

    started_ns: int
    conditions: dict[str, str]
    place: int
    ended_ns: int = 0
    summary: dict[str, Any] | None = None
    sums: dict[str, Any] | None = None


@dataclass
class ShardRecord:
    """What a shard did since the last merge.

    Attributes
    ----------
    file, folder : str
        Where it is, and DIR (absolute).
    id : str
        Tells it from the records of other shards, and of other times.
    runs : list of ShardRun
        In their order; the last one has an outcome for every file, if it came to its end.
    """

    file: str
    folder: str
    id: str
    runs: list[ShardRun] = field(default_factory=list)


class RecordWriter:
    """Writes the record of one run, line by line, each at once.

    Parameters
    ----------
    file, folder : str
        The record, and DIR (absolute).
    new_id : str
        Of the record; "" where it goes on, as it is not merged yet.

    Raises
    ------
    OSError
        It cannot be written, here and in every method.
    """

    def __init__(self, file: str, folder: str, new_id: str) -> None:
        self._folder = folder
        self._descriptor = os.open(file, _FLAGS, 0o666)
        size = 0 if new_id else _whole_lines(self._descriptor)
        os.ftruncate(self._descriptor, size)
        os.lseek(self._descriptor, size, os.SEEK_SET)
        if new_id:
            self._write(["record", new_id])

    def begin(self, now_ns: int, conditions: Mapping[str, str]) -> None:
        """A run begins, under conditions as of :class:`ShardRun`."""
        self._write(["begin", now_ns, dict(conditions)])

    def add(self, outcome: Outcome, is_found: bool = False) -> None:
        """An outcome; `is_found`: a failure that was not tried again."""
        self._write(entry_of(outcome, is_found, self._folder))

    def end(self, now_ns: int, summary: Mapping[str, Any], sums: Mapping[str, Any] | None) -> None:
        """The run came to an end; what was written is on the disk.

        Parameters
        ----------
        now_ns : int
            time.time_ns().
        summary, sums : mapping
            As of :class:`ShardRun`.
        """
        self._write(["end", now_ns, dict(summary), sums and dict(sums)])
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, entry: list[Any]) -> None:
        line = memoryview(json.dumps(entry, separators=(",", ":")).encode() + b"\n")  # ASCII, and no bytes are lost
        while line:
            line = line[os.write(self._descriptor, line) :]


def _whole_lines(descriptor: int) -> int:
    """How many bytes of a record are whole lines: a kill, or a full disk, may have cut the last one."""
    size = os.fstat(descriptor).st_size
    while size:
        start = max(0, size - 65_536)
        os.lseek(descriptor, start, os.SEEK_SET)
        data = os.read(descriptor, size - start)
        if b"\n" in data:
            return start + data.rindex(b"\n") + 1
        size = start
    return 0


def read_id(file: str) -> str:
    """The id of a record; "" where there is none, or it is no record."""
    with contextlib.suppress(OSError, ValueError, TypeError, RecursionError), open(file, "rb") as stream:
        word, id = json.loads(stream.readline())
        return str(id) if word == "record" else ""
    return ""


def read_record(file: str, folder: str) -> ShardRecord | None:
    """A shard's record, its outputs below `folder` (DIR, absolute); None where there is none.

    Outcomes are read by :func:`final_outcomes`: there may be many.

    Raises
    ------
    PlanError
        It is damaged.
    """
    if not os.path.lexists(file):
        return None
    with _damage(file), open(file, "rb") as stream:
        record = ShardRecord(file, folder, read_id(file))
        place = 0
        for line in stream:
            place += len(line)
            if not line.startswith(START) and line.endswith(b"\n"):
                word, *entry = json.loads(line)
                if word == "begin":
                    record.runs.append(ShardRun(time_of(entry[0]), _texts(entry[1]), place))
                elif word == "end":
                    run = record.runs[-1]
                    run.ended_ns, run.summary, run.sums = time_of(entry[0]), dict(entry[1]), entry[2]
                    check_summary(run.summary)
        return record


def _texts(table: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in table.items()}


def refuse_odd_conditions(record: ShardRecord) -> None:
    """PlanError where the last run of a record does not say all that shards have to agree on."""
    conditions = record.runs[-1].conditions
    with _damage(record.file):
        if not conditions.keys() >= CONDITIONS or conditions["fail_on"] not in FAIL_ON:
            raise ValueError("it does not say how the shard was run")


@contextlib.contextmanager
def _damage(file: str) -> Iterator[None]:
    """Within the block a record is read; what is wrong with it is a PlanError."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError) as error:
        raise PlanError(
            f"the record {file} cannot be read ({sentence(error)}); remove it, and run that shard again with --force"
        ) from None


def final_outcomes(record: ShardRecord) -> Iterator[tuple[Outcome, ShardRun]]:
    """What became of each file of a record that is complete, and the run that did it.

    What a run found unchanged, or did not try again, is as an earlier run since the last merge made it.
    """
    *earlier, last = record.runs
    with _damage(record.file), open(record.file, "rb") as stream, open(record.file, "rb") as lookup:
        by_source: dict[str, tuple[int, ShardRun]] = {}  # of what was done, not found: its line, and the run
        for run in earlier:
            for place, line in _lines(stream, run.place):
                outcome, is_found = outcome_of(line, record.folder)
                if not is_found:
                    by_source[outcome.source.path] = place, run
        for _, line in _lines(stream, last.place):
            outcome, is_found = outcome_of(line, record.folder)
            answer = outcome, last
            if is_found and outcome.source.path in by_source:
                place, run = by_source[outcome.source.path]
                _, former_line = next(_lines(lookup, place))
                answer = replace(outcome_of(former_line, record.folder)[0], index=outcome.index), run
            yield answer


def _lines(stream: BinaryIO, place: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a run's outcomes from `place` on (bytes), each with its place."""
    stream.seek(place)
    for line in stream:
        if not line.startswith(START) or not line.endswith(b"\n"):
            return
        yield place, line
        place += len(line)
