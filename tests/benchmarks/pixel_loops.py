"""What do Pillow's loops over samples cost, and what does numpy in their place? PNM, DDS and JPEG 2000.

``python -m tests.benchmarks.pixel_loops [MEGAPIXELS]``: processor seconds of one decode by Pillow, and of the fastest
of three here. Where both are the same Pillow's reader is used: it is C code, or nothing here is faster.
"""

from __future__ import annotations

import io
import math
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy
from PIL import Image

from imgbatch.codecs.reading.samples import loaded_frame, pixel_loops
from tests.benchmarks.tables import align

PHOTO = Path(__file__).parents[2] / "sample_images/travel/2023/desert/dunes.jpg"


def pnm(magic: str, size: tuple[int, int], white: int | None, samples: bytes) -> bytes:
    """A PBM, PGM or PPM."""
    return f"{magic}\n{size[0]} {size[1]}\n{'' if white is None else f'{white} '}".encode() + samples


def text(samples: Any) -> bytes:
    """Samples as PNM writes them in text."""
    return "\n".join(" ".join(map(str, row)) for row in samples.reshape(len(samples), -1).tolist()).encode()


def dds(size: tuple[int, int], flags: int, bits: int, masks: tuple[int, ...], samples: bytes) -> bytes:
    """A DDS whose samples are not packed; `flags` is DDPF of its pixel format."""
    head = struct.pack("<7I44x", 124, 0x1007, size[1], size[0], 0, 0, 0)
    four = (*masks, 0, 0, 0, 0)[:4]
    return b"DDS " + head + struct.pack("<8I", 32, flags, 0, bits, *four) + struct.pack("<I16x", 0x1000) + samples


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def files(image: Image.Image) -> dict[str, Callable[[], bytes]]:
    """A picture in each of the formats, made when it is asked for."""
    colors, gray, size = numpy.asarray(image), numpy.asarray(image.convert("L")), image.size
    blue_first, bits = colors[..., ::-1], numpy.asarray(gray < 128)
    masks = 0xFF0000, 0xFF00, 0xFF
    return {
        "PPM": lambda: pnm("P6", size, 255, colors.tobytes()),
        "PPM, white 100": lambda: pnm("P6", size, 100, (colors // 3).tobytes()),
        "PPM, 10 bits": lambda: pnm("P6", size, 1023, (colors.astype(">u2") * 4).tobytes()),
        "PPM, 16 bits": lambda: pnm("P6", size, 65535, (colors.astype(">u2") * 257).tobytes()),
        "PPM, text": lambda: pnm("P3", size, 255, text(colors)),
        "PGM": lambda: pnm("P5", size, 255, gray.tobytes()),
        "PGM, 12 bits": lambda: pnm("P5", size, 4095, (gray.astype(">u2") * 16).tobytes()),
        "PGM, 16 bits": lambda: pnm("P5", size, 65535, (gray.astype(">u2") * 257).tobytes()),
        "PGM, text": lambda: pnm("P2", size, 255, text(gray)),
        "PBM": lambda: pnm("P4", size, None, numpy.packbits(bits, axis=1).tobytes()),
        "PBM, text": lambda: pnm("P1", size, None, text(bits.astype(int))),
        "DDS, 24 bits": lambda: dds(size, 0x40, 24, masks, blue_first.tobytes()),
        "DDS, 32 bits": lambda: dds(size, 0x41, 32, (*masks, 0xFF000000), numpy.dstack([blue_first, gray]).tobytes()),
        "DDS, 5+6+5 bits": lambda: dds(size, 0x40, 16, (0xF800, 0x7E0, 0x1F), colors[..., :2].tobytes()),
        "DDS, gray": lambda: dds(size, 0x20000, 8, (0xFF,), gray.tobytes()),
        "DDS, DXT1": lambda: saved(image, "DDS", pixel_format="DXT1"),
        "DDS, DXT5": lambda: saved(image.convert("RGBA"), "DDS", pixel_format="DXT5"),
        "JPEG 2000, 1:20": lambda: saved(image, "JPEG2000", quality_mode="rates", quality_layers=[20]),
        "JPEG 2000, lossless": lambda: saved(image, "JPEG2000"),
    }


def seconds(data: bytes, by_pillow: bool) -> float:
    """Processor seconds of one decode."""
    with Image.open(io.BytesIO(data)) as image, patch.object(pixel_loops, "_LEAST", math.inf if by_pillow else 1):
        begin = time.process_time()
        loaded_frame.load(image, data, untrusted=False)
        return time.process_time() - begin


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    height = round(math.sqrt(millions * 1e6 * 3 / 4))
    with Image.open(PHOTO) as photo:
        image = photo.convert("RGB").resize((height * 4 // 3, height))
    rows: list[tuple[str, ...]] = [("a picture as", "Pillow, s", "here, s")]
    for name, make in files(image).items():
        data = make()
        rows.append((name, f"{seconds(data, True):.3f}", f"{min(seconds(data, False) for _ in range(3)):.3f}"))
    print(f"{image.width}x{image.height} px, processor seconds", *align(rows), sep="\n")


if __name__ == "__main__":
    main()
