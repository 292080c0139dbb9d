"""Duplicates: which images are there more than once, byte for byte, pixel for pixel, or nearly?

One image goes through these rooms: planning finds it; ledger/fingerprints knows it from a former search, or executors
have pipeline/fingerprints hash its bytes and, decoded as small as the codec can, its look (pixels/perception). Only
where another picture of its size looks the same are all of its pixels decoded, as a second job. Then nothing is decoded
any more: fingerprint_table.py forms groups, duplicate_groups.py says them.

Nothing is written but the state folder, and nothing is deleted.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Literal, Unpack

from imgbatch.core.errors import unknown, wrong_value
from imgbatch.core.job import Job, Outcome, Source
from imgbatch.core.parameter_kinds import check_path, check_type, python_scalar
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.core.version import versions
from imgbatch.datasets.distinct_files import DistinctFiles
from imgbatch.datasets.duplicate_groups import LIKENESSES, WAYS, Duplicate, DuplicateGroup, Duplicates
from imgbatch.datasets.fingerprint_table import Alike, FingerprintTable
from imgbatch.ledger.fingerprints.store import FingerprintStore, StoreRow
from imgbatch.pipeline.fingerprints.fingerprint import Fingerprint, FingerprintTask
from imgbatch.reporters.progress import carry_out
from imgbatch.runs.base import Run
from imgbatch.runs.keywords import ReadOnlyKeywords, read_only_settings
from imgbatch.runs.workload import Path
from imgbatch.storage.registry import is_remote

__all__ = ["Duplicate", "DuplicateGroup", "Duplicates", "DuplicatesRun", "duplicates"]

#: Bits of 64 in which near pictures may differ, and the most that may be asked for: there, chance begins.
THRESHOLD, MOST = 8, 16
_VERSION = 2  # of what fingerprint.py notes


class DuplicatesRun(Run):
    """A run that compares images with one another.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`; the `state` of settings is where fingerprints lie, None: nowhere.
    threshold, any_orientation, likeness
        As of :func:`duplicates`.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        *,
        threshold: int = THRESHOLD,
        any_orientation: bool = False,
        likeness: str = "near",
        settings: Settings | None = None,
        filters: Filters | None = None,
    ) -> None:
        super().__init__(paths, settings, filters)
        self._threshold = check_threshold(threshold)
        self._any_orientation = check_type("any_orientation", any_orientation, bool, "true or false")
        if check_type("likeness", likeness, str, ", ".join(LIKENESSES)) not in LIKENESSES:
            raise unknown(likeness, "likeness", LIKENESSES)
        self._likeness = likeness
        self._second_failures = 0
        self._table: FingerprintTable | None = None
        self._store: FingerprintStore | None = None
        self._ctimes_ns = array("q")  # of the files, by their indices, before any of them is read
        self._groups: list[list[Alike]] | None = None

    @property
    def total(self) -> int:
        """How many outcomes there will be; one that could only be decoded small has a second one, which failed."""
        return super().total + self._second_failures

    def prepare(self) -> None:
        """Find the images; PlanError when a path does not exist, or the state folder is a stranger's."""
        super().prepare()
        self._store = self._open_store()

    def _work(self) -> Iterator[Outcome]:
        store = self._store
        try:
            self._table = table = FingerprintTable(len(self.todo))
            yield from self._look(table, store)
            if self._likeness != "bytes" and not self._is_stopping():
                yield from self._compare_pixels(table, store)
            if store is not None and not self._is_stopping():
                store.forget_others((job.source.path for job in self.todo), len(self.todo))
        finally:
            if store is not None:
                store.close()
                self.report.warnings += [store.problem] if store.problem else []

    def _open_store(self) -> FingerprintStore | None:
        """What former searches know; None where nothing is kept, or bytes are enough."""
        if self.settings.state is None or self._likeness == "bytes":
            return None
        roots = [path if is_remote(path) else os.path.abspath(path) for path in map(os.fspath, self.paths)]
        return FingerprintStore(roots, self.settings.state, self.settings.trust_state, f"{_VERSION} {versions()}")

    def _look(self, table: FingerprintTable, store: FingerprintStore | None) -> Iterator[Outcome]:
        """Bytes and look of all files: those that the store knows, then the others."""
        jobs = self.todo
        if self._likeness == "bytes":
            jobs, singles = _by_size(jobs)
            for job in singles:  # no other file is as long: its bytes need not be read
                outcome = Outcome(job.index, job.source, "ok")
                self._count(outcome)
                yield outcome
        elif store is not None:
            jobs = []
            for job in self.todo:
                self._ctimes_ns.append(_ctime_ns(job.source))
                row = store.find(job.source, self._ctimes_ns[-1])
                if row is None:
                    jobs.append(job)
                    continue
                table.put(job.index, job.source.size, row)
                outcome = Outcome(job.index, job.source, "unchanged")
                self._count(outcome)
                yield outcome
        content = "bytes" if self._likeness == "bytes" else "look"
        for outcome in self._execute(FingerprintTask(self.settings.max_pixels, content), jobs, self.settings.workers):
            if isinstance(outcome, Fingerprint):
                row = _row(outcome)
                table.put(outcome.index, outcome.source.size, row)
                if store is not None:
                    store.add(outcome.source, row, self._ctimes_ns[outcome.index])
                outcome = Outcome(
                    outcome.index, outcome.source, outcome.status, warnings=outcome.warnings, ms=outcome.ms,
                    source_hash=outcome.source_hash, host_warnings=outcome.host_warnings, attempts=outcome.attempts,
                )  # fmt: skip
            self._count(outcome)
            yield outcome

    def _compare_pixels(self, table: FingerprintTable, store: FingerprintStore | None) -> Iterator[Outcome]:
        """Hash all pixels of files that may have them in common; what fails now is an outcome of its own."""
        jobs = [self.todo[index] for index in table.without_pixel_hash()]
        task = FingerprintTask(self.settings.max_pixels, "pixels")
        for outcome in self._execute(task, jobs, self.settings.workers):
            if isinstance(outcome, Fingerprint):
                row = table.put_pixels(outcome.index, outcome.pixel_hash)
                if store is not None:
                    store.add(outcome.source, row, self._ctimes_ns[outcome.index])
                continue
            table.forget(outcome.index)
            self._second_failures += 1
            failure = replace(outcome, index=super().total + self._second_failures - 1)
            self._count(failure)
            yield failure

    def duplicates(self) -> Duplicates:
        """The groups of all that was compared, when :meth:`outcomes` has ended."""
        if self._table is None:
            raise wrong_value("outcomes() to have ended", "duplicates()", "no fingerprints yet")
        if self._groups is None:
            self._groups = self._find_groups(self._table)
        groups = [self._group(self._table, group) for group in self._groups]
        failures = tuple(outcome.record() for outcome in self.report.failed)
        return Duplicates(tuple(groups), super().total, failures, self._threshold, tuple(self.report.warnings))

    def _find_groups(self, table: FingerprintTable) -> list[list[Alike]]:
        """The groups, in which each file is once, and as it was found."""
        table.share_pixels()
        files = DistinctFiles(self.todo)
        while True:
            groups = list(table.alike(self._threshold, self._any_orientation, self._likeness))
            pairs = ((one.index, one.representative) for group in groups for one in group)
            outsiders = files.refuse(chain.from_iterable(pairs))
            if not outsiders:
                self.report.warnings += files.warnings()
                return groups
            for index in outsiders:
                table.forget(index)

    def _group(self, table: FingerprintTable, group: list[Alike]) -> DuplicateGroup:
        head = group[0].representative
        size, frames = table.size_of(head)
        others = []
        for one in sorted(group, key=lambda one: (LIKENESSES.index(one.likeness), one.distance)):
            own_size, own_frames = table.size_of(one.index)
            way = WAYS[one.orientation]
            others.append(
                Duplicate(self._source(one.index), one.likeness, own_size, own_frames, one.distance, way)
            )  # fmt: skip
        return DuplicateGroup(Duplicate(self._source(head), "bytes", size, frames), tuple(others))

    def _source(self, index: int) -> Source:
        return self.todo[index].source


def duplicates(
    paths: Sequence[Path] | Path,
    *,
    threshold: int = THRESHOLD,
    any_orientation: bool = False,
    likeness: Literal["bytes", "pixels", "near"] = "near",
    state: Path | None = None,
    filters: Filters | None = None,
    progress: bool = False,
    **settings: Unpack[ReadOnlyKeywords],
) -> Duplicates:
    """Find images that are there more than once. Nothing is deleted.

    Files are alike when their bytes are; when all pixels of all frames are, upright, whatever the format and the
    metadata say; or when their first frames look nearly the same, and both have as many frames. A group is what looks
    like its representative, which has the most pixels, then the most bytes, then the first name; not a chain, of which
    each link only looks like the next one. Pictures without structure, such as a plain color, are near to none. Of
    several paths to one file (hard and symbolic links) a group names one, and no file that has changed meanwhile.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    threshold : int
        In how many of 64 bits the hashes (DCT) of near pictures may differ, 0 to 16. Up to 8, hardly any two
        photographs are near by chance; resized, recompressed, brightened or slightly cropped copies are.
    any_orientation : bool
        Whether pictures that are turned by 90, 180 or 270 degrees, or mirrored, are near, too.
    likeness : {"near", "pixels", "bytes"}
        How alike the files of a group are at least. For bytes, nothing is decoded.
    state : path, optional
        A folder for the fingerprints, so that the next search decodes only what is new; nothing is kept when not given.
    filters : Filters, optional
        Which files of folders and globs count.
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.
    **settings
        As :func:`imgbatch.check` has them.

    Returns
    -------
    Duplicates
        ``.groups``, each with ``.representative`` and ``.others``; ``.spare``: what could go; ``.failures``,
        ``.warnings``.

    Raises
    ------
    UsageError, PlanError
        Before the first file is opened: a wrong value, a missing source, a state folder of strangers.
    EngineError
        Workers cannot be started.

    Examples
    --------
    >>> import imgbatch as ib
    >>> found = ib.duplicates("sample_images/travel", workers=0)
    >>> found.files, found.groups
    (4, ())
    """
    options = read_only_settings(settings)
    if state is not None:
        options = replace(options, state=check_path("state", state, "a folder"))
    search = DuplicatesRun(
        paths, threshold=threshold, any_orientation=any_orientation, likeness=likeness, settings=options,
        filters=filters,
    )  # fmt: skip
    carry_out(search, progress)
    return search.duplicates()


def check_threshold(value: object) -> int:
    """The threshold; UsageError where it is none."""
    number = python_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST:
        raise wrong_value(f"a whole number from 0 to {MOST}", "threshold", value)
    return number


def _by_size(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The jobs whose sources are as long as another one, and those whose are not."""
    counts: dict[int, int] = {}
    for job in jobs:
        counts[job.source.size] = counts.get(job.source.size, 0) + 1
    of_one_size = [job for job in jobs if counts[job.source.size] > 1 or job.source.problem is not None]
    return of_one_size, [job for job in jobs if counts[job.source.size] == 1 and job.source.problem is None]


def _ctime_ns(source: Source) -> int:
    """When a file's status last changed; 0 for an object of a store, and for one that is gone."""
    if is_remote(source.path):
        return 0
    try:
        return os.stat(source.path).st_ctime_ns
    except OSError:
        return 0


def _row(outcome: Fingerprint) -> StoreRow:
    hashes = outcome.dct, outcome.across, outcome.down
    size = outcome.size
    return StoreRow(outcome.source_hash, *size, outcome.frames, hashes, outcome.structure, outcome.pixel_hash)
