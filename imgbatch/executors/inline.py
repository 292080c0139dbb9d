"""How is the work done in this process? One job after the other: workers=0."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.core.errors import Phase, sentence
from imgbatch.core.job import Failure, Job, Outcome
from imgbatch.executors.base import Executor, Work
from imgbatch.executors.captured_stderr import Spoken
from imgbatch.planning.folders import folders_of
from imgbatch.storage.atomic_write import sweep

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Sheet, Totals


class InlineDesk:
    """Nobody watches, so nothing is said; what C libraries say is listened to."""

    again = False

    def __init__(self, spoken: Spoken, sums: Sheet | None = None) -> None:
        self.now: Phase = "read"
        self.sums = sums
        self._spoken = spoken

    def phase(self, phase: Phase) -> None:
        self.now = phase
        self._spoken.listen(phase)

    def reserve(self, size: int) -> None:
        """Nobody keeps a budget here."""


class Inline(Executor):
    """Works in the caller's thread. A crash of a C library takes the caller with it: that is what workers are for."""

    def __init__(self, sums: Totals | None = None) -> None:
        self._stopped = False
        self._job: Job | None = None
        self._sums = sums

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Outcome]:
        work.open()
        with contextlib.closing(Spoken()) as spoken:
            for job in jobs:
                if self._stopped:
                    return
                yield self._one(work, job, spoken)

    def _one(self, work: Work, job: Job, spoken: Spoken) -> Outcome:
        self._job = job
        desk = InlineDesk(spoken, None if self._sums is None else self._sums.sheet())
        try:
            outcome = work(job, desk)
        except Exception as error:  # noqa: BLE001 - one Outcome for every job, whatever work does
            text = f"{type(error).__name__}: {sentence(error)}"
            outcome = work.blame(job, "failed", Failure("internal", desk.now, text))
        finally:
            self._job = None
            spoken.listen(None)
        if self._sums is not None and desk.sums is not None and outcome.status == "ok":
            self._sums.add(desk.sums.record)
        return spoken.added_to(outcome)

    def stop(self) -> None:
        self._stopped = True

    def abort(self) -> None:
        self._stopped = True
        for target in self._job.targets if self._job is not None else ():
            for folder in folders_of(target):
                sweep(folder, os.getpid())  # the caller may end the process now (Ctrl-C twice)
