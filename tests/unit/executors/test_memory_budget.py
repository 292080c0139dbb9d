"""Is memory given out to those who wait, never more than there is, and never for ever?"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from imgbatch.core.job import Job, Outcome
from imgbatch.executors.processes.memory_budget import ALLOWANCE, Budget, budget_size, memory_size, resident
from imgbatch.executors.processes.pool import Pool
from imgbatch.pipeline.task import TaskContext
from tests.faults.tasks import FaultyTask, job


def always() -> bool:
    return True


def test_a_taker_waits_until_there_is_room() -> None:
    budget = Budget(100)
    assert budget.take(0, 60, always)
    has_room = threading.Event()

    def second() -> None:
        budget.take(1, 60, always)
        has_room.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not has_room.wait(0.1)
    assert budget.give_back(0)
    assert has_room.wait(10)
    thread.join()


def test_one_larger_than_all_runs_alone() -> None:
    budget = Budget(100)
    assert budget.take(0, 1000, always)
    assert not budget.take(1, 1, lambda: False)  # no room beside it, and the one who waits is gone
    budget.give_back(0)
    assert budget.take(1, 1, always)
    assert not budget.take(0, 1000, lambda: False)


def test_asking_again_gives_the_earlier_share_back() -> None:
    budget = Budget(100)
    assert budget.take(0, 90, always)
    assert budget.take(0, 95, lambda: False)  # would wait for ever beside its own share
    assert budget.give_back(0)
    assert not budget.give_back(0)


def test_auto_is_a_share_of_what_there_is() -> None:
    assert 0 < budget_size("auto") < memory_size()
    assert budget_size(12345678) == 12345678


MB = 2**20


def system(root: Path, groups: str | None, limits: dict[str, str]) -> str:
    """A folder that looks like the top of a system: the process's groups, and what some of them allow."""
    (root / "proc/self").mkdir(parents=True)
    if groups is not None:
        (root / "proc/self/cgroup").write_text(groups)
    for path, limit in limits.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{limit}\n")
    return str(root)


@pytest.mark.parametrize(
    ("groups", "limits"),
    [
        ("0::/system.slice/nightly.service\n", {"system.slice/nightly.service/memory.max": str(64 * MB)}),
        ("0::/a.slice/b.scope\n", {"a.slice/memory.max": str(64 * MB), "a.slice/b.scope/memory.max": "max"}),
        ("0::/a/b\n", {"memory.max": str(90 * MB), "a/memory.max": str(64 * MB), "a/b/memory.max": str(80 * MB)}),
        ("0::/\n", {"memory.max": str(64 * MB)}),
        ("0::/../own\n", {"own/memory.max": str(64 * MB)}),
        ("0::/gone (deleted)\n", {"memory.max": str(64 * MB)}),
        (None, {"memory.max": str(64 * MB)}),
        ("5:cpu,cpuacct:/x\n4:memory:/x\n", {"memory/x/memory.limit_in_bytes": str(64 * MB)}),
        ("4:memory:/docker/1f\n0::/docker/1f\n", {"memory/memory.limit_in_bytes": str(64 * MB)}),
        ("rubbish\n\n0::/a:b\n", {"a:b/memory.max": str(64 * MB)}),
    ],
    ids=["unit", "slice", "least", "top", "above", "deleted", "unknown", "older", "older-container", "rubbish"],
)
def test_a_limit_of_any_group_that_the_process_is_in_counts(
    groups: str | None, limits: dict[str, str], tmp_path: Path
) -> None:
    assert memory_size(system(tmp_path, groups, limits)) == 64 * MB


def test_where_no_group_sets_a_limit_the_machine_does(tmp_path: Path) -> None:
    there = memory_size(system(tmp_path / "bare", None, {}))
    assert there > 64 * MB
    others = {"memory.max": "max", "a/memory.max": "what?", "b/memory.max": str(64 * MB)}
    assert memory_size(system(tmp_path / "unlimited", "0::/a\n", others)) == there


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="this system does not tell its memory")
def test_the_machine_s_memory_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"SC_PHYS_PAGES": 3 * 2**20, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", lambda name: numbers[name])
    assert memory_size(system(tmp_path, None, {})) == 12 * 2**30


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_resident_memory_is_read() -> None:
    before = resident(os.getpid())
    more = b"\x01" * (64 * MB)  # of this process alone: no shared memory, no code
    assert 60 * MB < resident(os.getpid()) - before < 80 * MB and len(more) == 64 * MB
    assert resident(2**22 + 1) == 0


@dataclass(frozen=True)
class Greedy(FaultyTask):
    """Asks for 60 MB, and leaves traces of who has it at the same time."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        context.reserve(60_000_000)
        mark_file = Path(self.folder) / f"held-{job.index}"
        mark_file.touch()
        others = [path for path in Path(self.folder).glob("held-*") if path != mark_file]
        outcome = super().__call__(job, context)
        mark_file.unlink()
        return outcome if not others else Outcome(job.index, job.source, "ok", changes=("not alone",))


def crowd(folder: Path, memory: int, fault: str = "sleep:0.02") -> list[Outcome]:
    jobs = [job(index, "kill" if fault == "kill" and index == 4 else "sleep:0.02") for index in range(12)]
    return sorted(Pool(2, 1, memory=memory).run(Greedy(str(folder)), jobs), key=lambda outcome: outcome.index)


def test_workers_share_a_budget(tmp_path: Path) -> None:
    assert ALLOWANCE < 60_000_000
    assert not any(outcome.changes for outcome in crowd(tmp_path, 100_000_000))
    assert any(outcome.changes for outcome in crowd(tmp_path, 1_000_000_000))


def test_a_dead_worker_gives_its_share_back(tmp_path: Path) -> None:
    outcomes = crowd(tmp_path, 100_000_000, "kill")
    assert [outcome.index for outcome in outcomes if outcome.status != "ok"] == [4]
    assert len(outcomes) == 12
