"""Index: what does the ledger know? Read once, before the plan, then asked; nothing is written here."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from imgbatch.core.errors import KINDS, PHASES
from imgbatch.core.job import Failure, Job, LedgerEntry, Source, Status, Written
from imgbatch.ledger.damage import was_set_aside
from imgbatch.ledger.database import FILE, read_rows
from imgbatch.ledger.rows import FailureRow, Row, intact_paths, is_same_folder, place_now, relative_path
from imgbatch.planning.names import STATE
from imgbatch.storage.registry import is_remote, root_of_store, storage_of

_MANY = 8  # files of a folder
_RACY_NS = 50 * 10**6  # file systems tell times apart that are a few ms from one another
#: How long after its last sign of life a killed run may have put a file in place. What appeared within that time does
#: not refuse the plan; it is taken for ours only if it holds the bytes that are made now (pipeline/write_output.py).
_DEAD_NS = 3_600 * 10**9


class LedgerIndex:
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
        self.folder, self.keep, self.digest, self.versions, self.mend = folder, keep, digest, versions, mend
        self.root = root_of_store(folder)
        self.limit: float | None = None  # s for one file
        self.durable = True  # whether outputs are on the disk before they are recorded
        self.file = os.path.join(state or os.path.join(folder, STATE), FILE)
        self._by_path: dict[str, Row] = {}
        self._by_source: dict[str, list[Row]] = {}
        self._doubtful: dict[str, Row] = {}  # by path: what workers that died may have written (Ledger.adopt)
        self._failure_by_source: dict[str, FailureRow] = {}
        self._dead: list[tuple[int, int]] = []
        self._endless: set[int] = set()  # the numbers of runs without an end
        self._intact_by_path: dict[str, bool] = {}
        self._is_remote = is_remote(folder)
        self._questions: Counter[str] = Counter()  # by folder, where files are remote
        self._hashes: dict[str, str] = {}  # of sources that were looked into
        # By path: rows that are right but for the time of their source, or their own, or the place of their source.
        self._mtime_updates: dict[str, tuple[int, int, bytes]] = {}
        self._output_updates: dict[str, tuple[int, bytes]] = {}
        self._source_updates: dict[str, tuple[bytes, bytes]] = {}
        self._former_sources: dict[str, str] = {}
        self._now = time.time_ns()
        self.has_open_runs = False  # whether a former run died before its end
        self._is_anew = keep and was_set_aside(self.file)  # then nobody knows who wrote a file
        if keep:
            self._load(self._read_rows())
        self.has_open_runs |= self._is_anew

    def owner_of(self, path: str) -> LedgerEntry | None:
        """What is known of a file in the output folder; None: it is foreign."""
        row = self._by_path.get(path)
        former = "" if row is None else self._former_sources.get(path, "")
        if row is not None and (self._intact(row) or self._is_cut(row)):
            return LedgerEntry(row.source, row.output, False, former_source=former)
        doubtful = self._doubtful.get(path)
        if (
            (doubtful is not None and self._intact(doubtful))
            or (self._dead and self._left_by_the_dead(path))
            or (row is None and self._is_anew)
        ):
            return LedgerEntry("", 0, False, doubtful=True)
        return None if row is None else LedgerEntry(row.source, row.output, True, former_source=former)

    def trust_no_content(self) -> None:
        """Take files that nobody knows for foreign, though a damaged ledger may have known them."""
        self._is_anew = False

    @property
    def rows(self) -> Iterable[Row]:
        """All files that runs wrote."""
        return self._by_path.values()

    def is_ours(self, path: str) -> bool:
        """Whether a run wrote that path."""
        return path in self._by_path

    def outputs_of(self, source: str, output: int | None) -> tuple[str, ...]:
        """The unmodified files that were made of a source for an output; None: for any."""
        rows = self._by_source.get(source, ())
        return tuple(row.path for row in rows if output in (None, row.output) and self._intact(row))

    def version_of(self, path: str) -> int | None:
        """The :meth:`Storage.version` of an unmodified file that a run wrote; None where none did."""
        row, update = self._by_path.get(path), self._output_updates.get(path)
        if row is None or not self._intact(row):
            return None
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
        rows = self._by_source.get(source.path)
        if not rows:
            return None
        places = {target.output: (target.path, target.other) for target in job.targets if not target.late}
        outputs = []
        for output, digest in digests.items():
            there = places.get(output)
            row = next(
                (
                    row
                    for row in rows
                    if row.output == output
                    and row.matches(digest, job.index + 1, source.mtime_ns)
                    and (there is None or row.path in there)
                    and (output not in with_mtime or row.source_mtime_ns == source.mtime_ns)
                    and self._same(row, source)
                    and self._intact(row)
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
        rows = self._by_source.get(source.path)
        if not rows or not rows[0].recorded_ns or not self._same(rows[0], source):
            return None
        return rows[0].own

    def _intact(self, row: Row) -> bool:
        """Whether a file is as it was written; looked at once for the plan."""
        intact = self._intact_by_path.get(row.path)
        if intact is None and self._is_remote and self._look_around(row.path):
            intact = self._intact_by_path.get(row.path)
        if intact is None:
            mtime_ns = row.mtime_if_intact()
            intact = self._intact_by_path[row.path] = mtime_ns is not None
            if mtime_ns not in (None, row.mtime_ns) and not 0 <= self._now - mtime_ns < _RACY_NS:
                self._output_updates[row.path] = (mtime_ns, self._record_key(row))
        return intact

    def _look_around(self, path: str) -> bool:
        """Whether a folder was just listed: so many of its files were asked about, each of which is a request."""
        folder = os.path.dirname(path)
        self._questions[folder] += 1
        if self._questions[folder] == _MANY:
            self._intact_by_path.update((path, True) for path in intact_paths(folder, self._by_path))
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
        if source.path not in self._hashes:
            self._hashes[source.path] = storage_of(source.path).fingerprint(source.path)
        if self._hashes[source.path] != row.source_hash:
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
        rows = self._by_source.get(source.path, ())
        pairs = ((row, row.digest.split(" ")[0]) for row in rows if row.output < len(digests))
        return {row.output: row.width for row, digest in pairs if digest == digests[row.output]}

    def last_failure(self, source: Source) -> FailureRow | None:
        """How this very file failed with this recipe, versions and limit; None: it is not known to fail."""
        row = self._failure_by_source.get(source.path)
        if row is None or (row.size, row.mtime_ns) != (source.size, source.mtime_ns):
            return None
        return row if row.versions == self.failure_conditions(row.status) else None

    def failure_conditions(self, status: Status) -> str:
        """What a failure of this kind depends on besides file and recipe: the versions, and for a timeout the limit."""
        return self.versions if status != "timeout" else f"{self.versions}, {self.limit or 0:g} s"

    @property
    def failing(self) -> frozenset[str]:
        """The sources (absolute paths) that failed when they were tried last."""
        return frozenset(self._failure_by_source)

    @property
    def has_doubtful_files(self) -> bool:
        """Whether files under planned names may be those of a run, or of workers, that died."""
        # A name that needs the pixels is not among them: who crashed or was shot may have written such a file
        is_shot = any(row.status in ("timeout", "crashed") for row in self._failure_by_source.values())
        return bool(self._dead or self._doubtful or self._is_anew or is_shot)

    def _left_by_the_dead(self, path: str) -> bool:
        """Whether a run that died may have put it there; where times are another clock's, only the content tells."""
        try:
            ctime_ns = storage_of(path).stat(path, follow_links=False).st_ctime_ns
        except OSError:
            return False
        return self._is_remote or any(start_ns <= ctime_ns <= seen_ns + _DEAD_NS for start_ns, seen_ns in self._dead)

    def _read_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        return read_rows(self.file, self.mend)

    def _load(self, tables: Mapping[str, list[tuple[Any, ...]]]) -> None:
        home = os.fsdecode(max(tables["runs"])[-1]) if tables["runs"] else ""
        is_moved = home not in ("", self.folder) and not is_same_folder(home, self.folder)
        is_copied = is_moved and storage_of(home).exists(home)
        for record in tables["written"]:
            row = Row.from_record(self.folder, record)
            if not row.digest:
                self._doubtful[row.path] = row
                continue
            if is_moved and row.source_hash:
                row = self._relocate(row, home, is_copied)
            self._by_path[row.path] = row
            self._by_source.setdefault(row.source, []).append(row)
        self._load_runs_and_failures(tables)

    def _relocate(self, row: Row, home: str, is_copied: bool) -> Row:
        """A row of a ledger that was in another folder (`home`), with its source where that is now.

        Its content is looked at once, as where a time is too young to prove anything.
        """
        source = place_now(row.source, home, self.folder, is_copied)
        if source == row.source:
            return row
        self._former_sources[row.path] = row.source
        self._source_updates[row.path] = (os.fsencode(source), self._record_key(row))
        self._by_source.setdefault(row.source, []).append(row)
        return replace(row, source=source, recorded_ns=row.source_mtime_ns)

    def _load_runs_and_failures(self, tables: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        for source, digest, size, mtime_ns, status, kind, phase, message, *rest in tables["failures"]:
            if digest == self.digest and kind in KINDS and phase in PHASES:
                failure = Failure(kind, phase, message)
                self._failure_by_source[os.fsdecode(source)] = FailureRow(size, mtime_ns, status, failure, *rest[:3])
        for number, start_ns, seen_ns, end_ns, _, _, digest, *_ in tables["runs"]:
            if end_ns is None:
                self.has_open_runs = True
                self._endless.add(number)
                if digest == self.digest:
                    self._dead.append((start_ns, seen_ns))
