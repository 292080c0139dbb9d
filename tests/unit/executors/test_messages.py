"""What travels between processes: equal jobs and outcomes arrive, of whatever kind, and what explodes costs itself."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Cost, Failure, Job, Outcome, Source, Target, Written
from imgbatch.executors.messages import outcome_of_reply, pickle_job, pickle_outcome, unpickle_job
from imgbatch.pipeline.inspect import VerifyJob
from imgbatch.pipeline.task import Task, TaskContext

SOURCE = Source("/in/a \udcff.png", "in", "a \udcff.png", 7, 2**62, place=(1, 2, "here"))
TARGETS = Target(0, "/out/a.png", "png", "/out/a.tif"), Target(2, "/out/{width}.webp", "webp", None, True, True, ("x",))
JOBS = [
    Job(3, SOURCE, TARGETS),
    Job(0, replace(SOURCE, place=None, named=True, problem=Failure("io", "read", "no")), ()),
    VerifyJob(1, SOURCE, (), "abc"),
]
WRITTEN = Written(
    2, "/out/320.webp", "webp", 320, 200, 999, 82, 3, 5, "RGB", "0f", "png", True, ("n",), "aGFzaA== #102030"
)  # fmt: skip


@frozen(slots=True)
class OtherTarget(Target):
    """A target of a kind of its own."""

    depth: int = 5


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return explode, ()


def explode() -> NoReturn:
    raise SystemExit("boom")


class Nothing(Task):
    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        raise NotImplementedError


@pytest.mark.parametrize("job", [*JOBS, Job(4, SOURCE, (OtherTarget(0, "/x", "png"),))])
def test_a_job_arrives_as_it_was(job: Job) -> None:
    arrived = unpickle_job(pickle_job(job))
    assert arrived == job and type(arrived) is type(job)
    assert list(map(type, arrived.targets)) == list(map(type, job.targets))


OUTCOMES = [
    Outcome(3, SOURCE, "ok", (WRITTEN, replace(WRITTEN, output=0)), None, ("w",), ("c",), {"read": 0.5},
            Cost("png", 4, {"blur": 1.0}, 2.5, 9), "1e"),
    Outcome(3, SOURCE, "failed", error=Failure("corrupt", "decode", "broken")),
    Outcome(5, SOURCE, "ok"),
    Outcome(3, replace(SOURCE, size=8), "ok"),
]  # fmt: skip


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_arrives_as_it_was(outcome: Outcome) -> None:
    job = Job(3, SOURCE, TARGETS)
    there = unpickle_job(pickle_job(job))
    if outcome.source == there.source:
        outcome = replace(outcome, source=there.source)
    arrived, is_readable = outcome_of_reply(Nothing(), job, pickle_outcome(outcome, there))
    assert arrived == outcome and is_readable
    assert (arrived.source is job.source) == (outcome.source == job.source and outcome.index == job.index)


def test_what_explodes_costs_its_own_job() -> None:
    job = JOBS[0]
    reply = pickle_outcome(Outcome(3, SOURCE, "ok", changes=(Bomb(),)), job)  # type: ignore[arg-type]  # no text
    outcome, is_readable = outcome_of_reply(Nothing(), job, reply)
    assert (outcome.status, outcome.source, is_readable) == ("failed", SOURCE, False)
    failure = Failure("memory", "decode", "not enough memory")
    assert outcome_of_reply(Nothing(), job, pickle.dumps(failure)) == (
        Outcome(3, SOURCE, "failed", error=failure),
        True,
    )
