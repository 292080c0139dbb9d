"""Which quality of AVIF looks like which of JPEG?

``python -m tests.benchmarks.equal_quality DIR [--most 12]``: the mean SSIM and PSNR of the brightness of photographs
below DIR, at 512 px, beside what either encoder makes of them with colors in 4:2:0. registry.CODECS takes from it where
``--subsampling auto`` goes over to 4:4:4 (on 12 photographs: JPEG 90 has 42.05 dB, AVIF 76 41.93 dB, 78 42.23 dB).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
from pathlib import Path
from typing import Any

import numpy
from PIL import Image

from imgbatch.pixels.ssim import ssim
from tests.benchmarks.tables import align

_CANDIDATES = (("JPEG", (82, 90, 95)), ("AVIF", (55, 60, 65, 70, 74, 76, 78, 80, 85, 90)))


def photographs(folder: Path, most: int) -> list[Image.Image]:
    """Up to `most` pictures of the folder in RGB, 512 px wide."""
    found: list[Image.Image] = []
    for path in sorted(folder.rglob("*.jp*g")):
        if len(found) < most:
            with contextlib.suppress(OSError, Image.DecompressionBombError), Image.open(path) as image:
                colors = image.mode == "RGB" and min(image.size) >= 800
                if colors and len(image.resize((64, 64)).getcolors(4096) or range(4096)) > 1000:  # else a drawing
                    size = 512, round(512 * image.height / image.width)
                    found.append(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3))
    return found


def likeness(picture: Image.Image, format: str, quality: int) -> tuple[float, float]:
    """SSIM, and PSNR in dB, of the brightness after one encode."""
    file = io.BytesIO()
    picture.save(file, format, quality=quality, subsampling="4:2:0")
    with Image.open(file) as again:
        before, after = (numpy.asarray(one.convert("L")) for one in (picture, again))
    error = float(((before.astype(float) - after) ** 2).mean())
    return ssim(before, after), 10 * math.log10(255**2 / error)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=12)
    words = parser.parse_args()
    pictures = photographs(words.folder, words.most)
    rows: list[list[Any]] = [["format", "quality", "SSIM", "PSNR dB"]]
    for format, qualities in _CANDIDATES:
        for quality in qualities:
            pairs = [likeness(picture, format, quality) for picture in pictures]
            means = [sum(values) / len(pairs) for values in zip(*pairs, strict=True)]
            rows.append([format, str(quality), f"{means[0]:.4f}", f"{means[1]:.2f}"])
    print("\n".join(align(rows)))


if __name__ == "__main__":
    main()
