"""Ledger index: what does the ledger know? Read once, before the plan, then asked; nothing is written here."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imgbatch.core.job import Job, LedgerEntry, Source, Written
from imgbatch.ledger.damage import was_set_aside
from imgbatch.ledger.database import FILE, Tables, open_tables
from imgbatch.ledger.index.failures import FailureIndex
from imgbatch.ledger.index.row_table import NumberedRow, RowTable
from imgbatch.ledger.reserve import NAME, read_reserve
from imgbatch.ledger.rows import Row, intact_numbers, is_same_folder, place_now, relative_path
from imgbatch.ledger.schema import COLUMNS
from imgbatch.planning.names import STATE
from imgbatch.storage.registry import is_remote, root_of_store, storage_of

_MANY = 8  # files of a folder
_DIFFERENT, _INTACT = 1, 2  # whether a file is as it was written; 0: nobody has looked at it
_DIGEST, _SOURCE_HASH = (COLUMNS["written"].index(name) for name in ("digest", "source_hash"))
_RACY_NS = 50 * 10**6  # file systems tell times apart that are a few ms from one another
#: How long after its last sign of life a killed run may have put a file in place. What appeared within that time does
#: not refuse the plan; it is taken for ours only if it holds the bytes that are made now (pipeline/write_output.py).
_DEAD_NS = 3_600 * 10**9


class LedgerIndex(FailureIndex):
    """What former runs recorded in the ledger of one output folder; an absent file is an empty ledger.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    keep : bool
        Whether there is a ledger at all; without one every existing file is foreign, and nothing is recorded.
    state : str, optional
        Where the ledger lies (:func:`rows.state_folder`).
    digest : str
        Of the whole recipe.
    versions : str
        imgbatch's and Pillow's.
    mend : bool
        Whether a damaged file may be set aside.
    """

    def __init__(
        self, folder: str, keep: bool = True, state: str | None = None, digest: str = "", versions: str = "",
        mend: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(digest, versions)
        self.folder, self.keep, self.mend = folder, keep, mend
        self.root = root_of_store(folder)
        self.durable = True  # whether outputs are on the disk before they are recorded
        self.file = os.path.join(state or os.path.join(folder, STATE), FILE)
        self._table = RowTable(folder)
        self._states = bytearray()  # of their files, by number in the table
        self._rows_by_former_source: dict[str, list[NumberedRow]] = {}
        self._doubtful: dict[str, Row] = {}  # by path: what workers that died may have written (Ledger.adopt)
        self._dead: list[tuple[int, int]] = []  # when they began and were last seen, by the clock of the outputs' disk
        self._endless: set[int] = set()  # the numbers of runs without an end
        self._is_remote = is_remote(folder)
        self._questions: Counter[str] = Counter()  # by folder, where files are remote
        # By path: rows that are right but for the time of their source, or their own, or the place of their source.
        self._mtime_updates: dict[str, tuple[int, int, bytes]] = {}
        self._output_updates: dict[str, tuple[int, bytes]] = {}
        self._source_updates: dict[str, tuple[bytes, bytes]] = {}
        self._former_sources: dict[str, str] = {}
        self._now = time.time_ns()
        self.has_open_runs = False  # whether a former run died before its end
        self._is_anew = keep and was_set_aside(self.file)  # then nobody knows who wrote a file
        if keep:
            with self._open_tables() as tables:
                self._load(tables)
        self.has_open_runs |= self._is_anew

    def owner_of(self, path: str) -> LedgerEntry | None:
        """What is known of a file in the output folder; None: it is foreign."""
        number, row = self._table.find(path) or (0, None)
        former = "" if row is None else self._former_sources.get(path, "")
        if row is not None and (self._is_intact(number, row) or self._is_cut(row)):
            return LedgerEntry(row.source, row.output, False, former_source=former)
        doubtful = self._doubtful.get(path)
        if (
            (doubtful is not None and self._look_at(doubtful))
            or (self._dead and self._left_by_the_dead(path))
            or (row is None and self._is_anew)
        ):
            return LedgerEntry("", 0, False, doubtful=True)
        return None if row is None else LedgerEntry(row.source, row.output, True, former_source=former)

    def trust_no_content(self) -> None:
        """Take files that nobody knows for foreign, though a damaged ledger may have known them."""
        self._is_anew = False

    @property
    def rows(self) -> RowTable:
        """All files that runs wrote."""
        return self._table

    def is_ours(self, path: str) -> bool:
        """Whether a run wrote that path."""
        return self._table.find(path) is not None

    def outputs_of(self, source: str, output: int | None) -> tuple[str, ...]:
        """The unmodified files that were made of a source for an output; None: for any."""
        rows = self._rows_of(source)
        return tuple(
            [row.path for number, row in rows if output in (None, row.output) and self._is_intact(number, row)]
        )

    def version_of(self, path: str) -> int | None:
        """The :meth:`Storage.version` of an unmodified file that a run wrote; None where none did."""
        number, row = self._table.find(path) or (0, None)
        if row is None or not self._is_intact(number, row):
            return None
        update = self._output_updates.get(path)
        return row.mtime_ns if update is None else update[0]

    def up_to_date(
        self, job: Job, digests: Mapping[int, str], with_mtime: Collection[int]
    ) -> tuple[Written, ...] | None:
        """What was written for a job, if that is still what the recipe would make of its source; else None.

        Of one output there may be several files: a mirrored and a flat one, or with the numbers of two runs.

        Parameters
        ----------
        job : Job
        digests : mapping of int to str
            By output, those of the outputs that must have a file.
        with_mtime : collection of int
            The outputs whose files have the source's mtime.
        """
        source = job.source
        rows = self._rows_of(source.path)
        if not rows:
            return None
        places = {target.output: (target.path, target.other) for target in job.targets if not target.late}
        outputs = []
        for output, digest in digests.items():
            there = places.get(output)
            row = next(
                (
                    row
                    for number, row in rows
                    if row.output == output
                    and row.matches(digest, job.index + 1, source.mtime_ns)
                    and (there is None or row.path in there)
                    and (output not in with_mtime or row.source_mtime_ns == source.mtime_ns)
                    and self._same(row, source)
                    and self._is_intact(number, row)
                ),
                None,
            )
            if row is None:
                return None
            if row.source == self._former_sources.get(row.path):
                self._source_updates.pop(row.path, None)  # only the outputs were moved
            outputs.append(row.as_output())
        return tuple(outputs)

    def own_format(self, source: Source) -> str | None:
        """The format of an unchanged source, "" when it is one that cannot be written; None: not known."""
        rows = self._rows_of(source.path)
        if not rows:
            return None
        _, row = rows[0]
        return row.own if row.recorded_ns and self._same(row, source) else None

    def _rows_of(self, source: str) -> list[NumberedRow]:
        rows = self._table.of_source(source)
        return self._rows_by_former_source.get(source, []) + rows if self._rows_by_former_source else rows

    def _is_intact(self, number: int, row: Row) -> bool:
        """Whether a file is as it was written; looked at once for the plan."""
        if not self._states[number] and not (self._is_remote and self._look_around(row.path) and self._states[number]):
            self._states[number] = _INTACT if self._look_at(row) else _DIFFERENT
        return self._states[number] == _INTACT

    def _look_at(self, row: Row) -> bool:
        """Whether a file is as it was written; another mtime will be noted."""
        mtime_ns = row.mtime_if_intact()
        if mtime_ns not in (None, row.mtime_ns) and not 0 <= self._now - mtime_ns < _RACY_NS:
            self._output_updates[row.path] = (mtime_ns, self._record_key(row))
        return mtime_ns is not None

    def _look_around(self, path: str) -> bool:
        """Whether a folder was just listed: so many of its files were asked about, each of which is a request."""
        folder = os.path.dirname(path)
        self._questions[folder] += 1
        if self._questions[folder] == _MANY:
            for number in intact_numbers(folder, self._table.find):
                self._states[number] = _INTACT
        return self._questions[folder] == _MANY

    def _record_key(self, row: Row) -> bytes:
        return os.fsencode(relative_path(row.path, self.folder))

    def _same(self, row: Row, source: Source) -> bool:
        """Whether a source is what a file was made of: by size and mtime, and by its content where these leave doubt.

        They do when the mtime is another, or so young at the recording that a later change may have got the same.
        """
        if row.source_size != source.size:
            return False
        same = row.source_mtime_ns == source.mtime_ns
        if same and not 0 <= row.recorded_ns - row.source_mtime_ns < _RACY_NS:
            return True
        if not row.source_hash:
            return same
        if self._hash_of(source.path) != row.source_hash:
            return False
        self._mtime_updates[row.path] = (source.mtime_ns, self._now, self._record_key(row))
        return True

    def _is_cut(self, row: Row) -> bool:
        """Whether a file is what a power cut leaves of it: nothing, or less than was recorded by a run without an end.

        Then nobody has changed it, and it is ours to make again.
        """
        if storage_of(row.path).properties.whole_after_power_cut:
            return False
        try:
            size = storage_of(row.path).stat(row.path, follow_links=False).st_size
        except OSError:
            return False
        return size < row.size and (size == 0 or row.run in self._endless)

    def widths(self, source: Source, digests: Sequence[str]) -> dict[int, int]:
        """The width in px of what was written for a source, by output, where `digests` are still the outputs'."""
        pairs = ((row, row.digest.split(" ")[0]) for _, row in self._rows_of(source.path) if row.output < len(digests))
        return {row.output: row.width for row, digest in pairs if digest == digests[row.output]}

    @property
    def has_doubtful_files(self) -> bool:
        """Whether files under planned names may be those of a run, or of workers, that died."""
        # A name that needs the pixels is not among them: who crashed or was shot may have written such a file
        return bool(self._dead or self._doubtful or self._is_anew or self.has_costly_failures)

    def _left_by_the_dead(self, path: str) -> bool:
        """Whether a run that died may have put it there; where times are another clock's, only the content tells."""
        try:
            ctime_ns = storage_of(path).stat(path, follow_links=False).st_ctime_ns
        except OSError:
            return False
        return self._is_remote or any(start_ns <= ctime_ns <= seen_ns + _DEAD_NS for start_ns, seen_ns in self._dead)

    def _open_tables(self) -> contextlib.AbstractContextManager[Tables]:
        return open_tables(self.file, self.mend)

    def _load(self, tables: Tables) -> None:
        home = os.fsdecode(max(tables.runs)[-1]) if tables.runs else ""
        is_moved = home not in ("", self.folder) and not is_same_folder(home, self.folder)
        is_copied = is_moved and storage_of(home).exists(home)
        for record in tables.written:
            if not record[_DIGEST]:
                row = Row.from_record(self.folder, record)
                self._doubtful[row.path] = row
            elif is_moved and record[_SOURCE_HASH]:
                self._table.add(self._relocate(Row.from_record(self.folder, record), home, is_copied))
            else:
                self._table.add_record(record)
        self._states = bytearray(len(self._table))
        self._load_runs(tables.runs)
        self._load_failures(tables.failures, self._endless)

    def _relocate(self, row: Row, home: str, is_copied: bool) -> Row:
        """A row of a ledger that was in another folder (`home`), with its source where that is now.

        Its content is looked at once, as where a time is too young to prove anything.
        """
        source = place_now(row.source, home, self.folder, is_copied)
        if source == row.source:
            return row
        self._former_sources[row.path] = row.source
        self._source_updates[row.path] = (os.fsencode(source), self._record_key(row))
        self._rows_by_former_source.setdefault(row.source, []).append((len(self._table), row))
        return replace(row, source=source, recorded_ns=row.source_mtime_ns)

    def _load_runs(self, records: Iterable[tuple[Any, ...]]) -> None:
        ahead = read_reserve(os.path.join(os.path.dirname(self.file), NAME))
        for number, start_ns, seen_ns, end_ns, _, _, digest, *_ in records:
            if end_ns is None:
                self.has_open_runs = True
                self._endless.add(number)
                if digest == self.digest:
                    self._dead.append((start_ns + ahead, seen_ns + ahead))
