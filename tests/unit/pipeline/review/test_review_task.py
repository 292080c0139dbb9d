"""Are thumbnails small, upright and in sRGB, and is the likeness that of what a reader compares?"""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageFilter

from imgbatch.core.job import ReviewOutcome, Source
from imgbatch.pipeline.review.review_task import ReviewJob, ReviewTask
from imgbatch.pipeline.task import LocalContext
from imgbatch.pixels.ssim import ssim

REPO = Path(__file__).parents[4]
PHOTO = REPO / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"


def source_of(path: Path) -> Source:
    return Source(str(path), str(path.parent), path.name, path.stat().st_size)


def look(path: Path, original: Path | None = None, max_pixels: int = 10**8) -> ReviewOutcome:
    job = ReviewJob(0, source_of(path), (), None if original is None else source_of(original))
    outcome = ReviewTask(max_pixels)(job, LocalContext())
    assert isinstance(outcome, ReviewOutcome)
    return outcome


def thumbnail(path: Path) -> Image.Image:
    outcome = look(path)
    assert outcome.ssim is None and len(outcome.thumbnail) < 12_000
    image = Image.open(io.BytesIO(outcome.thumbnail))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return image


def test_thumbnail_fits_its_box_and_is_upright() -> None:
    assert thumbnail(PHOTO).size[1] == 112 or thumbnail(PHOTO).size[0] == 160
    sizes = {thumbnail(REPO / "sample_images" / "orientation" / f"orientation-{n}.jpg").size for n in range(1, 9)}
    assert len(sizes) == 1


def test_transparency_is_shown_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert thumbnail(tmp_path / "clear.png").getextrema() == ((255, 255),) * 3


def test_wide_colors_become_srgb() -> None:
    wide = REPO / "sample_images" / "color" / "wide-gamut.jpg"
    with Image.open(wide) as image:
        plain = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    small = thumbnail(wide).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(plain, tuple) and isinstance(small, tuple)
    assert max(abs(one - other) for one, other in zip(plain, small, strict=True)) > 3


@pytest.mark.parametrize("name", ["gray-16.png", "one-bit.png", "palette.png", "soft-alpha.png"])
def test_every_mode_has_a_thumbnail(name: str) -> None:
    assert thumbnail(REPO / "sample_images" / "png" / name).width > 50


def test_of_a_damaged_file_is_shown_what_can_be_read(tmp_path: Path) -> None:
    data = PHOTO.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) * 2 // 3])
    rows = numpy.asarray(thumbnail(tmp_path / "cut.jpg").convert("L")).mean(axis=1)
    whole = numpy.asarray(thumbnail(PHOTO).convert("L")).mean(axis=1)
    third = len(whole) // 3
    assert abs(rows[:third] - whole[:third]).max() < 12 and abs(rows[-3:] - whole[-3:]).min() > 20
    (tmp_path / "text.jpg").write_text("no picture")
    outcome = look(tmp_path / "text.jpg")
    assert (outcome.status, outcome.thumbnail, outcome.ssim) == ("failed", b"", None)


def test_a_picture_of_too_many_pixels_is_not_looked_at() -> None:
    assert look(PHOTO, max_pixels=1000).thumbnail == b""


def test_likeness_is_the_ssim_of_what_is_there_twice(tmp_path: Path) -> None:
    with Image.open(PHOTO) as image:
        gray = image.convert("L").resize((300, 200))
    gray.save(tmp_path / "source.png")
    blurred = gray.filter(ImageFilter.GaussianBlur(2))
    blurred.save(tmp_path / "output.png")
    expected = ssim(numpy.asarray(gray), numpy.asarray(blurred))
    assert look(tmp_path / "output.png", tmp_path / "source.png").ssim == pytest.approx(expected)
    assert look(tmp_path / "source.png", tmp_path / "source.png").ssim == pytest.approx(1.0)


def test_likeness_is_that_of_the_middle_at_the_size_of_the_output(tmp_path: Path) -> None:
    with Image.open(PHOTO) as image:
        large = image.convert("RGB").resize((1800, 1200))
    large.save(tmp_path / "source.png")
    small = large.resize((900, 600), Image.Resampling.LANCZOS)
    small.save(tmp_path / "output.png")
    near = look(tmp_path / "output.png", tmp_path / "source.png").ssim
    assert near is not None and near > 0.995
    small.paste("red", (0, 0, 150, 600))  # left of the middle: nobody sees it
    small.save(tmp_path / "painted.png")
    assert look(tmp_path / "painted.png", tmp_path / "source.png").ssim == pytest.approx(near)
    small.paste("red", (300, 100, 600, 500))
    small.save(tmp_path / "painted.png")
    far = look(tmp_path / "painted.png", tmp_path / "source.png").ssim
    assert far is not None and far < near - 0.1


def test_another_shape_has_no_likeness(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "source.png")
    Image.new("RGB", (200, 200)).save(tmp_path / "square.png")
    assert look(tmp_path / "square.png", tmp_path / "source.png").ssim is None
