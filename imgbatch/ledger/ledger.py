"""Ledger: what was made from what, by which recipe; what failed, and how often?

A SQLite file in ``DIR/.imgbatch/`` (or below ``--state``), written by the parent only, in batches of about a second.
Four tables (database.py): `written`, one row per file that was written: its source's size, mtime and content hash,
the digest of the output's recipe, size, mtime and hash of the file. `failures`, one per source and recipe. `runs`, one
per run that had something to do or an older ledger to look into. `replaced`: sources that were changed where they lie
(originals/replacements.py).

One run: ``Ledger(folder)`` reads what is known; :meth:`begin` opens the run; :meth:`record` takes each Outcome, after
its files are in place; :meth:`end` closes the run with its summary; :meth:`close` lets go. A run without an end died:
what appeared under planned names while it lived is known as ours (:meth:`owner_of`), because its last second was not
recorded. How the next run goes on: up_to_date.py says what is not done again, index/ what the dead run may have left,
originals/in_place.py what it began to replace.

The versions of imgbatch and Pillow are recorded with each run. A new version makes nothing again by itself: that is
decided by the canonical number in planning/recipe.py. It does try again what failed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from imgbatch.core.errors import BLAME
from imgbatch.core.job import Job, Outcome
from imgbatch.ledger import reserve
from imgbatch.ledger.damage import SQLITE_ERRORS, LedgerDamageError, guard, is_damage, write_error
from imgbatch.ledger.database import open_to_write
from imgbatch.ledger.index.ledger_index import LedgerIndex
from imgbatch.ledger.rows import Row, digest_with_fields, relative_path
from imgbatch.ledger.schema import CHANGES
from imgbatch.ledger.shards.merge_notes import MergeNotes
from imgbatch.storage.below import Identity, identity_of, refuse_another_identity
from imgbatch.storage.durable import sync_files
from imgbatch.storage.registry import is_remote, storage_of

_BATCH_SECONDS = 1.0  # what a killed run may have to do again
_BATCH_ROWS = 500
_NEW_RUN = (
    "INSERT OR IGNORE INTO runs (id, started_ns, seen_ns, counts, digest, versions, command, folder) "
    "VALUES (?,?,?,'{}',?,?,?,?)"
)


class Ledger(LedgerIndex, MergeNotes):
    """The ledger of one output folder, to be asked (index/) and written; looking does not create it."""

    def __init__(
        self, folder: str, keep: bool = True, state: str | None = None, digest: str = "", versions: str = "",
        mend: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(folder, keep, state, digest, versions, mend)
        self.run = 0
        self._row_of_run: tuple[object, ...] = ()
        self._reserve = os.path.join(os.path.dirname(self.file), reserve.NAME)
        self._began_ns: int | None = None  # by the clock of the outputs' disk
        self._digests: Sequence[str] = ()
        self._connection: sqlite3.Connection | None = None
        self._pending: dict[str, list[tuple[object, ...]]] = {name: [] for name in CHANGES}
        self._last = time.monotonic()
        self._paths_to_sync: list[str] = []  # outputs that are to be recorded
        self._identity: Identity | None = None  # of the file that was opened

    # -- recording -----------------------------------------------------------------------------------------------------

    def begin(self, digests: Sequence[str], command: str = "") -> None:
        """Open a run; `digests` are those of the recipe's outputs."""
        self._digests = digests
        if not self.keep:
            return
        now = self._began_ns = time.time_ns()
        command = command.encode("utf-8", "backslashreplace").decode()
        try:
            with guard(self.file, mend=True), self._open_durably() as connection:
                row = (None, now, now, self.digest, self.versions, command, os.fsencode(self.folder))
                cursor = connection.execute(_NEW_RUN, row)
                connection.executemany(
                    "UPDATE written SET source=?, recorded_ns=source_mtime_ns WHERE path=?",
                    self._source_updates.values(),
                )
                connection.executemany(
                    "UPDATE written SET source_mtime_ns=?, recorded_ns=? WHERE path=?", self._mtime_updates.values()
                )
                connection.executemany("UPDATE written SET mtime_ns=? WHERE path=?", self._output_updates.values())
            self.run = cursor.lastrowid or 0
            self._row_of_run = (self.run, *row[1:])
            self._give_reserve()
            self._began_ns = now + reserve.make_reserve(self._reserve, self.root)
        except LedgerDamageError:
            self._disconnect()
            raise
        except OSError:
            return  # a disk that is full already: the first file will say so

    def record(self, outcome: Outcome) -> None:
        """Remember what became of a file; kept in batches of about a second.

        Raises
        ------
        OSError
            The ledger cannot be written.
        """
        if not self.keep or outcome.status == "skipped":
            if time.monotonic() - self._last > _BATCH_SECONDS:
                self._last = time.monotonic()
                self.check_places()
            return
        source, now = os.fsencode(outcome.source.path), time.time_ns()
        if outcome.status == "unchanged":  # what was restored is as it was when it was done
            if outcome.source.path in self._failure_by_source:
                self._pending["forgotten"].append((source, self.digest))
            for one in outcome.outputs:
                row = self.rows.get(one.path) if one.placeholder else None
                if row is not None and row.placeholder != one.placeholder:  # nobody asked for it when it was made
                    self._pending["placeholders"].append((one.placeholder, row.as_record(self.folder)[0]))
            return
        for one in outcome.outputs:
            self._paths_to_sync.append(one.path)
            digest = self._digests[one.output]
            if one.fields:
                digest = digest_with_fields(digest, one.fields, outcome.index + 1, outcome.source.mtime_ns)
            record = (  # of the fields of a Row, in their order; thousands are written that nobody reads as a Row
                os.fsencode(relative_path(one.path, self.folder)), source, one.output, outcome.source.size,
                outcome.source.mtime_ns, digest, one.format, one.width, one.height, one.frames, one.quality, one.bytes,
                one.mtime_ns, outcome.source_hash, one.hash, one.source_format, now, self.run, 0,
                one.placeholder, b"",
            )  # fmt: skip
            self._pending["written"].append(record)
        error = outcome.error
        is_transient = error is not None and BLAME[error.kind] in ("around", "disk")  # the next run simply tries again
        if error is not None and not is_transient and outcome.source.problem is None:
            self._pending["failures"].append(self._failure_record(source, outcome, error, now, self.run))
        elif outcome.source.path in self._failure_by_source:
            self._pending["forgotten"].append((source, self.digest))
        if len(self._pending["written"]) >= _BATCH_ROWS or time.monotonic() - self._last > _BATCH_SECONDS:
            self.flush()

    def note_known_failure(self, outcome: Outcome) -> None:
        """A failure that was not tried again stays as it is; this run tells it where the one that met it was killed."""
        row = self.last_failure(outcome.source)
        key, mtime_ns = (os.fsencode(outcome.source.path), self.digest), outcome.source.mtime_ns
        if self.keep and row is not None and row.is_news:
            self._pending["news"].append((self.run, *key))
        if self.keep and row is not None and row.mtime_ns != mtime_ns:  # the next run need not look into it
            self._pending["touched"].append((mtime_ns, *key))

    def adopt(self, job: Job) -> None:
        """Remember what a worker that died may have finished of a job.

        What appeared in the targets' places since the run began does not refuse the next plan, and is taken for ours
        only if it holds the bytes that are made then, as with a run that died: somebody else may have put it there
        meanwhile. Names that needed the pixels are not known here.
        """
        if not self.keep or self._began_ns is None:
            return
        for target in job.targets:
            for path in () if target.late else filter(None, (target.path, target.other)):
                with contextlib.suppress(OSError):
                    store = storage_of(path)
                    info = store.stat(path, follow_links=False)
                    is_new = info.st_ctime_ns >= self._began_ns or not store.properties.modification_times
                    if is_new and stat.S_ISREG(info.st_mode):
                        row = Row(
                            path, job.source.path, target.output, job.source.size, job.source.mtime_ns, "",
                            target.format, 0, 0, 1, None, info.st_size, store.version(info), "",
                            store.fingerprint(path), "", 0, self.run, moved=0,
                        )  # fmt: skip
                        self._pending["written"].append(row.as_record(self.folder))

    def record_move(self, outcome: Outcome) -> None:
        """Say that a source is about to be archived or quarantined, so that what was made of it is not pruned.

        What was made just now is in no transaction yet, so for that the next one will do.

        Raises
        ------
        OSError
            The ledger cannot be written.
        """
        if self.keep:
            self._pending["moved"].append((os.fsencode(outcome.source.path),))
            if outcome.status != "ok":
                self.flush()

    def note_place(self, outcome: Outcome) -> None:
        """Say where a source is that was archived, so that `undo` can tell."""
        place = os.fsencode(outcome.moved_to)
        if self.keep and place:
            paths = (os.fsencode(relative_path(one.path, self.folder)) for one in outcome.outputs)
            self._pending["places"].extend((place, path) for path in paths)

    def forget(self, row: Row) -> None:
        """A file is gone, and with it what is known of it."""
        self._pending["pruned"].append((os.fsencode(relative_path(row.path, self.folder)),))

    def check_places(self) -> None:
        """OSError where the output folder or the ledger's file is gone, or another one, since the run began."""
        self.root.check()
        if self._identity is not None:
            refuse_another_identity(self.file, self._identity)

    def flush(self) -> None:
        """Write what is pending in one transaction; OSError when that is not possible, and all of it stays pending."""
        self._last = time.monotonic()
        pending = self._pending
        if not any(pending.values()):
            return
        self.check_places()
        if self.durable and self._paths_to_sync and not is_remote(self.folder):
            sync_files(self._paths_to_sync)
        self._paths_to_sync.clear()
        try:
            self._write(pending)
        except SQLITE_ERRORS:
            self._give_reserve()
            try:
                self._write(pending)
            except SQLITE_ERRORS as error:
                if is_damage(error):
                    self._disconnect()  # what is pending goes into a new file
                raise write_error(self.file, error) from error
        for rows in pending.values():
            rows.clear()

    def _write(self, pending: Mapping[str, list[tuple[object, ...]]]) -> None:
        with self._open() as connection:
            if self._row_of_run:
                connection.execute(_NEW_RUN, self._row_of_run)  # where a damaged file was set aside meanwhile
            for name, statement in CHANGES.items():
                connection.executemany(statement, pending[name])
            connection.execute("UPDATE runs SET seen_ns=? WHERE id=?", (time.time_ns(), self.run))

    def _give_reserve(self) -> None:
        with contextlib.suppress(OSError):
            self.check_places()  # else it is another run's
            os.unlink(self._reserve)

    def end(self, summary: Mapping[str, Any]) -> None:
        """Close the run; what died before it with the same recipe is over, too, when nothing remains.

        Raises
        ------
        OSError
            The ledger cannot be written.
        """
        self.check_places()
        if not self.run:
            return
        self.flush()
        self._give_reserve()
        now = time.time_ns()
        try:
            with self._open() as connection:
                connection.execute(
                    "UPDATE runs SET ended_ns=?, seen_ns=?, exit_code=?, counts=? WHERE id=?",
                    (now, now, summary["exit_code"], json.dumps(dict(summary)), self.run),
                )
                if not summary["remaining"]:
                    connection.execute(
                        "UPDATE runs SET ended_ns=seen_ns WHERE ended_ns IS NULL AND digest=?", (self.digest,)
                    )
        except SQLITE_ERRORS as error:
            raise write_error(self.file, error) from error

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        try:
            self.flush()
        finally:
            self._disconnect()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.root.check()
            self._connection = open_to_write(self.file)
            self._identity = identity_of(self.file)
        return self._connection

    @contextlib.contextmanager
    def _open_durably(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk at the end: what a run writes before a power cut is then known as its."""
        connection = self._open()
        connection.execute(f"PRAGMA synchronous={'FULL' if self.durable else 'NORMAL'}")
        with connection:
            yield connection
        connection.execute("PRAGMA synchronous=NORMAL")

    def _disconnect(self) -> None:
        connection, self._connection, self._identity = self._connection, None, None
        if connection is not None:
            connection.close()
