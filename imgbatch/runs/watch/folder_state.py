"""Folder state: which files of the watched folders are new, changed or gone since one looked last, and which are whole?

A file is whole when it has not changed for `settle` seconds: neither by its own time, nor from look to look, because
some tools give a file its old time while they still write it. A root that is away (not mounted) has lost nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Source
from imgbatch.planning.find import Candidate, root_of
from imgbatch.storage.below import identity_of

Signature = tuple[int, int]  # size, and modification time in ns


class FolderState:
    """What was seen so far.

    Parameters
    ----------
    paths : sequence of str
        Files, folders and globs.
    find : callable
        The candidates that one of them stands for; PlanError where it is nothing now.
    settle_s : float
        Seconds after which a file that did not change is whole.

    Attributes
    ----------
    roots_away : set of str
        Those of `paths` that are not there now.
    losses : set of str
        The files (absolute paths) that are gone since somebody emptied this.
    """

    def __init__(self, paths: Sequence[str], find: Callable[[str], Iterator[Candidate]], settle_s: float) -> None:
        self._paths, self._find, self._settle_s = paths, find, settle_s
        self.roots = {path: root_of(path) for path in paths}
        self._places = {path: identity_of(root) for path, root in self.roots.items()}
        self._last_places = dict(self._places)
        self._signatures: dict[str, dict[str, Signature]] = {path: {} for path in paths}
        self._restless: dict[str, tuple[Signature, float]] = {}  # and since when it has not changed (monotonic)
        self._is_first_look = True
        self._last_loss = 0.0
        self.roots_away: set[str] = set()
        self.losses: set[str] = set()

    @property
    def due_s(self) -> float | None:
        """Seconds until the first of the files that are being written may be whole; None where there is none."""
        if not self._restless:
            return None
        return max(0.0, min(since for _, since in self._restless.values()) + self._settle_s - time.monotonic())

    @property
    def has_settled(self) -> bool:
        """Whether all that came with the last loss is whole: what is gone may have another name, and serves that."""
        return not self._restless or time.monotonic() - self._last_loss > self._settle_s + 1.0

    def look(self) -> Iterator[Source]:
        """The files that are new or changed, and whole."""
        for path in self._paths:
            former_files, files = self._signatures[path], {}
            place = self._last_places[path] = identity_of(self.roots[path])
            if place is None:
                self.roots_away.add(path)
                continue
            with contextlib.suppress(PlanError):  # a glob matches nothing, a file is gone
                for candidate in self._find(path):
                    if isinstance(candidate, Source):
                        signature = candidate.size, candidate.mtime_ns
                        if former_files.get(candidate.path) == signature:
                            files[candidate.path] = signature
                        elif self._is_whole(candidate.path, signature):
                            files[candidate.path] = signature
                            former_files[candidate.path] = signature
                            yield candidate
                        elif candidate.path in former_files:
                            files[candidate.path] = former_files[candidate.path]
            if not files and former_files and place != self._places[path]:
                self.roots_away.add(path)  # another, empty folder is in its place: where a disk was mounted, say
                continue
            self._places[path] = place
            self.roots_away.discard(path)
            missing = former_files.keys() - files.keys()
            if missing:
                self._last_loss = time.monotonic()
                self.losses.update(missing)
            self._signatures[path] = files
        self._is_first_look = False
        now = time.monotonic()
        for path in [one for one, (_, since) in self._restless.items() if now - since > self._settle_s + 60]:
            del self._restless[path]  # it went away before it was whole

    def _is_whole(self, path: str, signature: Signature) -> bool:
        """Whether a file that is new or changed has been so for long enough."""
        now = time.monotonic()
        former, since = self._restless.get(path, (None, now))
        is_young = abs(time.time() - signature[1] / 1e9) < self._settle_s
        if former is None and self._is_first_look and not is_young:
            return True  # it was there before anybody looked
        if former != signature:
            since = now
        if now - since >= self._settle_s and not is_young:
            self._restless.pop(path, None)
            return True
        self._restless[path] = signature, since
        return False

    def has_changed(self) -> bool:
        """Whether a root went away, or came back, since one looked last: no system tells that."""
        return any(identity_of(root) != self._last_places[path] for path, root in self.roots.items())
