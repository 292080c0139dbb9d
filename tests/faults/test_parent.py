"""What becomes of the workers when the parent is killed, or does not run for a while?"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PROGRAM = """
{first}
import threading
from imgbatch.pixels.exact_sums import Layout, Totals
from imgbatch.executors.processes.pool import Pool
from tests.faults.tasks import FaultyTask, job

if __name__ == "__main__":
    with Totals(Layout(3)) as totals:
        pool = Pool(2, 1, timeout={timeout}, sums=totals)
        outcomes = []
        jobs = [job(0, {fault!r}), job(1, {fault!r})]
        runner = threading.Thread(target=lambda: outcomes.extend(pool.run(FaultyTask(), jobs)))
        runner.start()
        while not pool.supervisors or any(w.state.table.in_hand(w.row)[:2] != (0, "ops") for w in pool.supervisors):
            runner.join(0.01)
        print(*(supervisor.pid for supervisor in pool.supervisors), flush=True)
        runner.join()
        print(*(outcome.status for outcome in outcomes), flush=True)
"""


#: As in a command, whose forkserver and tracker are forked from it (see imgbatch.executors.processes.fork_server).
FORK_SCRIPT = """
if __name__ == "__main__":
    from imgbatch.executors.processes.start_method import warm
    warm(numbers=True, alone=True)
"""


@contextmanager
def at_work(
    folder: Path, fault: str, timeout: float | None, first: str = ""
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A program in a session of its own whose two workers have a job in hand, and their process numbers."""
    script = folder / "program.py"
    script.write_text(PROGRAM.format(fault=fault, timeout=timeout, first=first))
    with subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(REPO)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        workers = [int(word) for word in program.stdout.readline().split()]
        try:
            assert len(workers) == 2
            yield program, workers
        finally:
            for group in (program.pid,):
                try:
                    os.killpg(group, signal.SIGKILL)
                except ProcessLookupError:
                    program.poll()  # all of it has gone already, as it should


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux: waits for processes that are no children")
@pytest.mark.parametrize("first", ["", FORK_SCRIPT], ids=["started", "forked"])
@pytest.mark.parametrize("fault", ["loop", "loop_c"])
def test_workers_and_segments_go_with_a_parent_that_was_killed(tmp_path: Path, fault: str, first: str) -> None:
    with at_work(tmp_path, fault, None, first) as (program, workers):
        ends = [os.pidfd_open(pid) for pid in workers]
        program.kill()
        for end in ends:
            assert select.select([end], [], [], 30)[0], "a worker outlives its parent"
            os.close(end)
        _, said = program.communicate()  # ends when nobody holds the pipe: the forkserver and the tracker are gone too
    assert said == ""
    assert not [name for name in os.listdir("/dev/shm") if name.startswith(f"imgbatch-{program.pid}-")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
def test_time_in_which_nobody_ran_is_nobody_s(tmp_path: Path) -> None:
    """Ctrl-Z, a closed lid: two seconds asleep are not a job's, whose limit is a second and a half."""
    with at_work(tmp_path, "steps", 1.5) as (program, _):
        os.killpg(program.pid, signal.SIGSTOP)
        time.sleep(2)  # what is tested is time itself
        os.killpg(program.pid, signal.SIGCONT)
        shown, said = program.communicate()
    assert (shown, said) == ("ok ok\n", "")
