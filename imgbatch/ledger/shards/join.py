"""Join: how do the ledgers of shards become one, as if one run had written it?

All rows go into the ledger of the folder in one transaction, as those of one run. Only when that is on the disk the
shards' ledgers are removed: after a kill in between the next merge finds the run by its start and its recipe, and
writes the same.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from imgbatch.core.errors import PlanError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.ledger.damage import COMPANIONS, guard
from imgbatch.ledger.database import FILE, open_to_write, read_rows
from imgbatch.ledger.schema import COLUMNS, insert

_RUN = {name: COLUMNS[name].index("run") for name in ("written", "failures")}


@frozen
class JoinRun:
    """The run that shards were together: a row of `runs`.

    Attributes
    ----------
    folder : str
        DIR (absolute).
    started_ns, ended_ns : int
        Of the first that began, and the last that ended.
    summary : mapping
        Of the report of all.
    recipe, versions, command : str
        The digest of the recipe, imgbatch's and Pillow's versions, and what was typed, without ``--shard``.
    """

    folder: str
    started_ns: int
    ended_ns: int
    summary: Mapping[str, Any]
    recipe: str
    versions: str
    command: str


def join_ledgers(base: str, states: Sequence[str], run: JoinRun, successes: Iterable[str]) -> None:
    """Write what the ledgers of shards have into the ledger of all; :func:`remove_ledgers` removes them afterwards.

    Parameters
    ----------
    base : str
        The state folder (absolute); its lock is held, and those of the shards.
    states : sequence of str
        The state folders of the shards.
    run : JoinRun
    successes : iterable of str
        Sources (absolute paths) whose failures are over.

    Raises
    ------
    PlanError
        A ledger cannot be read or written; nothing was changed.
    """
    for state in states:  # first, so that nothing is written where one is damaged
        if not os.path.isfile(os.path.join(state, FILE)):
            raise PlanError(f"there is no ledger in {state}; run that shard again with --force, then merge again")
    file = os.path.join(base, FILE)
    with guard(file, mend=False), contextlib.closing(open_to_write(file)) as connection:
        connection.execute("PRAGMA synchronous=FULL")  # on the disk before the others are removed
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            number = _open_run(connection, run)
            connection.executemany(
                "DELETE FROM failures WHERE source=? AND digest=?",
                ((os.fsencode(source), run.recipe) for source in successes),
            )
            for state in states:
                tables = read_rows(os.path.join(state, FILE), mend=False)
                for name in _RUN:
                    connection.executemany(insert(name), _of_run(name, tables[name], number))
            if not run.summary["remaining"]:
                connection.execute(
                    "UPDATE runs SET ended_ns=seen_ns WHERE ended_ns IS NULL AND digest=?", (run.recipe,)
                )


def remove_ledgers(states: Iterable[str]) -> None:
    """Remove the ledgers of shards that were joined; what cannot be removed now is removed by the next merge."""
    for state in states:
        for name in ("reserve", *(FILE + end for end in COMPANIONS), FILE):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(state, name))


def _open_run(connection: Any, run: JoinRun) -> int:
    """The number of the run, which is written, be it again."""
    earlier = connection.execute(
        "SELECT id FROM runs WHERE started_ns=? AND digest=?", (run.started_ns, run.recipe)
    ).fetchone()
    row = (
        earlier[0] if earlier else None, run.started_ns, run.ended_ns, run.ended_ns, run.summary["exit_code"],
        json.dumps(dict(run.summary)), run.recipe, run.versions, run.command, os.fsencode(run.folder),
    )  # fmt: skip
    return int(connection.execute(insert("runs"), row).lastrowid)


def _of_run(table: str, rows: Iterable[tuple[Any, ...]], number: int) -> Iterator[tuple[Any, ...]]:
    """Rows as those of the run of that number."""
    column = _RUN[table]
    for row in rows:
        yield (*row[:column], number, *row[column + 1 :])
