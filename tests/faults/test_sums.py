"""Are exactly the files counted whose "ok" was delivered, whatever happens to the workers on the way?"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.core.job import Job, Outcome
from imgbatch.core.run_settings import Settings
from imgbatch.datasets.stats import StatsRun, stats
from imgbatch.executors.base import Executor
from imgbatch.executors.inline import Inline
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.processes.supervisor import Supervisor
from imgbatch.pixels.exact_sums import Totals
from imgbatch.pixels.histogram import Measurement
from tests.faults.killer import shoot_workers
from tests.faults.summing import LAYOUT, NaiveTask, SummingTask, bits, sums_of
from tests.faults.tasks import job
from tests.segments import own_segments


@pytest.fixture
def totals() -> Iterator[Totals]:
    before = own_segments()
    with Totals(LAYOUT) as made:
        yield made
    assert own_segments() <= before


def counted_once(totals: Totals, outcomes: list[Outcome], jobs: list[Job]) -> None:
    """One outcome for each job, and the sums are those of the jobs that are ok."""
    assert sorted(outcome.index for outcome in outcomes) == [one.index for one in jobs]
    assert bits(totals) == sums_of(outcome.index for outcome in outcomes if outcome.status == "ok")


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
@pytest.mark.parametrize("chunksize", [1, 7, "auto"])
def test_the_same_bits_for_any_number_of_workers(totals: Totals, workers: int, chunksize: int | str) -> None:
    executor: Executor = Pool(workers, chunksize, sums=totals) if workers else Inline(totals)
    jobs = [job(index) for index in range(100)]
    counted_once(totals, list(executor.run(SummingTask(), jobs)), jobs)
    assert bits(totals) == sums_of(range(100))


@pytest.mark.parametrize("fault", ["raise", "raise_bad", "memory", "sys_exit"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_job_that_fails_adds_nothing(totals: Totals, fault: str, workers: int) -> None:
    if (fault, workers) == ("sys_exit", 0):
        pytest.skip("inline, sys.exit() is the caller's")
    executor: Executor = Pool(workers, 8, sums=totals) if workers else Inline(totals)
    jobs = [job(index, fault if index % 10 == 3 else "ok") for index in range(40)]
    counted_once(totals, list(executor.run(SummingTask(), jobs)), jobs)
    assert bits(totals) == sums_of(index for index in range(40) if index % 10 != 3)


@pytest.mark.parametrize("fault", ["os_exit", "segv", "kill", "close_fds", "kill_once"])
@pytest.mark.parametrize("chunksize", [1, 8])
def test_a_death_costs_at_most_the_job_in_hand(totals: Totals, fault: str, chunksize: int, tmp_path: Path) -> None:
    jobs = [job(index, fault if index in (5, 17) else "ok") for index in range(40)]
    outcomes = list(Pool(2, chunksize, sums=totals).run(SummingTask(str(tmp_path)), jobs))
    counted_once(totals, outcomes, jobs)
    lost = set() if fault == "kill_once" else {5, 17}
    assert bits(totals) == sums_of(set(range(40)) - lost)


@pytest.mark.parametrize("fault", ["unpicklable_result", "result_explodes"])
@pytest.mark.parametrize("chunksize", [1, 8])
def test_an_outcome_that_cannot_travel_is_not_counted(totals: Totals, fault: str, chunksize: int) -> None:
    jobs = [job(index, fault if index in (4, 6) else "ok") for index in range(20)]
    counted_once(totals, list(Pool(2, chunksize, sums=totals).run(SummingTask(), jobs)), jobs)
    assert bits(totals) == sums_of(set(range(20)) - {4, 6})


@pytest.mark.parametrize("fault", ["loop_c", "stop"])
def test_a_job_over_its_time_is_not_counted(totals: Totals, fault: str) -> None:
    jobs = [job(index, fault if index == 6 else "ok") for index in range(16)]
    counted_once(totals, list(Pool(2, 8, timeout=0.6, sums=totals).run(SummingTask(), jobs)), jobs)


@pytest.mark.parametrize("chunksize", [1, 4])
def test_a_job_that_ends_just_as_it_is_shot(totals: Totals, chunksize: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shot is late: by then the job has been summed and its reply may be on the way."""
    kill = Supervisor.kill
    shots = []

    def late(self: Supervisor) -> None:
        shots.append(time.monotonic())
        time.sleep(0.4)
        kill(self)

    monkeypatch.setattr(Supervisor, "kill", late)
    jobs = [job(index, "sleep:0.7" if index in (3, 7) else "ok") for index in range(12)]
    outcomes = list(Pool(2, chunksize, timeout=0.3, sums=totals).run(SummingTask(), jobs))
    assert shots
    counted_once(totals, outcomes, jobs)


