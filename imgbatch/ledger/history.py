"""What did past runs do here, and how is one taken back?

Taking back a run ``--in-place``: where a file's content is still what the run made, the original is put in its place in
one step; then that is written down, and only then is the backup given up. A kill in between is understood by the
content, as in in_place.py. Taking back a run into an output folder: its outputs are removed where they are as it wrote
them and can be made again. What was changed since is left as it is, and named.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from imgbatch.core.errors import PlanError, one_line
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import PastRun, Replaced, Row, state_folder
from imgbatch.originals.backups import discard, restore
from imgbatch.originals.in_place import settle_intended
from imgbatch.originals.replacements import Past
from imgbatch.planning.folders import display_path
from imgbatch.storage.atomic_write import hash_of, sweep
from imgbatch.storage.lock import Lock
from imgbatch.storage.registry import storage_of


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


def past_runs(folder: str | os.PathLike[str], *, state: str | None = None) -> list[tuple[PastRun, int]]:
    """The runs of a folder, the last at the end, each with how many files can be taken back; PlanError without any."""
    taken = _Taken(folder, state)
    held = taken.held()
    return [(run, held.get(run.id, 0)) for run in taken.runs]


def undo(
    folder: str | os.PathLike[str],
    run: int | None = None,
    *,
    state: str | None = None,
    dry_run: bool = False,
    wait: float = 0.0,
) -> Undone:
    """Take back a run.

    Parameters
    ----------
    folder : path
        An output folder, or one whose files were changed in place.
    run : int, optional
        The number of the run (:func:`past_runs`); the last one that left something when not given.
    state : str, optional
        Where the state is, if not in the folder.
    dry_run : bool
        Whether to say only what would be done.
    wait : float
        How many seconds to wait for a run that is at work.

    Raises
    ------
    PlanError
        There are no runs, no such run, or none that left anything.
    LockedError
        A run is at work.
    """
    taken = _Taken(folder, state)
    if dry_run:
        return taken.back(run, dry=True)
    lock = Lock(taken.state, wait, taken.folder)
    try:
        return _Taken(folder, state).back(run, dry=False)
    finally:
        lock.release()


class _Taken:
    """A folder whose runs are looked at, or taken back."""

    def __init__(self, folder: str | os.PathLike[str], state: str | None) -> None:
        self.folder = os.path.abspath(folder)
        self.state = state_folder(self.folder, state)
        self.past = Past(self.folder, self.state)
        self.ledger = Ledger(self.folder, state=self.state)  # says what is wrong with a damaged file
        self.runs = self.past.runs()
        if not self.runs:
            raise PlanError(f"no runs are recorded in {display_path(self.folder)}{self._hint(state)}")
        self._replaced = self.past.replaced()

    def _hint(self, state: str | None) -> str:
        above = os.path.dirname(self.folder)
        while above != os.path.dirname(above):
            if Past(above, state_folder(above, state)).runs():
                return f"; did you mean {display_path(above)}?"
            above = os.path.dirname(above)
        return "; give the output folder, or the SRC of a run --in-place (and its --state)"

    def held(self) -> dict[int, int]:
        """How many files of each run can be taken back, as far as the ledger knows."""
        found: dict[int, int] = {}
        for run in (
            *(entry.run for entry in self._replaced if entry.step != "undone" and os.path.lexists(entry.backup)),
            *(row.run for row in self.ledger.rows if row.intact()),
        ):
            found[run] = found.get(run, 0) + 1
        return found

    def back(self, number: int | None, dry: bool) -> Undone:
        """Take the run of that number back, or the last one that left something."""
        held = self.held()
        if number is None:
            if not held:
                raise PlanError(f"nothing is left to take back in {display_path(self.folder)}")
            number = max(held)
        elif number not in {run.id for run in self.runs}:
            raise PlanError(f"expected a run of {display_path(self.folder)}, got {number}; see imgbatch history")
        if not dry:
            settle_intended(self.past, [entry for entry in self._replaced if entry.step == "intended"], self.state)
            self._replaced = self.past.replaced()
        done = Undone(number)
        entries = [entry for entry in self._replaced if entry.run == number and entry.step != "undone"]
        rows = sorted((row for row in self.ledger.rows if row.run == number), key=lambda row: os.fsencode(row.path))
        try:
            for folder in {os.path.dirname(entry.path) for entry in entries if not dry}:
                sweep(folder)  # what an undo that was killed has left
            for entry in sorted(entries, key=lambda entry: os.fsencode(entry.path)):
                self._restore(entry, done, dry)
            for row in rows:
                self._remove(row, done, dry)
        finally:
            self.past.close()
            self.ledger.close()
        return done

    def _restore(self, entry: Replaced, done: Undone, dry: bool) -> None:
        if not entry.backup:  # nothing was changed
            if not dry:
                self.past.settle(entry, "undone")
            return
        why = self._changed(entry)
        if why:
            done.left.append((entry.path, why))
            return
        try:
            if not dry:
                if hash_of(entry.path) != entry.original:  # else an undo was killed when it had done that
                    restore(entry.backup, entry.path)
                self.past.settle(entry, "undone")
                discard(entry.backup, self.state)
        except OSError as error:
            done.left.append((entry.path, one_line(error.strerror or str(error))))
            return
        done.restored.append(entry.path)

    def _changed(self, entry: Replaced) -> str:
        """Why a file cannot be restored; "" when it can."""
        kept = f"its original is {display_path(entry.backup)}"
        if not os.path.lexists(entry.backup):
            kept = "its backup is gone"
        now = hash_of(entry.path)
        if now == entry.original:
            return ""
        if now != entry.hash:
            later = [one.run for one in self._replaced if one.path == entry.path and one.hash == now != ""]
            if later and max(later) > entry.run:
                return f"was changed by run {max(later)} since; take that back first"
            return f"{'was changed' if now else 'cannot be read or is gone'} since; {kept}"
        if hash_of(entry.backup) != entry.original:
            return f"its backup {display_path(entry.backup)} is gone or was changed"
        return ""

    def _remove(self, row: Row, done: Undone, dry: bool) -> None:
        why = ""
        store = storage_of(row.path)
        if not store.exists(row.path):
            if not dry:
                self.ledger.forget(row)
            return
        if not row.hash or store.fingerprint(row.path) != row.hash:
            why = "was changed since"
        elif row.moved or not storage_of(row.source).exists(row.source):
            why = f"its source {display_path(row.source)} is not there any more, so that it could not be made again"
        if why:
            done.left.append((row.path, why))
            return
        if not dry:
            try:
                store.remove(row.path)
            except OSError as error:
                done.left.append((row.path, one_line(error.strerror or str(error))))
                return
            self.ledger.forget(row)
        done.removed.append(row.path)
