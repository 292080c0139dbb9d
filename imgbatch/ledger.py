"""What was made from what, by which recipe?

A SQLite file in ``DIR/.imgbatch/``, written by the parent only. One row per file that was written: its source's path,
size and mtime, the digest of the output's recipe, and size and mtime of what was written. So the next run knows its own
files from foreign ones, and leaves alone what is up to date.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imgbatch.errors import PlanError
from imgbatch.job import Outcome, Owned, Source, Written
from imgbatch.naming import STATE

FILE = "ledger.sqlite"
VERSION = 1
_BATCH_SECONDS = 1.0  # what a killed run may have to do again
_BATCH_ROWS = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS written (
    path BLOB PRIMARY KEY,       -- relative to DIR, as the file system's bytes
    source BLOB NOT NULL,        -- absolute
    output INTEGER NOT NULL,
    source_size INTEGER NOT NULL,
    source_mtime_ns INTEGER NOT NULL,
    digest TEXT NOT NULL,
    format TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    quality INTEGER,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One file that a run wrote; `path` is absolute."""

    path: str
    source: str
    output: int
    source_size: int
    source_mtime_ns: int
    digest: str
    format: str
    width: int
    height: int
    frames: int
    quality: int | None
    size: int
    mtime_ns: int

    def intact(self) -> bool:
        """Whether the file is there, with the size and mtime it was written with."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return found.st_size == self.size and found.st_mtime_ns == self.mtime_ns

    def written(self) -> Written:
        """The row as the record of an unchanged file has it."""
        return Written(
            self.output, self.path, self.format, self.width, self.height, self.size, self.quality, self.frames,
            self.mtime_ns,
        )  # fmt: skip


class Ledger:
    """The ledger of one output folder; an absent file is an empty ledger, and looking does not create it.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    keep : bool
        Whether there is a ledger at all; without one every existing file is foreign, and nothing is recorded.
    """

    def __init__(self, folder: str, keep: bool = True) -> None:
        self.folder, self.keep = folder, keep
        self.file = os.path.join(folder, STATE, FILE)
        self._connection: sqlite3.Connection | None = None
        self._pending: list[tuple[object, ...]] = []
        self._last = time.monotonic()
        self._by_path: dict[str, Row] = {}
        self._by_source: dict[str, list[Row]] = {}
        if keep and os.path.exists(self.file):
            for row in self._load():
                self._by_path[row.path] = row
                self._by_source.setdefault(row.source, []).append(row)

    # -- asking --------------------------------------------------------------------------------------------------------

    def owned(self, path: str) -> Owned | None:
        """What is known of a file in the output folder; None: it is foreign."""
        row = self._by_path.get(path)
        return None if row is None else Owned(row.source, row.output, not row.intact())

    def is_ours(self, path: str) -> bool:
        """Whether a run wrote that path."""
        return path in self._by_path

    def made(self, source: str, output: int | None) -> tuple[str, ...]:
        """The unmodified files that were made of a source for an output; None: for any."""
        rows = self._by_source.get(source, ())
        return tuple(row.path for row in rows if output in (None, row.output) and row.intact())

    def up_to_date(self, source: Source, digests: Mapping[int, str]) -> tuple[Written, ...] | None:
        """What was written for a source, if that is still what the recipe would make of it; else None.

        `digests` are those of the outputs that must have a file.
        """
        rows = self._by_source.get(source.path)
        if not rows:
            return None
        found = []
        for output, digest in digests.items():
            row = next((row for row in rows if row.output == output and row.digest == digest), None)
            if row is None or row.source_size != source.size or row.source_mtime_ns != source.mtime_ns:
                return None
            if not row.intact():
                return None
            found.append(row.written())
        return tuple(found)

    def widths(self, source: Source, digests: list[str]) -> dict[int, int]:
        """The width in px of what was written for a source, by output, where `digests` are still the outputs'."""
        rows = self._by_source.get(source.path, ())
        return {
            row.output: row.width for row in rows if row.output < len(digests) and row.digest == digests[row.output]
        }

    # -- recording -----------------------------------------------------------------------------------------------------

    def record(self, outcome: Outcome, digests: list[str]) -> None:
        """Remember what an outcome wrote. Called after the files are in place; kept in batches of about a second."""
        if not self.keep:
            return
        for one in outcome.outputs:
            path = os.path.relpath(one.path, self.folder)
            self._pending.append((
                os.fsencode(path), os.fsencode(outcome.source.path), one.output, outcome.source.size,
                outcome.source.mtime_ns, digests[one.output], one.format, one.width, one.height, one.frames,
                one.quality, one.bytes, one.mtime_ns,
            ))  # fmt: skip
        if len(self._pending) >= _BATCH_ROWS or time.monotonic() - self._last > _BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending in one transaction."""
        self._last = time.monotonic()
        if not self._pending:
            return
        connection = self._open()
        with connection:
            connection.executemany(f"INSERT OR REPLACE INTO written VALUES ({','.join('?' * 13)})", self._pending)
        self._pending.clear()

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        try:
            self.flush()
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            self._connection = sqlite3.connect(self.file, timeout=30, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            with self._connection:
                self._connection.execute(_SCHEMA)
                self._connection.execute(f"PRAGMA user_version={VERSION}")
        return self._connection

    def _load(self) -> Iterator[Row]:
        try:
            connection = sqlite3.connect(f"file:{_uri(self.file)}?mode=ro", uri=True, timeout=30)
            try:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > VERSION:
                    raise PlanError(
                        f"the ledger {self.file} was written by a newer imgbatch (version {version}); update imgbatch, "
                        "or choose another output folder"
                    )
                rows = connection.execute("SELECT * FROM written").fetchall() if version else []
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            raise PlanError(
                f"the ledger {self.file} cannot be read ({error}); move it away to start anew (outputs of former runs "
                "are then foreign files), or choose another output folder"
            ) from None
        for row in rows:
            path = os.path.join(self.folder, os.fsdecode(row[0]))
            yield Row(path, os.fsdecode(row[1]), *row[2:])


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))
