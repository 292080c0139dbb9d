"""How long does a folder take to become one array, beside a Pool that sends pickled arrays back?

``python -m tests.benchmarks.loading [--count 120] [--size 256] [--rounds 5] [--data DIR]``: whole processes,
interleaved, medians. Every contender ends with the array complete in its own process. The peers come twice: as one
writes them, and with ``draft``, so that a JPEG is decoded at the smallest scale that leaves twice the size.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.data import REPO, Sets

CONTENDERS = ("imgbatch", "Pool.map", "Pool.map, draft", "Pillow loop", "Pillow loop, draft")


def one(path: Path, size: int, draft: bool) -> Any:
    """One picture as an array, as one would write it."""
    import numpy
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        if draft:
            image.draft("RGB", (2 * size, 2 * size))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return numpy.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS))


def carried_out(contender: str, folder: Path, size: int, workers: int) -> float:
    """The mean of the array that the contender made: proof that it is there."""
    if contender == "imgbatch":
        import imgbatch as ib

        with ib.load(folder, ib.Resize(f"{size}x{size}", fit="cover"), workers=workers) as batch:
            assert batch.valid.all(), batch.failed
            return float(batch.images.mean())
    import numpy

    task = functools.partial(one, size=size, draft=contender.endswith("draft"))
    paths = sorted(folder.iterdir())
    if contender.startswith("Pool"):
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return float(numpy.stack(pool.map(task, paths)).mean())
    return float(numpy.stack([task(path) for path in paths]).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "imgbatch-benchmarks")
    parser.add_argument("--folder", type=Path, help="pictures that are there already, instead of photographs")
    parser.add_argument("--only", choices=CONTENDERS, help="one contender, once; prints the mean of its array")
    words = parser.parse_args()
    folder = words.folder or Sets(words.work, words.data, photos=words.count).folder("photos")
    if words.only:
        print(carried_out(words.only, folder, words.size, words.workers))
        return
    times: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
    for number in range(words.rounds + 1):
        for contender in CONTENDERS:
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.loading", *sys.argv[1:], "--only", contender],
                check=True, cwd=REPO, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            if number:  # the first round warms the disk
                times[contender].append(time.perf_counter() - began)
    ours = statistics.median(times["imgbatch"])
    print(f"{words.count} photos at {words.size}x{words.size}, {words.workers} workers, {words.rounds} rounds")
    for contender, spent in times.items():
        middle = statistics.median(spent)
        print(f"  {contender:19} {middle:7.2f} s  ({min(spent):.2f}-{max(spent):.2f})  {middle / ours:.2f}x imgbatch's")


if __name__ == "__main__":
    main()
