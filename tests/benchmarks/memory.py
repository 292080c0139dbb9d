"""How much memory does the command hold over many files? ``python -m tests.benchmarks.memory [COUNT ...]``

COUNT (1,000 and 5,000): so many tiny PNGs, hard links of few, 1,000 in a folder. A run, the same again (nothing to do),
check and stats, each a process of its own: the most memory that the command itself held (VmHWM, which counts the shared
libraries), processor time of the whole tree and seconds a file, and when the first outcome of check came, from the
start of the process. The promise: 80 MB and 120 bytes a file. ``--work DIR``: where the files are made, and stay.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

from tests.benchmarks.measure import clear, run
from tests.benchmarks.tables import align

IN_FOLDER = 1_000
LINKS = 30_000  # of one file; ext4 takes 65,000
BASE, A_FILE = 80_000_000, 120  # bytes: what is promised
COMMANDS = {
    "run": ["run", ".", "-o", "{out}", "--resize", "32"],
    "no-op": ["run", ".", "-o", "{out}", "--resize", "32"],
    "check": ["check", "."],
    "stats": ["stats", "."],
}
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class HighWater:
    """The most memory that one process held; bytes."""

    peak = 0

    def until(self, process: int, ended: threading.Event) -> None:
        """Look at it every 50 ms; the mark only rises."""
        while not ended.wait(0.05):
            try:
                match = _HIGH_WATER.search(Path(f"/proc/{process}/status").read_text())
            except OSError:
                return
            self.peak = max(self.peak, 1024 * int(match[1]) if match else 0)


def make_files(folder: Path, count: int) -> Path:
    """`count` PNGs of 8 x 8 px."""
    complete = folder.with_name(f"{folder.name}-complete")
    if complete.exists():
        return folder
    clear(folder)
    original = None
    for number in range(count):
        place = folder / f"{number // IN_FOLDER:05}"
        path = place / f"picture-{number:07}.png"
        if number % IN_FOLDER == 0:
            place.mkdir(parents=True)
        if original is None or number % LINKS == 0:
            Image.new("RGB", (8, 8), (number % 256, 0, 255)).save(path)
            original = path
        else:
            os.link(original, path)
    complete.touch()
    return folder


def first_outcome(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds from the start of the process to its first line of ``--json``; then it is stopped."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*command, "--json"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.perf_counter() - began
        process.terminate()
        process.stdout.read()
    return seconds


def rows(count: int, work: Path, jobs: str) -> list[tuple[str, ...]]:
    """The lines of the table for so many files."""
    folder, out = make_files(work / f"tiny-links-{count}", count), work / "out-memory"
    clear(out)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    lines: list[tuple[str, ...]] = []
    for name, words in COMMANDS.items():
        parts = [word.format(out=out) for word in words]
        command = [sys.executable, "-m", "imgbatch", *parts, "-j", jobs, "-Q"]
        mark = HighWater()
        target = out if name == "run" else work / "none"
        result = run(command, target, folder, environment, mark)  # type: ignore[arg-type]  # it watches as a Watch does
        first = f"{first_outcome(command, folder, environment):.2f}" if name == "check" else ""
        within = "yes" if mark.peak <= BASE + A_FILE * count else "no"
        lines.append(
            (
                f"{count:,}", name, f"{mark.peak / 1e6:.0f}", within, f"{result.processor / count * 1000:.3f}",
                f"{result.seconds / count * 1000:.3f}", first,
            )
        )  # fmt: skip
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("counts", metavar="COUNT", type=int, nargs="*", default=[1_000, 5_000])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    parser.add_argument("--jobs", default="2")
    words = parser.parse_args()
    work = words.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    table: list[tuple[str, ...]] = [("files", "command", "MB", "promise", "CPU ms a file", "wall ms a file", "first s")]
    for count in words.counts:
        table += rows(count, work, words.jobs)
    clear(work / "out-memory")
    print(*align(table), sep="\n")


if __name__ == "__main__":
    main()
