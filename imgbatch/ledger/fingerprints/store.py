"""Fingerprint store: which files were compared before, and need not be decoded again?

A SQLite file in a state folder that is named by the roots of the search, as a ledger's is by its output folder. A file
is taken for the one that was compared when path, size and time are the same, as the ledger takes it, and nothing was
done to it since, not even under another name: files may be deleted for what is noted here. It is only a shortcut: where
it is damaged or cannot be used, everything is decoded anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import struct
import time
from collections.abc import Iterable, Iterator, Sequence

from imgbatch.core.errors import PlanError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Source
from imgbatch.ledger.trust import refuse_strange_state

FILE = "fingerprints.sqlite"
_RACY_NS = 50 * 10**6  # as the ledger has it (ledger_index.py): what changed so shortly before may have changed since
_BATCH = 256  # rows that are written at once
_SECONDS = 2.0  # after which they are written, however few they are
_STALE = 1000  # rows of files that are gone, beside as many as there are files, may stay
_HASHES = struct.Struct(">QQQ")
_DIGITS = 32
_MOST = 1 << 31
_CREATE = """
CREATE TABLE fingerprints (
    path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, recorded_ns INTEGER, content TEXT,
    width INTEGER, height INTEGER, frames INTEGER, hashes BLOB, structure REAL, pixels TEXT
) WITHOUT ROWID
"""
_SELECT = (
    "SELECT size, mtime_ns, ctime_ns, recorded_ns, content, width, height, frames, hashes, structure, pixels"
    " FROM fingerprints WHERE path = ?"
)
_INSERT = f"INSERT OR REPLACE INTO fingerprints VALUES ({', '.join('?' * 12)})"


@frozen(slots=True)
class StoreRow:
    """What is known of a file's content.

    Attributes
    ----------
    content : str
        Hash of its bytes, 32 hexadecimal digits.
    width, height : int
        In px, upright.
    frames : int
    hashes : (int, int, int)
        How it looks, of 64 bits each.
    structure : float
    pixels : str
        Hash of all pixels; "" where it is not known.
    """

    content: str
    width: int
    height: int
    frames: int
    hashes: tuple[int, int, int]
    structure: float
    pixels: str


class FingerprintStore:
    """The fingerprints of the files below some roots.

    Parameters
    ----------
    roots : sequence of str
        What is searched, in any order.
    state : str
        Below which folder it lies.
    trust_state : bool
        As of :func:`refuse_strange_state`.
    version : str
        Of all that decodes and hashes: what another version has noted is forgotten.

    Raises
    ------
    PlanError
        It may have come from strangers.

    Attributes
    ----------
    problem : str
        Why it is not used, or has lost what it knew; "" where neither is so.
    """

    def __init__(self, roots: Sequence[str], state: str, trust_state: bool, version: str) -> None:
        self._folder = folder_of(roots, state)
        self._file = os.path.join(self._folder, FILE)
        self.problem = ""
        refuse_strange_state(self._folder, trust_state, writing=True)
        if os.path.islink(self._file):
            raise PlanError(f"{FILE} in the state folder {self._folder} is a link, as no run makes one; remove it")
        self._connection: sqlite3.Connection | None = None
        self._batch: list[tuple[object, ...]] = []
        self._wrote = time.monotonic()
        try:
            os.makedirs(self._folder, exist_ok=True)
            self._connection = self._open(version)
        except OSError as error:
            self._give_up(error.strerror or str(error))
        except sqlite3.Error as error:
            self._give_up(str(error))

    def find(self, source: Source, ctime_ns: int = 0) -> StoreRow | None:
        """What is known of a source that is as it was; None: nothing.

        Parameters
        ----------
        source : Source
        ctime_ns : int
            When its status last changed (``st_ctime_ns``), which nobody can set; 0: the store of objects has none.
        """
        if self._connection is None or source.problem is not None:
            return None
        row = None
        with self._guard():
            row = self._connection.execute(_SELECT, (os.fsencode(source.path),)).fetchone()
        if row is None or row[:3] != (source.size, source.mtime_ns, ctime_ns):
            return None
        if not isinstance(row[3], int) or 0 <= row[3] - source.mtime_ns < _RACY_NS:
            return None
        return _sound_row(row[4:])

    def add(self, source: Source, row: StoreRow, ctime_ns: int = 0) -> None:
        """Remember a file; it is on the disk after some seconds, or files.

        Parameters
        ----------
        source : Source
        row : StoreRow
        ctime_ns : int
            As of :meth:`find`, of a moment before the file was read.
        """
        key = os.fsencode(source.path), source.size, source.mtime_ns, ctime_ns, time.time_ns()
        values = row.content, row.width, row.height, row.frames, _HASHES.pack(*row.hashes), row.structure, row.pixels
        self._batch.append((*key, *values))
        if len(self._batch) >= _BATCH or time.monotonic() - self._wrote > _SECONDS:
            self._write()

    def forget_others(self, paths: Iterable[str], count: int) -> None:
        """Forget files that are not among `count` paths, when there are many of them."""
        self._write()
        if self._connection is None:
            return
        with self._guard():
            (rows,) = self._connection.execute("SELECT count(*) FROM fingerprints").fetchone()
            if rows <= 2 * count + _STALE:
                return
            with self._connection:
                self._connection.execute("CREATE TEMP TABLE present (path BLOB PRIMARY KEY) WITHOUT ROWID")
                keys = ((os.fsencode(path),) for path in paths)
                self._connection.executemany("INSERT OR IGNORE INTO present VALUES (?)", keys)
                self._connection.execute("DELETE FROM fingerprints WHERE path NOT IN (SELECT path FROM present)")

    def close(self) -> None:
        """Write what is not written yet."""
        self._write()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self) -> None:
        batch, self._batch, self._wrote = self._batch, [], time.monotonic()
        if self._connection is not None and batch:
            with self._guard(), self._connection:
                self._connection.executemany(_INSERT, batch)

    def _open(self, version: str) -> sqlite3.Connection:
        """The file as this version writes it; made anew where it is of another version, or damaged."""
        connection = sqlite3.connect(self._file, timeout=5)
        try:
            if _version(connection) == version:
                connection.execute(_SELECT, (b"",)).fetchone()
                return connection
        except sqlite3.OperationalError:  # locked, or unreadable: another process may use it
            connection.close()
            raise
        except sqlite3.DatabaseError as error:
            self.problem = f"the fingerprints in {self._folder} are damaged ({error}) and are made anew"
        connection.close()
        for end in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._file + end)
        connection = sqlite3.connect(self._file, timeout=5)
        with connection:
            connection.execute(_CREATE)
            connection.execute("CREATE TABLE version (word TEXT)")
            connection.execute("INSERT INTO version VALUES (?)", (version,))
        return connection

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Within the block the first error of the file ends its use."""
        try:
            yield
        except sqlite3.Error as error:
            self._give_up(str(error))

    def _give_up(self, reason: str) -> None:
        self.problem = f"the fingerprints in {self._folder} cannot be used ({reason}): all is decoded, nothing is noted"
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def folder_of(roots: Sequence[str], state: str) -> str:
    """The state folder of a search, below `state`."""
    number = hashlib.sha256(b"\0".join(sorted(map(os.fsencode, roots)))).hexdigest()[:8]
    name = os.path.basename(os.path.normpath(roots[0])) if len(roots) == 1 else "several"
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in name)
    return os.path.join(os.path.abspath(state), f"{safe.strip('.')[:64] or 'root'}-{number}")


def _version(connection: sqlite3.Connection) -> str | None:
    """Of the file; None where it is empty. DatabaseError where it is no file of ours."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return None
    if connection.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()[0]:
        raise sqlite3.DatabaseError("it holds programs")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("its pages contradict one another")
    row = connection.execute("SELECT word FROM version").fetchone()
    return str(row[0]) if row else ""


def _sound_row(values: Sequence[object]) -> StoreRow | None:
    """The row, where a run may have written it."""
    content, width, height, frames, hashes, structure, pixels = values
    numbers = (width, height, frames)
    if not all(isinstance(number, int) and 0 < number < _MOST for number in numbers):
        return None
    if not isinstance(hashes, bytes) or len(hashes) != _HASHES.size or not isinstance(structure, float):
        return None
    if not (isinstance(content, str) and isinstance(pixels, str)):
        return None
    if len(content) != _DIGITS or len(pixels) not in (0, _DIGITS) or not (content + pixels).isalnum():
        return None
    dct, across, down = _HASHES.unpack(hashes)
    return StoreRow(content, *numbers, (dct, across, down), structure, pixels)  # type: ignore[arg-type]  # as checked
