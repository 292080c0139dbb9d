"""What pictures can a reader, or a test, try imgbatch on?

``python -m tests.make_samples [DIR]`` paints them, the same bytes each time on the same Pillow, and lists them.
"""

import io
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageColor, ImageDraw, ImageFont

Array = NDArray[np.float64]
Random = np.random.Generator
Pic = Image.Image
# How upright pixels are stored so that a viewer obeying the orientation tag, from 2 on, turns them upright again.
TURNS = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270"]
TRANSPOSITIONS = {number: Image.Transpose[turn] for number, turn in enumerate(TURNS, 2)}


@dataclass(frozen=True)
class Mood:
    """A place and an hour; positions are fractions of the picture's height, x counted from its middle."""

    seed: int
    sky: str  # colors from the zenith down to the horizon
    hues: str  # of the light, the far hills and the near ones
    sun: tuple[float, float]
    disc: float = 0.03
    glow: float = 0.9
    clouds: float = 0.7
    peaks: float = 0.16
    horizon: float = 0.62
    trees: int = 0
    ground: str = "water"


DAWN = Mood(11, "#5b7fb0 #a9b9d3 #f3cfc0 #ffe3b8", "#ffd9a0 #b6aec6 #2c3a4c", (0.34, 0.43), glow=0.65, trees=26)
DUSK = Mood(23, "#1f2a5c #6b4382 #d9646b #ffb35c", "#ffc070 #8d5a80 #1b1830", (-0.28, 0.52), peaks=0.1)
FOREST = Mood(37, "#6fa3c8 #b4d3dc #eef0dc", "#fff2c4 #a5c0bb #16302a", (-0.45, 0.2), 0, 0.7, 0.7, 0.2, 0.7, 99, "moss")
DESERT = Mood(41, "#2f74b5 #7fb2d6 #f0d9b5", "#fff0c8 #d9a877 #a8552a", (0.5, 0.22), 0.03, 0.6, 0.3, 0, 0.55, 0, "sand")
NIGHT = Mood(59, "#050a1e #0d1b3d #203a66 #3b5c83", "#e6ecff #2c4468 #060a14", (0.3, 0.2), 0.04, 0.45, 0.35, trees=30)
RIVER = Mood(83, "#4389c9 #93c3e6 #e3f0f2", "#fff6d8 #8fb0a8 #23482b", (-0.5, 0.14), 0, 0.6, peaks=0.13, trees=40)


def colors(names: str) -> Array:
    """A row of three numbers from 0 to 1 for each color named."""
    return np.array([ImageColor.getrgb(name) for name in names.split()]) / 255


