"""What did runs do to sources, and when? The ledger's tables `replaced` and `runs`, for --in-place, history and undo.

A replacement is written down before it happens, durably, with the hash of the new content; that it is done is written
with the next one. So after a kill the content of the file alone says whether an intended replacement took place.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple

from imgbatch.ledger.database import FILE, reading, unwritable, writable
from imgbatch.ledger.rows import PastRun, Replaced


class Past:
    """The past of one folder; looking creates nothing.

    Parameters
    ----------
    folder : str
        DIR, absolute.
    state : str
        Its state folder, which holds the ledger and the backups.
    """

    def __init__(self, folder: str, state: str) -> None:
        self.folder, self.state = folder, state
        self.file = os.path.join(state, FILE)
        self._connection: sqlite3.Connection | None = None
        self._done: list[Replaced] = []

    def runs(self) -> list[PastRun]:
        """All runs, in the order in which they began."""
        if not os.path.exists(self.file):
            return []
        with reading(self.file) as (connection, version):
            held = []
            if version >= 2:
                held = connection.execute(
                    "SELECT id, started_ns, seen_ns, ended_ns, exit_code, counts, command, digest FROM runs ORDER BY id"
                ).fetchall()
        return [
            PastRun(
                id,
                started / 1e9,
                max(0, (ended or seen) - started) / 1e9,
                ended is not None,
                code,
                json.loads(counts),
                command,
                digest,
            )  # fmt: skip
            for id, started, seen, ended, code, counts, command, digest in held
        ]

    def replaced(self) -> list[Replaced]:
        """All replacements, in the order in which they were intended."""
        if not os.path.exists(self.file):
            return []
        with reading(self.file) as (connection, version):
            held = []
            if version >= 3:
                held = connection.execute("SELECT * FROM replaced ORDER BY run, recorded_ns").fetchall()
        return [self._entry(row) for row in held]

    def _entry(self, row: Sequence[object]) -> Replaced:
        run, path, step, original, hash, backup, *rest = row
        place = os.path.join(self.state, os.fsdecode(backup)) if backup else ""  # type: ignore[arg-type]  # a BLOB
        return Replaced(run, os.path.join(self.folder, os.fsdecode(path)), step, original, hash, place, *rest)  # type: ignore[arg-type]  # as the table declares them

    def intend(self, entry: Replaced) -> None:
        """Write down what is about to be done, and what was done, on the disk; OSError when that is not possible."""
        self.note([entry])
        self._done.clear()

    def note(self, entries: Sequence[Replaced]) -> None:
        """Write down entries, and what was done, in one transaction."""
        try:
            with self._open() as connection:
                self._tell(connection)
                connection.executemany(
                    f"INSERT OR REPLACE INTO replaced VALUES ({','.join('?' * 14)})", map(self._row, entries)
                )
        except sqlite3.Error as error:
            raise unwritable(self.file, error) from error

    def _row(self, entry: Replaced) -> tuple[object, ...]:
        run, path, step, original, hash, backup, *rest = astuple(entry)
        place = os.fsencode(os.path.relpath(backup, self.state)) if backup else b""
        return (run, self._relative(path), step, original, hash, place, *rest)

    def done(self, entry: Replaced) -> None:
        """Note that it is done; written down with the next intention, or at the end."""
        self._done.append(entry)

    def settle(self, entry: Replaced, step: str) -> None:
        """Write down what became of a replacement, durably; ``step=""``: it did not happen."""
        key = (entry.run, self._relative(entry.path))
        try:
            with self._open() as connection:
                if step:
                    connection.execute("UPDATE replaced SET step=? WHERE run=? AND path=?", (step, *key))
                else:
                    connection.execute("DELETE FROM replaced WHERE run=? AND path=?", key)
        except sqlite3.Error as error:
            raise unwritable(self.file, error) from error

    def close(self) -> None:
        """Write down what is done, and let go of the file."""
        try:
            if self._done:
                with self._open() as connection:
                    self._tell(connection)
                self._done.clear()
        except sqlite3.Error as error:
            raise unwritable(self.file, error) from error
        finally:
            connection, self._connection = self._connection, None  # type: ignore[assignment]  # closed just now
            if connection is not None:
                connection.close()

    def _tell(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "UPDATE replaced SET step='done' WHERE run=? AND path=?",
            [(entry.run, self._relative(entry.path)) for entry in self._done],
        )

    def _relative(self, path: str) -> bytes:
        return os.fsencode(os.path.relpath(path, self.folder))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = writable(self.file)
            self._connection.execute("PRAGMA synchronous=FULL")
        return self._connection
