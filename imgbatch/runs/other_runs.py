"""Other runs: which folders and files below a SRC are their outputs?

A run that finds the outputs of another one below its SRC must not take them for originals, or each night's outputs are
the next one's sources. Their ledger says what they are. A folder that has one is left out as a whole where no original
of those runs lies in it. Where originals do (a folder that was changed in place, outputs beside their sources), only
the outputs are left out: whole sub-folders of them, and files. What was changed in place is an original.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from imgbatch.core.errors import PlanError
from imgbatch.ledger.database import FILE
from imgbatch.ledger.rows import state_folder
from imgbatch.ledger.trust import BACKUPS
from imgbatch.runs.state.state_folder import has_shards

_NOTHING: frozenset[str] = frozenset()


class OtherRunsOutputs:
    """What other runs made in the folders that are walked, as their ledgers say.

    Parameters
    ----------
    state : str, optional
        Where ledgers are besides those in their folders (``--state``).
    own : str, optional
        The state folder (absolute) of this run, whose own outputs are known otherwise.
    """

    def __init__(self, state: str | None = None, own: str | None = None) -> None:
        self._state, self._own = state, own
        self._verdicts: dict[str, tuple[bool, frozenset[str], frozenset[str]]] = {}

    def owns(self, folder: str) -> bool:
        """Whether a folder (absolute) holds outputs of another run and none of its sources."""
        return any(self._verdict(folder, state)[0] for state in self._states(folder))

    def outputs_below(self, folder: str, is_named: bool) -> frozenset[str]:
        """The folders, and unless it is named, the files (absolute) below a folder that another run made.

        What a run says whose ledger lies above a named folder counts, too, where its sources are in that one.
        """
        outputs = _NOTHING
        for state in self._states(folder):
            _, folders, files = self._verdict(folder, state)
            outputs |= folders if is_named else folders | files
        if is_named:
            above = os.path.dirname(folder)
            while above != os.path.dirname(above):
                for state in self._states(above):
                    outputs |= {path for path in self._verdict(above, state)[1] if path.startswith(folder + os.sep)}
                above = os.path.dirname(above)
        return outputs

    def _states(self, folder: str) -> Iterator[str]:
        """The state folders of a folder that hold a ledger; shards that are not merged have some below it."""
        for place in {None, self._state}:
            state = state_folder(folder, place)
            if state != self._own and os.path.isdir(state):
                if os.path.isfile(os.path.join(state, FILE)):
                    yield state
                if has_shards(state):
                    from imgbatch.ledger.shards.shard import waiting_shards

                    yield from (shard.state(state) for shard in waiting_shards(state))

    def _verdict(self, folder: str, state: str) -> tuple[bool, frozenset[str], frozenset[str]]:
        """Whether all of a folder is outputs; else the folders in it that are, and the other files that are."""
        if state not in self._verdicts:
            self._verdicts[state] = _judge(folder, state)
        return self._verdicts[state]


def _judge(folder: str, state: str) -> tuple[bool, frozenset[str], frozenset[str]]:
    from imgbatch.ledger.history import read_traces  # only where another run has been

    try:
        outputs, originals, is_begun = read_traces(folder, state)
    except PlanError:  # it is damaged, or of a newer version: backups are made in place only
        return not os.path.isdir(os.path.join(state, BACKUPS)), _NOTHING, _NOTHING
    if not outputs or not originals:
        return bool(outputs) or is_begun, _NOTHING, _NOTHING
    source_folders = {b""}
    for path in originals:
        source_folders.update(_folders_of(path))
    folders: set[bytes] = set()
    files: set[bytes] = set()
    for path in outputs:
        apart = [place for place in _folders_of(path) if place not in source_folders]
        (folders if apart else files).add(apart[0] if apart else path)
    return False, _absolute(folder, folders), _absolute(folder, files)


def _folders_of(path: bytes) -> list[bytes]:
    """The folders on the way to a relative path, from the top."""
    parts = path.split(os.fsencode(os.sep))
    return [os.path.join(*parts[:count]) for count in range(1, len(parts))]


def _absolute(folder: str, paths: set[bytes]) -> frozenset[str]:
    return frozenset(os.path.join(folder, os.fsdecode(path)) for path in paths)
