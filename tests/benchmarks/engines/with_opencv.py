"""The same job with OpenCV in a Pool, INTER_AREA, as well as one would write it. Run as ``SPEC SOURCE TARGET``.

A JPEG is decoded at a half, a quarter or an eighth where at least the size remains; imread turns it upright.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

cv2: Any = importlib.import_module("cv2")  # of another interpreter, perhaps: unknown to the type checker here
Task = tuple[Path, Path, dict[str, Any]]


def one(task: Task) -> None:
    source, target, spec = task
    if spec["suffix"] == ".gif":
        animation(source, target, spec)
        return
    data = source.read_bytes()
    image = cv2.imread(str(source), cv2.IMREAD_UNCHANGED if spec["suffix"] == ".tif" else flag(data, spec))
    for width, height, cover, folder in sorted(spec["shapes"], key=lambda shape: -shape[0]):
        across, down = image.shape[1], image.shape[0]
        if cover:
            scale = max(width / across, height / down)
            left, top = round((across - width / scale) / 2), round((down - height / scale) / 2)
            image = image[top : down - top, left : across - left]
            size = (width, height)
        else:
            scale = min(1.0, width / across, (height or 10 * width) / down)
            size = (max(1, round(across * scale)), max(1, round(down * scale)))
        picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if spec["soften"]:
            picture = cv2.GaussianBlur(picture, (0, 0), 2)
            picture = cv2.addWeighted(picture, 2, cv2.GaussianBlur(picture, (0, 0), 1), -1, 0)
        if spec["marks"]:
            lay_marks(picture, source.stem, spec["marks"])
        options = {
            ".jpg": [cv2.IMWRITE_JPEG_QUALITY, spec["quality"]], ".webp": [cv2.IMWRITE_WEBP_QUALITY, spec["quality"]],
            ".tif": [cv2.IMWRITE_TIFF_COMPRESSION, 1],
        }.get(spec["suffix"], [])  # fmt: skip
        cv2.imwrite(str(target / folder / (source.stem + spec["suffix"])), picture, options)


def animation(source: Path, target: Path, spec: dict[str, Any]) -> None:
    """All frames of a GIF."""
    ((width, height, _, folder),) = spec["shapes"]
    _, frames = cv2.imreadanimation(str(source))
    frames.frames = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames.frames]
    cv2.imwriteanimation(str(target / folder / source.name), frames)


def lay_marks(picture: Any, stem: str, marks: dict[str, Any]) -> None:
    """Two pictures and two texts, each into its corner; the letters are OpenCV's own."""
    margin, font, size = marks["margin"], cv2.FONT_HERSHEY_SIMPLEX, marks["letters"] / 30
    height, width = picture.shape[:2]
    for name, corner in (("image", "northwest"), ("faded", "southeast")):
        if name not in LAYERS:
            layer = cv2.imread(marks[name], cv2.IMREAD_UNCHANGED).astype("float32")
            LAYERS[name] = layer[..., :3] * (layer[..., 3:] / 255), 1 - layer[..., 3:] / 255
        light, rest = LAYERS[name]
        high, wide = light.shape[:2]
        top, left = (margin, margin) if corner == "northwest" else (height - margin - high, width - margin - wide)
        part = picture[top : top + high, left : left + wide]
        part[...] = (part * rest + light + 0.5).astype("uint8")
    place = (margin, height - margin)
    cv2.putText(picture, stem, place, font, size, (0, 0, 0), 2 + 2 * marks["outline"], cv2.LINE_AA)
    cv2.putText(picture, stem, place, font, size, (255, 255, 255), 2, cv2.LINE_AA)
    (wide, high), _ = cv2.getTextSize(marks["line"], font, size, 2)
    place = (width - margin - wide, margin + high)
    cv2.putText(picture, marks["line"], place, font, size, (255, 255, 255), 2, cv2.LINE_AA)


LAYERS: dict[str, Any] = {}


def flag(data: bytes, spec: dict[str, Any]) -> int:
    """How imread is to decode: smaller where that will do."""
    size = jpeg_size(data)
    wish = max(max(width, height or 0) for width, height, _, _ in spec["shapes"])
    both = any(cover or height is None for _, height, cover, _ in spec["shapes"])  # the shorter side counts, too
    have = 0 if size is None else (min(size) if both else max(size))
    for times in (8, 4, 2):
        if have >= wish * times:
            return int(getattr(cv2, f"IMREAD_REDUCED_COLOR_{times}"))
    return int(cv2.IMREAD_COLOR)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in px from a JPEG's frame header; None for other files."""
    place = 2
    while data[:2] == b"\xff\xd8" and place + 9 < len(data):
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        place += 2 + length
    return None


def ready() -> None:
    cv2.setNumThreads(1)  # the Pool has a process for each processor


def main() -> None:
    spec, source, target = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    for shape in spec["shapes"]:
        (target / shape[3]).mkdir(parents=True, exist_ok=True)
    tasks = [(path, target, spec) for path in sorted(source.iterdir())]
    with multiprocessing.get_context("fork").Pool(spec["workers"], ready) as pool:
        for _ in pool.imap_unordered(one, tasks, chunksize=1 if len(tasks) < 1000 else 16):
            pass


if __name__ == "__main__":
    main()
