"""Which pictures are measured? Real photographs where they are present, multiplied by crops and flips; else samples."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

REPO = Path(__file__).parents[2]
PHOTOS = REPO.parent / "shared" / "images" / "photos"
COUNT = 60


def photos(folder: Path, data: Path | None = None, count: int = COUNT) -> Path:
    """`count` JPEG photographs in `folder` (made once), from `data`, the shared photographs or the samples."""
    source = data or (PHOTOS if PHOTOS.is_dir() else REPO / "sample_images" / "travel")
    folder.mkdir(parents=True, exist_ok=True)
    originals = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if len(list(folder.glob("*.jpg"))) >= count:
        return folder
    for number in range(count):
        with Image.open(originals[number % len(originals)]) as image:
            turn = number // len(originals)
            picture = ImageOps.exif_transpose(image).convert("RGB")
            if turn % 2:
                picture = ImageOps.mirror(picture)
            if turn:
                width, height = picture.size
                picture = picture.crop((width * turn // 20, height * turn // 20, width, height))
            picture.save(folder / f"{number:03}.jpg", quality=90)
    return folder


def tiny(folder: Path, count: int) -> Path:
    """`count` small PNG files of 64 x 64 px."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.iterdir())) >= count:
        return folder
    picture = Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    for number in range(count):
        picture.putpixel((number % 64, number // 64 % 64), (number % 256, 0, 255))
        picture.save(folder / f"{number:05}.png", compress_level=1)
    return folder
