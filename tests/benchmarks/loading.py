"""Arrays: how long does a folder take to become one array, beside a Pool that sends pickled arrays back?

``python -m tests.benchmarks.loading [--count 120] [--size 256] [--rounds 5] [--data DIR]``: whole processes,
interleaved, medians. Every contender ends with the array complete in its own process. The peers come twice: as one
writes them, and with ``draft``, so that a JPEG is decoded at the smallest scale that leaves twice the size.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.case import ENGINES
from tests.benchmarks.data import REPO, Sets

#: The contenders, and how engines/as_array.py names their ways.
CONTENDERS = {
    "imgbatch": "imgbatch", "Pillow Pool": "pool", "Pillow Pool, draft": "pool-draft",
    "Pillow loop": "loop", "Pillow loop, draft": "loop-draft",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    words = parser.parse_args()
    folder = Sets(words.work.resolve(), words.data, photos=words.count).folder("photos")
    times: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
    for number in range(words.rounds + 1):
        for contender, way in CONTENDERS.items():
            script = [sys.executable, str(ENGINES / "as_array.py")]
            began = time.perf_counter()
            subprocess.run(
                [*script, way, folder, str(words.size), str(words.workers)],
                check=True,
                cwd=REPO,
                stdout=subprocess.DEVNULL,
            )
            if number:  # the first round warms the disk
                times[contender].append(time.perf_counter() - began)
    ours = statistics.median(times["imgbatch"])
    print(f"{words.count} photos at {words.size}x{words.size}, {words.workers} workers, {words.rounds} rounds")
    for contender, spent in times.items():
        middle = statistics.median(spent)
        print(f"  {contender:18} {middle:7.2f} s  ({min(spent):.2f}-{max(spent):.2f})  {middle / ours:.2f}x imgbatch's")


if __name__ == "__main__":
    main()
