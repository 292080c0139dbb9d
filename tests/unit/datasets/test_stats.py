"""Are the statistics those of a plain computation, to the last integer, whatever the number of workers?"""

from __future__ import annotations

import json
import math
import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch.core.report import ExitCode
from imgbatch.datasets.stats import StatsRun
from imgbatch.pixels.exact_sums import Totals
from imgbatch.pixels.histogram import as_mode
from imgbatch.pixels.statistics import Spread, Statistics, aspect
from imgbatch.reporters.files.histogram_plot import SIZE, draw

SAMPLES = Path(__file__).parents[3] / "sample_images"
PHOTOS = Path(__file__).parents[4] / "shared" / "images" / "photos"
KEYS = [
    "images", "failed", "pixels", "mode", "mean", "std", "min", "max", "sum", "sum_squares", "histogram", "width",
    "height", "formats", "modes", "failures",
]  # fmt: skip


def plain(path: Path, mode: str = "RGB") -> NDArray[numpy.uint8]:
    """The pixels of a file as (pixels, channels), by nothing but Pillow and numpy."""
    with Image.open(path) as opened:
        image: Image.Image = opened
        if image.mode.startswith("I;16"):
            image = Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
        return numpy.asarray(image.convert(mode)).reshape(-1, len(mode))


def files(folder: Path) -> list[Path]:
    """The pictures below a folder that can be read."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".md")
    return [path for path in found if "broken" not in path.parts]


def assert_equal_to_numpy(found: Statistics, pictures: list[Path], mode: str = "RGB") -> None:
    count = len(mode)
    total, squares, pixels = [0] * count, [0] * count, 0
    histogram = numpy.zeros((count, 256), numpy.int64)
    lowest, highest = [255] * count, [0] * count
    for path in pictures:
        values = plain(path, mode)
        pixels += len(values)
        for channel in range(count):
            column = values[:, channel].astype(numpy.int64)
            total[channel] += int(column.sum())
            squares[channel] += int((column * column).sum())
            lowest[channel] = min(lowest[channel], int(column.min()))
            highest[channel] = max(highest[channel], int(column.max()))
            histogram[channel] += numpy.bincount(column, minlength=256)
    assert (found.images, found.pixels) == (len(pictures), pixels)
    assert found.sum.tolist() == total and found.sum_squares.tolist() == squares
    assert (found.histogram == histogram).all()
    assert (found.min * 255).tolist() == lowest and (found.max * 255).tolist() == highest
    for channel in range(count):
        mean = Fraction(total[channel], pixels)
        assert found.mean[channel] == float(mean / 255)
        assert found.std[channel] == math.sqrt(float((Fraction(squares[channel], pixels) - mean * mean) / 255**2))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_sample_images_equal_numpy_to_the_last_integer(mode: Any) -> None:
    found = ib.stats(SAMPLES, mode=mode, workers=2)
    assert_equal_to_numpy(found, files(SAMPLES), mode)
    assert found.failed == 4 and len(found.failures) == 4


def test_photographs_equal_numpy_to_the_last_integer() -> None:
    if not PHOTOS.is_dir():
        pytest.skip("the photographs are not here")
    photos = [path for path in files(PHOTOS) if path.stat().st_size < 1_000_000]
    assert_equal_to_numpy(ib.stats(photos, workers=2), photos)


def test_equal_bytes_for_any_number_of_workers() -> None:
    made = {
        ib.stats(SAMPLES, workers=workers, chunksize=chunksize).to_json()
        for workers, chunksize in ((0, "auto"), (1, 5), (2, 1), (4, 3))
    }
    assert len(made) == 1
    images = [ib.stats(SAMPLES, ib.Resize("50%"), weight="image", mean_image=(16, 12), workers=n) for n in (0, 3)]
    assert len({found.to_json() for found in images}) == 1
    assert (images[0].mean_image == images[1].mean_image).all()  # type: ignore[union-attr]  # asked for


def test_the_json_has_these_keys_and_no_others() -> None:
    text = ib.stats(SAMPLES, workers=0).to_json()
    table = json.loads(text)
    assert list(table) == KEYS and text.count("\n") == 1 and text.endswith("\n")
    assert table["mode"] == "RGB" and table["pixels"] == sum(table["histogram"][0])
    assert table["width"] == {"min": 120, "median": 480, "max": 1600}
    assert table["formats"]["jpeg"] == 15 and table["modes"]["I;16"] == 1
    assert [failure["source"] for failure in table["failures"]] == [
        "broken/bad-crc.png", "broken/empty.jpg", "broken/text.jpg", "broken/truncated.jpg",
    ]  # fmt: skip
    assert table["failures"][1]["error"]["kind"] == "truncated"


def test_nothing_to_measure_is_valid_json(tmp_path: Path) -> None:
    found = ib.stats(tmp_path, workers=0, weight="image", mean_image=(2, 2))
    table = json.loads(found.to_json())
    assert (table["images"], table["mean"], table["min"], table["width"]) == (0, [None] * 3, [None] * 3, None)
    assert found.picture() is not None


def save(path: Path, size: tuple[int, int], color: Any, mode: str = "RGB", **options: Any) -> Path:
    Image.new(mode, size, color).save(path, **options)
    return path


def test_each_pixel_or_each_image_counts_the_same(tmp_path: Path) -> None:
    save(tmp_path / "large.png", (100, 90), (0, 0, 0))
    save(tmp_path / "small.png", (2, 5), (255, 255, 255))
    by_pixel = ib.stats(tmp_path, workers=0)
    by_image = ib.stats(tmp_path, workers=0, weight="image")
    assert by_pixel.mean[0] == 10 / 9010
    assert by_image.mean[0] == 0.5 and by_image.std[0] == 0.5  # of all pixels, not the mean of 0 and 0
    assert by_image.sum.tolist() == by_pixel.sum.tolist()


@pytest.mark.parametrize("size", ["96x64^", "50%"])  # of a JPEG, fewer pixels are decoded for them
def test_operations_come_first_and_give_what_a_run_gives(tmp_path: Path, size: str) -> None:
    ops = [ib.Resize(size), ib.Grayscale()]
    sources = [SAMPLES / "travel", SAMPLES / "orientation"]
    ib.run(sources, tmp_path, ib.Recipe(ops=ops, outputs=[ib.Output(format="bmp")]), workers=0, ledger=False)
    found = ib.stats(sources, ops, workers=2, mode="L")
    assert found.images == 12
    assert_equal_to_numpy(found, files(tmp_path), "L")


def test_sizes_are_upright_and_after_the_operations(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "a.jpg", (60, 40), (1, 2, 3), exif=exif)
    found = ib.stats(tmp_path, workers=0)
    assert (found.width, found.height) == (Spread(40, 40, 40), Spread(60, 60, 60)) and found.aspects == {"2:3": 1}
    as_stored = ib.stats(tmp_path, workers=0, auto_orient=False)
    assert as_stored.width == Spread(60, 60, 60)
    assert ib.stats(tmp_path, ib.Crop("10x10"), workers=0).aspects == {"1:1": 1}


@pytest.mark.parametrize("size", [(1, 3), (3, 1), (1, 1)])
def test_a_mean_image_may_be_one_pixel_wide(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", (4, 4), (10, 20, 30)).save(tmp_path / "a.png")
    found = ib.stats(tmp_path, workers=0, mean_image=size)
    assert found.mean_image is not None and found.mean_image.shape == (size[1], size[0], 3)
    assert found.mean_image[-1, -1] * 255 == pytest.approx([10, 20, 30])


def test_the_mean_image_is_the_mean_of_all_images(tmp_path: Path) -> None:
    save(tmp_path / "a.png", (40, 40), (10, 20, 30))
    save(tmp_path / "b.png", (400, 10), (20, 40, 61))
    found = ib.stats(tmp_path, workers=0, mean_image=(4, 2))
    assert found.mean_image is not None and found.mean_image.shape == (2, 4, 3)
    assert (found.mean_image * 255)[1, 3] == pytest.approx([15, 30, 45.5])
    picture = found.picture()
    assert picture is not None and picture.size == (4, 2) and picture.getpixel((0, 0)) == (15, 30, 46)
    gray = ib.stats(tmp_path, workers=0, mode="L", mean_image=(4, 2)).picture()
    assert gray is not None and gray.mode == "L"


def test_the_line_to_paste() -> None:
    line = ib.stats(SAMPLES / "color", workers=0).torch()
    made: dict[str, Any] = {}
    exec(line.replace("transforms.Normalize", "made.update"), {"made": made})
    assert set(made) == {"mean", "std"} and len(made["mean"]) == 3


@pytest.mark.parametrize(
    "words", [{"mode": "HSV"}, {"weight": "file"}, {"mean_image": (0, 3)}, {"mean_image": 3}, {"overwrite": True}]
)
def test_what_cannot_be_asked_for(words: dict[str, Any]) -> None:
    with pytest.raises(ib.UsageError):
        ib.stats(SAMPLES, workers=0, **words)


# -- modes -------------------------------------------------------------------------------------------------------------


def test_gray_of_sixteen_bits_counts_by_its_high_byte() -> None:
    values = numpy.array([[0, 255, 256, 65535]], numpy.uint16)
    expected = [[0, 0, 1, 255]]
    assert numpy.asarray(as_mode(Image.fromarray(values), "L")).tolist() == expected
    assert numpy.asarray(as_mode(Image.fromarray(values.astype(numpy.int32)), "L")).tolist() == expected


def test_integers_of_eight_bits_stay_what_they_are() -> None:
    values = numpy.array([[0, 7, 255]], numpy.int32)
    assert numpy.asarray(as_mode(Image.fromarray(values), "L")).tolist() == [[0, 7, 255]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr",
                                  "LAB", "HSV", "I", "F", "I;16", "I;16B"])  # fmt: skip
@pytest.mark.parametrize("wanted", ["L", "RGB", "RGBA"])
def test_every_mode_can_be_measured(mode: str, wanted: str) -> None:
    made = as_mode(Image.new(mode, (3, 2)), wanted)
    assert made.mode == wanted and len(made.histogram()) == 256 * len(wanted)


def test_alpha_is_dropped_and_profiles_are_ignored(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    save(tmp_path / "a.png", (3, 3), (200, 100, 50, 0), "RGBA", icc_profile=profile)
    found = ib.stats(tmp_path, workers=0)
    assert (found.mean * 255).tolist() == [200, 100, 50]
    assert ib.stats(tmp_path, workers=0, mode="RGBA").mean[3] == 0


# -- going wrong and stopping ------------------------------------------------------------------------------------------


class QuitOnBlack(ib.Invert):
    """An operation that ends its process where the first pixel is black."""

    def apply(self, image: Image.Image) -> Image.Image:
        if not any(image.convert("RGB").getpixel((0, 0)) or ()):  # type: ignore[arg-type]  # a tuple for RGB
            os._exit(3)
        return super().apply(image)


def test_a_file_that_takes_its_worker_along_is_named_and_not_counted(tmp_path: Path) -> None:
    for number in range(12):
        save(tmp_path / f"{number:02}.png", (8, 8), (0, 0, 0) if number == 5 else (number + 1, 9, 9))
    found = ib.stats(tmp_path, QuitOnBlack(), workers=2, chunksize=4)
    assert [failure.source.relative for failure in found.failures] == ["05.png"]
    assert (found.images, found.failed) == (11, 1)
    assert found.sum[0] == sum(64 * (255 - number - 1) for number in range(12) if number != 5)


def test_too_many_failures_stop_it() -> None:
    survey = StatsRun(SAMPLES / "broken", settings=ib.Settings(workers=0, fail_fast=True))
    assert len(list(survey.outcomes())) == 1
    assert survey.report.exit_code == ExitCode.STOPPED and survey.report.remaining == 3


def test_closing_the_iterator_leaves_figures_of_what_was_done() -> None:
    survey = StatsRun(SAMPLES, settings=ib.Settings(workers=0))
    outcomes = survey.outcomes()
    for _ in range(3):
        next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # outcomes is a generator
    found = survey.statistics()
    assert found.images == len([one for one in survey.report.outcomes if one.status == "ok"])


def test_a_look_while_it_goes_on() -> None:
    survey = StatsRun(SAMPLES, settings=ib.Settings(workers=2, chunksize=1))
    seen = []

    def look(name: str) -> None:
        with Totals.attach(name) as other:
            seen.append(other.read().images)

    for _ in survey.outcomes():
        assert survey.totals is not None
        thread = threading.Thread(target=look, args=(survey.totals.name,))
        thread.start()
        thread.join()
    assert survey.totals is None and seen and seen == sorted(seen) and seen[-1] == 29


# -- figures and the drawing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "name"),
    [((6000, 4000), "3:2"), ((4000, 6000), "2:3"), ((4032, 3024), "4:3"), ((1920, 1080), "16:9"), ((500, 500), "1:1"),
     ((1000, 1005), "1:1"), ((1023, 682), "3:2"), ((1000, 100), "other"), ((1, 7), "other")],
)  # fmt: skip
def test_aspect_ratios_have_their_usual_names(size: tuple[int, int], name: str) -> None:
    assert aspect(*size) == name


def test_the_middle_of_an_even_count() -> None:
    assert Spread.of([4, 1, 2, 3]) == Spread(1, 2.5, 4)
    assert Spread(1, 2.5, 4).table() == {"min": 1, "median": 2.5, "max": 4}
    assert Spread.of([]) is None


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_drawing_shows_the_curves_in_their_colors(mode: Any) -> None:
    found = ib.stats(SAMPLES / "travel", mode=mode, workers=0)
    drawn = draw(found.histogram, found.channels, "a title", ["note"] * len(mode))
    assert drawn.size == SIZE and drawn.mode == "RGB"
    pixels = numpy.asarray(drawn).reshape(-1, 3).astype(int)
    colored = numpy.ptp(pixels, axis=1) > 60
    assert colored.any() == (mode != "L")
    empty = numpy.asarray(draw(numpy.zeros_like(found.histogram), found.channels)).reshape(-1, 3)
    assert (pixels < 200).any(axis=1).sum() > 2 * (empty < 200).any(axis=1).sum()


def test_a_spike_does_not_flatten_the_rest() -> None:
    even = numpy.full((1, 256), 100)
    spiked = even.copy()
    spiked[0, 0] = 10**6
    drawn = numpy.asarray(draw(spiked, ("gray",)).convert("L"))
    assert (drawn[400, 200:800] < 235).all()  # the even part still fills the picture
