"""What becomes of a chunk when no worker can be had, or when one cannot use its task?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from unittest.mock import Mock

import pytest

from imgbatch.core.errors import EngineError, HostError
from imgbatch.executors.processes import launch
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.processes.run_state import Chunk, RunState
from imgbatch.executors.processes.supervisor import Supervisor
from tests.faults.tasks import FaultyTask, job


def _without_workers(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """A supervisor on a host that starts no process."""
    stand_in: Any = Mock()
    state = RunState(stand_in, stand_in, stand_in, 1, FaultyTask(), b"", None, stand_in)
    supervisor = Supervisor(state, 0)
    monkeypatch.setattr(supervisor, "_ask", Mock(side_effect=HostError("no process may be started here")))
    return supervisor


def test_a_chunk_without_a_worker_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = _without_workers(monkeypatch)
    jobs = [job(0), job(1)]
    assert supervisor.answer(Chunk(jobs)) == []
    assert list(supervisor.state.leftover) == jobs
    assert supervisor.state.has_no_worker
    assert "no process may be started here" in str(supervisor.state.host_error)


def test_a_second_chance_without_a_worker_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = _without_workers(monkeypatch)
    [outcome] = supervisor.answer(Chunk([job(0)], last=True))
    assert outcome.status == "crashed"
    assert outcome.error is not None
    assert outcome.error.message == (
        "the worker was killed, and no other can be started (no process may be started here)"
    )
    assert not supervisor.state.leftover


@pytest.mark.parametrize("why", ["nobody has a worker", "the run stops"])
def test_a_process_that_is_refused_is_not_waited_for(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = _without_workers(monkeypatch).state
    state.stopping = why == "the run stops"
    state.without_worker.extend([0] if why == "nobody has a worker" else [])
    monkeypatch.setattr(launch, "_start", Mock(side_effect=BlockingIOError("no more processes")))
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waited"))
    with pytest.raises(HostError, match="the system gives no process: no more processes"):
        launch.start_worker(state, 0)


@dataclass(frozen=True)
class _FileTask(FaultyTask):
    """Needs a file that is not there, whose name is no text."""

    def open(self) -> None:
        raise OSError("there is no palette\udcff.act")


def test_what_a_worker_lacks_is_told_whatever_its_name() -> None:
    with pytest.raises(EngineError, match="there is no palette.*act"):
        list(Pool(1, 1).run(_FileTask(), [job(0)]))
