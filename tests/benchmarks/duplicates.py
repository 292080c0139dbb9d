"""Duplicates: how many copies are found, how many are not, how fast, and which pictures are called bad?

``python -m tests.benchmarks.duplicates recall [--python PYTHON]``: copies of photographs, changed in one way each: how
many of them are near to the original, by imgbatch and by the hashes of other packages within 8 or 10 bits; and
how many pairs of two different photographs are near by chance. PYTHON is an interpreter that has imagehash. Of
imagededup, which needs PyTorch, the published configuration of its PHash is computed.

``... quality``: the same photographs blurred, darkened, lightened: how many are called what.

``... million [--count N]``: processor seconds of the search among N hashes, spread in several ways; the threshold is
`--threshold`.

``... speed [--rounds 5]``: processor seconds, without workers, of ``imgbatch dupes`` and ``imgbatch run --resize 256``,
which decodes as many pixels, interleaved; the second search finds all in its store.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

import imgbatch as ib
from imgbatch.core.job import Job, Source
from imgbatch.pipeline.fingerprints.fingerprint import Fingerprint, FingerprintTask
from imgbatch.pipeline.task import LocalContext
from imgbatch.pixels.perception.leaders import Looks, find_leaders
from tests.benchmarks.data import originals
from tests.benchmarks.tables import align

THRESHOLD = 8
SIDE = 1600  # px of the longest edge of a picture of the set
Change = Callable[[Image.Image], Image.Image]


def _crop(part: float) -> Change:
    def crop(image: Image.Image) -> Image.Image:
        width, height = image.size
        left, top = round(width * part / 2), round(height * part / 2)
        return image.crop((left, top, width - left, height - top))

    return crop


def _quality(quality: int) -> Change:
    def save(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return save


def _watermark(image: Image.Image) -> Image.Image:
    result = image.copy()
    place = (round(image.width * 0.55), round(image.height * 0.85))
    ImageDraw.Draw(result).text(place, "(c) Example Photos 2026", "white", font_size=image.height // 18)
    return result


#: What may happen to a copy; the last ones are only found with any_orientation.
COPIES: dict[str, Change] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a tenth": lambda image: image.resize((image.width // 10, image.height // 10)),
    "JPEG, quality 30": _quality(30),
    "JPEG, quality 10": _quality(10),
    "cropped by 5 %": _crop(0.05),
    "cropped by 10 %": _crop(0.1),
    "brighter by 30 %": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "darker by 40 %": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.4),
    "gray": lambda image: image.convert("L").convert("RGB"),
    "watermark": _watermark,
    "turned by 1 degree": lambda image: image.rotate(1, Image.Resampling.BICUBIC),
    "turned by 90": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "mirrored": ImageOps.mirror,
}
TURNED = ("turned by 90", "mirrored")


def _blur(part: int) -> Change:
    return lambda image: image.filter(ImageFilter.GaussianBlur(max(image.size) / part))


def _dark(factor: float) -> Change:
    return lambda image: image.point(lambda level: level * factor)


def _light(factor: float) -> Change:
    return lambda image: image.point(lambda level: 255 - (255 - level) * factor)


FAULTS: dict[str, Change] = {
    "as it is": lambda image: image,
    "half the size": COPIES["half the size"],
    "a quarter": lambda image: image.resize((image.width // 4, image.height // 4), Image.Resampling.LANCZOS),
    "JPEG, quality 30": _quality(30),
    **{f"blurred by 1/{part} of its edge": _blur(part) for part in (1000, 500, 300, 200, 100)},
    **{f"darker, to {factor:.0%}": _dark(factor) for factor in (0.5, 0.3, 0.2, 0.1)},
    **{f"lighter, to {factor:.0%}": _light(factor) for factor in (0.5, 0.3, 0.2, 0.1)},
    "one color": lambda image: image.resize((1, 1)).resize(image.size),
}
WORDS = ("blurred", "too dark", "too light", "nothing to see")


def photographs(data: Path | None) -> list[Image.Image]:
    """The photographs, upright, at most SIDE px."""
    result = []
    for path in sorted(path for path in originals(data).rglob("*") if path.is_file()):
        image = Image.open(path)
        image.draft("RGB", (SIDE, SIDE))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        result.append(upright)
    return result


def write_set(images: list[Image.Image], changes: dict[str, Change], folder: Path) -> dict[str, list[Path]]:
    """A file for each picture and change, as JPEG, quality 90; in the order of the pictures."""
    result: dict[str, list[Path]] = {}
    for number, (name, change) in enumerate(changes.items()):
        result[name] = []
        for place, image in enumerate(images):
            path = folder / f"{number:02}-{place:03}.jpg"
            change(image).save(path, quality=90)
            result[name].append(path)
    return result


def looks(paths: list[Path]) -> Looks:
    """The hashes of files, as ``dupes`` makes them."""
    task, rows = FingerprintTask(268_000_000), []
    task.open()
    for path in paths:
        outcome = task(Job(0, Source(str(path), str(path.parent), path.name), ()), LocalContext())
        assert isinstance(outcome, Fingerprint), outcome
        rows.append((outcome.dct, outcome.across, outcome.down))
    columns = numpy.array(rows, numpy.uint64).T.copy()
    return Looks(columns[0], columns[1], columns[2], numpy.ones(len(rows), numpy.int64))


#: Runs in the interpreter of --python: prints for each file its hashes as hexadecimal words.
_FOREIGN = """
import json, sys
import imagehash, numpy, scipy.fftpack
from PIL import Image
def imagededup(image):  # methods/hashing.py, PHash, of its release 0.3
    small = numpy.asarray(image.resize((32, 32), Image.Resampling.LANCZOS).convert("L"), float)
    low = scipy.fftpack.dct(scipy.fftpack.dct(small, axis=0, norm="ortho"), axis=1, norm="ortho")[:8, :8]
    return imagehash.ImageHash(low >= numpy.median(low.flatten()[1:]))
