"""How is the work done in this process? One job after the other: workers=0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgbatch.errors import Phase, sentence
from imgbatch.executors.base import Executor, Work
from imgbatch.job import Failure, Job, Outcome


class InlineDesk:
    """Nobody watches, so nothing is said."""

    again = False

    def __init__(self) -> None:
        self.now: Phase = "read"

    def phase(self, phase: Phase) -> None:
        self.now = phase


class Inline(Executor):
    """Works in the caller's thread. A crash of a C library takes the caller with it: that is what workers are for."""

    def __init__(self) -> None:
        self._stopped = False

    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Outcome]:
        work.open()
        for job in jobs:
            if self._stopped:
                return
            desk = InlineDesk()
            try:
                outcome = work(job, desk)
            except Exception as error:  # noqa: BLE001 - one Outcome for every job, whatever work does
                text = f"{type(error).__name__}: {sentence(error)}"
                outcome = work.blame(job, "failed", Failure("internal", desk.now, text))
            yield outcome

    def stop(self) -> None:
        self._stopped = True

    def abort(self) -> None:
        self._stopped = True