def test_stopping_early_counts_what_was_delivered(totals: Totals) -> None:
    executor = Pool(2, 8, sums=totals)
    results = executor.run(SummingTask(), [job(index, "sleep:0.005") for index in range(400)])
    outcomes = [next(results)]
    executor.stop()
    outcomes += list(results)
    assert 1 <= len(outcomes) < 400
    assert bits(totals) == sums_of(outcome.index for outcome in outcomes)


def test_aborting_counts_what_was_delivered(totals: Totals) -> None:
    executor = Pool(2, 8, sums=totals)
    results = executor.run(SummingTask(), [job(index, "sleep:0.02") for index in range(200)])
    outcomes = [next(results)]
    threading.Timer(0.3, executor.abort).start()
    outcomes += list(results)
    assert len(outcomes) < 200
    assert bits(totals) == sums_of(outcome.index for outcome in outcomes if outcome.status == "ok")


def killed_at_random(totals: Totals, seed: int, count: int) -> None:
    pool = Pool(3, 8, sums=totals)
    jobs = [job(index, "sleep:0.001") for index in range(count)]
    with shoot_workers(lambda: pool, 0.03, seed) as shot:
        outcomes = list(pool.run(SummingTask(), jobs))
    assert len(shot) > 3
    counted_once(totals, outcomes, jobs)


@pytest.mark.parametrize("seed", range(3))
def test_random_kills_lose_nothing_and_double_nothing(totals: Totals, seed: int) -> None:
    killed_at_random(totals, seed, 500)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_random_kills_at_length(totals: Totals, seed: int) -> None:
    killed_at_random(totals, seed, 3000)


def test_statistics_under_fire_are_those_of_the_files_that_are_ok(tmp_path: Path) -> None:
    for number in range(240):
        noise = Image.effect_noise((400 + number % 7, 300), 60)
        Image.merge("RGB", (noise, noise.rotate(180), noise)).save(tmp_path / f"{number:03}.jpg")
    survey = StatsRun(tmp_path, settings=Settings(workers=2))
    with shoot_workers(lambda: survey.executor, every=0.04, seed=5, most=60) as shot:
        measured = [outcome for outcome in survey.outcomes() if isinstance(outcome, Measurement)]
    found = survey.statistics()
    assert len(shot) > 3 and found.images + found.failed == 240
    good = [outcome.source.path for outcome in measured]
    assert len(good) == found.images > 200  # a file fails when it is shot at twice
    calm = stats(good, workers=0)
    assert (found.histogram == calm.histogram).all() and found.sum_squares.tolist() == calm.sum_squares.tolist()
    assert found.mean.tobytes() == calm.mean.tobytes() and found.std.tobytes() == calm.std.tobytes()


def test_adding_in_the_worker_counts_twice(totals: Totals, tmp_path: Path) -> None:
    """The negative control: what the tests above would see if workers added to the totals themselves."""
    jobs = [job(index, "kill_once" if index == 5 else "ok") for index in range(16)]
    outcomes = list(Pool(1, 8).run(NaiveTask(str(tmp_path), totals.name), jobs))
    assert {outcome.status for outcome in outcomes} == {"ok"} and len(outcomes) == 16
    assert bits(totals) != sums_of(range(16))
    assert bits(totals) == sums_of([*range(5), *range(16)])  # those before the death in its chunk: done again


def test_a_live_look_never_sees_half_a_reply(totals: Totals) -> None:
    """Every job adds 1 to the red of one value: at every moment the histogram, pixels and images agree."""
    pool = Pool(2, 4, sums=totals)
    seen: set[int] = set()
    with shoot_workers(lambda: pool, 0.05, 1):
        for _ in pool.run(SummingTask(), [job(index, "sleep:0.001") for index in range(300)]):
            sums = totals.read()
            seen.add(sums.images)
            assert (sums.histogram.sum(axis=1) == sums.pixels).all()
            assert sums.grid is not None and (sums.grid == sums.grid[0, 0]).all()
    assert len(seen) > 10
