"""Failures: which sources are known to fail with this recipe, and under which conditions?"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any

from imgbatch.core.errors import KINDS, PHASES
from imgbatch.core.job import Failure, Outcome, Source, Status
from imgbatch.ledger.rows import BACK_OFF_DAYS, DAY_NS, FailureRow, is_retryable
from imgbatch.storage.registry import is_remote, storage_of

_EARLY_NS = DAY_NS // 24  # a nightly run is never exactly a day after the last one


class FailureIndex:
    """What failed in former runs.

    Attributes
    ----------
    digest, versions : str
        As of :class:`ledger_index.LedgerIndex`.
    limit : float or None
        s for one file.
    """

    def __init__(self, digest: str, versions: str) -> None:
        self.digest, self.versions = digest, versions
        self.limit: float | None = None
        self._failure_by_source: dict[str, FailureRow] = {}
        self._hashes: dict[str, str] = {}  # of sources that were looked into

    def last_failure(self, source: Source) -> FailureRow | None:
        """How this very file failed with this recipe, versions and limit; None: it is not known to fail."""
        row = self._failure_by_source.get(source.path)
        if row is None or not self._is_the_same(row, source):
            return None
        return row if row.versions == self.failure_conditions(row.status) else None

    def has_failed(self, source: Source) -> bool:
        """Whether this very file failed before with this recipe, be it under other versions or another limit.

        No: the run that met it was killed before it could tell.
        """
        row = self._failure_by_source.get(source.path)
        return row is not None and not row.is_news and self._is_the_same(row, source)

    def _is_the_same(self, row: FailureRow, source: Source) -> bool:
        """Whether a source is the file that failed: by size and mtime, by content where only its time is another."""
        if row.size != source.size:
            return False
        if not row.size or row.mtime_ns == source.mtime_ns:
            return True
        return "" != row.source_hash == self._hash_of(source.path)

    def _hash_of(self, source: str) -> str:
        """The hash of a source's content, which is read once in a run; "" where it cannot be read."""
        if source not in self._hashes:
            self._hashes[source] = storage_of(source).fingerprint(source)
        return self._hashes[source]

    def failure_conditions(self, status: Status) -> str:
        """What a failure of this kind depends on besides file and recipe: the versions, and for a timeout the limit."""
        return self.versions if status != "timeout" else f"{self.versions}, {self.limit or 0:g} s"

    @property
    def failing(self) -> frozenset[str]:
        """The sources (absolute paths) that failed when they were tried last."""
        return frozenset(self._failure_by_source)

    @property
    def has_costly_failures(self) -> bool:
        """Whether one of them has cost a worker: such a worker may have written a file."""
        return any(row.status in ("timeout", "crashed") for row in self._failure_by_source.values())

    def _load_failures(self, records: Iterable[tuple[Any, ...]], endless: Collection[int]) -> None:
        for record in records:
            source, digest, size, mtime_ns, status, kind, phase, message, *history, hash = record
            attempts, next_ns, versions, run = history
            if digest == self.digest and kind in KINDS and phase in PHASES:
                failure, is_news = Failure(kind, phase, message), run in endless
                row = FailureRow(size, mtime_ns, status, failure, attempts, next_ns, versions, is_news, hash)
                self._failure_by_source[os.fsdecode(source)] = row

    def _failure_record(
        self, source: bytes, outcome: Outcome, error: Failure, now: int, run: int
    ) -> tuple[object, ...]:
        """The record of a failure, in the order of the table's columns."""
        last = self.last_failure(outcome.source)
        attempts = 1 if last is None else last.attempts + 1
        next_ns = 0
        if outcome.status in ("timeout", "crashed"):
            next_ns = now + BACK_OFF_DAYS[min(attempts, len(BACK_OFF_DAYS)) - 1] * DAY_NS - _EARLY_NS
        elif is_retryable(error):
            next_ns = now  # known to have failed, so that it is no news, and tried by the next run all the same
        hash = outcome.source_hash
        if outcome.status in ("timeout", "crashed") and error.phase != "read" and not is_remote(outcome.source.path):
            hash = self._hash_of(outcome.source.path)  # its worker cannot tell it any more, but could read it
        message = error.message.encode("utf-8", "backslashreplace").decode()
        return (
            source, self.digest, outcome.source.size, outcome.source.mtime_ns, outcome.status, error.kind, error.phase,
            message, attempts, next_ns, self.failure_conditions(outcome.status), run, hash,
        )  # fmt: skip
