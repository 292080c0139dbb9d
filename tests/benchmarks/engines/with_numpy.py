"""Exact figures of each channel of a folder, from its histograms. Run as ``WAY FOLDER WORKERS``; prints JSON.

WAY says what counts the pixels in a Pool: ``numpy`` (bincount) and ``pillow`` (histogram) on what Pillow decodes, or
``opencv`` (calcHist). Mean, standard deviation, least and greatest follow from the counts, in whole numbers.
"""

from __future__ import annotations

import functools
import importlib
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any


def histogram(path: Path, way: str) -> Any:
    """(3, 256) counts of red, green and blue."""
    import numpy

    if way == "opencv":
        cv2: Any = importlib.import_module("cv2")  # of another interpreter, perhaps
        cv2.setNumThreads(1)  # the Pool has a process for each processor
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        return numpy.stack([cv2.calcHist([image], [band], None, [256], [0, 256]).ravel() for band in (2, 1, 0)])
    from PIL import Image

    with Image.open(path) as picture:
        colors = picture.convert("RGB")
    if way == "pillow":
        return numpy.array(colors.histogram()).reshape(3, 256)
    samples = numpy.asarray(colors)
    return numpy.stack([numpy.bincount(samples[..., band].ravel(), minlength=256) for band in range(3)])


def figures(counts: Any) -> dict[str, Any]:
    """What ``imgbatch stats --json`` says of the pixels, in 0..1."""
    import numpy

    total: Any = counts.astype(numpy.int64)
    levels = numpy.arange(256)
    pixels, sums, squares = int(total[0].sum()), total @ levels, total @ levels**2
    mean = sums / pixels
    return {
        "pixels": pixels, "mean": (mean / 255).tolist(),
        "std": (numpy.sqrt(squares / pixels - mean**2) / 255).tolist(),
        "min": [int(row.nonzero()[0][0]) / 255 for row in total],
        "max": [int(row.nonzero()[0][-1]) / 255 for row in total], "histogram": total.tolist(),
    }  # fmt: skip


def main() -> None:
    way, folder, workers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    paths = sorted(folder.iterdir())
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        counts = pool.imap_unordered(functools.partial(histogram, way=way), paths, chunksize=4)
        print(json.dumps(figures(sum(counts))))


if __name__ == "__main__":
    main()
