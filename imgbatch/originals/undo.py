"""Undo: how is a run taken back?

A run ``--in-place``: where a file's content is still what the run made, the original is put in its place in one step;
then that is written down, and only then is the backup given up. A kill in between is understood by the content, as in
in_place.py. A run into an output folder: its outputs are removed where they are as it wrote them and can be made
again: of a source that was archived it is said how it comes back. What was changed since is left as it is, and named.
"""

from __future__ import annotations

import errno
import os
import shlex
from dataclasses import dataclass, field

from imgbatch.core.errors import PlanError, one_line
from imgbatch.core.parameter_kinds import check_type, python_scalar
from imgbatch.core.quantities import Duration
from imgbatch.ledger.history import History, is_away, read_replacements
from imgbatch.ledger.rows import Replacement, Row
from imgbatch.originals.backups import discard, restore
from imgbatch.originals.replacements import Replacements, settle_intentions
from imgbatch.planning.folders import display_path
from imgbatch.reporters.base import printable
from imgbatch.storage.atomic_write import hash_of
from imgbatch.storage.below import Root
from imgbatch.storage.lock import Lock
from imgbatch.storage.registry import is_remote, root_of_store, storage_of
from imgbatch.storage.temporary import sweep


@dataclass
class Undone:
    """What taking back a run did, or would do.

    Attributes
    ----------
    run : int
    restored, removed : list of str
        Absolute paths: files that have their original back, outputs that are gone.
    left : list of (str, str)
        Files that were left, and why.
    """

    run: int
    restored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


def undo(
    folder: str | os.PathLike[str],
    run: int | None = None,
    *,
    state: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    wait: float = 0.0,
    trust_state: bool = False,
) -> Undone:
    """Take back a run.

    Parameters
    ----------
    folder : path
        An output folder, or one whose files were changed in place.
    run : int, optional
        The number of the run (:func:`imgbatch.past_runs`); the last one that left something when not given.
    state : path, optional
        Where the state is, if not in the folder.
    dry_run : bool
        Whether to say only what would be done.
    wait : float
        How many seconds to wait for a run that is at work.
    trust_state : bool
        Whether a state folder that is a link, or another user's, is believed.

    Raises
    ------
    PlanError
        There are no runs, no such run, or none that left anything.
    LockedError
        A run is at work.
    """
    run = None if run is None else check_type("run", run, int, "the number of a run (imgbatch.past_runs)")
    wait = Duration().check("wait", python_scalar(wait))
    history = History(folder, state, trust_state, writing=not dry_run)
    if dry_run:
        return _Undo(history).undo(run, dry=True)
    lock = Lock(history.state, wait, history.folder)
    try:
        return _Undo(History(folder, state, trust_state, writing=True)).undo(run, dry=False)
    finally:
        lock.release()


