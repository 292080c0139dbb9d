"""What would a user write by hand? The same job as a Pillow loop, alone and in a multiprocessing Pool.

Run as ``python -m tests.benchmarks.peers WORKERS SIZE SOURCE TARGET``.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from PIL import Image, ImageOps


def one(task: tuple[Path, Path, int]) -> None:
    """One picture, as one would write it: thumbnail() decodes a JPEG at a smaller scale where it can."""
    source, target, size = task
    with Image.open(source) as image:
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
        picture = ImageOps.exif_transpose(image)
        profile = image.info.get("icc_profile")
        if target.suffix == ".jpg":
            picture.save(target, quality=82, icc_profile=profile)
        else:
            picture.save(target, icc_profile=profile)


def main() -> None:
    workers, size, source, target = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    target.mkdir(parents=True, exist_ok=True)
    tasks = [(path, target / path.name, size) for path in sorted(source.iterdir())]
    if workers == 0:
        for task in tasks:
            one(task)
        return
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for _ in pool.imap_unordered(one, tasks, chunksize=1 if len(tasks) < 1000 else 16):
            pass


if __name__ == "__main__":
    main()
