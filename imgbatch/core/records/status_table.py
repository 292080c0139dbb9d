"""Status table: has a file an outcome, and which? One byte for each, by the index of its job."""

from __future__ import annotations

from imgbatch.core.job import STATUSES, Status

_CODES = {status: code for code, status in enumerate(STATUSES, 1)}  # 0: no outcome


class StatusTable:
    """The status of each job that came to an outcome, and how many there are."""

    def __init__(self) -> None:
        self._codes = bytearray()
        self._count = 0

    def __len__(self) -> int:
        """How many jobs have an outcome."""
        return self._count

    def add(self, index: int, status: Status) -> None:
        """Note what became of the job with that index."""
        missing = index + 1 - len(self._codes)
        if missing > 0:
            self._codes.extend(bytes(missing))
        self._count += not self._codes[index]
        self._codes[index] = _CODES[status]

    def status_of(self, index: int) -> Status | None:
        """What became of the job with that index; None where it came to no outcome."""
        code = self._codes[index] if index < len(self._codes) else 0
        return STATUSES[code - 1] if code else None
