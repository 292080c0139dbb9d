"""What do shards and their merge cost? ``python -m tests.benchmarks.shards [COUNT [N [ROUNDS]]]``

COUNT (2,000) JPEGs of 640x480 px become 256x256: by one run, and by N (8) shards, one after the other, and a merge.
Processor time (without worker processes, so that one process has all of it), medians of ROUNDS (3). What shards cost
beyond one run: each starts as every command does, finds the files of the others and plans their names, and writes its
record; and then there is the merge.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = str(Path(__file__).parents[2])
MAKE = ("--resize", "256x256,fit=cover", "-j", "0", "-Q")


def make_files(folder: Path, count: int) -> None:
    """So many pictures, which are one file of many names."""
    picture = Image.effect_noise((640, 480), 40).convert("RGB")
    (folder / "one").mkdir()
    picture.save(folder / "one" / "picture.jpg", quality=85)
    for number in range(count):
        place = folder / "in" / f"{number // 1000:03}" / f"{number:06}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(folder / "one" / "picture.jpg", place)


def seconds(folder: Path, *words: str) -> float:
    """Processor time of a command and all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "imgbatch", *words], cwd=folder, check=True, env={"PYTHONPATH": ROOT, "PATH": "/usr/bin"}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_round(folder: Path, count: int) -> tuple[float, float, float, float]:
    """Seconds of one run, of a run of one file, of all shards, and of the merge."""
    one = seconds(folder, "run", "in", "-o", "out", *MAKE)
    start = seconds(folder, "run", "one", "-o", "start", *MAKE)
    shards = [seconds(folder, "run", "in", "-o", "parts", *MAKE, "--shard", f"{n}/{count}") for n in range(count)]
    merge = seconds(folder, "merge", "parts", "--report", "r.json", "-Q")
    for name in ("out", "start", "parts"):
        shutil.rmtree(folder / name)
    return one, start, sum(shards), merge


def main(files: int, count: int, round_count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        make_files(Path(name), files)
        rounds = [one_round(Path(name), count) for _ in range(round_count)]
    one, start, shards, merge = (statistics.median(column) for column in zip(*rounds, strict=True))
    more = statistics.median(row[2] + row[3] - row[0] for row in rounds)
    print(f"one run of {files} files: {one:.2f} s of processor time, {one * 1000 / files:.2f} ms a file")
    print(f"{count} shards: {shards:.2f} s; a start, as every command has one: {start:.2f} s")
    print(f"merge: {merge:.2f} s")
    print(f"shards and merge beyond one run: {more:.2f} s, {more / one:.1%}, of it {count - 1} starts")


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("2000", "8", "3")[len(sys.argv) - 1 :])))
