"""Pruning: which outputs have lost their source? ``--prune`` removes them where they are as imgbatch wrote them.

A source counts as gone only when its folder was looked through in this run. What could be a disk that is not mounted,
or a source that was merely left out, refuses the run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Job
from imgbatch.core.records.hash_index import HashIndex
from imgbatch.core.run_settings import Filters
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import Row
from imgbatch.planning.folders import TargetFolders
from imgbatch.storage.registry import absolute, root_of_store, storage_of

_HOW = "run once without --prune, or without that"


def find_prunable(ledger: Ledger, paths: Sequence[str], jobs: Sequence[Job], filters: Filters) -> list[Row]:
    """The files to remove, sorted by path; nothing is removed here.

    Parameters
    ----------
    paths : sequence of str
        What was typed: folders.
    jobs : sequence of Job
        Of all sources that were found in them, by their index.

    Raises
    ------
    PlanError
        Not all sources were looked at: filters, names instead of folders, a folder that is empty or cannot be listed.
        Or an orphan lies behind a link that leads out of the output folder.
    """
    if filters != Filters():
        raise PlanError(f"--prune has to see every source, and filters leave some out; {_HOW}")
    for path in paths:
        if not storage_of(path).is_folder(path):
            raise PlanError(f"--prune takes whole folders as SRC, and {path!r} is none; {_HOW}")
    roots = [absolute(path).rstrip(os.sep) + os.sep for path in paths]
    empty_roots, index_by_path = set(roots), HashIndex()
    for index, job in enumerate(jobs):
        source = job.source
        if source.problem is not None and storage_of(source.path).is_folder(source.path):
            raise PlanError(f"--prune has to see every source, and the folder {source.path} cannot be listed; {_HOW}")
        empty_roots = {root for root in empty_roots if not source.path.startswith(root)} if empty_roots else empty_roots
        index_by_path.add(source.path, index)
    for root in roots:
        if root in empty_roots:
            raise PlanError(f"no images are left in {root}: is its disk mounted? Nothing is pruned; {_HOW}")

    def is_here(path: str) -> bool:
        return any(jobs[index].source.path == path for index in index_by_path.numbers(path))

    orphans = sorted(
        (
            row
            for row in ledger.rows
            if not is_here(row.source)
            and not row.moved
            and any(row.source.startswith(root) for root in roots)
            and not storage_of(row.source).exists(row.source)
            and not is_here(row.path)
            and row.intact()
        ),
        key=lambda row: os.fsencode(row.path),
    )
    folders = TargetFolders(ledger.folder)
    for row in orphans:
        folders.locate(row.path)  # PlanError where a link leads out: nothing there would be removed
    return orphans


def prune(ledger: Ledger, rows: Sequence[Row]) -> list[Row]:
    """Remove files that are still what was written, and forget them; those that are removed."""
    removals = []
    store = storage_of(ledger.folder).below(root_of_store(ledger.folder))
    for row in rows:
        try:
            if not row.hash or not row.intact() or store.fingerprint(row.path) != row.hash:
                continue
            store.remove(row.path)
        except OSError:
            continue  # somebody else was faster, or it is not ours to remove
        ledger.forget(row)
        removals.append(row)
    return removals
