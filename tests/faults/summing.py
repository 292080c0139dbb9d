"""What does each job add to the sums, so that one can tell afterwards which were counted? And work that adds it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from imgbatch.core.job import Job, Outcome
from imgbatch.pipeline.task import TaskContext
from imgbatch.pixels.exact_sums import Layout, Sheet, Totals, add
from tests.faults.tasks import FaultyTask

LAYOUT = Layout(3, (2, 1))


def share(index: int) -> Sheet:
    """What job `index` adds: so many pixels of such values that no other jobs together add the same."""
    made = Sheet(LAYOUT)
    counts = numpy.zeros((3, 256), numpy.int64)
    for channel in range(3):
        counts[channel, (index * 7 + channel * 31) % 256] = index * index + 1
    made.add(counts, picture(index))
    return made


def picture(index: int) -> NDArray[Any]:
    return numpy.full((1, 2, 3), index % 251, numpy.uint8)


def sums_of(indexes: Iterable[int]) -> bytes:
    """The bits of the sums of these jobs."""
    record = Sheet(LAYOUT).record
    for index in indexes:
        add(record, share(index).record)
    return record.tobytes()


def bits(totals: Totals) -> bytes:
    """The bits of the sums as they are."""
    return totals._arrays()[1].tobytes()


@dataclass(frozen=True)
class SummingTask(FaultyTask):
    """Writes its share on the sheet, then does what the job's path says."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        assert context.sums is not None and not context.sums.record.tobytes().strip(b"\0")
        add(context.sums.record, share(job.index).record)
        return super().__call__(job, context)


@dataclass(frozen=True)
class NaiveTask(FaultyTask):
    """The way that is wrong: the worker adds to the totals itself."""

    name: str = ""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        outcome = super().__call__(job, context)
        add(attach(self.name)._arrays()[1], share(job.index).record)
        return outcome


@functools.cache
def attach(name: str) -> Totals:
    return Totals.attach(name)
