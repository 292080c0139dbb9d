"""One thread: what do workers find in their surroundings, and how many threads has numpy's algebra there?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from imgbatch.executors import one_thread

REPO = Path(__file__).parents[3]
SCRIPT = """
import os, sys
import imgbatch as ib
from imgbatch.executors.one_thread import VARIABLES

class Look(ib.Operation):
    word = "look_example"

    def apply(self, image):
        import numpy
        numpy.ones((400, 400), numpy.float32) @ numpy.ones((400, 400), numpy.float32)
        threads = len(os.listdir("/proc/self/task"))
        with open(sys.argv[3], "a") as file:
            print(threads, *(os.environ.get(name, "-") for name in VARIABLES), file=file)
        return image

if __name__ == "__main__":
    report = ib.run(sys.argv[1], sys.argv[2], ib.Recipe([Look(), ib.Resize("600")]), workers=int(sys.argv[4]))
    assert not report.failed, report.failed
"""


def look(tmp_path: Path, workers: int, **more: str) -> list[list[str]]:
    """Threads and variables of the process that does the work, for each picture."""
    script, found = tmp_path / "look.py", tmp_path / "found"
    script.write_text(SCRIPT)
    words = [str(REPO / "sample_images" / "travel"), str(tmp_path / "out"), str(found), str(workers)]
    plain = {name: word for name, word in os.environ.items() if name not in one_thread.VARIABLES}
    surroundings = {**plain, "PYTHONPATH": str(REPO), **more}
    done = subprocess.run([sys.executable, str(script), *words], env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in found.read_text().splitlines()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_a_worker_has_one_thread_of_numpys(tmp_path: Path) -> None:
    lines = look(tmp_path, 2)
    assert lines
    assert {tuple(variables) for _, *variables in lines} == {("1",) * len(one_thread.VARIABLES)}
    assert {int(threads) for threads, *_ in lines} <= {1, 2}  # its own, and the one that waits for its parent's end


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_what_the_caller_has_set_stays(tmp_path: Path) -> None:
    assert {tuple(line[1:]) for line in look(tmp_path, 2, OPENBLAS_NUM_THREADS="3")} == {("3", "1", "1", "1")}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
@pytest.mark.parametrize("word", ["-", "2"])
def test_nothing_is_set_in_a_program_that_does_the_work_itself(tmp_path: Path, word: str) -> None:
    more = {} if word == "-" else {"OPENBLAS_NUM_THREADS": word}
    assert {tuple(line[1:]) for line in look(tmp_path, 0, **more)} == {(word, "-", "-", "-")}
