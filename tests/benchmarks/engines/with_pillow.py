"""The same job with Pillow, as one would write it, and as well as it can be done.

Run as ``python with_pillow.py pool|loop|floor SPEC SOURCE TARGET``. `pool` and `loop` call thumbnail() or
ImageOps.fit(), which decode a JPEG at a smaller scale where twice the size remains. `floor` does nothing that need not
be done (the smallest scale that will do, orientation after the resize, the smaller from the larger) in one process, and
prints its seconds divided by the number of workers: what no Pillow program of so many processes can beat.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, ImageSequence

LANCZOS = Image.Resampling.LANCZOS
Task = tuple[Path, Path, dict[str, Any]]


def one(task: Task) -> None:
    """One picture, as one would write it."""
    source, target, spec = task
    if spec["suffix"] == ".gif":
        animation(source, target, spec)
        return
    for width, height, cover, folder in spec["shapes"] if len(spec["shapes"]) == 1 else ():
        with Image.open(source) as image:
            profile = image.info.get("icc_profile")
            if cover:
                image.draft("RGB", (2 * width, 2 * height))
                picture = ImageOps.fit(ImageOps.exif_transpose(image), (width, height), LANCZOS)
            else:
                image.thumbnail((width, height), LANCZOS)
                picture = ImageOps.exif_transpose(image)
        save(picture, source, target / folder, spec, profile)
    if len(spec["shapes"]) > 1:
        with Image.open(source) as image:
            profile = image.info.get("icc_profile")
            upright = ImageOps.exif_transpose(image)
        for width, _, _, folder in spec["shapes"]:
            copy = upright.copy()
            copy.thumbnail((width, 10 * width), LANCZOS)
            save(copy, source, target / folder, spec, profile)


def animation(source: Path, target: Path, spec: dict[str, Any]) -> None:
    """All frames of a GIF, in full color; save() finds a palette for each."""
    ((width, height, _, folder),) = spec["shapes"]
    frames, durations = [], []
    with Image.open(source) as image:
        for frame in ImageSequence.Iterator(image):
            frames.append(frame.convert("RGB").resize((width, height), LANCZOS))
            durations.append(frame.info.get("duration", 100))
    frames[0].save(target / folder / source.name, save_all=True, append_images=frames[1:], duration=durations, loop=0)


LAYERS: dict[str, Any] = {}


def lay_marks(picture: Image.Image, stem: str, marks: dict[str, Any]) -> None:
    """Two pictures and two texts, each into its corner."""
    if not LAYERS:
        LAYERS.update({name: Image.open(marks[name]).convert("RGBA") for name in ("image", "faded")})
        LAYERS["font"] = ImageFont.truetype(marks["font"], marks["letters"])
    margin, (width, height) = marks["margin"], picture.size
    picture.paste(LAYERS["image"], (margin, margin), LAYERS["image"])
    faded = LAYERS["faded"]
    picture.paste(faded, (width - margin - faded.width, height - margin - faded.height), faded)
    draw, font = ImageDraw.Draw(picture), LAYERS["font"]
    place = (margin, height - margin)
    draw.text(place, stem, "white", font, "ld", stroke_width=marks["outline"], stroke_fill="black")
    draw.text((width - margin, margin), marks["line"], "white", font, "ra")


def make_well(task: Task) -> None:
    """One picture, and no pixel touched that need not be."""
    source, target, spec = task
    with Image.open(source) as image:
        profile = image.info.get("icc_profile")
        turned = image.getexif().get(274, 1) >= 5
        shapes = [(*outcome(image.size, shape, turned), shape[3]) for shape in spec["shapes"]]
        shapes.sort(key=lambda shape: -shape[0][0])
        wish = shapes[0][0]
        times = 1 if max(wish) > 512 else 1.25
        stored = image.size
        image.draft(None, (round(wish[0] * times), round(wish[1] * times)))
        image.load()
        current: Image.Image = image
        across, down = image.width / stored[0], image.height / stored[1]
        for number, (size, box, folder) in enumerate(shapes):
            part = None if number else (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
            current = current.resize(size, LANCZOS, part)
            current.getexif()[274] = image.getexif().get(274, 1)
            save(ImageOps.exif_transpose(current), source, target / folder, spec, profile)


def outcome(size: tuple[int, int], shape: Any, turned: bool) -> tuple[tuple[int, int], tuple[float, ...]]:
    """The size to resize the stored pixels to, and the part of them that is used."""
    width, height, cover, _ = shape
    if turned:
        width, height = height, width
    across, down = size
    if not cover:
        scale = min(1.0, *(wish / have for wish, have in ((width, across), (height, down)) if wish))
        return (max(1, round(across * scale)), max(1, round(down * scale))), (0, 0, across, down)
    scale = max(width / across, height / down)
    left, top = max(0.0, (across - width / scale) / 2), max(0.0, (down - height / scale) / 2)
    return (width, height), (left, top, across - left, down - top)


def save(picture: Image.Image, source: Path, folder: Path, spec: dict[str, Any], profile: bytes | None) -> None:
    if spec["soften"]:
        picture = picture.filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.UnsharpMask(1, 100, 0))
    if spec["marks"]:
        picture = picture.convert("RGB")
        lay_marks(picture, source.stem, spec["marks"])
    options = {} if spec["suffix"] == ".png" else {"quality": spec["quality"]}
    picture.save(folder / (source.stem + spec["suffix"]), icc_profile=profile, **options)


def main() -> None:
    way, spec, source, target = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    for shape in spec["shapes"]:
        (target / shape[3]).mkdir(parents=True, exist_ok=True)
    tasks = [(path, target, spec) for path in sorted(source.iterdir())]
    if way == "pool":
        with multiprocessing.get_context("fork").Pool(spec["workers"]) as pool:
            for _ in pool.imap_unordered(one, tasks, chunksize=1 if len(tasks) < 1000 else 16):
                pass
        return
    Image.init()
    began = time.perf_counter()
    for task in tasks:
        (make_well if way == "floor" else one)(task)
    if way == "floor":
        print((time.perf_counter() - began) / spec["workers"])


if __name__ == "__main__":
    main()
