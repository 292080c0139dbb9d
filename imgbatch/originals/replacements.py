"""Replacements: how is it recorded that a run replaces a source? The ledger's table `replaced`.

A replacement is written down before it happens, durably, with the hash of the new content; that it is done is written
with the next one. So after a kill the content of the file alone says whether an intended replacement took place.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence

from imgbatch.ledger.damage import SQLITE_ERRORS, is_damage, write_error
from imgbatch.ledger.database import FILE, open_to_write
from imgbatch.ledger.rows import Replacement
from imgbatch.ledger.schema import insert
from imgbatch.originals.backups import discard
from imgbatch.storage.atomic_write import content_hash, hash_of
from imgbatch.storage.below import Root, read_below
from imgbatch.storage.temporary import sweep


class Replacements:
    """The past of one folder; looking creates nothing.

    Parameters
    ----------
    folder : str
        DIR, absolute.
    state : str
        Its state folder, which holds the ledger and the backups.
    root : Root, optional
        The folder, if it is held: where it is gone or another one, nothing is written.
    """

    def __init__(self, folder: str, state: str, root: Root | None = None) -> None:
        self.folder, self.state, self.root = folder, state, Root(folder) if root is None else root
        self.file = os.path.join(state, FILE)
        self._connection: sqlite3.Connection | None = None
        self._completions: list[Replacement] = []

    def intend(self, entry: Replacement) -> None:
        """Write down what is about to be done, and what was done, on the disk; OSError when that is not possible."""
        self.record([entry])
        self._completions.clear()

    def record(self, entries: Sequence[Replacement]) -> None:
        """Write down entries, and what was done, in one transaction."""
        try:
            with self._open() as connection:
                self._write_completions(connection)
                records = (entry.as_record(self.folder, self.state) for entry in entries)
                connection.executemany(insert("replaced"), records)
        except SQLITE_ERRORS as error:
            raise self._failure(error) from error

    def complete(self, entry: Replacement) -> None:
        """Note that it is done; written down with the next intention, or at the end."""
        self._completions.append(entry)

    def settle(self, entry: Replacement, step: str) -> None:
        """Write down what became of a replacement, durably; ``step=""``: it did not happen."""
        key = (entry.run, self._relative(entry.path))
        try:
            with self._open() as connection:
                if step:
                    connection.execute("UPDATE replaced SET step=? WHERE run=? AND path=?", (step, *key))
                else:
                    connection.execute("DELETE FROM replaced WHERE run=? AND path=?", key)
        except SQLITE_ERRORS as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Write down what is done, and let go of the file."""
        try:
            if self._completions:
                with self._open() as connection:
                    self._write_completions(connection)
                self._completions.clear()
        except SQLITE_ERRORS as error:
            raise self._failure(error) from error
        finally:
            self._disconnect()

    def _write_completions(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "UPDATE replaced SET step='done' WHERE run=? AND path=?",
            [(entry.run, self._relative(entry.path)) for entry in self._completions],
        )

    def _relative(self, path: str) -> bytes:
        return os.fsencode(os.path.relpath(path, self.folder))

    def _open(self) -> sqlite3.Connection:
        self.root.check()
        if self._connection is None:
            self._connection = open_to_write(self.file)
            self._connection.execute("PRAGMA synchronous=FULL")
        return self._connection

    def _failure(self, error: sqlite3.Error | UnicodeDecodeError) -> OSError:
        """What is raised; after damage the next entry goes into a new file."""
        if is_damage(error):
            self._disconnect()
        return write_error(self.file, error)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def settle_intentions(replacements: Replacements, intentions: Sequence[Replacement], state: str) -> None:
    """Find out whether what a killed run intended took place, and write that down.

    Parameters
    ----------
    replacements, intentions, state
        The table, its entries in question (a link, or a file that cannot be read, is left for later), and the folder of
        the backups, from which one goes only where the original stands in its place, whole, or stood there when it was
        taken back: a killed undo had no time to remove it.
    """
    state_root = Root(state)
    for folder in {os.path.dirname(entry.backup) for entry in intentions if entry.step == "intended" and entry.backup}:
        sweep(folder, root=state_root)
    for entry in intentions:
        if entry.step == "undone":
            if os.path.lexists(entry.backup) and hash_of(entry.backup) == entry.original:
                discard(entry.backup, state)
            continue
        try:
            content = content_hash(read_below(replacements.root, entry.path))
        except FileNotFoundError:
            content = ""
        except OSError:
            continue
        if content == entry.hash:
            replacements.settle(entry, "done")
            continue
        replacements.settle(entry, "")
        if content == entry.original == hash_of(entry.backup):  # else it is another file's: a disk that folds names
            discard(entry.backup, state)
