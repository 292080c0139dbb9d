"""How long does the folder take, beside what one would write by hand?

``python -m tests.benchmarks [--rounds 5] [--data DIR] [--work DIR]``: whole processes, interleaved, medians and ratios.
Workloads: W1 fit 1600 px, W2 256 px, W8 tiny PNGs, W9 start-up. Peers: a Pillow loop, and a Pillow Pool.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.data import REPO, photos, tiny

Command = list[str]


def commands(source: Path, target: Path, size: int) -> dict[str, Command]:
    """The contenders for one workload."""
    workers = str(len(os.sched_getaffinity(0)))
    peer = [sys.executable, "-m", "tests.benchmarks.peers"]
    return {
        "imgbatch": [
            sys.executable, "-m", "imgbatch", "run", str(source), "-o", str(target), "--resize", str(size), "-Q",
        ],
        "Pillow Pool": [*peer, workers, str(size), str(source), str(target)],
        "Pillow loop": [*peer, "0", str(size), str(source), str(target)],
    }  # fmt: skip


def seconds(command: Command, target: Path) -> float:
    """One run into an empty folder, wall clock of the whole process."""
    shutil.rmtree(target, ignore_errors=True)
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=REPO, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def compare(name: str, contenders: dict[str, Command], target: Path, rounds: int) -> None:
    """Interleaved rounds after one warm-up; a line per contender."""
    times: dict[str, list[float]] = {peer: [] for peer in contenders}
    for number in range(rounds + 1):
        for peer, command in contenders.items():
            spent = seconds(command, target)
            if number:
                times[peer].append(spent)
    ours = statistics.median(times["imgbatch"])
    print(name)
    for peer, runs in times.items():
        middle = statistics.median(runs)
        print(f"  {peer:12} {middle:7.2f} s  ({min(runs):.2f}-{max(runs):.2f})  imgbatch/peer {ours / middle:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    parser.add_argument("--tiny", type=int, default=5000)
    words = parser.parse_args()
    many, small = photos(words.work / "photos", words.data), tiny(words.work / f"tiny-{words.tiny}", words.tiny)
    target = words.work / "out"
    compare("W1 fit 1600 px, 60 photos", commands(many, target, 1600), target, words.rounds)
    compare("W2 256 px, 60 photos", commands(many, target, 256), target, words.rounds)
    compare(f"W8 32 px, {words.tiny} tiny PNGs", commands(small, target, 32), target, words.rounds)
    starts = {
        "imgbatch": [sys.executable, "-m", "imgbatch", "--help"],
        "bare Python": [sys.executable, "-c", "pass"],
    }
    compare("W9 start-up: --help", starts, target, words.rounds)


if __name__ == "__main__":
    main()
