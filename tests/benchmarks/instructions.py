"""How many instructions does a file cost? Counted by valgrind, for a run with a single worker: no clock, so no noise.

``python -m tests.benchmarks.instructions [--files 500] [--work DIR]``: the same run over so many and over twice as many
tiny PNGs; the difference, divided by the files, is what one file costs, in the command's own process and in all others.
What is left is start-up. valgrind: ``apt-get install valgrind``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.data import tiny
from tests.benchmarks.measure import clear, run
from tests.benchmarks.tables import align

_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)
_PATIENCE = 10.0  # s for the last process to write its file
_TRIES = 5


def count_instructions(folder: Path, work: Path) -> tuple[int, int]:
    """The instructions of one run over `folder`: of its first process, and of all others.

    A worker is killed that takes long to end, and on a busy machine its count with it; then the run is repeated.
    """
    for _ in range(_TRIES):
        totals = _count(folder, work)
        if None not in totals:
            first, *others = map(int, filter(None, totals))
            return first, sum(others)
    raise SystemExit(f"in {_TRIES} runs not every process ended in time; try again when the machine is less busy")


def _count(folder: Path, work: Path) -> list[int | None]:
    """The instructions of each process of one run, the first one's first."""
    logs = work / "callgrind"
    clear(logs)
    logs.mkdir(parents=True)
    command = [
        "valgrind", "-q", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={logs}/%p",
        sys.executable, "-m", "imgbatch", "run", ".", "-o", str(work / "out"), "--resize", "32", "-Q", "-j1",
        "--chunksize", "32",  # as many as a run takes that is not slowed down by being counted
    ]  # fmt: skip
    run(command, work / "out", folder, {**os.environ, "PYTHONHASHSEED": "0"})
    return [read_total(path) for path in sorted(logs.iterdir(), key=lambda path: int(path.name))]


def read_total(path: Path) -> int | None:
    """The instructions of one process, once it has ended and written its file; None: it was killed before."""
    end = time.monotonic() + _PATIENCE
    while (match := _TOTAL.search(path.read_text(errors="replace"))) is None:
        if time.monotonic() > end:
            return None
        time.sleep(0.1)
    return int(match[1])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.instructions", description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    words = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not on PATH; apt-get install valgrind")
    work = words.work.resolve()
    few, many = (
        count_instructions(tiny(work / f"tiny-{count}", count), work) for count in (words.files, 2 * words.files)
    )
    clear(work / "out")
    rows = [("thousands of instructions", "a file", "start-up")]
    for name, less, more in zip(("the command", "all others"), few, many, strict=True):
        file = (more - less) / words.files
        rows.append((name, f"{file / 1000:.0f}", f"{(less - words.files * file) / 1000:.0f}"))
    print(f"instructions of each further tiny PNG, {words.files} and {2 * words.files} files", *align(rows), sep="\n")


if __name__ == "__main__":
    main()
