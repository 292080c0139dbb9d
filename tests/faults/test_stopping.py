"""What if a run is stopped while it is being stopped? Signals come at any moment, also to who stops or closes it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from imgbatch.executors.pool import Pool
from imgbatch.job import Outcome
from tests.faults.works import FaultyWork, job
from tests.held import held


@pytest.fixture(autouse=True)
def _no_segment_left() -> Iterator[None]:
    yield
    assert not held()


def interrupted(call: Callable[[], object], handler: Callable[[], object]) -> None:
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
        results = pool.run(FaultyWork(), [job(index) for index in range(200)])
        seen.append(next(results))
        interrupted(pool.stop, getattr(pool, again))
        seen.extend(results)

    ends(run)
    assert 1 <= len(seen) < 200
