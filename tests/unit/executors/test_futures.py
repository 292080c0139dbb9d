"""When does an executor of the caller's count as broken, and when is a run with it only at its end?"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

import pytest

from imgbatch.core.errors import EngineError
from imgbatch.executors.futures import Futures
from tests.faults.tasks import FaultyTask, job


class _OneFailure(concurrent.futures.Executor):
    """Does everything at once, and takes more work after the one that it fails."""

    def __init__(self, failure: int) -> None:
        self.failure, self.calls = failure, 0

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        if self.calls == self.failure:
            future.set_exception(OSError("the machine is gone"))
        else:
            future.set_result(call(*given, **named))
        self.calls += 1
        return future


def test_a_future_that_fails_is_told_also_where_the_executor_goes_on() -> None:
    pool = _OneFailure(1)
    outcomes = []
    with pytest.raises(EngineError, match="the executor broke.*OSError: the machine is gone"):
        for outcome in Futures(pool, 1).run(FaultyTask(), [job(index) for index in range(2000)]):
            outcomes.append(outcome)
    assert [outcome.index for outcome in outcomes if outcome.status == "crashed"] == [1]
    assert len(outcomes) == pool.calls < 2000


def test_a_future_that_fails_last_leaves_nothing_untried() -> None:
    outcomes = list(Futures(_OneFailure(1), 1).run(FaultyTask(), [job(index) for index in range(2)]))
    assert sorted(outcome.status for outcome in outcomes) == ["crashed", "ok"]


def test_a_run_that_was_told_to_stop_has_not_broken() -> None:
    executor = Futures(_OneFailure(-1), 1)
    outcomes = []
    for outcome in executor.run(FaultyTask(), [job(index) for index in range(2000)]):
        executor.stop()
        outcomes.append(outcome)
    assert 0 < len(outcomes) < 2000
