"""A folder as one array (N, size, size, 3). Run as ``WAY FOLDER SIZE WORKERS``; prints the array's mean.

WAY is ``imgbatch``, ``pool`` or ``loop``, as one writes them with Pillow, or ``pool-draft`` and ``loop-draft``: a JPEG
is decoded at the smallest scale that leaves twice the size.
"""

from __future__ import annotations

import functools
import multiprocessing
import sys
from pathlib import Path
from typing import Any


def one(path: Path, size: int, draft: bool) -> Any:
    """One picture as an array, as one would write it."""
    import numpy
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        if draft:
            image.draft("RGB", (2 * size, 2 * size))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return numpy.asarray(ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS))


def mean(way: str, folder: Path, size: int, workers: int) -> float:
    """The mean of the array that one way makes: proof that it is there."""
    if way == "imgbatch":
        import imgbatch as ib

        with ib.load(folder, ib.Resize(f"{size}x{size}", fit="cover"), workers=workers) as batch:
            assert batch.valid.all(), batch.failed
            return float(batch.images.mean())
    import numpy

    task = functools.partial(one, size=size, draft=way.endswith("draft"))
    paths = sorted(folder.iterdir())
    if way.startswith("pool"):
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return float(numpy.stack(pool.map(task, paths)).mean())
    return float(numpy.stack([task(path) for path in paths]).mean())


if __name__ == "__main__":
    print(mean(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