def smooth(low: float, high: float, value: Array) -> Array:
    """0 below low, 1 above high, and a soft step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def clouds(rng: Random, shape: tuple[int, ...], cells: tuple[float, float], octaves: int = 6) -> Array:
    """Fractal noise, about -1 to 1, with the given number of cells down and across."""
    total = np.zeros(shape)
    for octave in range(octaves):
        grid = Image.fromarray(rng.uniform(-1, 1, [round(c * 2**octave) + 1 for c in cells]).astype(np.float32))
        total += np.asarray(grid.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)) * 0.55**octave
    return total


def mix(base: Array, top: Array, alpha: Array) -> Array:
    """The top color or picture laid over the base where alpha says so."""
    return np.asarray(base + (top - base) * alpha[..., None])


def tree_mask(rng: Random, ridge: Array, height: int, count: int, size: float, shore: float) -> Array:
    """Conifers on a ridge line (in pixels) where it is above the shore, drawn at twice the size for soft edges."""
    canvas = Image.new("L", (2 * len(ridge), 2 * height))
    for center in rng.uniform(0, len(ridge) - 1, count):
        foot = 2 * float(ridge[int(center)]) + 0.02 * height
        tall = 2 * height * size * rng.uniform(0.45, 1.15)
        tiers = np.repeat(np.linspace(0.12, 1, 11), 2)  # each tier of branches reaches out, then draws back
        reach = tall * tiers * np.where(np.arange(22) % 2, 0.11, rng.uniform(0.16, 0.23, (2, 22)))
        across = 2 * center + np.concatenate([[0], reach[0], -reach[1, ::-1]])
        down = foot - tall * np.concatenate([[1], 1 - tiers, 1 - tiers[::-1]])
        if foot < 2 * shore + 0.03 * height:
            ImageDraw.Draw(canvas).polygon(list(zip(across.tolist(), down.tolist(), strict=True)), fill=255)
    return np.asarray(canvas.resize((len(ridge), height), Image.Resampling.BOX)) / 255.0


def sky(mood: Mood, rng: Random, x: Array, y: Array) -> Array:
    """Gradient, stars, clouds, and the sun or moon with its glow."""
    stops, light = colors(mood.sky), colors(mood.hues)[0]
    where = np.linspace(0, mood.horizon, len(stops))
    out = np.stack([np.interp(y, where, stops[:, k]) for k in range(3)], axis=-1)
    if stops.max() < 0.6:  # night
        points = (rng.random(x.shape) > 1 - 700 / x.size) * rng.uniform(0.2, 1, x.shape) * (1 - y)
        out = out + (0.9 * points + 0.3 * np.roll(points, 1, 0) + 0.3 * np.roll(points, 1, 1))[..., None]
    distance = np.hypot(x - mood.sun[0], (y - mood.sun[1]) * 1.15)
    warm = np.exp(-distance * 3.2)
    noise = clouds(rng, x.shape, (5, 3))
    veil = smooth(0.05, 1.0, noise + 0.25) * mood.clouds * smooth(0, 0.25, mood.horizon + 0.03 - y)
    shade = mix(stops[-1] * 0.95, light, np.clip(warm * 1.5, 0, 1))
    out = mix(out, shade * (1 - 0.2 * smooth(0.5, 1.3, noise))[..., None], veil * 0.85)
    out = out + light * (mood.glow * (0.55 * warm**1.5 + 0.5 * np.exp(-distance * 14)))[..., None]
    disc = smooth(-0.003, 0.003, mood.disc - np.hypot(x - mood.sun[0], y - mood.sun[1]))
    return mix(np.minimum(out, 1), np.clip(out, light * 0.4 + 0.6, 1), disc)


def dune(rng: Random, x: Array, y: Array, base: float, t: float) -> tuple[Array, Array]:
    """A row of dunes: the height of its outline, and how the low sun shades it (1 is plain sand)."""
    line, shade = np.zeros(x.shape[1]), np.ones_like(x)
    for peak in rng.uniform(-0.9, -0.5) + np.arange(4) * rng.uniform(0.5, 0.62):
        wide, tall = rng.uniform(0.16, 0.3), rng.uniform(0.04, 0.1) * (0.45 + t)
        line = np.logaddexp(90 * line, 90 * tall * np.exp(-((np.abs(x[0] - peak) / wide) ** 1.35))) / 90
        down = np.maximum(y - (base - tall), 0)
        away = peak + 0.9 * down - 1.5 * down**2 + 0.05 * t * np.sin(18 * down + rng.uniform(0, 6)) - x
        lee = smooth(-0.003, 0.006, away)
        fade = np.exp(-np.maximum(away, 0) / wide * 1.3) * np.exp(-down * (9 - 4 * t))
        shade = np.minimum(shade, 1 - 0.55 * lee * fade) + 0.12 * (1 - lee) * np.exp(away * 9) * (away < 0) * fade
    return base - line, shade


def hills(mood: Mood, rng: Random, out: Array, x: Array, y: Array) -> Array:
    """Ridges from the far haze to the near dark, each misty at its foot."""
    (light, far, near), haze, height = colors(mood.hues), colors(mood.sky)[-1], len(y)
    water, sand = mood.ground == "water", mood.ground == "sand"
    lit, bottom = 0.22 * mood.glow * np.exp(-np.abs(x - mood.sun[0]) * 1.6), mood.horizon if water else 0.93
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        base = (mood.horizon - 0.06) + (bottom - mood.horizon + 0.045) * t**1.3
        rise = clouds(rng, (2, x.shape[1]), (1, 2.5 + 2 * t), 7)[0] * 0.5 + 0.35 * (1 - t)
        ridge, shade = base - mood.peaks * (1 - 0.65 * t if water else 0.75) * rise, x
        if sand:
            ridge, shade = dune(rng, x, y, base, t)
        below = y - ridge
        mask = np.clip(below * height + 0.5, 0, 1)
        body = mix(far + (near - far) * t, haze, np.clip(below / (0.2 - 0.1 * t), 0, 1) * 0.55 * (1 - t))
        body = body + light * (lit * (1 - t))[..., None]
        grain = clouds(rng, x.shape, (9 + 10 * t, 9 + 10 * t))
        body = body * (1 + (0.025 if sand else 0.1 + 0.16 * t) * grain)[..., None]
        if sand:
            ripple = np.sin(900 * (below + 0.02 * grain + 0.1 * x) / (0.6 + 5 * np.maximum(below, 0)))
            body = body * (shade + 0.03 * t * ripple)[..., None]
        if mood.trees and t > 0.2:
            size, shore = (0.05 + 0.17 * t**2) * (0.55 if water else 1), height * (mood.horizon if water else 2)
            trees = tree_mask(rng, ridge * height, height, round(mood.trees * (1.5 - 0.8 * t)), size, shore)
            out = mix(out, body * 0.72, trees)
        out = mix(out, body, mask)
    return out


def lake(mood: Mood, rng: Random, out: Array, x: Array, y: Array) -> Array:
    """Still water: the picture above the shore, mirrored, broken by waves and glittering under the sun."""
    (height, width), (light, _, near) = x.shape, colors(mood.hues)
    shore = mood.horizon + 0.008 * clouds(rng, (2, width), (1, 4), 5)[0]
    depth = np.maximum(y - mood.horizon, 0.004)
    far, wave = 0.12 / depth, np.zeros_like(x)
    for _ in range(16):
        k, turn = rng.uniform(6, 70), rng.normal(0, 0.35)
        phase = k * far * (np.cos(turn) + x * np.sin(turn)) * 1.6 + rng.uniform(0, 6.3)
        wave += 0.35 * np.sin(phase) * np.exp(-(k**2) * 1.6e-5 / depth) * (14 / k) ** 0.6
    rows = np.clip((mood.horizon - (y - mood.horizon) * 1.15 + wave * (0.006 + 0.05 * depth)) * height, 0, height - 1)
    columns = np.clip(np.arange(width) + wave * depth * 0.05 * height, 0, width - 1)
    mirror, deep = out[rows.astype(int), columns.astype(int)], near * 0.7 + colors(mood.sky)[0] * 0.3
    water = mix(mirror * 0.9, deep, np.clip(0.12 + 0.9 * depth, 0, 0.5)) * (1 + 0.07 * wave)[..., None]
    spark = np.exp(-(((x - mood.sun[0]) / (0.05 + 0.35 * depth)) ** 2)) * smooth(0.1, 1.0, wave)
    water = water + light * (0.65 * spark * mood.glow)[..., None]
    return mix(out, water, np.clip((y - shore) * height + 0.5, 0, 1))


def scene(mood: Mood, width: int, height: int, grain: float = 0) -> Array:
    """The landscape as an array of height by width by 3 numbers from 0 to 1."""
    rng = np.random.default_rng(mood.seed)
    x, y = np.meshgrid((np.arange(width) + 0.5 - width / 2) / height, (np.arange(height) + 0.5) / height)
    out = hills(mood, rng, sky(mood, rng, x, y), x, y)
    out = lake(mood, rng, out, x, y) if mood.ground == "water" else out
    out = out * (1.02 - 0.16 * (x**2 + (y - 0.5) ** 2))[..., None] + rng.normal(0, grain, (height, width, 1))
    return np.asarray(np.clip(out, 0, 1))


def picture(mood: Mood, width: int, caption: str = "", size: float = 0.06) -> Pic:
    """The landscape as an RGB image, three to two; a large one with a little grain; a caption at the lower left."""
    height = round(width / 1.5)
    image = Image.fromarray((scene(mood, width, height, 0.008 * (width > 640)) * 255 + 0.5).astype(np.uint8))
    font, edge, place = ImageFont.load_default(height * size), height * size / 24, (height * 0.06, height * 0.93)
    ImageDraw.Draw(image).text(place, caption, "#fff8e8", font, "ls", stroke_width=edge, stroke_fill="#20242c")
    return image


def journey(mood: Mood, count: int, width: int) -> list[Pic]:
    """The sun or moon of a scene crossing the sky in an arc, frame by frame, in 128 colors."""
    suns = [(0.02 + 0.55 * way, mood.sun[1] + 0.12 * way**2) for way in np.linspace(-1, 1, count).tolist()]
    return [picture(replace(mood, sun=sun), width).quantize(128) for sun in suns]


def p3() -> bytes:
    """A minimal ICC version 4 display profile: the P3 primaries, a D65 white, and the sRGB curve."""
    words = "Imgbatch wide gamut (P3, D65), free to use".encode("utf-16-be")
    text = struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(words), 28) + words
    xyz, white = partial(struct.pack, ">8s3i", b"XYZ "), (63190, 65536, 54061)  # all numbers in 65536ths
    curve = struct.pack(">4s4xH2x5i", b"para", 3, 157286, 62119, 3417, 5072, 2651)  # 2.4, 1/1.055, 0.055/1.055, 1/12.92
    adapt = struct.pack(">8s9i", b"sf32", 68674, 1502, -3291, 1939, 64912, -1119, -606, 988, 49262)
    tags = {
        b"desc": text, b"cprt": text, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve, b"chad": adapt,
        b"wtpt": xyz(*white), b"rXYZ": xyz(33759, 15807, -69), b"gXYZ": xyz(19135, 45367, 2745),
        b"bXYZ": xyz(10296, 4363, 51385),
    }  # fmt: skip
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI12s6H4s", 128 + len(table + body), 4 << 24, b"mntrRGB XYZ ", 2024, 1, 1, 0, 0, 0, b"acsp")
    return (head.ljust(68, b"\0") + struct.pack(">3i", *white)).ljust(128, b"\0") + table + body


def photo_exif() -> Image.Exif:
    """EXIF of an invented photographer at an invented place, out at sea."""
    exif, base, gps = Image.Exif(), ExifTags.Base, ExifTags.GPS
    exif.update({base.Make: "Imaginary", base.Model: "Pinhole 1", base.DateTime: "2024:06:21 21:14:07",
        base.Artist: "Ada Example", base.Copyright: "(c) 2024 Ada Example", base.GPSInfo: {
            gps.GPSLatitudeRef: "N", gps.GPSLatitude: (12.0, 34.0, 56.0), gps.GPSLongitudeRef: "W",
            gps.GPSLongitude: (34.0, 56.0, 7.5), gps.GPSAltitudeRef: b"\0", gps.GPSAltitude: 12.5}})  # fmt: skip
    return exif


def encode(kind: str, *pages: Pic, **options: object) -> bytes:
    """The picture, or several as frames or pages of one file, as the bytes of a file of that format."""
    out = io.BytesIO()
    more: dict[str, object] = {"save_all": True, "append_images": pages[1:], "duration": 160, "loop": 0}
    pages[0].save(out, kind, optimize=True, **(more if pages[1:] else {}), **options)
    return out.getvalue()


jpeg, png, webp = partial(encode, "JPEG", quality=82), partial(encode, "PNG"), partial(encode, "WEBP")


def with_orientation(number: int) -> bytes:
    """A JPEG whose stored pixels need EXIF orientation 1 to 8 to stand upright."""
    upright, exif = picture(replace(RIVER, seed=7), 480, f"UP {number}", 0.28), Image.Exif()
    exif[ExifTags.Base.Orientation] = number
    return jpeg(upright.transpose(TRANSPOSITIONS[number]) if number in TRANSPOSITIONS else upright, exif=exif)


def fade(image: Pic) -> Pic:
    """The picture, round, fading into full transparency."""
    distance = np.asarray(Image.radial_gradient("L").resize(image.size)) / 181.0  # 1 at the edge
    image.putalpha(Image.fromarray((255 * smooth(-0.98, -0.4, -distance)).astype(np.uint8)))
    return image


# fmt: off
SAMPLES: list[tuple[str, str, Callable[[], bytes]]] = [  # name, purpose, and how to make it
    ("travel/2024/coast/evening.jpg", "GPS, artist, date", lambda: jpeg(picture(DUSK, 1600), exif=photo_exif())),
    ("travel/2024/coast/morning.jpg", "progressive JPEG", lambda: jpeg(picture(DAWN, 1200), progressive=True)),
    ("travel/2023/desert/dunes.jpg", "large photo without metadata", lambda: jpeg(picture(DESERT, 1600))),
    ("travel/Übersicht am Fluß.jpg", "name: spaces, umlauts", lambda: jpeg(picture(RIVER, 1200, "By the river"))),
    ("color/wide-gamut.jpg", "P3 ICC profile", lambda: jpeg(picture(replace(DESERT, seed=2), 1200), icc_profile=p3())),
    ("color/gray.jpg", "grayscale JPEG", lambda: jpeg(picture(FOREST, 720).convert("L"))),
    ("color/cmyk.jpg", "CMYK JPEG, as for print", lambda: jpeg(picture(DUSK, 720).convert("CMYK"))),
    *((f"orientation/orientation-{n}.jpg", f"EXIF orientation {n}", partial(with_orientation, n)) for n in range(1, 9)),
    ("png/rgb.png", "8-bit RGB PNG", lambda: png(picture(DAWN, 360))),
    ("png/soft-alpha.png", "RGBA PNG with a soft round edge", lambda: png(fade(picture(DUSK, 420)))),
    ("png/palette.png", "48-color PNG", lambda: png((it := picture(DESERT, 480)).quantize(palette=it.quantize(48)))),
    ("png/gray-16.png", "16-bit gray", lambda: png(Image.fromarray(np.uint16(65535 * scene(NIGHT, 300, 200)[..., 1])))),
    ("png/one-bit.png", "1-bit PNG", lambda: png(picture(DAWN, 480).convert("1"))),
    ("web/lossy.webp", "lossy WebP", lambda: webp(picture(replace(FOREST, seed=3), 900), quality=80)),
    ("web/lossless.webp", "lossless WebP", lambda: webp(picture(replace(DUSK, seed=5), 360), lossless=True)),
    ("web/night.avif", "AVIF", lambda: encode("AVIF", picture(NIGHT, 900), quality=70, max_threads=1)),
    ("animated/sunset.gif", "animated GIF, 8 frames", lambda: encode("GIF", *journey(DUSK, 8, 240))),
    ("animated/moonrise.webp", "animated WebP, 8 frames", lambda: webp(*journey(NIGHT, 8, 300))),
    ("animated/midday.png", "animated PNG (APNG), 6 frames", lambda: png(*journey(RIVER, 6, 180))),
    ("scan/album.tiff", "TIFF of 3 pages", lambda: encode("TIFF", *(picture(mood, 300, f"Page {n}", 0.12)
        for n, mood in enumerate((DAWN, DESERT, NIGHT), 1)), compression="tiff_adobe_deflate")),
    ("scan/small.bmp", "small BMP", lambda: encode("BMP", picture(FOREST, 150))),
    ("scan/tiny.ppm", "tiny PPM", lambda: encode("PPM", picture(DUSK, 120))),
    ("broken/truncated.jpg", "broken: cut off at 60 %", lambda: (it := jpeg(picture(DAWN, 480)))[:len(it) * 6 // 10]),
    ("broken/empty.jpg", "broken: no bytes at all", bytes),
    ("broken/text.jpg", "broken: plain text under a picture's name", lambda: b"This is a sentence, not a picture.\n"),
    ("broken/bad-crc.png", "broken: wrong checksum", lambda: png(picture(DAWN, 96)).replace(b"R\0\0", b"R\1\0")),
]
# fmt: on
README = """# Sample images

Invented landscapes to try imgbatch on and to test it with, free to use.  Made by `python -m tests.make_samples`.

| File | What it is for |
| --- | --- |
""" + "".join(f"| `{name}` | {purpose} |\n" for name, purpose, _ in SAMPLES)


def main(folder: Path) -> None:
    """Write every sample, and the README, below the folder."""
    for name, _, make in SAMPLES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(make())
    (folder / "README.md").write_bytes(README.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "sample_images")
