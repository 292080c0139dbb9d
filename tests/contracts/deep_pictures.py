"""Pictures with 16 bits of color, their files, and what operations make of them in 64-bit floats."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.other_readers import IMAGEMAGICK

Samples = np.ndarray[Any, np.dtype[Any]]  # (row, column, band)

COLOR_TYPES = {2: 4, 3: 2, 4: 6}  # of a PNG, by bands


def gradient(bands: int = 3, size: tuple[int, int] = (120, 80)) -> Samples:
    """Slopes that 8 bits could not hold, each band its own; the fourth is an alpha from 0 to all."""
    x, y = np.meshgrid(np.arange(size[0]) / size[0], np.arange(size[1]) / size[1])
    ramps = [0.1 + 0.7 * x, 0.2 + 0.6 * y, 0.15 + 0.35 * (x + y), (1.2 * x - 0.1).clip(0, 1)]
    chosen = {1: ramps[:1], 2: [ramps[0], ramps[3]], 3: ramps[:3], 4: ramps}[bands]
    waves = 0.03 * np.sin(x * 40) * np.cos(y * 25)
    values = np.stack(chosen, axis=2)
    values[..., : bands if bands in (1, 3) else bands - 1] += waves[..., None]
    result: Samples = np.rint(values * 65535).astype("<u2")
    return result


def png(samples: Samples, *chunks: tuple[bytes, bytes], interlace: bool = False) -> bytes:
    """A PNG of 16 bits, its rows without filters; of `chunks` beside the header each is (name, content)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, bands = samples.shape
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPES[bands], 0, 0, int(interlace)))
    passes = [samples]
    if interlace:
        starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
        passes = [samples[top::down, left::across] for top, left, down, across in starts]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes if part.size for row in part)
    others = b"".join(chunk(*one) for one in chunks)
    return b"\x89PNG\r\n\x1a\n" + head + others + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(samples: Samples, order: str = "<", packed: bool = False, extra: int | None = 2) -> bytes:
    """A TIFF of one strip, packed as differences if asked for; `extra` says what a fourth band is."""
    height, width, bands = samples.shape
    values = samples.astype(np.uint16)
    if packed:
        values[:, 1:] -= samples[:, :-1]
    strip = values.astype(f"{order}u2").tobytes()
    strip = zlib.compress(strip) if packed else strip
    bits = struct.pack(f"{order}{bands}H", *[16] * bands)
    at = 8 + len(strip)
    tags = {256: width, 257: height, 259: 8 if packed else 1, 262: 2, 273: 8, 277: bands, 278: height, 279: len(strip)}
    tags |= {317: 2} if packed else {}
    tags |= {338: extra} if bands == 4 and extra is not None else {}
    entries = [struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items() if tag in SHORTS]
    entries += [struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags.items() if tag not in SHORTS]
    entries.append(struct.pack(f"{order}HHII", 258, 3, bands, at))
    entries.sort(key=lambda entry: struct.unpack_from(f"{order}H", entry))
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at + len(bits))
    return head + strip + bits + directory


SHORTS = {259, 262, 277, 317, 338}


def read_by_imagemagick(path: Path, bands: int) -> Samples:
    """The samples of a file, as ImageMagick reads them."""
    assert IMAGEMAGICK is not None
    form = {1: "gray", 3: "rgb", 4: "rgba"}[bands]
    command = [IMAGEMAGICK, str(path), "-depth", "16", "-endian", "LSB", f"{form}:-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with Image.open(path) as image:
        width, height = image.size
    return np.frombuffer(data, "<u2").reshape(height, width, bands)


def stored_depth(data: bytes) -> int:
    """Bits a sample of a PNG or TIFF."""
    if data.startswith(b"\x89PNG"):
        return data[24]
    with Image.open(io.BytesIO(data)) as image:
        return int(image.tag_v2[258][0])  # type: ignore[attr-defined]  # a TIFF's


# -- operations in 64-bit floats --------------------------------------------------------------------------------------


def lanczos_matrix(source: int, target: int) -> Samples:
    """How much each of `source` samples counts for each of `target`: Lanczos of three lobes, widened when reducing."""
    scale = source / target
    widen = max(scale, 1.0)
    centers = (np.arange(target) + 0.5) * scale
    distance = (np.arange(source) + 0.5 - centers[:, None]) / widen
    weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
    result: Samples = weights / weights.sum(axis=1, keepdims=True)
    return result


def along(values: Samples, matrix: Samples, axis: int) -> Samples:
    """A matrix applied to each row (axis 1) or column (axis 0)."""
    return np.moveaxis(np.tensordot(matrix, values, (1, axis)), 0, axis)


def resize(values: Samples, size: tuple[int, int]) -> Samples:
    """`values` (floats) as `size` (width, height), by Lanczos."""
    return along(
        along(values, lanczos_matrix(values.shape[0], size[1]), 0), lanczos_matrix(values.shape[1], size[0]), 1
    )


def blur(values: Samples, sigma: float) -> Samples:
    """The extended box blur of Gwosdek et al., three times along each axis; the edge's samples are repeated."""
    length = np.sqrt(12 * sigma**2 / 3 + 1)
    whole = int((length - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - sigma**2) / (6 * (sigma**2 / 3 - (whole + 1) ** 2))
    kernel = np.array([part, *[1.0] * (2 * whole + 1), part]) / (2 * whole + 1 + 2 * part)
    for axis in (0, 1):
        count = values.shape[axis]
        matrix = np.zeros((count, count))
        for row in range(count):
            for step, weight in enumerate(kernel):
                matrix[row, min(max(row + step - whole - 1, 0), count - 1)] += weight
        for _ in range(3):
            values = along(values, matrix, axis)
    return values


def smooth(values: Samples) -> Samples:
    """The mean of the 3 x 3 around, the center weighted 5; the outermost rows and columns are kept."""
    result = values.copy()
    height, width = values.shape[:2]
    total = 4 * values[1:-1, 1:-1]
    for row in range(3):
        for column in range(3):
            total = total + values[row : height - 2 + row, column : width - 2 + column]
    result[1:-1, 1:-1] = total / 13
    return result


def weighted(samples: Samples, change: Any) -> Samples:
    """`change` of colors that are weighted by alpha (the fourth band), and weighted back; of alpha, too."""
    result: Samples
    if samples.shape[2] not in (2, 4):
        result = change(samples.astype(np.float64))
        return result
    values = samples.astype(np.float64)
    share = values[..., -1:] / 65535
    values[..., :-1] *= share
    values = change(values)
    alpha = values[..., -1:]
    values[..., :-1] = np.where(alpha < 0.5, 0, values[..., :-1] / np.maximum(alpha, 0.5) * 65535)
    result = values.clip(0, 65535)
    return result
