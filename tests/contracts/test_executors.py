"""Does every executor give exactly one Outcome for each job, whatever happens?"""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import multiprocessing
import os
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from imgbatch.core.errors import BLAME, EngineError, LostEngineError, UsageError
from imgbatch.core.job import Failure, Job, Outcome, Source, Target
from imgbatch.core.records import growing_list
from imgbatch.core.records.growing_list import GrowingList
from imgbatch.core.records.packing import JobPacking
from imgbatch.executors import choose, make
from imgbatch.executors.base import Executor, ExecutorOptions
from imgbatch.executors.chunks import Chunks
from imgbatch.executors.dask.cluster import Cluster
from imgbatch.executors.futures import Futures
from imgbatch.executors.inline import Inline
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.registry import EXECUTORS, ExecutorKind
from imgbatch.pipeline.task import TaskContext
from imgbatch.pixels.exact_sums import Layout, Totals
from imgbatch.storage.temporary import temporary_name
from tests.cluster.fleet import Fleet
from tests.faults.tasks import FaultyTask, Stillborn, job
from tests.segments import own_segments


def _threads() -> concurrent.futures.Executor:
    return concurrent.futures.ThreadPoolExecutor(2)


def _processes() -> concurrent.futures.Executor:
    return concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver"))


def _loky() -> concurrent.futures.Executor:
    loky = pytest.importorskip("loky", reason="loky is not installed")
    pool: concurrent.futures.Executor = loky.ProcessPoolExecutor(2)
    return pool


MAKERS: dict[str, Callable[[], Executor]] = {
    "inline": Inline,
    "pool-1": lambda: Pool(1),
    "pool-2": lambda: Pool(2),
    "pool-chunk-7": lambda: Pool(2, chunksize=7),
    "pool-spawn": lambda: Pool(2, method="spawn"),
}


#: Executors of the caller's; they pass the same suite as far as their kind allows.
USER_POOLS: dict[str, Callable[[], concurrent.futures.Executor]] = {
    "given-threads": _threads,
    "given-processes": _processes,
    "given-loky": _loky,
}


@pytest.fixture(params=[*MAKERS, *USER_POOLS])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param in MAKERS:
        yield MAKERS[request.param]()
        return
    with USER_POOLS[request.param]() as pool:
        yield Futures(pool)


@pytest.fixture(params=list(USER_POOLS))
def user_pool(request: pytest.FixtureRequest) -> Iterator[concurrent.futures.Executor]:
    """Executors as users have them."""
    with USER_POOLS[request.param]() as pool:
        yield pool


@pytest.fixture(autouse=True)
def _check_leftovers() -> Iterator[None]:
    """No worker and no segment survives a run."""
    yield
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("imgbatch")]
    assert not own_segments()


def run_all(executor: Executor, jobs: list[Job], work: FaultyTask | None = None) -> list[Outcome]:
    """All outcomes in the order of the jobs; fails unless there is exactly one for each."""
    outcomes = sorted(executor.run(work or FaultyTask(), jobs), key=lambda outcome: outcome.index)
    assert [outcome.index for outcome in outcomes] == [one.index for one in jobs]
    return outcomes


def test_every_job_gets_its_outcome(executor: Executor) -> None:
    outcomes = run_all(executor, [job(index) for index in range(60)])
    assert {outcome.status for outcome in outcomes} == {"ok"}


def test_no_jobs_no_outcomes(executor: Executor) -> None:
    assert run_all(executor, []) == []


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("raise", "operation", "ValueError: raised"),
        ("raise_bad", "operation", "BadError: BadError"),
        ("memory", "memory", "not enough memory"),
        ("sys_exit", "operation", "SystemExit: 3"),
    ],
)
def test_an_exception_costs_its_own_job(executor: Executor, fault: str, kind: str, said: str) -> None:
    outcomes = run_all(executor, [job(index, fault if index % 10 == 3 else "ok") for index in range(30)])
    assert [outcome.index for outcome in outcomes if outcome.status == "failed"] == [3, 13, 23]
    for outcome in outcomes:
        if outcome.status == "failed":
            assert outcome.error == Failure(kind, "ops", said)  # type: ignore[arg-type]  # one of KINDS


