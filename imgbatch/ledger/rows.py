"""Rows: what stands in a ledger? One entry per file that was written, replaced or failed, and per run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Status, Written
from imgbatch.planning.names import STATE
from imgbatch.storage.registry import is_remote, storage_of

DAY_NS = 86_400 * 10**9
_DETOUR = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")  # a part of a path that is empty, . or ..
BACK_OFF_DAYS = (1, 2, 4, 8)  # how long a file that crashed or timed out is left in peace, by attempts


def relative_path(path: str, folder: str) -> str:
    """``os.path.relpath`` of a path, without its steps where it is spelled as the folder's and plain."""
    rest = path.removeprefix(folder + os.sep)
    return os.path.relpath(path, folder) if len(rest) == len(path) or _DETOUR.search(rest) else rest


def is_retryable(failure: Failure) -> bool:
    """Whether a raised --max-pixels or a new reader may mend it, and trying costs little: nothing was decoded yet."""
    return failure.kind in ("too_large", "unsupported") and failure.phase in ("read", "decode")


def digest_with_fields(digest: str, fields: Iterable[str], number: int, mtime_ns: int) -> str:
    """The digest of an output, with what its operations ask of a file and the file does not hold itself.

    Two files of the same content and name differ where a text shows their number or the day they were modified.

    Parameters
    ----------
    digest : str
    fields : iterable of "n" or "mtime"
    number : int
        ``{n}``, from 1.
    mtime_ns : int
        Of the source.
    """
    values = {"n": number, "mtime": mtime_ns}
    return " ".join([digest, *(f"{name}={values[name]}" for name in fields)])


@frozen(slots=True)
class Row:
    """One file that a run wrote; `path` is absolute, and so is `place`, where its source was archived."""

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
    source_hash: str
    hash: str
    own: str
    recorded_ns: int
    run: int
    moved: int
    placeholder: str = ""
    place: str = ""

    @classmethod
    def from_record(cls, folder: str, record: Sequence[Any]) -> Row:
        """The row of a record of `written` in the ledger of DIR (absolute)."""
        path, source, *rest = record
        rest[-1] = os.fsdecode(rest[-1])
        return cls(os.path.join(folder, os.fsdecode(path)), os.fsdecode(source), *rest)

    def as_record(self, folder: str) -> tuple[object, ...]:
        """The record of `written` for this row in the ledger of DIR (absolute)."""
        path, source, *rest, place = (getattr(self, name) for name in self.__match_args__)
        return (os.fsencode(relative_path(path, folder)), os.fsencode(source), *rest, os.fsencode(place))

    def intact(self) -> bool:
        """Whether the file is there as it was written: by size and mtime, or where only that is another, by content."""
        return self.mtime_if_intact() is not None

    def mtime_if_intact(self, by_content: bool = False) -> int | None:
        """The file's mtime in ns, where it is as it was written: restores, copies, FAT and touch give it another one.

        None where it is not. `by_content`: an equal time proves nothing.
        """
        store = storage_of(self.path)
        try:
            info = store.stat(self.path)
            if info.st_size != self.size:
                return None
            version = store.version(info)
            same = version == self.mtime_ns and not by_content
            same = same or (bool(self.hash) and store.fingerprint(self.path) == self.hash)
        except OSError:
            return None
        return version if same else None

    def matches(self, digest: str, number: int, mtime_ns: int) -> bool:
        """Whether an output with this digest would be made as this file was.

        Parameters
        ----------
        digest : str
            Of the output, without fields.
        number, mtime_ns : int
            As of :func:`digest_with_fields`; they count where the file was made with them.
        """
        if self.digest == digest:
            return True
        fields = [part.partition("=")[0] for part in self.digest.split(" ")[1:]]
        return self.digest == digest_with_fields(digest, fields, number, mtime_ns)

    def as_output(self) -> Written:
        """The row as the record of an unchanged file has it."""
        return Written(
            self.output, self.path, self.format, self.width, self.height, self.size, self.quality, self.frames,
            self.mtime_ns, placeholder=self.placeholder,
        )  # fmt: skip