for path in json.load(sys.stdin):
    image = Image.open(path).convert("RGB")
    print(json.dumps([str(hash(image)) for hash in (imagehash.phash, imagehash.dhash, imagededup)]))
"""
#: Of these hashes the thresholds in bits: ours, and imagededup's default.
FOREIGN = {
    "imagehash phash, 8": (0, 8), "imagehash phash, 10": (0, 10), "imagehash dhash, 8": (1, 8),
    "imagehash dhash, 10": (1, 10), "imagededup PHash, 10": (2, 10),
}  # fmt: skip


def foreign_hashes(python: str, paths: list[Path]) -> NDArray[Any]:
    """Shape (kinds, files), uint64."""
    done = subprocess.run(
        [python, "-c", _FOREIGN], input=json.dumps([str(path) for path in paths]), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    rows = [[int(word, 16) for word in json.loads(line)] for line in done.stdout.splitlines()]
    return numpy.array(rows, numpy.uint64).T.copy()


def recall(data: Path | None, python: str | None, threshold: int) -> None:
    """Print how many copies are near, and how many strangers."""
    images = photographs(data)
    with tempfile.TemporaryDirectory() as folder:
        files = write_set(images, {"original": lambda image: image, **COPIES}, Path(folder))
        paths = [path for group in files.values() for path in group]
        own = looks(paths)
        foreign = foreign_hashes(python, paths) if python else None
    count, total = len(images), len(paths)
    places, changes = numpy.arange(total) % count, numpy.arange(total) // count
    deciders: dict[str, Callable[[int, Any], Any]] = {
        f"imgbatch, {threshold}": lambda one, others: own[one : one + 1].near(own[others], threshold),
        "any orientation": lambda one, others: numpy.any(
            [own[one : one + 1].turn(way).near(own[others], threshold) for way in range(1, 9)], axis=0
        ),
    }
    if foreign is not None:
        for name, (kind, bits) in FOREIGN.items():
            hashes = foreign[kind]
            deciders[name] = lambda one, others, hashes=hashes, bits=bits: (  # type: ignore[misc]  # defaults have no type
                numpy.bitwise_count(hashes[one] ^ hashes[others]) <= bits
            )
    rows = [["copies of " + str(count), *deciders]]
    for number, name in enumerate(files):
        if number:
            hits = [
                sum(int(near(one, numpy.array([number * count + one]))[0]) for one in range(count))
                for near in deciders.values()
            ]
            rows.append([name, *map(str, hits)])
    upright = [number for number, name in enumerate(files) if number and name not in TURNED]
    sums = [sum(int(row[column]) for row in rows[1 : 1 + len(upright)]) for column in range(1, len(deciders) + 1)]
    rows.append(["recall, upright", *(f"{one / (count * len(upright)):.1%}" for one in sums)])
    strangers = [
        sum(int(near(one, numpy.flatnonzero((places > places[one]) & (changes >= 0))).sum()) for one in range(total))
        for near in deciders.values()
    ]
    pairs = sum(int((places > places[one]).sum()) for one in range(total))
    rows.append([f"strangers, of {pairs:,}", *map(str, strangers)])
    print("\n".join(align(rows)))


def quality(data: Path | None) -> None:
    """Print how many pictures are called what."""
    images = photographs(data)
    rows = [[f"of {len(images)}", *WORDS]]
    with tempfile.TemporaryDirectory() as folder:
        for name, paths in write_set(images, FAULTS, Path(folder)).items():
            report = ib.check(paths, quality=True, workers=0)
            texts = [text for outcome in report.outcomes for text in outcome.warnings]
            rows.append([name, *(str(sum(f"quality: {word} " in text for text in texts)) for word in WORDS)])
    print("\n".join(align(rows)))


def million(count: int, threshold: int) -> None:
    """Print how long the search takes among hashes that are spread in several ways."""
    random = numpy.random.default_rng(1)

    def even(size: int) -> NDArray[Any]:
        return random.integers(0, 1 << 64, size, dtype=numpy.uint64)

    def flip(hashes: NDArray[Any], bits: int) -> NDArray[Any]:
        for _ in range(bits):
            hashes = hashes ^ (numpy.uint64(1) << random.integers(0, 64, len(hashes)).astype(numpy.uint64))
        return hashes

    def scenes(number: int, bits: int) -> Callable[[], NDArray[Any]]:
        scene = random.integers(0, number, count)
        return lambda: flip(even(number)[scene], bits)

    crowd = count * 3 // 10
    spreads: dict[str, Callable[[], NDArray[Any]]] = {
        "evenly": lambda: even(count),
        "5 copies of each, 3 bits": scenes(count // 5, 3),
        "50 cameras, 8 bits": scenes(50, 8),
        "30 % around one look, 6 bits": lambda: numpy.concatenate(
            [flip(numpy.full(crowd, 0x123456789ABCDEF, numpy.uint64), 6), even(count - crowd)]
        ),
        "all alike in 44 of 64 bits": lambda: even(count) & numpy.uint64(0xFFFFF),
        "all the same": lambda: numpy.zeros(count, numpy.uint64),
    }
    rows = [[f"{count:,} hashes, threshold {threshold}", "groups", "processor s", "s"]]
    for name, make in spreads.items():
        dct, across, down = (make() for _ in range(3))
        began, clock = time.process_time(), time.monotonic()
        leaders, _ = find_leaders(Looks(dct, across, down, numpy.ones(count, numpy.int64)), threshold, False)
        spent, passed = time.process_time() - began, time.monotonic() - clock
        rows.append([name, f"{len(numpy.unique(leaders)):,}", f"{spent:.1f}", f"{passed:.1f}"])
    print("\n".join(align(rows)))


def speed(data: Path | None, rounds: int) -> None:
    """Print the processor seconds of commands."""
    source = str(originals(data))
    with tempfile.TemporaryDirectory() as folder:
        state, out = os.path.join(folder, "state"), os.path.join(folder, "out")
        commands = {
            "run --resize 256": ["run", source, "-o", out, "--resize", "256", "-f", "jpeg", "--force"],
            "dupes, first search": ["dupes", source, "--state", os.path.join(folder, "new")],
            "dupes, second search": ["dupes", source, "--state", state],
            "dupes --likeness bytes": ["dupes", source, "--likeness", "bytes"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        _processor_seconds(commands["dupes, second search"])
        for _ in range(rounds):
            for name, words in commands.items():
                if name == "dupes, first search":
                    words = [*words[:-1], tempfile.mkdtemp(dir=folder)]
                seconds[name].append(_processor_seconds(words))
    rows = [["", "processor s", "least", "most"]]
    rows += [
        [name, *(f"{pick(times):.2f}" for pick in (statistics.median, min, max))] for name, times in seconds.items()
    ]
    print("\n".join(align(rows)))


def _processor_seconds(words: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "imgbatch", *words, "-j0", "-Q"], stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("recall", "quality", "million", "speed"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--python")
    parser.add_argument("--threshold", type=int, default=THRESHOLD)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.what == "recall":
        recall(arguments.data, arguments.python, arguments.threshold)
    elif arguments.what == "quality":
        quality(arguments.data)
    elif arguments.what == "million":
        million(arguments.count, arguments.threshold)
    else:
        speed(arguments.data, arguments.rounds)


if __name__ == "__main__":
    main()