class _Undo:
    """The taking back of runs of a folder."""

    def __init__(self, history: History) -> None:
        self._history, self._ledger = history, history.ledger
        self._entries = history.replacements
        self._root, self._state_root = root_of_store(history.folder), Root(history.state)
        self._replacements = Replacements(history.folder, history.state, self._root)
        self._files = storage_of(history.folder).below(self._root)  # links in a file's place are not followed

    def undo(self, number: int | None, dry: bool) -> Undone:
        """Take the run of that number back, or the last one that left something."""
        try:
            return self._undo(number, dry)
        finally:
            self._replacements.close()
            self._ledger.close()

    def _undo(self, number: int | None, dry: bool) -> Undone:
        history = self._history
        if not dry:
            candidates = [entry for entry in self._entries if entry.step in ("intended", "undone")]
            settle_intentions(self._replacements, candidates, history.state)
            history.replacements = self._entries = read_replacements(history.folder, history.state)
        if number is None:
            counts = history.undoable_counts(with_moves=True)
            if not counts:
                raise PlanError(f"nothing is left to take back in {display_path(history.folder)}")
            number = max(counts)
        elif number not in {run.id for run in history.runs}:
            raise PlanError(f"expected a run of {display_path(history.folder)}, got {number}; see imgbatch history")
        result = Undone(number)
        entries = [entry for entry in self._entries if entry.run == number and entry.step != "undone"]
        rows = sorted((row for row in self._ledger.rows if row.run == number), key=lambda row: os.fsencode(row.path))
        if not dry:  # what an undo that was killed has left
            for root, paths in (
                (self._root, [entry.path for entry in entries]),
                (self._state_root, [entry.backup for entry in entries if entry.backup]),
            ):
                for folder in set(map(os.path.dirname, paths)):
                    sweep(folder, root=root)
        for entry in sorted(entries, key=lambda entry: os.fsencode(entry.path)):
            self._restore(entry, result, dry)
        for row in rows:
            self._remove(row, result, dry)
        return result

    def _restore(self, entry: Replacement, result: Undone, dry: bool) -> None:
        if not entry.backup:  # nothing was changed
            if not dry:
                self._replacements.settle(entry, "undone")
            return
        why = self._obstacle(entry)
        if why:
            result.left.append((entry.path, why))
            return
        try:
            if not dry:
                now = self._files.fingerprint(entry.path)  # again: it took time to look into the backup
                if now not in (entry.hash, entry.original):
                    raise OSError(errno.EBUSY, f"somebody else changed it meanwhile; {_hint(entry)}")
                if now != entry.original:  # else a killed undo had done that
                    restore(entry.backup, entry.path, self._state_root, self._root)
                    if self._files.fingerprint(entry.path) != entry.original:
                        raise OSError(errno.EBUSY, f"somebody else changed it meanwhile; {_hint(entry)}")
                self._replacements.settle(entry, "undone")
                discard(entry.backup, self._history.state)
        except OSError as error:
            result.left.append((entry.path, one_line(error.strerror or str(error))))
            return
        result.restored.append(entry.path)

    def _obstacle(self, entry: Replacement) -> str:
        """Why a file cannot be restored; "" when it can."""
        now = self._files.fingerprint(entry.path)
        if now == entry.original:
            return ""
        if now != entry.hash:
            later = [one.run for one in self._entries if one.path == entry.path and one.hash == now != ""]
            if later and max(later) > entry.run:
                return f"was changed by run {max(later)} since; take that back first"
            return f"{'was changed' if now else 'cannot be read or is gone'} since; {_hint(entry)}"
        if hash_of(entry.backup) != entry.original:
            return f"its backup {display_path(entry.backup)} is gone or was changed"
        return ""

    def _remove(self, row: Row, result: Undone, dry: bool) -> None:
        why = ""
        store = storage_of(row.path)
        if not store.exists(row.path):
            if not dry:
                self._ledger.forget(row)
            return
        if not row.hash or store.fingerprint(row.path) != row.hash:
            why = "was changed since"
        elif is_away(row):
            why = _way_back(row)
        elif not _is_there(row.source):
            why = f"its source {display_path(row.source)} is not there any more, so that it could not be made again"
        if why:
            result.left.append((row.path, why))
            return
        try:
            if dry:  # says the same of a folder that leads out
                self._files.stat(row.path, follow_links=False)
            else:
                self._files.remove(row.path)
                self._ledger.forget(row)
        except OSError as error:
            result.left.append((row.path, one_line(error.strerror or str(error))))
            return
        result.removed.append(row.path)


def _way_back(row: Row) -> str:
    """Where the source of an output was archived, and how it comes back: the ledger's word moves no file."""
    source, place = row.source, row.place
    if not place:
        return f"its source {display_path(source)} was archived; bring it back, then undo again"
    if storage_of(source).exists(source):
        return f"its source was archived, to {display_path(place)}, and in its place is another file"
    if not storage_of(place).exists(place):
        return f"its source was archived, to {display_path(place)}, and is not there any more"
    if is_remote(place) or is_remote(source):
        return f"its source was archived, to {printable(place)}; copy it back to {printable(source)}, then undo again"
    move = " ".join(["mv -n", *(shlex.quote(_near(path)) for path in (place, source))])
    return f"its source was archived; bring it back, then undo again: {printable(move)}"


def _near(path: str) -> str:
    """A path as a shell takes it: relative where it lies below the current folder."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):  # the folder one is in was removed; another drive
        return path
    return path if near.startswith((os.pardir, "-")) else near


def _is_there(path: str) -> bool:
    """Whether a file can be reached: a link alone is none."""
    try:
        storage_of(path).stat(path)
    except (OSError, ValueError):
        return False
    return True


def _hint(entry: Replacement) -> str:
    return f"its original is {display_path(entry.backup)}" if os.path.lexists(entry.backup) else "its backup is gone"