@frozen(slots=True)
class FailureRow:
    """A source that failed: how, how often, and when (time.time_ns) it is tried again; 0: not until it changes.

    `is_news`: the run that met it has no end (it was killed), so that nobody may have heard of it. `source_hash` is
    of the content; "": not known.
    """

    size: int
    mtime_ns: int
    status: Status
    failure: Failure
    attempts: int
    next_ns: int
    versions: str
    is_news: bool = False
    source_hash: str = ""

    def due(self, now_ns: int) -> bool:
        """Whether it is time to try again; also when the clock was set back since."""
        return bool(self.next_ns) and not now_ns < self.next_ns <= now_ns + BACK_OFF_DAYS[-1] * DAY_NS


@frozen(slots=True)
class Replacement:
    """A source that a run replaced by what it made of it, or was about to.

    Attributes
    ----------
    path : str
        Absolute.
    step : "intended", "done" or "undone"
    original, hash : str
        The hash of the content before and after.
    backup : str
        Where the original is, absolute; "" where before and after are the same.
    size, mtime_ns : int
        Of the new content.
    """

    run: int
    path: str
    step: str
    original: str
    hash: str
    backup: str
    size: int
    mtime_ns: int
    recorded_ns: int
    format: str
    width: int
    height: int
    frames: int
    quality: int | None

    @classmethod
    def from_record(cls, folder: str, state: str, record: Sequence[Any]) -> Replacement:
        """The replacement of a record of `replaced`.

        Parameters
        ----------
        folder, state : str
            DIR and its state folder (absolute).
        record : sequence
        """
        run, path, step, original, hash, backup, *rest = record
        place = os.path.join(state, os.fsdecode(backup)) if backup else ""
        return cls(run, os.path.join(folder, os.fsdecode(path)), step, original, hash, place, *rest)

    def as_record(self, folder: str, state: str) -> tuple[object, ...]:
        """The record of `replaced` for this replacement; `folder` and `state` as :meth:`from_record` has them."""
        run, path, step, original, hash, backup, *rest = (getattr(self, name) for name in self.__match_args__)
        place = os.fsencode(os.path.relpath(backup, state)) if backup else b""
        return (run, os.fsencode(os.path.relpath(path, folder)), step, original, hash, place, *rest)


@frozen(slots=True)
class PastRun:
    """A run as the ledger has it.

    Attributes
    ----------
    started, seconds : float
        In s, since the epoch and from start to end (or to the last sign of life).
    ended : bool
        False: it is at work, or was killed and nobody has gone on with it yet.
    exit_code : int or None
        None: it is at work, or was killed.
    counts : dict
        The summary of its report; empty without an end.
    command, digest : str
        What was typed ("" when started from Python), and the digest of the recipe.
    """

    id: int
    started: float
    seconds: float
    ended: bool
    exit_code: int | None
    counts: dict[str, Any]
    command: str
    digest: str


def state_folder(output: str, state: str | None) -> str:
    """Where the state of an output folder (absolute) lies: in it, or in a folder of its own below `state`."""
    if state is None:
        return os.path.join(output, STATE)
    number = hashlib.sha256(os.fsencode(output)).hexdigest()[:8]
    return os.path.join(os.path.abspath(state), f"{os.path.basename(output) or 'root'}-{number}")


def is_same_folder(one: str, other: str) -> bool:
    """Whether two paths lead to one folder."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def place_now(source: str, home: str, folder: str, is_copied: bool) -> str:
    """Where a source is, now that the outputs are not at `home` but in `folder`.

    It was moved, or copied, with them, where it has the same place beside them; else it stayed.

    Parameters
    ----------
    source, home, folder : str
        Absolute.
    is_copied : bool
        Whether there are outputs at `home` still.
    """
    if is_remote(source):
        return source
    here = os.path.normpath(os.path.join(folder, os.path.relpath(source, home)))

    def exists(path: str) -> bool:
        return storage_of(path).exists(path)

    if exists(source):
        return here if is_copied and exists(here) else source
    return here if exists(here) or exists(os.path.dirname(here)) else source


def intact_numbers(folder: str, find: Callable[[str], tuple[int, Row] | None]) -> Iterator[int]:
    """The numbers of a folder's files that are as they were written, by one listing; of what it does not tell, none.

    Parameters
    ----------
    folder : str
        Absolute.
    find : callable
        The number and the row of a file that was written (its absolute path).
    """
    store = storage_of(folder)
    with contextlib.suppress(OSError), store.list(folder) as entries:
        for entry in entries:
            number, row = find(entry.path) or (0, None)
            info = entry.stat()
            if row is not None and (info.st_size, store.version(info)) == (row.size, row.mtime_ns):
                yield number
