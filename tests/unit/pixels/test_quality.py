"""Is a bad picture called bad, and a good one not, whatever its size?"""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw, ImageFilter

import imgbatch as ib
from imgbatch.pixels.perception.quality import PictureQuality, measure_quality

SAMPLES = Path(__file__).parents[3] / "sample_images"
PHOTOS = sorted((SAMPLES / "travel").rglob("*.jpg"))


def gray(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("L")


def words(image: Image.Image) -> list[str]:
    return [finding.removeprefix("quality: ").partition(" (")[0] for finding in measure_quality(image).findings()]


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("part", [1, 2, 4])
def test_bad_pictures_are_found_at_every_size(path: Path, part: int) -> None:
    image = gray(path)
    image = image.resize((image.width // part, image.height // part), Image.Resampling.LANCZOS)
    assert words(image) == []
    assert words(image.filter(ImageFilter.GaussianBlur(max(image.size) / 200))) == ["blurred"]
    assert words(image.point(lambda level: level * 0.2)) == ["too dark"]
    assert words(image.point(lambda level: 255 - (255 - level) * 0.2)) == ["too light"]


def test_sharpness_does_not_depend_on_contrast() -> None:
    image = gray(PHOTOS[0])
    full = measure_quality(image).sharpness
    half = measure_quality(image.point(lambda level: 60 + level * 0.5)).sharpness
    assert half == pytest.approx(full, rel=0.2)  # levels are rounded


def test_plain_pictures_show_nothing() -> None:
    for level in (0, 128, 255):
        assert words(Image.new("L", (700, 500), level)) == ["nothing to see"]
    noise = numpy.random.default_rng(1).integers(10, 13, (400, 300), dtype=numpy.uint8)
    assert words(Image.fromarray(noise)) == ["nothing to see"]


def test_a_page_of_text_is_not_too_light() -> None:
    page = Image.new("L", (1000, 1400), "white")
    draw = ImageDraw.Draw(page)
    for row in range(60, 360, 25):
        draw.text((80, row), "The quick brown fox jumps over the lazy dog, " * 3, "black", font_size=15)
    assert words(page) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (8, 8)])
def test_tiny_pictures_can_be_judged(size: tuple[int, int]) -> None:
    assert isinstance(measure_quality(Image.linear_gradient("L").resize(size)), PictureQuality)


def test_check_warns_where_it_is_asked_to(tmp_path: Path) -> None:
    image = gray(PHOTOS[0]).convert("RGB")
    blurred = image.filter(ImageFilter.GaussianBlur(8))
    image.save(tmp_path / "a good.jpg")
    blurred.save(tmp_path / "b blurred.jpg", progressive=True)
    blurred.save(tmp_path / "c blurred.png")
    image.point(lambda level: level * 0.15).save(tmp_path / "d dark.webp")
    data = (tmp_path / "b blurred.jpg").read_bytes()
    (tmp_path / "e broken.jpg").write_bytes(data[: len(data) // 2])
    report = ib.check(tmp_path, quality=True, workers=0)
    warnings = [" ".join(w.partition(" (")[0] for w in one.warnings if "quality" in w) for one in report.outcomes]
    assert warnings == ["", "quality: blurred", "quality: blurred", "quality: too dark", ""]
    assert [one.status for one in report.outcomes] == ["ok"] * 4 + ["failed"]
    assert not any("quality" in text for one in ib.check(tmp_path, workers=0).outcomes for text in one.warnings)
    with pytest.raises(ib.UsageError, match="quality"):
        ib.check(tmp_path, quality=1, workers=0)  # type: ignore[arg-type]  # that is the test


def test_all_samples_are_judged() -> None:
    report = ib.check([SAMPLES], quality=True, workers=0)
    assert {one.source.relative for one in report.failed} == {
        f"broken/{name}" for name in ("bad-crc.png", "empty.jpg", "text.jpg", "truncated.jpg")
    }
    assert not any("quality" in text for one in report.outcomes for text in one.warnings)
