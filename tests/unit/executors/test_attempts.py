"""Does each job get one Outcome, whatever an engine loses, and is only blamed what ends workers by itself?"""

from __future__ import annotations

import pickle
import random
from collections import Counter

import numpy
import pytest

from imgbatch.core.job import Job, Outcome
from imgbatch.executors.attempts import Attempt, Attempts
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.messages import pickle_outcome
from imgbatch.pixels.exact_sums import Layout, Sheet, Totals
from tests.faults.tasks import BadUnpickle, FaultyTask, job


def attempts_of(count: int, chunksize: int = 4, retries: int = 3, totals: Totals | None = None) -> Attempts:
    """The attempts at so many jobs."""
    return Attempts(FaultyTask(), Chunks([job(index) for index in range(count)], chunksize, 2), retries, totals)


def replies_of(jobs: list[Job]) -> list[bytes]:
    """What a worker says of jobs that went well."""
    return [pickle_outcome(Outcome(one.index, one.source, "ok"), one) for one in jobs]


def sums_of(jobs: list[Job]) -> bytes:
    """What they have summed: a picture with one pixel each, of the value that their number is."""
    sheet = Sheet(Layout(1))
    for one in jobs:
        sheet.add(numpy.bincount([one.index], minlength=256)[None])
    return sheet.record.tobytes()


def sent(attempts: Attempts) -> Attempt:
    """What is to be sent, where something is."""
    attempt = attempts.next()
    assert attempt is not None
    return attempt


def test_a_lost_chunk_is_done_again_file_by_file_after_the_others() -> None:
    attempts = attempts_of(8)
    first = sent(attempts)
    assert not first.again and attempts.lose(first, "gone") == []
    second = sent(attempts)
    assert [one.index for one in second.jobs] == [4, 5, 6, 7] and not second.again
    again = [sent(attempts) for _ in range(4)]
    assert [[one.index for one in attempt.jobs] for attempt in again] == [[0], [1], [2], [3]]
    assert all(attempt.again and not attempt.alone for attempt in again)
    outcomes = [
        outcome for attempt in (second, *again) for outcome in attempts.finish(attempt, replies_of(attempt.jobs))
    ]
    assert [outcome.attempts for outcome in outcomes] == [1] * 4 + [2] * 4
    assert attempts.next() is None and not attempts.in_flight


def test_what_ends_two_workers_alone_is_blamed_and_nothing_else_is() -> None:
    attempts = attempts_of(8)
    outcomes: list[Outcome] = []
    lost: Counter[bool] = Counter()
    while attempt := attempts.next():
        assert not attempt.alone or len(attempts.in_flight) == 1
        if 2 in [one.index for one in attempt.jobs]:
            lost[attempt.alone] += 1
            outcomes += attempts.lose(attempt, "SIGKILL")
        else:
            outcomes += attempts.finish(attempt, replies_of(attempt.jobs))
    assert sorted(outcome.index for outcome in outcomes) == list(range(8))
    (crashed,) = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert (crashed.index, crashed.status, crashed.attempts, lost) == (2, "crashed", 4, {True: 2, False: 2})
    assert crashed.error is not None
    assert crashed.error.message == "4 workers were lost over it, the last 2 with nothing else in hand (SIGKILL)"
    assert crashed.record()["attempts"] == 4 and "attempts" not in outcomes[0].record()


def test_a_suspect_waits_until_nothing_else_is_in_flight() -> None:
    attempts = attempts_of(2, chunksize=1, retries=1)
    first, second = sent(attempts), sent(attempts)
    attempts.lose(first, "gone")
    assert attempts.next() is None
    attempts.finish(second, replies_of(second.jobs))
    suspect = sent(attempts)
    assert suspect.alone and attempts.next() is None
    (outcome,) = attempts.lose(suspect, "gone")
    assert (outcome.status, outcome.attempts) == ("crashed", 2)


def test_a_reply_that_comes_after_its_chunk_was_given_up_counts_for_nothing() -> None:
    with Totals(Layout(1), in_shared_memory=False) as totals:
        attempts = attempts_of(1, totals=totals)
        first = sent(attempts)
        attempts.lose(first, "out of reach")
        assert attempts.finish(first, replies_of(first.jobs), sums_of(first.jobs)) == []
        assert attempts.lose(first, "said twice") == []
        second = sent(attempts)
        assert len(attempts.finish(second, replies_of(second.jobs), sums_of(second.jobs))) == 1
        assert attempts.next() is None
        assert totals.read().images == 1


def test_an_outcome_that_cannot_be_read_has_its_neighbors_counted_once() -> None:
    with Totals(Layout(1), in_shared_memory=False) as totals:
        attempts = attempts_of(4, totals=totals)
        outcomes: list[Outcome] = []
        while attempt := attempts.next():
            replies = replies_of(attempt.jobs)
            for place, one in enumerate(attempt.jobs):
                if one.index == 1:
                    replies[place] = pickle.dumps(BadUnpickle())
            outcomes += attempts.finish(attempt, replies, sums_of(attempt.jobs))
        assert sorted((outcome.index, outcome.status) for outcome in outcomes) == [
            (0, "ok"), (1, "failed"), (2, "ok"), (3, "ok"),
        ]  # fmt: skip
        assert (totals.read().images, int(totals.read().sum[0])) == (3, 0 + 2 + 3)


def test_jobs_that_a_worker_has_left_because_it_was_told_to_stop_are_not_lost() -> None:
    attempts = attempts_of(4)
    first = sent(attempts)
    assert [outcome.index for outcome in attempts.finish(first, replies_of(first.jobs[:1]))] == [0]
    rest = sent(attempts)
    assert [one.index for one in rest.jobs] == [1, 2, 3] and not rest.again


@pytest.mark.parametrize("chunksize", [1, 64])
def test_random_losses_double_nothing_and_leave_nothing_out(chunksize: int) -> None:
    chance = random.Random(chunksize)
    lost = 0
    for _ in range(20):
        with Totals(Layout(1), in_shared_memory=False) as totals:
            attempts = attempts_of(150, chunksize, totals=totals)
            outcomes: list[Outcome] = []
            while attempts.in_flight or (attempt := attempts.next()):
                while len(attempts.in_flight) < 4 and (attempt := attempts.next()):
                    pass
                attempt = chance.choice(attempts.in_flight)
                if chance.random() < 0.2:
                    lost += 1
                    outcomes += attempts.lose(attempt, "killed")
                else:
                    outcomes += attempts.finish(attempt, replies_of(attempt.jobs), sums_of(attempt.jobs))
            assert sorted(outcome.index for outcome in outcomes) == list(range(150))
            good = [outcome.index for outcome in outcomes if outcome.status == "ok"]
            assert (totals.read().images, int(totals.read().sum[0])) == (len(good), sum(good))
    assert lost > 50
