"""Messages: how do jobs and outcomes travel between processes? Each pickled by itself, as few values as it takes.

One that cannot be pickled, or unpickled, costs itself alone. Jobs and outcomes of the plain kind travel as tuples,
which are pickled in less time than objects; an outcome without its source, which the job has, too.
"""

from __future__ import annotations

import operator
import pickle

from imgbatch.core.job import Failure, Job, Outcome, Source, Target, Written
from imgbatch.pipeline.task import Task

_TARGET, _WRITTEN = frozenset((Target,)), frozenset((Written,))
_source_values = operator.attrgetter(*Source.__match_args__)
_target_values = operator.attrgetter(*Target.__match_args__)
_written_values = operator.attrgetter(*Written.__match_args__)
_OUTCOME_FIELDS = tuple(name for name in Outcome.__match_args__ if name not in ("index", "source", "outputs"))
_outcome_values = operator.attrgetter(*_OUTCOME_FIELDS)


def pickle_job(job: Job) -> bytes:
    """A job for :func:`unpickle_job` in another process."""
    source, targets = job.source, job.targets
    if type(job) is not Job or type(source) is not Source or not _TARGET.issuperset(map(type, targets)):
        return pickle.dumps(job)
    return pickle.dumps((job.index, _source_values(source), [_target_values(target) for target in targets]))


def unpickle_job(data: bytes) -> Job:
    """The job of :func:`pickle_job`."""
    job = pickle.loads(data)
    if type(job) is not tuple:
        return job  # type: ignore[no-any-return]  # of a kind of its own
    index, source, targets = job
    return Job(index, Source(*source), tuple([Target(*target) for target in targets]))


def pickle_outcome(outcome: Outcome, job: Job) -> bytes:
    """A reply for :func:`outcome_of_reply`: an outcome, and the job as it was unpickled here."""
    outputs = outcome.outputs
    is_plain = type(outcome) is Outcome and _WRITTEN.issuperset(map(type, outputs))
    if not is_plain or outcome.source is not job.source or outcome.index != job.index:
        return pickle.dumps(outcome)
    return pickle.dumps(([_written_values(output) for output in outputs], _outcome_values(outcome)))


def outcome_of_reply(task: Task, job: Job, reply: bytes) -> tuple[Outcome, bool]:
    """The Outcome in a reply from another process, and whether that process could have counted it as its own.

    Parameters
    ----------
    task : Task
    job : Job
        What was asked.
    reply : bytes
        Of :func:`pickle_outcome`, or the pickled Failure that is there instead.
    """
    try:
        answer = pickle.loads(reply)
    except BaseException as error:  # noqa: BLE001 - a reply may explode in any way; it costs its own job only
        message = f"the outcome cannot be read ({type(error).__name__})"
        return task.blame(job, "failed", Failure("operation", "ops", message)), False
    if type(answer) is tuple:
        (status, *values), outputs = answer[1], tuple([Written(*output) for output in answer[0]])
        return Outcome(job.index, job.source, status, outputs, *values), True
    return (answer if isinstance(answer, Outcome) else task.blame(job, "failed", answer)), True