@pytest.mark.parametrize("fault", ["os_exit", "segv", "abort", "kill", "close_fds", "sys_exit"])
@pytest.mark.parametrize("chunksize", [1, 8, "auto"])
def test_a_death_is_blamed_on_the_job_in_hand(fault: str, chunksize: int | str) -> None:
    jobs = [job(index, fault if index in (5, 17) else "ok") for index in range(40)]
    outcomes = run_all(Pool(2, chunksize), jobs)
    assert [outcome.index for outcome in outcomes if outcome.status != "ok"] == [5, 17]
    blamed = outcomes[5]
    assert blamed.error is not None and blamed.error.phase == "ops"
    words = {"segv": "SIGSEGV", "abort": "SIGABRT", "kill": "SIGKILL", "os_exit": "exit code 3"}
    assert words.get(fault, "") in blamed.error.message
    if fault in words:
        assert blamed.status == "crashed" and "5-" in blamed.error.message


def test_a_worker_killed_from_outside_costs_nothing(tmp_path: Path) -> None:
    jobs = [job(index, "kill_once" if index in (2, 9) else "ok") for index in range(20)]
    outcomes = run_all(Pool(2, 4), jobs, FaultyTask(str(tmp_path)))
    assert {outcome.status for outcome in outcomes} == {"ok"}


#: What pickle calls it.
_CANNOT_PICKLE = "PicklingError" if sys.version_info >= (3, 14) else "AttributeError"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("unpicklable_result", f"{_CANNOT_PICKLE}: Can't "),  # "pickle local object", of 3.13.0: "get local object"
        ("result_explodes", "the outcome cannot be read (R"),
    ],
)
def test_a_result_that_cannot_travel_costs_its_own_job(fault: str, said: str) -> None:
    outcomes = run_all(Pool(2, 8), [job(index, fault if index == 4 else "ok") for index in range(20)])
    assert [outcome.index for outcome in outcomes if outcome.status != "ok"] == [4]
    error = outcomes[4].error
    assert error is not None and (error.kind, error.phase) == ("operation", "ops") and error.message.startswith(said)


@pytest.mark.parametrize("fault", ["loop", "loop_c", "stop"])
def test_a_job_over_its_time_is_shot(fault: str) -> None:
    jobs = [job(index, fault if index == 6 else "ok") for index in range(16)]
    outcomes = run_all(Pool(2, 4, timeout=0.6), jobs)
    assert [outcome.index for outcome in outcomes if outcome.status != "ok"] == [6]
    late = outcomes[6]
    assert late.status == "timeout" and late.error is not None
    assert "0.6 s in ops of 6-" in late.error.message


def test_a_job_within_its_time_is_left_alone() -> None:
    outcomes = run_all(Pool(2, 1, timeout=2), [job(index, "sleep:0.6") for index in range(3)])
    assert [outcome.status for outcome in outcomes] == ["ok"] * 3


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_never_come_up_are_given_up(tmp_path: Path, workers: int) -> None:
    with pytest.raises(EngineError, match="5 in a row died before their first word"):
        run_all(Pool(workers, 1), [job(0), job(1)], Stillborn(str(tmp_path)))
    assert 5 <= (tmp_path / "starts").stat().st_size < 5 + workers  # the others were on their way


def test_what_libraries_print_becomes_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    outcomes = run_all(Pool(1), [job(0), job(1, "print"), job(2)])
    assert [outcome.warnings for outcome in outcomes] == [(), ("libtest: a warning",), ()]
    assert capfd.readouterr().err == ""


def test_stop_finishes_what_is_in_hand(executor: Executor) -> None:
    jobs = [job(index, "sleep:0.01") for index in range(400)]
    results = executor.run(FaultyTask(), jobs)
    seen = [next(results)]
    executor.stop()
    seen += list(results)
    assert 1 <= len(seen) < 400
    assert {outcome.status for outcome in seen} == {"ok"}


def test_closing_the_iterator_ends_everything(executor: Executor) -> None:
    results = executor.run(FaultyTask(), [job(index, "sleep:0.01") for index in range(400)])
    next(results)
    results.close()  # type: ignore[attr-defined]  # run is a generator


def test_closing_the_iterator_does_not_wait_for_a_file_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("imgbatch.executors.processes.pool.PATIENCE", 0.3)
    executor = Pool(2, 1)
    results = executor.run(FaultyTask(str(tmp_path)), [job(0), job(1, "half"), job(2, "half")])
    assert next(results).index == 0
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]  # run is a generator
    assert time.monotonic() - began < 10
    assert executor.late == []


