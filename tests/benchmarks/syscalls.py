"""How many system calls does a file cost? Counted by strace, for a run without progress and a single worker.

``python -m tests.benchmarks.syscalls [--files 200] [--work DIR]``: the same run over so many and over twice
as many tiny PNGs; the difference, divided by the files, is what one file costs, start-up left out. All processes are
counted. strace: ``apt-get install strace``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks.data import tiny
from tests.benchmarks.measure import clear, run
from tests.benchmarks.tables import align


def count_calls(folder: Path, work: Path) -> Counter[str]:
    """The system calls of one run over `folder`, by name."""
    log = work / "strace.txt"
    command = [
        "strace", "-f", "-c", "-S", "calls", "-o", str(log),
        sys.executable, "-m", "imgbatch", "run", ".", "-o", str(work / "out"), "--resize", "32", "-Q", "-j1",
    ]  # fmt: skip
    run(command, work / "out", folder, dict(os.environ))
    return parse_table(log.read_text())


def parse_table(text: str) -> Counter[str]:
    """The table of ``strace -c``: time, seconds, usecs/call, calls, errors (may be empty), name."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        words = line.split()
        if len(words) in (5, 6) and words[3].isdecimal() and words[-1] != "total":
            found[words[-1]] += int(words[3])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.syscalls", description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    words = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is not on PATH; apt-get install strace")
    work = words.work.resolve()
    few, many = (count_calls(tiny(work / f"tiny-{count}", count), work) for count in (words.files, 2 * words.files))
    clear(work / "out")
    rest = {name: (many[name] - few[name]) / words.files for name in many}
    rows = [("call", "a file"), *((name, f"{calls:.2f}") for name, calls in sorted(
        rest.items(), key=lambda item: -item[1]) if calls >= 0.05)]  # fmt: skip
    rows.append(("all", f"{sum(rest.values()):.2f}"))
    print(f"system calls of each further tiny PNG, {words.files} and {2 * words.files} files", *align(rows), sep="\n")


if __name__ == "__main__":
    main()
