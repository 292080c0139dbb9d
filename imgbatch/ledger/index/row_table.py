"""Row table: what stands in the ledger of a path, and of a source? A million rows take 30 MB.

The rows of a large table are records of one temporary file. They are found by the hashes of their paths and sources;
one is made again for who asks, and compared with what was asked for.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from collections.abc import Collection, Iterator
from typing import Any

from imgbatch.core.errors import HostError
from imgbatch.core.records.hash_index import HashIndex
from imgbatch.core.records.record_file import RecordFile
from imgbatch.ledger.rows import Row

NumberedRow = tuple[int, Row]  # its place in the table, and it

_TOGETHER = 12_000  # rows that go to the file at a time, the last ones never: about 10 MB
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


class RowTable(Collection[Row]):
    """The files that runs wrote: first all rows are added, then they are asked for, by one thread.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    """

    def __init__(self, folder: str) -> None:
        self._prefix = os.path.join(folder, "")
        self._records = RecordFile()
        self._latest: list[tuple[Any, ...]] = []  # the values of the rows that are in no file
        self._first_latest = 0  # the number of the first of them
        self._numbers_by_path, self._numbers_by_source = HashIndex(), HashIndex()
        self._source = ""  # that was asked for last
        self._rows_of_source: list[NumberedRow] = []

    def add_record(self, record: tuple[Any, ...]) -> None:
        """Add a record of `written`."""
        path, source, *rest, place = record
        self._add((*(name.decode(_ENCODING, _ERRORS) for name in (path, source)), *rest, os.fsdecode(place)))

    def add(self, row: Row) -> None:
        """Add a row; its path is below the output folder."""
        path, *rest = (getattr(row, name) for name in Row.__match_args__)
        self._add((path.removeprefix(self._prefix), *rest))

    def _add(self, values: tuple[Any, ...]) -> None:
        number = len(self)
        self._numbers_by_path.add(self._prefix + values[0], number)
        self._numbers_by_source.add(values[1], number)
        self._latest.append(values)
        if len(self._latest) > _TOGETHER:
            self._flush()

    def __len__(self) -> int:
        return self._first_latest + len(self._latest)

    def __iter__(self) -> Iterator[Row]:
        return map(self.at, range(len(self)))

    def __contains__(self, row: object) -> bool:
        return isinstance(row, Row) and self.get(row.path) == row

    def at(self, number: int) -> Row:
        """The row at that place, made again."""
        place = number - self._first_latest
        path, *rest = self._latest[place] if place >= 0 else marshal.loads(self._records[number])
        return Row(self._prefix + path, *rest)

    def get(self, path: str) -> Row | None:
        """The row of the file at an absolute path."""
        numbered_row = self.find(path)
        return None if numbered_row is None else numbered_row[1]

    def find(self, path: str) -> NumberedRow | None:
        """As :meth:`get`, with its number."""
        for number, row in self._rows_of_source:  # whoever plans asks for a source first
            if row.path == path:
                return number, row
        for number in self._numbers_by_path.numbers(path):
            row = self.at(number)
            if row.path == path:
                return number, row
        return None

    def of_source(self, source: str) -> list[NumberedRow]:
        """What was made of a source (its absolute path), in the order in which it was added."""
        if source != self._source:
            rows = [(number, self.at(number)) for number in self._numbers_by_source.numbers(source)]
            self._rows_of_source = [(number, row) for number, row in rows if row.source == source]
            self._source = source
        return self._rows_of_source

    def _flush(self) -> None:
        with contextlib.suppress(HostError):  # a disk without room: the records are there all the same, in memory
            self._records.extend(map(marshal.dumps, self._latest))
        self._first_latest += len(self._latest)
        self._latest = []