def test_abort_leaves_nothing_half_written(tmp_path: Path) -> None:
    """When it returns: the process may end right after it."""
    jobs = [
        replace(job(index, "half"), targets=(Target(0, str(tmp_path / f"{index}.png"), "png"),)) for index in range(2)
    ]
    executor = Pool(2, 1)
    runner = threading.Thread(target=lambda: list(executor.run(FaultyTask(str(tmp_path)), jobs)))
    runner.start()
    while len(list(tmp_path.iterdir())) < 2:
        runner.join(0.01)
    executor.abort()
    left = list(tmp_path.iterdir())
    runner.join()
    assert left == []


@pytest.mark.parametrize(
    ("path", "folder"), [("{{x}}/{width}.png", "{x}"), ("{width}/a.png", "90"), ("{hash}/{{x}}/a.png", "12/{x}")]
)
def test_abort_finds_what_is_half_written_under_a_name_that_the_pixels_give(
    tmp_path: Path, path: str, folder: str
) -> None:
    executor = Inline()
    (tmp_path / folder).mkdir(parents=True)

    class Half(FaultyTask):
        def __call__(self, job: Job, context: TaskContext) -> Outcome:
            left = Path(temporary_name(str(tmp_path / folder)))
            left.write_bytes(b"half")
            executor.abort()
            assert not left.exists()
            return Outcome(job.index, job.source, "ok")

    one = replace(job(0), targets=(Target(0, f"{tmp_path}/{path}", "png", late=True),))
    assert [outcome.status for outcome in executor.run(Half(), [one])] == ["ok"]


def test_what_a_worker_that_was_shot_leaves_under_a_name_that_the_pixels_give_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "90"
    folder.mkdir()
    one = replace(job(0, "half"), targets=(Target(0, f"{tmp_path}/{{width}}/a.png", "png", late=True),))
    (outcome,) = Pool(1, timeout=1.0).run(FaultyTask(str(folder)), [one])
    assert outcome.status == "timeout" and outcome.error is not None and "1 s in ops" in outcome.error.message
    assert list(folder.iterdir()) == []


def test_abort_does_not_wait() -> None:
    executor = Pool(2)
    results = executor.run(FaultyTask(), [job(0), *(job(index, "loop") for index in range(1, 8))])
    next(results)
    timer = threading.Timer(0.2, executor.abort)
    timer.start()
    assert all(outcome.status != "ok" for outcome in results)
    timer.join()  # the run may end before abort has put everything away


def test_work_that_cannot_be_pickled_is_one_clear_error() -> None:
    class Local(FaultyTask):
        pass

    with pytest.raises(EngineError, match="cannot be sent to the workers"):
        list(Pool(2).run(Local(), [job(0)]))


def test_two_runs_at_the_same_time(tmp_path: Path) -> None:
    results: dict[int, list[Outcome]] = {}

    def one(number: int) -> None:
        results[number] = run_all(Pool(2, 3), [job(index, "kill" if index == 7 else "ok") for index in range(30)])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [sum(outcome.status == "ok" for outcome in results[number]) for number in range(2)] == [29, 29]


def job_of_size(index: int, size: int) -> Job:
    return Job(index, Source(f"/{index}", ".", str(index), size=size), ())


def test_chunks_hold_one_large_file_or_many_tiny_ones() -> None:
    large = [job_of_size(index, 5_000_000) for index in range(100)]
    tiny = [job_of_size(index, 500) for index in range(10_000)]
    few = [job_of_size(index, 500) for index in range(6)]
    assert {len(chunk) for chunk in Chunks(large, "auto", 2)} == {1}
    known = Chunks(tiny, "auto", 2)
    known.learn([Outcome(0, tiny[0].source, "ok", ms={"ops": 0.3})])
    assert 30 < max(len(chunk) for chunk in known) <= 64
    assert {len(chunk) for chunk in Chunks(few, "auto", 2)} == {1}
    assert [len(chunk) for chunk in Chunks(few, 4, 2)] == [4, 2]
    assert [one.index for chunk in Chunks(tiny, "auto", 2) for one in chunk] == list(range(10_000))


def test_the_largest_of_the_last_files_come_first() -> None:
    sizes = [5, 9, 1, 7, 3, 8, 2, 6, 4, 10]
    for chunksize in ("auto", 3):
        order = [
            one.source.size
            for chunk in Chunks([job_of_size(n, s) for n, s in enumerate(sizes)], chunksize, 2)
            for one in chunk
        ]
        assert order == [5, 9, 10, 8, 7, 6, 4, 3, 2, 1]


