"""History: what did past runs do here, and what of it can be taken back?"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.parameter_kinds import check_path
from imgbatch.ledger.database import FILE, open_to_read, read_table
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import PastRun, Replacement, Row, state_folder
from imgbatch.ledger.shards.shard import refuse_waiting_shards
from imgbatch.ledger.trust import refuse_strange_state
from imgbatch.planning.folders import display_path
from imgbatch.storage.registry import absolute, is_remote, refuse_remote, refuse_unknown_stores, storage_of

_SEPARATOR = os.fsencode(os.sep)


def past_runs(
    folder: str | os.PathLike[str], *, state: str | os.PathLike[str] | None = None, trust_state: bool = False
) -> list[tuple[PastRun, int]]:
    """The runs of a folder, the last at the end, each with how many files can be taken back; PlanError without any.

    Parameters
    ----------
    folder : path
        An output folder, or one whose files were changed in place.
    state : path or None
        As ``--state`` has it.
    trust_state : bool
        Whether a state folder that is a link, or another user's, is believed.
    """
    history = History(folder, state, trust_state)
    counts = history.undoable_counts()
    return [(run, counts.get(run.id, 0)) for run in history.runs]


class History:
    """The past of one folder; looking creates nothing.

    Parameters
    ----------
    folder : path
        An output folder, or one whose files were changed in place.
    state : path or None
        As ``--state`` has it.
    trust_state, writing : bool
        As :func:`refuse_strange_state` has them.

    Attributes
    ----------
    folder, state : str
        Absolute; the state folder holds the ledger and the backups.
    ledger : Ledger
        Says what is wrong with a damaged file.
    runs : list of PastRun
    replacements : list of Replacement

    Raises
    ------
    PlanError
        There are no runs, or shards wait for a merge.
    """

    def __init__(
        self, folder: str | os.PathLike[str], state: str | os.PathLike[str] | None, trust_state: bool = False,
        writing: bool = False,
    ) -> None:
        folder = check_path("folder", folder, "a folder")
        refuse_unknown_stores(folder)
        self.folder = absolute(folder)
        state = None if state is None else check_path("state", state, "a folder")
        refuse_remote("state", state or "", "a folder on a disk of this machine")
        if is_remote(folder) and state is None:
            raise wrong_value("the folder on a disk that has the ledger", "state", state)
        self.state = state_folder(self.folder, state)
        refuse_strange_state(self.state, trust_state, writing)
        refuse_waiting_shards(self.state, self.folder)
        self.ledger = Ledger(self.folder, state=self.state)
        self.runs = read_runs(self.state)
        if not self.runs:
            raise PlanError(f"no runs are recorded in {display_path(self.folder)}{_hint(self.folder, state)}")
        self.replacements = read_replacements(self.folder, self.state)

    def undoable_counts(self, with_moves: bool = False) -> dict[int, int]:
        """How many files of each run can be taken back, as far as the ledger knows.

        `with_moves`: also those whose sources have to be brought back before.
        """
        counts: dict[int, int] = {}
        for run in (
            *(entry.run for entry in self.replacements if entry.step != "undone" and os.path.lexists(entry.backup)),
            *(row.run for row in self.ledger.rows if row.intact() and (with_moves or not is_away(row))),
        ):
            counts[run] = counts.get(run, 0) + 1
        return counts


def is_away(row: Row) -> bool:
    """Whether the source of an output was archived, and nobody has brought it back."""
    if not row.moved:
        return False
    store = storage_of(row.source)
    return not (row.source_hash and store.exists(row.source) and store.fingerprint(row.source) == row.source_hash)


def read_runs(state: str, mend: bool = False) -> list[PastRun]:
    """All runs of a state folder, in the order in which they began; `mend` as :func:`open_to_read` has it."""
    file = os.path.join(state, FILE)
    if not os.path.exists(file):
        return []
    with open_to_read(file, mend) as connection:
        return [
            PastRun(
                id, start_ns / 1e9, max(0, (end_ns or seen_ns) - start_ns) / 1e9, end_ns is not None, code,
                _counts(counts), command, digest,
            )
            for id, start_ns, seen_ns, end_ns, code, counts, digest, _, command, _ in sorted(
                read_table(connection, "runs")
            )
        ]  # fmt: skip


def _counts(text: str) -> dict[str, Any]:
    """A run's summary; ValueError where it is none."""
    summary = json.loads(text)
    if not isinstance(summary, dict):
        raise ValueError("a run's summary is none")
    return summary


