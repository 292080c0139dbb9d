"""What was made from what, by which recipe; what failed, and how often?

A SQLite file in ``DIR/.imgbatch/`` (or below ``--state``), written by the parent only, in batches of about a second.
Four tables (ledgerfile.py): `written`, one row per file that was written: its source's size, mtime and content hash,
the digest of the output's recipe, size, mtime and hash of the file. `failures`, one per source and recipe. `runs`, one
per run that had something to do or an older ledger to look into. `intents`: what is about to be done to a source.

One run: ``Ledger(folder)`` reads what is known; :meth:`begin` opens the run; :meth:`record` takes each Outcome, after
its files are in place; :meth:`end` closes the run with its summary; :meth:`close` lets go. A run without an end died:
what appeared under planned names while it lived is known as ours (:meth:`owned`), because its last second was not
recorded. Before a source is replaced or moved, :meth:`intend` says so durably, and :meth:`done_with` when it is over.

The versions of imgbatch and Pillow are recorded with each run. A new version makes nothing again by itself: that is
decided by the canonical number in recipe.py. It does try again what failed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from imgbatch.entries import BACK_OFF_DAYS, DAY_NS, Failed, Intent, Row
from imgbatch.errors import KINDS, PHASES
from imgbatch.job import Failure, Outcome, Owned, Source, Written
from imgbatch.ledgerfile import FILE, VERSION, rows, unusable, writable
from imgbatch.naming import STATE

__all__ = ["FILE", "VERSION", "Failed", "Intent", "Ledger", "Row"]

_BATCH_SECONDS = 1.0  # what a killed run may have to do again
_BATCH_ROWS = 500
_DEAD_NS = 3_600 * 10**9  # how long after its last sign of life a killed run may have put a file in place
_EARLY_NS = DAY_NS // 24  # a nightly run is never exactly a day after the last one
#: Kinds of failures whose cause lies outside the file and the recipe: the next run simply tries again.
_PASSING = frozenset({"permission", "no_space", "io", "memory", "exists", "changed"})


class Ledger:
    """The ledger of one output folder; an absent file is an empty ledger, and looking does not create it.

    Parameters
    ----------
    folder : str
        The output folder (absolute).
    keep : bool
        Whether there is a ledger at all; without one every existing file is foreign, and nothing is recorded.
    state : str, optional
        Where the ledger lies (:func:`state_folder`).
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
        self.folder, self.keep, self.digest, self.versions = folder, keep, digest, versions
        self.file = os.path.join(state or os.path.join(folder, STATE), FILE)
        self.run = 0
        self._digests: Sequence[str] = ()
        self._connection: sqlite3.Connection | None = None
        self._pending: dict[str, list[tuple[object, ...]]] = {"written": [], "failures": [], "forgotten": []}
        self._last = time.monotonic()
        self._by_path: dict[str, Row] = {}
        self._by_source: dict[str, list[Row]] = {}
        self._failed: dict[str, Failed] = {}
        self._dead: list[tuple[int, int]] = []
        self.interrupted = False  # whether a former run died
        if keep and os.path.exists(self.file):
            self._load(mend)

    # -- asking --------------------------------------------------------------------------------------------------------

    def owned(self, path: str) -> Owned | None:
        """What is known of a file in the output folder; None: it is foreign."""
        row = self._by_path.get(path)
        if row is not None and row.intact():
            return Owned(row.source, row.output, False)
        if self._dead and self._left_by_the_dead(path):
            return Owned("", 0, False)
        return None if row is None else Owned(row.source, row.output, True)

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

    def widths(self, source: Source, digests: Sequence[str]) -> dict[int, int]:
        """The width in px of what was written for a source, by output, where `digests` are still the outputs'."""
        rows = self._by_source.get(source.path, ())
        return {
            row.output: row.width for row in rows if row.output < len(digests) and row.digest == digests[row.output]
        }

    def failed(self, source: Source) -> Failed | None:
        """How this very file failed with this recipe and these versions; None: it is not known to fail."""
        held = self._failed.get(source.path)
        if held is None or (held.size, held.mtime_ns, held.versions) != (source.size, source.mtime_ns, self.versions):
            return None
        return held

    @property
    def failing(self) -> frozenset[str]:
        """The sources (absolute paths) that failed when they were tried last."""
        return frozenset(self._failed)

    @property
    def resumed_ns(self) -> int | None:
        """Since when files under planned names may be those of a run that died; None: none died."""
        return min((started for started, _ in self._dead), default=None)

    def _left_by_the_dead(self, path: str) -> bool:
        try:
            changed = os.lstat(path).st_ctime_ns
        except OSError:
            return False
        return any(started <= changed <= seen + _DEAD_NS for started, seen in self._dead)

    # -- recording -----------------------------------------------------------------------------------------------------

    def begin(self, digests: Sequence[str], command: str = "") -> None:
        """Open a run; `digests` are those of the recipe's outputs."""
        self._digests = digests
        if not self.keep:
            return
        now = time.time_ns()
        try:
            with self._open() as connection:
                made = connection.execute(
                    "INSERT INTO runs (started_ns, seen_ns, counts, digest, versions, command) VALUES (?,?,'{}',?,?,?)",
                    (now, now, self.digest, self.versions, command),
                )
        except sqlite3.Error as error:
            raise unusable(self.file, error) from None
        self.run = made.lastrowid or 0

    def record(self, outcome: Outcome) -> None:
        """Remember what became of a file; kept in batches of about a second.

        Raises
        ------
        OSError
            The ledger cannot be written.
        """
        if not self.keep or outcome.status in ("unchanged", "skipped"):
            return
        source, now = os.fsencode(outcome.source.path), time.time_ns()
        for one in outcome.outputs:
            path = os.path.relpath(one.path, self.folder)
            self._pending["written"].append((
                os.fsencode(path), source, one.output, outcome.source.size, outcome.source.mtime_ns,
                self._digests[one.output], one.format, one.width, one.height, one.frames, one.quality, one.bytes,
                one.mtime_ns, "", "", now, self.run,
            ))  # fmt: skip
        error = outcome.error
        if error is not None and error.kind not in _PASSING and outcome.source.problem is None:
            self._pending["failures"].append(self._failure(source, outcome, error, now))
        elif outcome.source.path in self._failed:
            self._pending["forgotten"].append((source, self.digest))
        if len(self._pending["written"]) >= _BATCH_ROWS or time.monotonic() - self._last > _BATCH_SECONDS:
            self.flush()

    def _failure(self, source: bytes, outcome: Outcome, error: Failure, now: int) -> tuple[object, ...]:
        held = self.failed(outcome.source)
        attempts = 1 if held is None else held.attempts + 1
        next_ns = 0
        if outcome.status in ("timeout", "crashed"):
            next_ns = now + BACK_OFF_DAYS[min(attempts, len(BACK_OFF_DAYS)) - 1] * DAY_NS - _EARLY_NS
        message = error.message.encode("utf-8", "backslashreplace").decode()
        return (
            source, self.digest, outcome.source.size, outcome.source.mtime_ns, outcome.status, error.kind, error.phase,
            message, attempts, next_ns, self.versions, self.run,
        )  # fmt: skip

    def flush(self) -> None:
        """Write what is pending in one transaction; OSError when that is not possible, and all of it stays pending."""
        self._last = time.monotonic()
        pending = self._pending
        if not any(pending.values()):
            return
        try:
            with self._open() as connection:
                connection.executemany(f"INSERT OR REPLACE INTO written VALUES ({_marks(17)})", pending["written"])
                connection.executemany(f"INSERT OR REPLACE INTO failures VALUES ({_marks(12)})", pending["failures"])
                connection.executemany("DELETE FROM failures WHERE source=? AND digest=?", pending["forgotten"])
                connection.execute("UPDATE runs SET seen_ns=? WHERE id=?", (time.time_ns(), self.run))
        except sqlite3.Error as error:
            raise OSError(None, f"the ledger cannot be written: {error}", self.file) from error
        for waiting in pending.values():
            waiting.clear()

    def end(self, summary: Mapping[str, Any]) -> None:
        """Close the run; what died before it with the same recipe is over, too, when nothing remains."""
        if not self.run:
            return
        self.flush()
        now = time.time_ns()
        with self._open() as connection:
            connection.execute(
                "UPDATE runs SET ended_ns=?, seen_ns=?, exit_code=?, counts=? WHERE id=?",
                (now, now, summary["exit_code"], json.dumps(dict(summary)), self.run),
            )
            if not summary["remaining"]:
                connection.execute(
                    "UPDATE runs SET ended_ns=seen_ns WHERE ended_ns IS NULL AND digest=?", (self.digest,)
                )

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        try:
            self.flush()
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    # -- what is about to be done to a source --------------------------------------------------------------------------

    def intend(self, intent: Intent) -> None:
        """Say it before it is done, and on the disk."""
        connection = self._open()
        connection.execute("PRAGMA synchronous=FULL")
        with connection:
            connection.execute(
                f"INSERT OR REPLACE INTO intents VALUES ({_marks(5)})",
                (os.fsencode(intent.source), intent.run, intent.step, intent.hash, os.fsencode(intent.place)),
            )
        connection.execute("PRAGMA synchronous=NORMAL")

    def intents(self) -> list[Intent]:
        """What was about to be done, and is not known to be over."""
        found = self._open().execute("SELECT source, run, step, hash, place FROM intents").fetchall()
        return [Intent(os.fsdecode(row[0]), row[1], row[2], row[3], os.fsdecode(row[4])) for row in found]

    def done_with(self, source: str) -> None:
        """Strike an intent out, with what is pending: both are known, or neither."""
        self.flush()
        with self._open() as connection:
            connection.execute("DELETE FROM intents WHERE source=?", (os.fsencode(source),))

    # -- the file ------------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = writable(self.file)
        return self._connection

    def _load(self, mend: bool) -> None:
        held: Any = rows(self.file, mend)
        for row in held["written"]:
            found = Row(os.path.join(self.folder, os.fsdecode(row[0])), os.fsdecode(row[1]), *row[2:])
            self._by_path[found.path] = found
            self._by_source.setdefault(found.source, []).append(found)
        for source, digest, size, mtime_ns, status, kind, phase, message, *rest in held["failures"]:
            if digest == self.digest and kind in KINDS and phase in PHASES:
                failure = Failure(kind, phase, message)
                self._failed[os.fsdecode(source)] = Failed(size, mtime_ns, status, failure, *rest[:3])
        self.interrupted = bool(held["runs"])
        self._dead = [(started, seen) for digest, started, seen in held["runs"] if digest == self.digest]


def _marks(count: int) -> str:
    return ",".join("?" * count)
