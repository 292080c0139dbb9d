"""Sets: which pictures are measured?

Real photographs where they are present, multiplied by crops and flips; else samples. What is no photograph is in
other_pictures.py. Each set is made once, in a folder of its own below the work folder, and used again by the next run.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

REPO = Path(__file__).parents[2]
PHOTOS = REPO.parent / "shared" / "images" / "photos"
COUNT = 60
MEGAPIXELS = (8, 25)  # what cameras and telephones make; others only where there are no such
Size = tuple[int, int]


class Sets:
    """The sets of pictures, by name.

    `photos` and `tiny` are how many files these sets have; `share` is the part of each set that is taken.
    """

    def __init__(
        self, work: Path, data: Path | None, tiny: int = 20_000, photos: int = COUNT, share: float = 1.0
    ) -> None:
        source = originals(data)
        self._work, self._data, self._tiny, self._photos, self._share = work, data, tiny, photos, share
        self._mark = f"{source.name}-{hashlib.sha256(str(source).encode()).hexdigest()[:6]}"  # sets of other originals

    def folder(self, name: str) -> Path:
        """The folder of a set, made when it is not there yet."""
        if name == "tiny":
            return tiny(self._work / f"tiny-{self._part(self._tiny)}", self._part(self._tiny))
        photographs = self._of("photos", self._part(self._photos))
        photos(photographs, self._data, self._part(self._photos))
        if name == "photos":
            return photographs
        if name == "one":
            return derive(photographs, self._of("small", 1), 1, (1024, 768), ".jpg")
        count = self._part({"small": 400, "pngs": 30, "animations": 12, "scans": 12}[name])
        folder = self._of(name, count)
        if name == "small":
            return derive(photographs, folder, count, (1024, 768), ".jpg")
        if name == "pngs":
            return derive(photographs, folder, count, (2400, 1800), ".png")
        from tests.benchmarks import other_pictures  # numpy, which few sets need

        return (other_pictures.animations if name == "animations" else other_pictures.scans)(photographs, folder, count)

    def _part(self, count: int) -> int:
        return max(1, round(count * self._share))

    def _of(self, name: str, count: int) -> Path:
        return self._work / f"{name}-{count}-{self._mark}"


def originals(data: Path | None) -> Path:
    """The folder of the photographs that the sets are made of."""
    return (data or (PHOTOS if PHOTOS.is_dir() else REPO / "sample_images" / "travel")).resolve()


def photos(folder: Path, data: Path | None = None, count: int = COUNT) -> Path:
    """`count` JPEG photographs in `folder` (made once), from `data`, the shared photographs or the samples.

    The first of each are the files themselves; their crops and flips keep EXIF (with the orientation), profile,
    quantization tables and sampling, so that they cost what photographs cost.
    """
    source = originals(data)
    if is_complete(folder, count):
        return folder
    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    files = [path for path in files if MEGAPIXELS[0] <= _megapixels(path) <= MEGAPIXELS[1]] or files
    if not files:
        raise SystemExit(f"expected JPEG photographs in {source}, found none; give --data another folder")
    for number in range(count):
        original, turn = files[number % len(files)], number // len(files)
        if turn == 0:
            shutil.copyfile(original, folder / f"{number:03}.jpg")
            continue
        with Image.open(original) as image:
            kept: dict[str, Any] = {key: image.info[key] for key in ("exif", "icc_profile") if key in image.info}
            kept.update(qtables=getattr(image, "quantization", None), subsampling=get_sampling(image))
            width, height = image.size
            part = turn % 10  # of twenty: large pictures, however many are asked for
            picture = image.crop((width * part // 20 // 16 * 16, height * part // 20 // 16 * 16, width, height))
        picture = ImageOps.mirror(picture) if turn % 2 else picture
        picture.save(folder / f"{number:03}.jpg", **kept)
    return folder


def derive(source: Path, folder: Path, count: int, size: Size, suffix: str) -> Path:
    """`count` pictures of at most `size`, upright, made of the photographs: each a different part of one."""
    if is_complete(folder, count):
        return folder
    files = sorted(source.iterdir())
    for number in range(count):
        with Image.open(files[number % len(files)]) as image:
            image.draft("RGB", (2 * size[0], 2 * size[1]))
            picture = ImageOps.exif_transpose(image).convert("RGB")
        cut = number // len(files) * 8
        picture = picture.crop((cut, cut, *picture.size))
        picture.thumbnail(size)
        picture.save(folder / f"{number:04}{suffix}", quality=88)
    return folder


def tiny(folder: Path, count: int) -> Path:
    """`count` small PNG files of 64 x 64 px."""
    if is_complete(folder, count):
        return folder
    picture = Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    for number in range(count):
        picture.putpixel((number % 64, number // 64 % 64), (number % 256, 0, 255))
        picture.save(folder / f"{number:05}.png", compress_level=1)
    return folder


def is_complete(folder: Path, count: int) -> bool:
    """Whether a set is there already; its folder is, afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    return sum(1 for _ in folder.iterdir()) >= count


def _megapixels(path: Path) -> float:
    with Image.open(path) as image:
        return image.width * image.height / 1e6
