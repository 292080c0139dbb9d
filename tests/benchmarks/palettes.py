"""Palettes: what does choosing the colors cost, and how near do they come to the picture?

``python -m tests.benchmarks.palettes [--colors 256] [--data DIR] [--rounds 3]``: photographs fitted into 600 px, the
sample pictures and drawn graphics, whichever have more colors. Beside imgbatch's choice Pillow's median cut, alone and
with k-means until nothing moves. Milliseconds of processor time (median of interleaved rounds); root mean square error
in levels, of each pixel in the nearest color, and of the dithered picture after both were blurred with sigma 1, as an
eye does; SSIM of the dithered picture's brightness. The last lines are medians of each kind: of the milliseconds, and
of the other figures beside k-means' (errors divided by its errors, the difference of SSIM).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from imgbatch.codecs.writing.color_quantization import choose_colors
from tests.benchmarks.data import REPO, originals
from tests.benchmarks.quality import ssim
from tests.benchmarks.tables import align

Choice = Callable[[Image.Image, int], Image.Image]
Figures = tuple[float, float, float]
_LIKELY = (".jpg", ".png", ".webp", ".avif", ".tiff", ".bmp", ".ppm")


def cut(picture: Image.Image, colors: int) -> Image.Image:
    """Pillow's median cut."""
    return picture.quantize(colors, method=Image.Quantize.MEDIANCUT)


def cluster(picture: Image.Image, colors: int) -> Image.Image:
    """Pillow's median cut, and k-means over all pixels until none of them changes its color."""
    return picture.quantize(colors, method=Image.Quantize.MEDIANCUT, kmeans=1)


def choose(picture: Image.Image, colors: int) -> Image.Image:
    """What imgbatch writes."""
    palette = Image.new("P", (1, 1))
    palette.putpalette(choose_colors(numpy.asarray(picture), colors).tobytes())
    return palette


CHOICES: dict[str, Choice] = {"k-means": cluster, "median cut": cut, "imgbatch": choose}


def figures(picture: Image.Image, palette: Image.Image) -> Figures:
    """Error of the nearest colors, error after a blur, SSIM after dithering."""
    nearest, dithered = (
        picture.quantize(palette=palette, dither=dither).convert("RGB")
        for dither in (Image.Dither.NONE, Image.Dither.FLOYDSTEINBERG)
    )
    blur = ImageFilter.GaussianBlur(1)
    return (
        _error(picture, nearest),
        _error(picture.filter(blur), dithered.filter(blur)),
        ssim(*(numpy.asarray(one.convert("L"), dtype=numpy.float32) for one in (picture, dithered))),
    )


def _error(one: Image.Image, other: Image.Image) -> float:
    difference = numpy.asarray(one, dtype=float) - numpy.asarray(other, dtype=float)
    return float(numpy.sqrt((difference**2).mean()))


def pictures(data: Path | None, colors: int) -> list[tuple[str, str, Image.Image]]:
    """Kind, name and picture of all that have more colors."""
    found = [("graphics", name, draw()) for name, draw in GRAPHICS.items()]
    for kind, folder in (("photographs", originals(data)), ("samples", REPO / "sample_images")):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in _LIKELY and "broken" not in path.parts):
            with Image.open(path) as image:
                picture = ImageOps.exif_transpose(image).convert("RGB")
            if kind == "photographs":
                picture.thumbnail((600, 600), Image.Resampling.LANCZOS)
            found.append((kind, path.name, picture))
    return [(kind, name, picture) for kind, name, picture in found if picture.getcolors(colors) is None]


def gradients() -> Image.Image:
    """Red down, green across, blue up."""
    down = Image.linear_gradient("L").resize((600, 400))
    across = Image.linear_gradient("L").rotate(90).resize((600, 400))
    return Image.merge("RGB", [down, across, down.point(lambda level: 255 - level)])


def disks() -> Image.Image:
    """Flat disks of many colors, smooth at their edges, on a flat ground."""
    large = Image.new("RGB", (1200, 800), (250, 250, 250))
    draw = ImageDraw.Draw(large)
    for number in range(40):
        left, top = number * 30, number * 17 % 600
        color = tuple(number * step % 256 for step in (67, 131, 29))
        draw.ellipse((left, top, left + 200, top + 200), fill=color)
    return large.resize((600, 400), Image.Resampling.LANCZOS)


def letters() -> Image.Image:
    """Text on flat grounds, and a bar that runs through many colors."""
    picture = Image.new("RGB", (600, 400), (246, 247, 249))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 600, 56), fill=(31, 78, 121))
    draw.text((20, 12), "Letters", (255, 255, 255), ImageFont.load_default(28))
    for top in range(120, 390, 16):
        draw.text((30, top), "The quick brown fox jumps over the lazy dog", (90, 90, 100), ImageFont.load_default(13))
    bar = Image.linear_gradient("L").rotate(90).resize((560, 40))
    picture.paste(Image.merge("RGB", [bar, bar.point(lambda level: 255 - level), bar]), (20, 70))
    return picture


GRAPHICS: dict[str, Callable[[], Image.Image]] = {"gradients": gradients, "disks": disks, "letters": letters}


def milliseconds(choice: Choice, picture: Image.Image, colors: int) -> float:
    """Processor time of one choice."""
    began = time.process_time()
    choice(picture, colors)
    return 1000 * (time.process_time() - began)


def summary(kind: str, rows: list[dict[str, tuple[float, Figures]]]) -> list[str]:
    """Medians over the pictures of a kind."""
    cells = [f"median of {len(rows)} {kind}"]
    for name in CHOICES:
        beside = [(row[name][1], row["k-means"][1]) for row in rows]
        ratios = [statistics.median(one[k] / other[k] if other[k] else 1 for one, other in beside) for k in (0, 1)]
        better = statistics.median(one[2] - other[2] for one, other in beside)
        spent = statistics.median(row[name][0] for row in rows)
        cells += [f"{spent:.0f}", *(f"{ratio:.2f}" for ratio in ratios), f"{better:+.4f}"]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.palettes", description=__doc__)
    parser.add_argument("--colors", type=int, default=256)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    table: list[list[Any]] = [
        ["", *(f"{name} {word}" for name in CHOICES for word in ("ms", "RMS", "blurred", "SSIM"))]
    ]
    kinds: dict[str, list[dict[str, tuple[float, Figures]]]] = {}
    for kind, name, picture in pictures(words.data, words.colors):
        spent: dict[str, list[float]] = {name: [] for name in CHOICES}
        for _ in range(words.rounds):
            for way, choice in CHOICES.items():
                spent[way].append(milliseconds(choice, picture, words.colors))
        row = {
            way: (statistics.median(spent[way]), figures(picture, choice(picture, words.colors)))
            for way, choice in CHOICES.items()
        }
        kinds.setdefault(kind, []).append(row)
        cells = [
            (f"{ms:.0f}", f"{near:.2f}", f"{blurred:.2f}", f"{like:.4f}") for ms, (near, blurred, like) in row.values()
        ]
        table.append([name, *(cell for group in cells for cell in group)])
    table += [summary(kind, rows) for kind, rows in kinds.items()]
    print(f"{words.colors} colors", *align(table), sep="\n")


if __name__ == "__main__":
    main()
