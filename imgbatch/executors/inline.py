"""Inline executor: how are jobs done in this process? One after the other: workers=0."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from imgbatch.core.errors import Phase
from imgbatch.core.job import Job, Outcome
from imgbatch.executors.base import Executor, ExecutorOptions, failure_of
from imgbatch.executors.captured_stderr import CapturedStderr
from imgbatch.executors.job_stream import JobStream
from imgbatch.pipeline.task import LocalContext, Task

if TYPE_CHECKING:
    from imgbatch.pixels.exact_sums import Sheet, Totals


_AHEAD = 16  # jobs that a task is told of before the first of them is done, where it reads ahead


class InlineContext(LocalContext):
    """Nobody watches; what C libraries print meanwhile is captured."""

    def __init__(self, capture: CapturedStderr, sums: Sheet | None = None) -> None:
        super().__init__(sums)
        self._capture = capture

    def phase(self, phase: Phase) -> None:
        """Remember the phase, and capture what is printed in it."""
        self.current_phase = phase
        self._capture.listen(phase)


class Inline(Executor):
    """Works in the caller's thread. A crash of a C library takes the caller with it: that is what workers are for."""

    def __init__(self, sums: Totals | None = None) -> None:
        self._stopping = False
        self._current: tuple[Task, Job] | None = None
        self._sums = sums
        self._capture: CapturedStderr | None = None

    @classmethod
    def make(cls, options: ExecutorOptions) -> Inline:
        """In this process: only the sums matter."""
        return cls(options.sums)

    @property
    def parallelism(self) -> int:
        """One job after the other."""
        return 1

    def run_stream(self, task: Task, jobs: JobStream) -> Iterator[Outcome]:
        return self.run(task, jobs)

    def run(self, task: Task, jobs: Iterable[Job | Outcome]) -> Iterator[Outcome]:
        task.open()
        ahead = _AHEAD if task.bytes_ahead and not isinstance(jobs, JobStream) else 1  # the next may take its time
        with contextlib.closing(CapturedStderr()) as capture:
            self._capture = capture
            rest = iter(jobs)
            while part := list(itertools.islice(rest, ahead)):
                if task.bytes_ahead:
                    task.expect([job for job in part if isinstance(job, Job)])
                for job in part:
                    if self._stopping:
                        return
                    yield self._one(task, job, capture) if isinstance(job, Job) else job

    def _one(self, task: Task, job: Job, capture: CapturedStderr) -> Outcome:
        self._current = task, job
        context = InlineContext(capture, None if self._sums is None else self._sums.sheet())
        try:
            outcome = task(job, context)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one Outcome for every job, whatever the task does
            outcome = task.blame(job, "failed", failure_of(error, context.current_phase))
        finally:
            self._current = None
            capture.listen(None)
        if self._sums is not None and context.sums is not None and outcome.status == "ok":
            self._sums.add(context.sums.record)
        return capture.add_warnings(outcome)

    def stop(self) -> None:
        self._stopping = True

    def abort(self) -> None:
        self._stopping = True
        current = self._current
        if current is not None:
            task, job = current
            task.clean_up(job, os.getpid())  # the caller may end the process now (Ctrl-C twice)
            if self._capture is not None:
                self._capture.listen(None)  # and say so
