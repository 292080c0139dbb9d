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
    vips.cache_set_max(0)  # no picture comes twice
    source, target, spec = task
    for width, height, cover, folder in spec["shapes"]:
        if spec["suffix"] == ".tif":  # thumbnail() makes 8 bits of 16
            whole = vips.Image.new_from_file(str(source), access="sequential")
            image = whole.resize(min(1, width / max(whole.width, whole.height)))
        elif spec["suffix"] == ".gif":
            image = vips.Image.thumbnail(f"{source}[n=-1]", width, height=height, size="down")
        elif cover:
            image = vips.Image.thumbnail(str(source), width, height=height, crop="centre")
        else:
            image = vips.Image.thumbnail(str(source), width, height=height or 10 * width, size="down")
        if spec["soften"]:
            image = image.gaussblur(2).sharpen(sigma=1)
        if spec["marks"]:
            image = with_marks(vips, image, source, spec["marks"])
        options = {"Q": spec["quality"]} if spec["suffix"] in (".jpg", ".webp") else {}
        image.write_to_file(str(target / folder / (source.stem + spec["suffix"])), **options)


def with_marks(vips: Any, image: Any, source: Path, marks: dict[str, Any]) -> Any:
    """Two pictures and two texts, each into its corner, in one pass."""
    mark, faded, line = common_layers(vips, marks)
    stem = text(vips, source.stem, marks, marks["outline"])
    margin = marks["margin"]
    right, bottom = image.width - margin, image.height - margin
    places = (
        (mark, margin, margin), (faded, right - faded.width, bottom - faded.height),
        (stem, margin, bottom - stem.height), (line, right - line.width, margin),
    )  # fmt: skip
    layers, across, down = zip(*places, strict=True)
    whole = image.composite(list(layers), "over", x=list(across), y=list(down))
    return whole.flatten()


COMMON: list[Any] = []


def common_layers(vips: Any, marks: dict[str, Any]) -> list[Any]:
    """What is the same on every picture is read once a process."""
    if not COMMON:
        COMMON.extend(vips.Image.new_from_file(marks[name]).copy_memory() for name in ("image", "faded"))
        COMMON.append(text(vips, marks["line"], marks, 0).copy_memory())
    return COMMON


def text(vips: Any, words: str, marks: dict[str, Any], outline: int) -> Any:
    """White letters, with a black line around them, on nothing."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    letters = vips.Image.text(safe, font=f"Aileron {marks['letters']}", fontfile=marks["font"], dpi=72)
    around = 2 * outline
    letters = letters.embed(outline, outline, letters.width + around, letters.height + around)
    shape = letters.gaussblur(outline / 2).linear(4, 0).cast("uchar") if outline else letters
    light = letters.bandjoin([letters, letters])
    return light.bandjoin(shape).copy(interpretation="srgb")


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