@pytest.mark.parametrize("count", [0, 1, 7, 300, 1_500, 3_000])
@pytest.mark.parametrize("chunksize", ["auto", 3, 700])
def test_chunks_of_a_list_that_grows_are_those_of_a_list(
    count: int, chunksize: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_list, "FIRST", 5)
    jobs = [job_of_size(index, 100 + index * 7919 % 5000) for index in range(count)]
    grown = GrowingList(JobPacking(), iter(jobs))
    assert list(Chunks(grown, chunksize, 2)) == list(Chunks(jobs, chunksize, 2))


@pytest.mark.parametrize("chunksize", ["auto", 3])
def test_chunks_ask_for_each_job_once(chunksize: int | str) -> None:
    class Jobs(list[Job]):
        """Jobs that count how often one of them is asked for."""

        places: ClassVar[list[int]] = []

        def __getitem__(self, place: Any) -> Any:
            self.places.extend(range(*place.indices(len(self))) if isinstance(place, slice) else [place])
            return super().__getitem__(place)

    jobs = Jobs(job_of_size(index, 500) for index in range(1_000))
    assert sum(map(len, Chunks(jobs, chunksize, 2))) == 1_000
    assert sorted(jobs.places) == list(range(1_000))


def test_chunks_learn_what_files_cost() -> None:
    jobs = [job_of_size(index, 500) for index in range(10_000)]
    slow, quick = Chunks(jobs, "auto", 2), Chunks(jobs, "auto", 2)
    assert 1 <= len(next(slow)) < 20  # nothing is known yet
    slow.learn([Outcome(0, jobs[0].source, "ok", ms={"ops": 900.0})])
    quick.learn([Outcome(0, jobs[0].source, "ok", ms={"ops": 0.1})])
    assert len(next(slow)) == 1
    assert len(next(quick)) == 64


# -- executors of the caller's: as far as their kind allows ------------------------------------------------------------


def test_a_given_executor_stays_the_caller_s(user_pool: concurrent.futures.Executor) -> None:
    for _ in range(2):
        assert len(run_all(Futures(user_pool, 4), [job(index) for index in range(10)])) == 10
    assert user_pool.submit(len, "still there").result() == 11


@dataclass(frozen=True, eq=False)
class TraceTask(FaultyTask):
    """Leaves a trace in its folder when it is opened, and is seen as long as it is there."""

    alive: ClassVar[weakref.WeakSet[TraceTask]] = weakref.WeakSet()

    def open(self) -> None:
        self.alive.add(self)
        with open(Path(self.folder) / "opened", "a") as file:
            file.write("x")


