"""Job entries: which bytes stand for a job, and for its outcome where that is known before it is done?"""

from __future__ import annotations

import operator
from typing import Any

from imgbatch.core.job import Failure, Job, Outcome, Source, Target, Written
from imgbatch.core.records.packing import Packing, SourcePacking

_target_values = operator.attrgetter(*Target.__match_args__)
_start_of_output = operator.attrgetter(*Written.__match_args__[2:9])  # without number and path
_end_of_output = operator.attrgetter(*Written.__match_args__[9:])
_other_values = operator.attrgetter(*(
    name for name in Outcome.__match_args__
    if name not in ("index", "source", "status", "outputs", "error", "changes")
))  # fmt: skip
_NO_END = _end_of_output(Written(0, "", "", 0, 0, 0))
_NO_OTHERS = _other_values(Outcome(0, Source("", "", ""), "ok"))


class JobEntry:
    """A job, and its outcome where that is known before it is done."""

    __slots__ = ("job", "outcome")

    def __init__(self, job: Job, outcome: Outcome | None) -> None:
        self.job, self.outcome = job, outcome


class JobEntryPacking(Packing[JobEntry]):
    """Of entries; of an outcome, what can be known before the work."""

    def __init__(self) -> None:
        self.sources = SourcePacking()

    def values(self, value: JobEntry) -> tuple[Any, ...] | None:
        job, outcome = value.job, value.outcome
        source = self.sources.values(job.source)
        if source is None or type(job) is not Job:
            return None
        targets = [_target_values(target) for target in job.targets]
        if outcome is None:
            return job.index, source, targets
        if outcome.source is not job.source or _other_values(outcome) != _NO_OTHERS:
            return None
        paths = {target.path: target.path for target in job.targets}  # marshal writes the same object once
        outputs = [
            (one.output, paths.get(one.path, one.path), *_start_of_output(one), *(_rest_of_output(one)))
            for one in outcome.outputs
        ]
        error = outcome.error
        failure = None if error is None else (error.kind, error.phase, error.message)
        return job.index, source, targets, outcome.status, outputs, failure, outcome.changes

    def value(self, values: tuple[Any, ...]) -> JobEntry:
        return _PackedJobEntry(self.sources, values)


class _PackedJobEntry(JobEntry):
    """An entry of which only what is asked for is made again."""

    __slots__ = ("_sources", "_values")

    def __init__(self, sources: SourcePacking, values: tuple[Any, ...]) -> None:
        self._sources, self._values = sources, values

    @property
    def job(self) -> Job:  # type: ignore[override]  # only asked
        """The job, made again."""
        index, source, targets, *_ = self._values
        return Job(index, self._sources.value(source), tuple([Target(*target) for target in targets]))

    @property
    def outcome(self) -> Outcome | None:  # type: ignore[override]  # only asked
        """Its outcome, made again."""
        index, source, _, *known = self._values
        if not known:
            return None
        status, outputs, failure, changes = known
        return Outcome(
            index, self._sources.value(source), status, tuple([Written(*one) for one in outputs]),
            None if failure is None else Failure(*failure), changes=changes,
        )  # fmt: skip


def _rest_of_output(one: Written) -> tuple[Any, ...]:
    """What is seldom known before the work: nothing where it is not."""
    rest = _end_of_output(one)
    return () if rest == _NO_END else rest
