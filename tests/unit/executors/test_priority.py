"""Do workers make way when their parent does, although the forkserver was there first?"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from imgbatch.core.job import Job, Outcome
from imgbatch.pipeline.task import Task, TaskContext

CODE = """
from imgbatch.executors import priority
from imgbatch.executors.processes.pool import Pool
from imgbatch.executors.processes.start_method import warm
from tests.faults.tasks import job
from tests.unit.executors.test_priority import Telling
warm(numbers=False)
if {low}:
    priority.lower()
(outcome,) = Pool(1).run(Telling(), [job(0)])
print(outcome.ms["nice"])
"""


@dataclass(frozen=True)
class Telling(Task):
    """A task whose outcome says how nice its worker is."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        return Outcome(job.index, job.source, "ok", ms={"nice": os.getpriority(os.PRIO_PROCESS, 0)})


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has no priorities")
@pytest.mark.parametrize("low", [True, False])
def test_workers_follow_their_parent(low: bool) -> None:
    process = subprocess.run(
        [sys.executable, "-c", CODE.format(low=low)], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert process.stdout.strip() == str(max(10, before) if low else before), process.stderr
