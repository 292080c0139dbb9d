"""What is a failure of an executor of the caller's, how many calls does it get, and when is a run with it over?"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import pytest

from imgbatch.core.errors import EngineError, LostEngineError, UsageError
from imgbatch.core.job import Outcome
from imgbatch.executors import choose
from imgbatch.executors.base import ExecutorOptions
from imgbatch.executors.futures import LOSSES_IN_A_ROW, Futures
from tests.faults.tasks import FaultyTask, job


class _AtOnce(concurrent.futures.Executor):
    """Does everything at once; every call whose number is in `failures` fails, and after `end` calls none is taken."""

    parallelism = 1

    def __init__(self, failures: range = range(0), error: BaseException | None = None, end: int = 10**6) -> None:
        self.failures, self.error, self.end = failures, error or OSError("the machine is gone"), end
        self.calls = 0

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        if self.calls >= self.end:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        if self.calls in self.failures:
            future.set_exception(self.error)
        else:
            future.set_result(call(*given, **named))
        self.calls += 1
        return future


def outcomes_of(pool: concurrent.futures.Executor, count: int, chunksize: int = 1) -> list[Outcome]:
    """The outcomes of so many jobs."""
    return list(Futures(pool, chunksize).run(FaultyTask(), [job(index) for index in range(count)]))


@pytest.mark.parametrize("failure", [0, 1, 4])
@pytest.mark.parametrize("error", [OSError("gone"), concurrent.futures.CancelledError()])
def test_a_future_that_fails_costs_nothing_but_another_attempt(failure: int, error: Exception) -> None:
    outcomes = outcomes_of(_AtOnce(range(failure, failure + 1), error), 20, 4)
    assert sorted((outcome.index, outcome.status) for outcome in outcomes) == [(index, "ok") for index in range(20)]
    repeats = {outcome.index for outcome in outcomes if outcome.attempts == 2}
    assert repeats == set(range(4 * failure, 4 * failure + 4))


def test_an_executor_that_takes_no_more_has_broken_and_what_came_back_counts() -> None:
    outcomes = []
    with pytest.raises(LostEngineError, match="the executor broke .*RuntimeError: cannot schedule"):
        for outcome in Futures(_AtOnce(end=7), 1).run(FaultyTask(), [job(index) for index in range(20)]):
            outcomes.append(outcome)
    assert sorted((outcome.index, outcome.status) for outcome in outcomes) == [(index, "ok") for index in range(7)]


def test_an_executor_that_does_nothing_any_more_has_broken_and_blames_no_file() -> None:
    with pytest.raises(LostEngineError, match="OSError: the machine is gone"):
        outcomes_of(_AtOnce(range(3, 10**6)), 20)
    pool = _AtOnce(range(3, 3 + LOSSES_IN_A_ROW))  # it does, again
    assert {outcome.status for outcome in outcomes_of(pool, 20)} == {"ok"}


def test_workers_that_lack_what_it_takes_are_one_sentence() -> None:
    missing = ModuleNotFoundError("No module named 'imgbatch'")
    with pytest.raises(EngineError, match="cannot do this: ModuleNotFoundError: No module named 'imgbatch'; they need"):
        outcomes_of(_AtOnce(range(10**6), missing), 20)


def test_a_run_that_was_told_to_stop_has_not_broken() -> None:
    executor = Futures(_AtOnce(), 1)
    outcomes = []
    for outcome in executor.run(FaultyTask(), [job(index) for index in range(2000)]):
        executor.stop()
        outcomes.append(outcome)
    assert 0 < len(outcomes) < 2000


class _Growing(_AtOnce):
    """Says how many calls it does at a time, which changes; knows how many it got between two times that it said so."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes = [1, 1, 3]
        self.windows = [0]

    @property
    def parallelism(self) -> int:  # type: ignore[override]  # it changes
        self.windows.append(0)
        return self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        self.windows[-1] += 1
        return super().submit(call, *given, **named)


def test_an_executor_is_asked_anew_how_many_calls_it_does() -> None:
    pool = _Growing()
    assert len(outcomes_of(pool, 40)) == 40
    windows = [count for count in pool.windows if count]
    assert windows[0] == 2 and max(windows) == 6


class _ShutDown(_AtOnce):
    """Is shut down while a call waits, by ``shutdown(cancel_futures=True)``: nobody does it, and nobody says so."""

    parallelism = 2

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future = super().submit(call, *given, **named) if self.calls < 3 else concurrent.futures.Future()
        self.calls += future.cancel()
        return future


def test_what_a_shutdown_cancels_is_heard_of() -> None:
    """concurrent.futures.wait would wait for it for ever."""
    with pytest.raises(LostEngineError, match="CancelledError"):
        outcomes_of(_ShutDown(end=6), 20)


