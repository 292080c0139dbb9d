"""What is an executor?

Something that does ``work(job, desk)`` for every job and yields exactly one Outcome for each, in any order, whatever
happens. It knows nothing of images: it gets `work` as an argument.
"""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

from imgbatch.errors import EngineError, sentence
from imgbatch.job import Desk, Failure, Job, Outcome, Status

MOST = 64  # jobs in a chunk of tiny files
NO_GUARD = 77  # the exit code of a worker that met a script without main guard


class Work(Protocol):
    """What is done with a job. Picklable; sent to each worker once."""

    def __call__(self, job: Job, desk: Desk) -> Outcome:
        """The job's Outcome; never raises for a bad image."""

    def blame(self, job: Job, status: Status, failure: Failure) -> Outcome:
        """The Outcome of a job whose worker could not give one."""

    def open(self) -> None:
        """Called once in each worker before its first job: imports, limits."""


class Executor(ABC):
    """The room's furniture: run, stop, abort."""

    @abstractmethod
    def run(self, work: Work, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """One Outcome for each job, as they complete; closing the iterator stops cleanly."""

    @abstractmethod
    def stop(self) -> None:
        """Start nothing new; what is in hand is finished and yielded. Callable from any thread or signal handler."""

    @abstractmethod
    def abort(self) -> None:
        """Stop at once; what is in hand is dropped."""


def chunked(jobs: Sequence[Job], chunksize: int | str, workers: int) -> Iterator[list[Job]]:
    """`jobs` cut into chunks: 1 for few or large files, up to 64 for many tiny ones.

    A chunk is worth about 20 ms (0.3 ms a file and 20 ms a megabyte, as measured on photographs and tiny PNGs), and
    no worker gets so many at a time that another has none.
    """
    most = chunksize if isinstance(chunksize, int) else max(1, min(MOST, len(jobs) // (workers * 4 or 1)))
    held: list[Job] = []
    cost = 0.0
    for job in jobs:
        held.append(job)
        cost += 0.3 + job.source.size * 20e-6
        if len(held) >= most or (chunksize == "auto" and cost >= 20.0):
            yield held
            held, cost = [], 0.0
    if held:
        yield held


def packed_work(work: Work) -> bytes:
    """`work` pickled once; EngineError when it cannot be sent to another process."""
    try:
        return pickle.dumps(work)
    except Exception as error:  # noqa: BLE001 - pickling calls the user's code, which may raise anything
        raise EngineError(
            f"the recipe cannot be sent to the workers: {sentence(error)}; define operations at the top of a module "
            "(no lambdas, no local classes), or run with workers=0"
        ) from None