def test_two_runs_that_take_turns_in_a_process_open_their_work_once(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        runs = []
        for folder in folders:
            folder.mkdir()
            runs.append(Futures(pool, 1).run(TraceTask(str(folder)), [job(index) for index in range(12)]))
        assert sum(1 for _ in zip(*runs, strict=True)) == 12
    assert [(folder / "opened").read_text() for folder in folders] == ["x", "x"]


def test_threads_keep_no_work_of_a_run_that_is_over(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert len(run_all(Futures(pool, 1), [job(index) for index in range(12)], TraceTask(str(tmp_path)))) == 12
    gc.collect()
    assert not TraceTask.alive
    assert (tmp_path / "opened").exists()


@pytest.mark.parametrize("maker", [_processes, _loky])
def test_a_process_pool_that_broke_is_told_does_not_hang_and_blames_nobody(
    maker: Callable[[], concurrent.futures.Executor],
) -> None:
    with maker() as pool:
        jobs = [job(index, "kill" if index == 5 else "ok") for index in range(200)]
        outcomes = []
        with pytest.raises(LostEngineError, match=r"the executor broke with .* in hand .*run again with a new one"):
            for outcome in Futures(pool, 2).run(FaultyTask(), jobs):
                outcomes.append(outcome)
    assert {outcome.status for outcome in outcomes} <= {"ok"}
    assert len({outcome.index for outcome in outcomes}) == len(outcomes) < 200


def test_a_chunk_that_fails_costs_nobody_else_and_the_file_to_blame_is_found() -> None:
    with Fleet(2) as fleet:
        jobs = [job(index, "kill" if index == 5 else "ok") for index in range(60)]
        outcomes = run_all(Futures(fleet, 8), jobs)
    assert [outcome.index for outcome in outcomes if outcome.status != "ok"] == [5]
    crashed = outcomes[5]
    assert (crashed.status, crashed.attempts) == ("crashed", 4) and crashed.error is not None
    assert BLAME[crashed.error.kind] == "file" and "(WorkerLostError: it died)" in crashed.error.message


def test_a_worker_that_is_killed_once_costs_nothing(tmp_path: Path) -> None:
    with Fleet(2) as fleet:
        jobs = [job(index, "kill_once" if index in (2, 9) else "ok") for index in range(20)]
        outcomes = run_all(Futures(fleet, 4), jobs, FaultyTask(str(tmp_path)))
    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert max(outcome.attempts for outcome in outcomes) > 1


def test_what_a_given_executor_cannot_keep_is_refused() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for options in (
            ExecutorOptions(timeout=1.0, foreign_executor=pool),
            ExecutorOptions(memory=10**9, foreign_executor=pool),
        ):
            with pytest.raises(UsageError, match="no timeout, no memory limit and no untrusted files"):
                make(choose("auto", pool), options)
    with pytest.raises(UsageError, match="expected workers for a timeout"):
        make(choose(0), ExecutorOptions(0, timeout=1.0))


@contextlib.contextmanager
def open_cluster(workers: int) -> Iterator[Cluster]:
    """A Dask cluster of a run's own, with so many workers."""
    pytest.importorskip("distributed", reason="imgbatch[dask] is not installed")
    with contextlib.closing(Cluster(None, "", workers, 60.0)) as cluster:
        yield cluster


@dataclass(frozen=True)
class ProbingTask(FaultyTask):
    """Says in which process it is, and whether sums are kept; or never ends."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        super().__call__(job, context)
        return Outcome(job.index, job.source, "ok", changes=(str(os.getpid()), str(context.sums is not None)))


def run_kind(kind: ExecutorKind, fault: str, timeout: float | None = None, sums: Totals | None = None) -> Outcome:
    """The outcome of one job from an executor of that kind."""
    pool = _processes() if kind is EXECUTORS["futures"] else None
    with contextlib.ExitStack() as stack:
        if pool is not None:
            stack.enter_context(pool)
        cluster = stack.enter_context(open_cluster(1)) if kind.is_cluster else None
        executor = make(kind, ExecutorOptions(1, timeout=timeout, sums=sums, foreign_executor=pool, cluster=cluster))
        assert type(executor).__module__.endswith(kind.place.rpartition(".")[0])
        (outcome,) = executor.run(ProbingTask(), [job(0, fault)])
        return outcome


@pytest.mark.parametrize("kind", EXECUTORS.values(), ids=EXECUTORS)
def test_an_executor_keeps_what_its_kind_promises_and_refuses_the_rest(kind: ExecutorKind) -> None:
    process, has_sums = run_kind(kind, "ok").changes
    assert (process == str(os.getpid())) is kind.in_this_process and has_sums == "False"
    if kind.keeps_timeout:
        assert run_kind(kind, "loop", timeout=0.3).status == "timeout"
    else:
        with pytest.raises(UsageError, match=re.escape(kind.refusal)):
            run_kind(kind, "loop", timeout=0.3)
    with Totals(Layout(1), in_shared_memory=not kind.in_this_process) as sums:
        assert run_kind(kind, "ok", sums=sums).changes[1] == "True"


@pytest.mark.parametrize("kind", EXECUTORS.values(), ids=EXECUTORS)
def test_an_executor_says_how_many_jobs_it_does_at_a_time(kind: ExecutorKind) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool, contextlib.ExitStack() as stack:
        foreign = kind is EXECUTORS["futures"]
        options = ExecutorOptions("auto" if foreign else 3, foreign_executor=pool if foreign else None)
        if kind.is_cluster:
            options = replace(options, cluster=stack.enter_context(open_cluster(3)))
        assert make(kind, options).parallelism == (1 if kind is EXECUTORS["inline"] else 3)


def test_a_run_gets_the_kind_that_it_asks_for() -> None:
    with _threads() as pool:
        assert choose("auto", pool) is choose(0, pool) is EXECUTORS["futures"]
    assert choose(0) is EXECUTORS["inline"]
    assert choose(1) is choose("auto") is EXECUTORS["processes"]
