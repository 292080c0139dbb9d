"""Shard's ledger: what does one shard know, and what does it write down for the merge?

It knows what the folder's own ledger knows, and what the shard itself did since the last merge. It writes into a ledger
and a record of its own, so that shards on several machines never write to one file.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import itertools
import json
import operator
import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from imgbatch.core.job import Outcome, Source
from imgbatch.ledger.damage import guard
from imgbatch.ledger.database import FILE, Tables, open_tables
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.schema import COLUMNS
from imgbatch.ledger.shards import record
from imgbatch.ledger.shards.record import RecordWriter
from imgbatch.ledger.shards.shard import Shard
from imgbatch.storage.atomic_write import write_text

MERGE_FILE = "merge.json"  # in the state folder of all: the ids of the records that the last merge joined
_PATH = operator.itemgetter(0)  # of a record of `written`
_RUN_COLUMN = {
    "written": COLUMNS["written"].index("run"),
    "failures": COLUMNS["failures"].index("run"),
    "runs": COLUMNS["runs"].index("id"),
}


class ShardLedger(Ledger):
    """The ledger of one shard.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    base : str
        The state folder of all (absolute), in which the shard has its own.
    shard : Shard
    digest, versions, mend
        As of :class:`Ledger`.
    fail_on : str
        What makes a file wrong; all shards of a run have to agree on it.
    """

    def __init__(
        self, folder: str, base: str, shard: Shard, digest: str, versions: str, mend: bool, fail_on: str
    ) -> None:
        self.shard: Shard = shard
        self._base = base
        self._common_file = os.path.join(base, FILE)
        super().__init__(folder, True, shard.state(base), digest, versions, mend)
        self._conditions = {"recipe": digest, "versions": versions, "fail_on": fail_on}
        self._writer: RecordWriter | None = None
        self._sums: dict[str, Any] | None = None

    def note_sources(self, sources: Iterable[Source]) -> None:
        """The sources of all shards, in their order."""
        names = b"\0".join(os.fsencode(source.relative) for source in sources)
        self._conditions["sources"] = hashlib.blake2b(names, digest_size=16).hexdigest()

    def begin(self, digests: Sequence[str], command: str = "") -> None:
        """Open a run, and its part of the record."""
        super().begin(digests, command)
        self._conditions["command"] = without_shard(command)
        with contextlib.suppress(OSError):  # a disk that is full already: the first file will say so
            self._open_record()

    def _open_record(self) -> RecordWriter:
        if self._writer is None:
            file = os.path.join(os.path.dirname(self.file), record.FILE)
            id, now = record.read_id(file), time.time_ns()
            is_new = not id or id in merge_ids(self._base)
            writer = RecordWriter(file, self.folder, f"{self.shard} {now}" if is_new else "")
            writer.begin(now, self._conditions)
            self._writer = writer
        return self._writer

    def record(self, outcome: Outcome) -> None:
        """Write an outcome into the record, and then remember it; OSError where that is not possible."""
        self._open_record().add(outcome)
        super().record(outcome)

    def note_known_failure(self, outcome: Outcome) -> None:
        """Write a failure that was not tried again into the record."""
        self._open_record().add(outcome, is_found=True)
        super().note_known_failure(outcome)

    def note_sums(self, sums: Mapping[str, Any]) -> None:
        """The sums of the pixels of what this run wrote, as JSON has them."""
        self._sums = dict(sums)

    def end(self, summary: Mapping[str, Any]) -> None:
        """Close the run, here and in the record."""
        super().end(summary)
        self._open_record().end(time.time_ns(), summary, self._sums)

    def close(self) -> None:
        """Write what is pending and let go of the files."""
        try:
            super().close()
        finally:
            if self._writer is not None:
                self._writer.close()

    @contextlib.contextmanager
    def _open_tables(self) -> Iterator[Tables]:
        """What the ledger of all has, and on top of it what this one has: its runs are the later ones."""
        if not os.path.exists(self._common_file):
            with super()._open_tables() as own:
                yield own
            return
        with super()._open_tables() as own, open_tables(self._common_file, mend=False) as common:
            last = max((row[_RUN_COLUMN["runs"]] for row in common.runs), default=0)
            later = Tables(
                self._own_records(own.written, last),
                [_with_run("failures", row, last) for row in own.failures],
                [_with_run("runs", row, last) for row in own.runs],
            )
            yield Tables(
                _first_of_each_path(heapq.merge(later.written, common.written, key=_PATH)),
                list({row[:2]: row for row in (*common.failures, *later.failures)}.values()),  # by primary key
                common.runs + later.runs,
            )

    def _own_records(self, records: Iterable[tuple[Any, ...]], last_run: int) -> Iterator[tuple[Any, ...]]:
        """What this shard wrote; what is wrong there is said of its own ledger, while both are open."""
        with guard(self.file, self.mend):
            for row in records:
                yield _with_run("written", row, last_run)


def _first_of_each_path(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Of records in the order of their paths, the first with each."""
    return (next(same) for _, same in itertools.groupby(records, _PATH))


def _with_run(table: str, row: tuple[Any, ...], more: int) -> tuple[Any, ...]:
    """A row with the number of its run so much larger."""
    column = _RUN_COLUMN[table]
    return (*row[:column], row[column] + more, *row[column + 1 :])


def merge_ids(base: str) -> frozenset[str]:
    """The ids of the records that the last merge joined."""
    try:
        with open(os.path.join(base, MERGE_FILE), encoding="utf-8") as file:
            return frozenset(map(str, json.load(file)["records"]))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return frozenset()


def write_merge_ids(base: str, ids: Iterable[str]) -> None:
    """Say that the records of these ids were joined; OSError where that cannot be written."""
    write_text(os.path.join(base, MERGE_FILE), json.dumps({"v": 1, "records": sorted(ids)}) + "\n")


def without_shard(command: str) -> str:
    """A command as one run for all shards has it."""
    words: list[str] = []
    is_value = False
    for word in shlex.split(command):
        if is_value:
            is_value = False
        elif word == "--shard":
            is_value = True
        elif not word.startswith("--shard="):
            words.append(word)
    return shlex.join(words)