def read_replacements(folder: str, state: str, mend: bool = False) -> list[Replacement]:
    """All replacements of sources, in the order in which they were intended.

    Parameters
    ----------
    folder, state : str
        DIR and its state folder (absolute).
    mend : bool
        As :func:`open_to_read` has it.
    """
    file = os.path.join(state, FILE)
    if not os.path.exists(file):
        return []
    with open_to_read(file, mend) as connection:
        entries = [Replacement.from_record(folder, state, record) for record in read_table(connection, "replaced")]
    return sorted(entries, key=lambda entry: (entry.run, entry.recorded_ns))


class Traces(NamedTuple):
    """What the ledger of a folder tells of the files in it; paths are relative to it, as the file system's bytes.

    Attributes
    ----------
    outputs : set of bytes
        What runs wrote.
    originals : set of bytes
        What they made it of, or replaced, where that lies in the folder, too, and is no output itself.
    is_begun : bool
        Whether a run with an output folder has begun and recorded nothing yet, or died so.
    """

    outputs: set[bytes]
    originals: set[bytes]
    is_begun: bool


def read_traces(folder: str, state: str) -> Traces:
    """What the ledger of a folder tells of the files in it.

    Parameters
    ----------
    folder, state : str
        DIR and its state folder (absolute).

    Raises
    ------
    PlanError
        It cannot be read.
    """
    with open_to_read(os.path.join(state, FILE)) as connection:
        outputs = dict(connection.execute("SELECT CAST(path AS BLOB), CAST(source AS BLOB) FROM written"))
        replacements = {path for (path,) in connection.execute("SELECT CAST(path AS BLOB) FROM replaced")}
        runs = connection.execute("SELECT CAST(folder AS BLOB), CAST(command AS TEXT), ended_ns FROM runs").fetchall()
    # As it is called now, behind links, and as it was called when a run was there
    names = {os.fsencode(folder), os.fsencode(os.path.realpath(folder)), *(name for name, _, _ in runs if name)}
    prefixes = tuple(name.rstrip(_SEPARATOR) + _SEPARATOR for name in names)
    lengths = {prefix: len(prefix) for prefix in prefixes}
    folders = {path: _resolve(path) for path in {os.path.dirname(source) for source in outputs.values()}}
    originals = set()
    for source in set(outputs.values()):
        place, name = os.path.split(source)
        for path in (source, os.path.join(folders[place], name)):
            originals |= {path[length:] for prefix, length in lengths.items() if path.startswith(prefix)}
    has_begun = any(end is None and _has_output(command) for _, command, end in runs)
    return Traces(
        set(outputs), (originals | replacements) - set(outputs), has_begun and not outputs and not replacements
    )


def _has_output(command: str) -> bool:
    """Whether a command names an output folder; what is changed in place has none."""
    return any(word.startswith(("-o", "--output")) for word in command.split())


def _resolve(folder: bytes) -> bytes:
    try:
        return os.path.realpath(folder)
    except (OSError, ValueError):
        return folder


def _hint(folder: str, state: str | None) -> str:
    above = os.path.dirname(folder)
    while above != os.path.dirname(above):
        if read_runs(state_folder(above, state)):
            return f"; did you mean {display_path(above)}?"
        above = os.path.dirname(above)
    return "; give the output folder, or the SRC of a run --in-place (and its --state)"
