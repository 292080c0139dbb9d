"""Renamed sources: was a source only renamed? Then its outputs are copied, and nothing is encoded again.

A source that is new is read here only if a source of its size, of which this very recipe made outputs, is gone. If both
held the same bytes, so would their outputs: where these are still as they were written, each is copied, whole and over
nothing. The old outputs stay, for ``--prune``. Recipes that look at more than the pixels (fields in a text) are not
served.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence

from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Outcome, Source, Written
from imgbatch.core.records.hash_index import HashIndex
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import Row
from imgbatch.operations import Operation
from imgbatch.planning.jobs.job_list import jobs_where
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.atomic_write import content_hash, mtime
from imgbatch.storage.registry import storage_of


class RenamedSources:
    """What can be had without work, from what former runs made of sources that are gone.

    Parameters
    ----------
    recipe : Recipe
    digests : sequence of str
        Of its outputs.
    """

    def __init__(self, ledger: Ledger, recipe: Recipe, digests: Sequence[str]) -> None:
        self._recipe, self._root = recipe, ledger.root
        self._rows = ledger.rows
        self._numbers_by_size = HashIndex()  # of rows that this recipe made
        self._orphans_by_size: dict[int, list[dict[int, Row]]] = {}  # looked at once: cameras make files of one size
        if any(type(op).of_file is not Operation.of_file for op in recipe.every_op):
            return
        for number, row in enumerate(self._rows):
            if row.hash and row.source_hash and row.output < len(digests) and row.digest == digests[row.output]:
                self._numbers_by_size.add(row.source_size, number)

    def copy_all(self, jobs: Sequence[Job], is_stopping: Callable[[], bool]) -> Generator[Outcome, None, Sequence[Job]]:
        """The outcomes of those jobs whose outputs could be copied; returns those that have to be done."""
        copies: set[int] = set()
        for job in jobs if self._numbers_by_size else ():
            outcome = None if is_stopping() else self.copy_outputs(job)
            if outcome is not None:
                copies.add(job.index)
                yield outcome
        return jobs_where(jobs, lambda index: index not in copies) if copies else jobs

    def copy_outputs(self, job: Job) -> Outcome | None:
        """The outcome of a job whose outputs could be copied; None: it has to be done."""
        source = job.source
        if source.problem is not None or not job.targets or self._rows.of_source(source.path):
            return None
        if source.size not in self._orphans_by_size:
            self._orphans_by_size[source.size] = self._find_orphans(source.size)
        orphans = self._orphans_by_size[source.size]
        content = _content(source) if orphans else ""
        for rows in orphans:
            if content and all(row.source_hash == content for row in rows.values()):
                copies = self._copy(job, rows)
                if copies:
                    was = next(iter(rows.values())).source
                    changes = (f"renamed: it was {was}, and its outputs are copied",)
                    return Outcome(job.index, source, "ok", copies, changes=changes, source_hash=content)
        return None

    def _find_orphans(self, size: int) -> list[dict[int, Row]]:
        """What was made, by output, of each source of that size that is gone."""
        rows_by_source: dict[str, dict[int, Row]] = {}
        existing = ""  # the outputs of a source often follow one another
        for row in map(self._rows.at, self._numbers_by_size.numbers(size)):
            if row.source_size != size or row.source == existing:
                continue
            if row.source not in rows_by_source and storage_of(row.source).exists(row.source):
                existing = row.source
                continue
            rows_by_source.setdefault(row.source, {})[row.output] = row
        return list(rows_by_source.values())

    def _copy(self, job: Job, rows: dict[int, Row]) -> tuple[Written, ...]:
        """What was copied for all targets of a job; empty where one cannot be, and then nothing is left."""
        copies: list[Written] = []
        try:
            for target in job.targets:
                row = rows.get(target.output)
                path = None if row is None else target.path if row.format == target.format else target.other
                if row is None or path is None or target.late:
                    raise FileNotFoundError(target.path)
                data = storage_of(row.path).read(row.path)
                if content_hash(data) != row.hash:
                    raise FileNotFoundError(row.path)
                like = job.source.path if self._recipe.outputs[target.output].preserve else None
                store = storage_of(path).below(self._root)
                info = store.create_exclusively(path, data, like=like)
                copies.append(
                    Written(
                        target.output,
                        path,
                        row.format,
                        row.width,
                        row.height,
                        len(data),
                        row.quality,
                        row.frames,
                        store.version(info),
                        hash=row.hash,
                        source_format=row.own,
                        placeholder=row.placeholder,
                    )  # fmt: skip
                )
            return tuple(copies)
        except (OSError, ImageError):  # a worker will do it, and say what is wrong, if something is
            for one in copies:
                with contextlib.suppress(OSError):
                    storage_of(one.path).below(self._root).remove(one.path)
            return ()


def _content(source: Source) -> str:
    """The hash of a source's content; "" where it is not as it was found."""
    with contextlib.suppress(OSError):
        store = storage_of(source.path)
        content = store.fingerprint(source.path)
        info = store.stat(source.path)
        if (info.st_size, mtime(info)) == (source.size, source.mtime_ns):
            return content
    return ""
