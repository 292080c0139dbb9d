"""The same job with pyvips in a Pool: a thumbnail() for every shape. Run as ``SPEC SOURCE TARGET``."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

Task = tuple[Path, Path, dict[str, Any]]


def one(task: Task) -> None:
    vips: Any = importlib.import_module("pyvips")  # after the fork: libvips has threads of its own
    source, target, spec = task
    for width, height, cover, folder in spec["shapes"]:
        if cover:
            image = vips.Image.thumbnail(str(source), width, height=height, crop="centre")
        else:
            image = vips.Image.thumbnail(str(source), width, height=height or 10 * width, size="down")
        if spec["soften"]:
            image = image.gaussblur(2).sharpen(sigma=1)
        options = {} if spec["suffix"] == ".png" else {"Q": spec["quality"]}
        image.write_to_file(str(target / folder / (source.stem + spec["suffix"])), **options)


def main() -> None:
    spec, source, target = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    os.environ.setdefault("VIPS_CONCURRENCY", "1")  # the Pool has a process for each processor
    for shape in spec["shapes"]:
        (target / shape[3]).mkdir(parents=True, exist_ok=True)
    tasks = [(path, target, spec) for path in sorted(source.iterdir())]
    with multiprocessing.get_context("fork").Pool(spec["workers"]) as pool:
        for _ in pool.imap_unordered(one, tasks, chunksize=1 if len(tasks) < 1000 else 16):
            pass


if __name__ == "__main__":
    main()