class _Gone(_AtOnce):
    """Cannot say any more how many calls it does at a time, as an engine that has ended."""

    asked = 0

    @property
    def parallelism(self) -> int:  # type: ignore[override]  # it changes
        self.asked += 1
        if self.asked > 5:
            raise ConnectionError("the engine\nhas ended")
        return 1


def test_an_engine_that_cannot_say_its_size_any_more_has_broken() -> None:
    outcomes = []
    with pytest.raises(LostEngineError, match="ConnectionError: the engine has ended"):
        for outcome in Futures(_Gone(), 1).run(FaultyTask(), [job(index) for index in range(20)]):
            outcomes.append(outcome)
    assert outcomes and {outcome.status for outcome in outcomes} == {"ok"}


class _Odd(_AtOnce):
    """Returns what `answer` makes of each future."""

    def __init__(self, answer: Callable[[concurrent.futures.Future[Any]], object]) -> None:
        super().__init__()
        self.answer = answer

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        return self.answer(super().submit(call, *given, **named))


def _done(value: object) -> concurrent.futures.Future[Any]:
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future.set_result(value)
    return future


_ONE = _done(None)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda future: None, "a new concurrent.futures.Future for each call to submit.*, got None"),
        (lambda future: future.result(), "a new concurrent.futures.Future .*, got Reply"),
        (lambda future: _ONE, "a new concurrent.futures.Future"),
        (lambda future: _done(42), "what the call returns .*, got 42"),
        (lambda future: _done(future.result()._replace(replies=[])), "the reply to its own call"),
    ],
)
def test_an_executor_that_is_none_is_one_sentence(
    answer: Callable[[concurrent.futures.Future[Any]], object], sentence: str
) -> None:
    """Not an error of ours, nor a run without end, nor one that seems to be complete."""
    with pytest.raises(EngineError, match=sentence):
        outcomes_of(_Odd(answer), 20)


def test_a_worker_that_was_told_to_exit_does_not_end_the_caller() -> None:
    pool = _AtOnce(range(1), SystemExit(3))
    assert {outcome.status for outcome in outcomes_of(pool, 20)} == {"ok"}
    with pytest.raises(KeyboardInterrupt):  # Ctrl-C, in an executor that does its calls in this thread
        outcomes_of(_AtOnce(range(1), KeyboardInterrupt()), 20)


class _Silent(_AtOnce):
    """Does not say how many calls it does at a time."""

    parallelism = None  # type: ignore[assignment]  # as if it were not there


def test_who_does_not_say_how_many_calls_at_a_time_is_told_by_workers() -> None:
    with pytest.raises(UsageError, match=r"expected how many calls it does at a time for workers"):
        choose("auto", _Silent())
    assert Futures.make(ExecutorOptions(workers=7, foreign_executor=_Silent())).parallelism == 7
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert Futures.make(ExecutorOptions(foreign_executor=pool)).parallelism == 3


class _LateTask(FaultyTask):
    """Says that it has begun, and waits until it may end."""

    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, job, context):  # type: ignore[no-untyped-def]  # as of Task
        if job.index == 0:
            return super().__call__(job, context)
        self.begun.set()
        self.may_end.wait()
        self.ended.set()
        return super().__call__(job, context)


class _CallsOff(concurrent.futures.Executor):
    """Like Dask's: calls off what goes on, and it goes on all the same."""

    parallelism = 2

    def __init__(self) -> None:
        self._threads = concurrent.futures.ThreadPoolExecutor(2)

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def finish(inner: concurrent.futures.Future[Any]) -> None:
            if not future.cancelled():
                future.set_result(inner.result())

        self._threads.submit(call, *given, **named).add_done_callback(finish)
        return future


@pytest.mark.parametrize("maker", [lambda: concurrent.futures.ThreadPoolExecutor(2), _CallsOff])
def test_closing_waits_for_what_runs(maker: Callable[[], concurrent.futures.Executor]) -> None:
    """Else it would write when the folder is another run's already."""
    task = _LateTask()
    for event in (task.begun, task.may_end, task.ended):
        event.clear()
    executor = Futures(maker(), 1)
    results = executor.run(task, [job(index) for index in range(2)])
    assert next(results).index == 0
    task.begun.wait()
    closer = threading.Thread(target=results.close)  # type: ignore[attr-defined]  # run is a generator
    closer.start()
    assert not task.ended.is_set() and closer.is_alive()
    task.may_end.set()
    closer.join()
    assert task.ended.is_set()
    assert [outcome.index for outcome in executor.late] == [1]


class _AgainTask(FaultyTask):
    """Says whether the job may have been done before."""

    def __call__(self, job, context):  # type: ignore[no-untyped-def]  # as of Task
        return Outcome(job.index, job.source, "ok", changes=(str(context.again),))


def test_each_job_may_have_been_done_before_as_engines_try_again_by_themselves() -> None:
    assert [outcome.changes for outcome in Futures(_AtOnce(), 1).run(_AgainTask(), [job(0)])] == [("True",)]
