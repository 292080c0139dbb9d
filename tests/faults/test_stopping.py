"""What if a run is stopped while it is being stopped? Signals come at any moment, also to who stops or closes it."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType, SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest

from imgbatch.core.errors import EngineError, HostWarning
from imgbatch.core.job import Outcome
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.processes.run_state import RunState
from imgbatch.executors.processes.window import ChunkWindow
from imgbatch.pixels.exact_sums import Layout, Totals
from tests.faults.tasks import FaultyTask, job
from tests.segments import own_segments


@pytest.fixture(autouse=True)
def _check_segments() -> Iterator[None]:
    yield
    assert not own_segments()


def interrupt(call: Callable[[], object], handler: Callable[[], object]) -> None:
    """`call` with `handler` called before each of its lines, and of all that it calls: where signal handlers run."""

    def trace(frame: FrameType, event: str, value: Any) -> Any:
        handler()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)


def ends(run: Callable[[], object]) -> None:
    """Do `run` in a thread; fails when that hangs, or raises."""
    raised: list[BaseException] = []

    def tried() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            raised.append(error)

    thread = threading.Thread(target=tried, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it hangs"
    for error in raised:
        raise error


@pytest.mark.parametrize("again", ["stop", "abort"])
def test_a_signal_in_the_middle_of_a_stop_does_not_hang_the_run(again: str) -> None:
    pool = Pool(2, 1)
    seen: list[Outcome] = []

    def run() -> None:
        results = pool.run(FaultyTask(), [job(index) for index in range(200)])
        seen.append(next(results))
        interrupt(pool.stop, getattr(pool, again))
        seen.extend(results)

    ends(run)
    assert 1 <= len(seen) < 200


@pytest.mark.parametrize("signal", ["stop", "abort"])
def test_a_signal_at_any_moment_of_the_end_is_borne(signal: str) -> None:
    """Also when the shared memory has been released, but the run is not forgotten yet."""
    pool = Pool(2, 1)

    def run() -> None:
        results = pool.run(FaultyTask(), [job(index) for index in range(200)])
        next(results)
        interrupt(results.close, getattr(pool, signal))  # type: ignore[attr-defined]  # run is a generator

    ends(run)


def test_a_run_that_cannot_start_its_threads_leaves_no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(count: int) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("imgbatch.executors.processes.window.ThreadPool", refused)
    with Totals(Layout(3)) as totals:
        before = own_segments()
        pool = Pool(2, sums=totals)
        with pytest.warns(HostWarning, match="give no more threads"):
            assert [outcome.status for outcome in pool.run(FaultyTask(), [job(0)])] == ["ok"]
        assert own_segments() == before
        pool.stop()


class SlowWindow(ChunkWindow):
    """Has three replies to give, of which the first takes all the time that there is."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._state = cast(RunState, SimpleNamespace(owner=os.getpid()))
        self._in_flight, self._ready = 3, deque()

    def _take(self, timeout: float | None = None) -> list[Outcome]:
        assert timeout is not None
        self.times.append(timeout)
        end = time.monotonic() + timeout
        while time.monotonic() <= end:
            pass
        self._in_flight -= 1
        return []


def test_a_closed_run_waits_once_for_all_files_in_hand() -> None:
    run = SlowWindow()
    run.drain(0.01)
    first, *later = run.times
    assert 0 < first <= 0.01 and later == [0, 0]


class StuckRun(SlowWindow):
    """Has one reply, and one that never comes."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error, self.worker = error, Mock()
        self._all = [self.worker]
        self._in_flight, self._ready = 2, deque([Outcome(0, job(0).source, "ok")])

    def _take(self, timeout: float | None = None) -> list[Outcome]:
        if self._in_flight == 1:
            raise self.error
        self._in_flight -= 1
        return [Outcome(1, job(1).source, "ok")]


@pytest.mark.parametrize("error", [multiprocessing.TimeoutError(), EngineError("no worker")])
def test_a_file_that_is_in_hand_too_long_ends_with_its_worker(error: BaseException) -> None:
    run = StuckRun(error)
    assert [outcome.index for outcome in run.drain(0.0)] == [0, 1]
    assert run._state.aborting
    run.worker.kill.assert_called_once_with()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("ended", ["close", "stop", "abort"])
def test_a_forked_copy_of_the_caller_leaves_the_run_to_it(ended: str) -> None:
    """As when a host forks in the middle of a run, and its child ends with sys.exit."""
    pool = Pool(2, 4)

    def run() -> None:
        results = pool.run(FaultyTask(), [job(index) for index in range(200)])
        seen = [next(results)]
        child = os.fork()
        if not child:
            if ended == "close":
                results.close()  # type: ignore[attr-defined]  # run is a generator
            else:
                getattr(pool, ended)()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        seen.extend(results)
        assert len(seen) == 200

    ends(run)
