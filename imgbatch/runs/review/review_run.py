"""Review run: how are some files of a run looked at again when it is done? By worker processes, as everything else.

Thumbnails and likenesses for reports that show pictures. It ends when its time is over, or when the run is stopped;
what cannot be read is left out, as is everything where no worker can be started: the report does without.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence

from imgbatch.core.errors import EngineError
from imgbatch.core.job import Job, Outcome, ReviewOutcome, Source, Written
from imgbatch.core.run_settings import Settings
from imgbatch.pipeline.review.review_task import ReviewJob, ReviewTask
from imgbatch.reporters.base import Reporter
from imgbatch.reporters.page.pictures import Look, Wish
from imgbatch.runs.base import Run
from imgbatch.runs.workload import Workload

_TIMEOUT_S = 10.0


class ReviewRun(Run):
    """A run that looks at files; nothing is written, counted or logged.

    Parameters
    ----------
    wishes : sequence of Wish
        In the order in which they are wanted.
    run : Run
        Has done the files; where it is stopped, so is this.
    seconds : float
        When they are over nothing new is begun.
    """

    def __init__(self, wishes: Sequence[Wish], run: Run, seconds: float) -> None:
        ours = run.settings
        settings = Settings(
            workers=ours.workers, memory=ours.memory, max_pixels=ours.max_pixels, untrusted=ours.untrusted,
            timeout=_TIMEOUT_S if ours.workers != 0 else None, max_time=seconds,
        )  # fmt: skip
        super().__init__((), settings)
        self.keeps_outcomes = False
        self._wishes, self._run = wishes, run

    def _is_stopping(self) -> bool:
        return super()._is_stopping() or self._run._is_stopping()

    def _count(self, outcome: Outcome) -> None:
        """Count an outcome, and end with the run."""
        super()._count(outcome)
        if self._is_stopping() and self.executor is not None:
            self.executor.stop()

    def _find_workload(self) -> Workload:
        return Workload([_job(number, wish) for number, wish in enumerate(self._wishes)])

    def _work(self) -> Iterator[Outcome]:
        return self._do_all(ReviewTask(self.settings.max_pixels))

    def _start_logger(self) -> None:
        """Nothing is logged: the run whose files these are has ended."""


def review(run: Run, wishes: Sequence[Wish], seconds: float) -> Iterator[Look]:
    """Look at files again.

    Parameters
    ----------
    run : Run
        Has done them, and was not ended from outside: else nobody looks.
    wishes : sequence of Wish
    seconds : float
        For so long.
    """
    if run.report.stopped is not None:
        return
    try:
        for outcome in ReviewRun(wishes, run, seconds).outcomes():
            if isinstance(outcome, ReviewOutcome):
                yield Look(wishes[outcome.index].row, outcome.thumbnail, outcome.ssim)
    except EngineError:
        return


def lend_review(run: Run, reporters: Iterable[Reporter]) -> None:
    """Let those reporters of a run that is done look at its files again that show pictures."""
    for reporter in reporters:
        if reporter.shows_pictures:
            reporter.review = functools.partial(review, run)


def _job(number: int, wish: Wish) -> Job:
    source = wish.outcome.source
    if wish.output is None:
        return ReviewJob(number, source, ())
    return ReviewJob(number, _source_of(wish.output), (), original=source if wish.compares else None)


def _source_of(output: Written) -> Source:
    folder, name = os.path.split(output.path)
    return Source(output.path, folder, name, output.bytes)
