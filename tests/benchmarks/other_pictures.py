"""Animations and scans: what is measured beside photographs? Both are made of photographs, the same ones each time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy
from PIL import Image, ImageOps

from tests.benchmarks.data import is_complete

FRAME = (600, 450)
SCAN = (3000, 2000)
_NOISE = 60.0  # standard deviation, of 65535: what 8 bits cannot show


def animations(source: Path, folder: Path, count: int) -> Path:
    """`count` GIFs of 600x450 px and 20 to 40 frames, each with one palette, dithered.

    In turn: the view moves over a photograph, it goes into it, and a part of it moves over the rest, which stays.
    """
    if is_complete(folder, count):
        return folder
    files = sorted(source.iterdir())
    for number in range(count):
        large = _upright(files[number % len(files)], (2 * FRAME[0], 2 * FRAME[1]))
        frames = list((_pan, _zoom, _part)[number % 3](large, 20 + number * 7 % 21))
        palette = frames[len(frames) // 2].quantize(256, method=Image.Quantize.MEDIANCUT)
        indexed = [frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]
        path = folder / f"{number:03}.gif"
        indexed[0].save(path, save_all=True, append_images=indexed[1:], duration=80, loop=0)
    return folder


def _upright(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), size, Image.Resampling.LANCZOS)


def _pan(large: Image.Image, count: int) -> Iterator[Image.Image]:
    for number in range(count):
        left, top = FRAME[0] * number // count, FRAME[1] * number // count
        yield large.crop((left, top, left + FRAME[0], top + FRAME[1]))


def _zoom(large: Image.Image, count: int) -> Iterator[Image.Image]:
    for number in range(count):
        across, down = FRAME[0] * number / count / 2, FRAME[1] * number / count / 2
        part = (across, down, large.width - across, large.height - down)
        yield large.resize(FRAME, Image.Resampling.LANCZOS, part)


def _part(large: Image.Image, count: int) -> Iterator[Image.Image]:
    whole = large.resize(FRAME, Image.Resampling.LANCZOS)
    cut = large.crop((300, 200, 500, 350))
    for number in range(count):
        frame = whole.copy()
        frame.paste(cut, ((FRAME[0] - cut.width) * number // count, 150))
        yield frame


def scans(source: Path, folder: Path, count: int) -> Path:
    """`count` TIFFs of 3000x2000 px, RGB with 16 bits, not compressed, with noise below what 8 bits show."""
    if is_complete(folder, count):
        return folder
    files = sorted(source.iterdir())
    for number in range(count):
        photograph = _upright(files[number % len(files)], (SCAN[0] // 2, SCAN[1] // 2))
        bands = [band.convert("F").resize(SCAN, Image.Resampling.BICUBIC) for band in photograph.split()]
        samples = numpy.stack([numpy.asarray(band) * 257 for band in bands], axis=2)
        samples += numpy.random.default_rng(number).normal(0, _NOISE, samples.shape)
        (folder / f"{number:03}.tif").write_bytes(_tiff(samples.clip(0, 65535).astype("<u2")))
    return folder


def _tiff(samples: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.uint16]]) -> bytes:
    """(H, W, 3) samples of 16 bits, little-endian, as a file with one strip: header, pixels, directory."""
    height, width, _ = samples.shape
    pixels = samples.tobytes()
    depths = struct.pack("<3H", 16, 16, 16)
    tags = (
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8 + len(pixels)), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(pixels)),
    )  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHLL", *tag) for tag in tags) + bytes(4)
    return struct.pack("<2sHL", b"II", 42, 8 + len(pixels) + len(depths)) + pixels + depths + directory
