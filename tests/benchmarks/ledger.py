"""What does the ledger cost, and a run without work? ``python -m tests.benchmarks.ledger [COUNT]``

COUNT (100,000) tiny files: what the ledger adds to each file of a first run (records and transactions), then whole
runs of the command that have nothing to do, with the most memory that each held.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Outcome, Source, Written
from imgbatch.ledger.ledger import Ledger

ROUNDS = 3


def recording_cost(folder: Path, count: int) -> float:
    """Milliseconds per file that recording costs."""
    outcomes = []
    for number in range(count):
        source = Source(f"/photos/{number:06}.png", "/photos", f"{number:06}.png", 70, number)
        written = Written(
            0, f"{folder}/{number:06}.png", "png", 1, 1, 70, mtime_ns=number, hash="0" * 32, source_format="png"
        )
        outcomes.append(Outcome(number, source, "ok", outputs=(written,), source_hash="0" * 32))
    ledger = Ledger(str(folder))
    began = time.perf_counter()
    ledger.begin(["0" * 16])
    for outcome in outcomes:
        ledger.record(outcome)
    ledger.close()
    return (time.perf_counter() - began) * 1000 / count


def make_files(folder: Path, count: int) -> None:
    """So many files of one pixel, and a first run that copies them."""
    (folder / "in").mkdir()
    Image.new("L", (1, 1)).save(folder / "one.png")
    data = (folder / "one.png").read_bytes()
    for number in range(count):
        if number % 1000 == 0:
            place = folder / "in" / f"{number // 1000:03}"
            place.mkdir()
        (place / f"{number:06}.png").write_bytes(data)
    report = ib.run([folder / "in"], folder / "out", workers=2)
    assert report.counts["ok"] == count, report.sentence()
    print(f"first run: {report.seconds:.1f} s, {report.seconds * 1000 / count:.3f} ms a file")


def without_work(folder: Path) -> tuple[float, float]:
    """Seconds, and MB at the most, of a run of the command that has nothing to do."""
    began = time.perf_counter()
    words = [sys.executable, "-m", "imgbatch", "run", "in", "-o", "out", "-j", "2", "-Q"]
    root = str(Path(__file__).parents[2])
    subprocess.run(words, cwd=folder, check=True, env={"PYTHONPATH": root, "PATH": "/usr/bin"})
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        print(f"ledger: {recording_cost(Path(name) / 'recorded', count):.4f} ms a file ({count} files)")
        make_files(Path(name), count)
        for _ in range(ROUNDS):
            seconds, megabytes = without_work(Path(name))
            print(f"without work: {seconds:.2f} s, {megabytes:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
