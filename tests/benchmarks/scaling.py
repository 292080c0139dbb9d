"""Does a file cost the same in a folder of 3,000 as in one of 30?

``python -m tests.benchmarks.scaling [--files 30,300,3000] [--rounds 3] [--data DIR] [--work DIR]``: seconds of whole
processes (median), and milliseconds of each further file: (seconds of this folder - of the one before) / their files.
The first figure of the last column is what start-up and 30 files cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.data import COUNT, Sets
from tests.benchmarks.measure import clear, run
from tests.benchmarks.tables import align


def copies(source: Path, folder: Path, count: int) -> Path:
    """`count` files: hard links to the pictures of `source`, in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(source.iterdir())
    for number in range(count):
        place = folder / f"{number:06}{files[0].suffix}"
        if not place.exists():
            os.link(files[number % len(files)], place)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scaling", description=__doc__)
    parser.add_argument("--files", default="30,300,3000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    words = parser.parse_args()
    work = words.work.resolve()
    small = Sets(work, words.data, photos=COUNT).folder("small")
    counts = sorted(int(word) for word in words.files.split(","))
    folders = {count: copies(small, work / f"copies-{count}-{small.name}", count) for count in counts}
    times: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(words.rounds):
        for count, folder in folders.items():
            command = [sys.executable, "-m", "imgbatch", "run", ".", "-o", str(work / "out"), "--resize", "256", "-Q"]
            times[count].append(run(command, work / "out", folder, dict(os.environ)).seconds)
    clear(work / "out")
    rows = [("files", "seconds", "ms a file", "ms a further file")]
    before, until = 0, 0.0
    for count in counts:
        spent = statistics.median(times[count])
        further = (spent - until) / (count - before) * 1000 if count > before else 0.0
        rows.append((str(count), f"{spent:.2f}", f"{spent / count * 1000:.2f}", f"{further:.2f}"))
        before, until = count, spent
    print("small JPEGs fitted into 256 px", *align(rows), sep="\n")


if __name__ == "__main__":
    main()
