"""What do the choices for 16 bits of color cost? How they are held, filtered for PNG and packed, and whole runs.

``python -m tests.benchmarks.deep [PHOTO]``: milliseconds of processor time on one photograph of 6 MP with 16 bits.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.writing import deep_tiff
from imgbatch.pixels.deep import bands, gray
from tests.benchmarks.data import originals

SIZE, SMALL = (3000, 2000), (1200, 800)
Samples = numpy.ndarray[Any, numpy.dtype[Any]]
LANCZOS, TURN = Image.Resampling.LANCZOS, Image.Transpose.ROTATE_90


def photograph(path: str) -> bands.DeepImage:
    """A photograph with as much between two levels of 8 bits as its pixels had in common."""
    with Image.open(path) as image:
        planes = [band.convert("F").resize(SIZE, LANCZOS) for band in image.convert("RGB").split()]
    return bands.from_array(numpy.stack([numpy.asarray(plane) * 257 for plane in planes], axis=2))


def milliseconds(work: Callable[[], object]) -> float:
    """The least of three."""
    spans = []
    for _ in range(3):
        start = time.process_time()
        work()
        spans.append(time.process_time() - start)
    return 1000 * min(spans)


def held(picture: bands.DeepImage) -> None:
    """As bands of 16-bit gray, and as one array."""
    array = numpy.asarray(picture)

    def resize_array() -> object:
        return [
            numpy.asarray(Image.fromarray(array[..., band].astype("f4")).resize(SMALL, LANCZOS)) for band in (0, 1, 2)
        ]

    for name, one, other in (
        ("resize", lambda: picture.resize(SMALL, LANCZOS), resize_array),
        ("turn", lambda: picture.transpose(TURN), lambda: numpy.ascontiguousarray(numpy.rot90(array))),
    ):
        print(f"{name}: bands {milliseconds(one):.0f} ms, array {milliseconds(other):.0f} ms")


def packed(picture: bands.DeepImage, name: str) -> None:
    """Rows of a PNG by filter and zlib's level."""
    rows = numpy.asarray(picture).astype(">u2").view(numpy.uint8).reshape(picture.height, -1)
    left, above = numpy.zeros_like(rows), numpy.zeros_like(rows)
    left[:, 6:], above[1:] = rows[:, :-6], rows[:-1]
    for filter, values in (("none", rows), ("sub", rows - left), ("up", rows - above)):
        data = values.tobytes()
        for level in (1, 4, 6) if filter == "sub" else (4,):
            share = 100 * len(zlib.compress(data, level)) / len(data)
            span = milliseconds(lambda data=data, level=level: zlib.compress(data, level))  # type: ignore[misc]
            print(f"{name}, {filter}, level {level}: {share:.1f} %, {span:.0f} ms")


def packed_for_tiff(picture: bands.DeepImage) -> None:
    """Differences of a TIFF by zlib's level."""
    data = deep_tiff.as_gray(picture, True, False).tobytes()
    for level in (1, 2, 3, 4, 6):
        span = milliseconds(lambda level=level: zlib.compress(data, level))  # type: ignore[misc]
        print(f"TIFF, level {level}: {100 * len(zlib.compress(data, level)) / len(data):.1f} %, {span:.0f} ms")


def whole_runs(picture: bands.DeepImage) -> None:
    """Files with 16 bits beside the same with 8, from the file to the file."""
    operations = (ib.Flip(), ib.Resize("1200"), ib.Blur(2), ib.Unsharp(1.5), ib.Gamma(1.3))
    with tempfile.TemporaryDirectory() as folder:
        for format in ("tiff", "png"):
            paths = [Path(folder) / f"{name}.{format}" for name in ("shallow", "deep")]
            for path, image in zip(paths, (picture.to_eight_bits(), picture), strict=True):
                path.write_bytes(
                    codecs.encode([image], format, ib.Output(), codecs.Metadata(), codecs.AnimationTiming()).data
                )
            for operation in operations:
                recipe = ib.Recipe([operation])
                runs = [
                    functools.partial(ib.run, [path], Path(folder) / "out", recipe, workers=0, force=True)
                    for path in paths
                ]
                shallow, deep = map(milliseconds, runs)
                print(f"{format}, {operation.word}: {shallow:.0f} ms, {deep:.0f} ms: {deep / shallow:.1f} times")


if __name__ == "__main__":
    deep = photograph(sys.argv[1] if len(sys.argv) > 1 else str(next(originals(None).rglob("*.jpg"))))
    held(deep)
    packed(deep, "photograph")
    packed(deep.change_by_alpha(lambda band: gray.gaussian_blur(band, 3)), "blurred")
    packed_for_tiff(deep)
    whole_runs(deep)
