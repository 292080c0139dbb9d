"""Failures: which sources are known to fail with this recipe, and under which conditions?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from imgbatch.core.errors import KINDS, PHASES
from imgbatch.core.job import Failure, Source, Status
from imgbatch.ledger.rows import FailureRow


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

    def last_failure(self, source: Source) -> FailureRow | None:
        """How this very file failed with this recipe, versions and limit; None: it is not known to fail."""
        row = self._failure_by_source.get(source.path)
        if row is None or (row.size, row.mtime_ns) != (source.size, source.mtime_ns):
            return None
        return row if row.versions == self.failure_conditions(row.status) else None

    def has_failed(self, source: Source) -> bool:
        """Whether this very file failed before with this recipe, be it under other versions or another limit."""
        row = self._failure_by_source.get(source.path)
        return row is not None and (row.size, row.mtime_ns) == (source.size, source.mtime_ns)

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

    def _load_failures(self, records: Iterable[tuple[Any, ...]]) -> None:
        for source, digest, size, mtime_ns, status, kind, phase, message, *rest in records:
            if digest == self.digest and kind in KINDS and phase in PHASES:
                failure = Failure(kind, phase, message)
                self._failure_by_source[os.fsdecode(source)] = FailureRow(size, mtime_ns, status, failure, *rest[:3])
