"""Does a frame lie as the sensor in every picture, whichever way up that was taken?"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import ImageError
from imgbatch.operations import DarkFrame, FlatField, Operation
from imgbatch.planning.recipe import Output, Recipe

SIZE = (60, 45)
HOT = (5, 20)
LEVEL = 50
WAYS = range(1, 9)


def shot(base: int, hot: int) -> Image.Image:
    """One pixel that is hot (of a flat field: that gathers much light) among even ones."""
    image = Image.new("RGB", SIZE, (base, base, base))
    image.putpixel(HOT, (hot, hot, hot))
    return image


def save(image: Image.Image, path: Path, orientation: int) -> str:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    return str(path)


def sensor_op(cls: type[Operation], folder: Path, orientation: int = 1) -> tuple[Operation, Image.Image]:
    """The operation, and the picture that it makes even."""
    if cls is DarkFrame:
        return DarkFrame(save(shot(0, 90), folder / "dark.png", orientation)), shot(LEVEL, LEVEL + 90)
    return FlatField(save(shot(100, 200), folder / "flat.png", orientation)), shot(LEVEL, 2 * LEVEL)


def assert_even(image: Image.Image) -> None:
    low, high = image.convert("L").getextrema()
    assert (low, high) in ((LEVEL, LEVEL), (LEVEL, LEVEL + 1)), (low, high)


@pytest.mark.parametrize("cls", [DarkFrame, FlatField])
@pytest.mark.parametrize("auto_orient", [True, False])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_picture_of_any_orientation(cls: type[Operation], auto_orient: bool, suffix: str, tmp_path: Path) -> None:
    op, picture = sensor_op(cls, tmp_path, 3)  # the frame's own tag says nothing of the sensor
    photos = tmp_path / "photos"
    photos.mkdir()
    for way in WAYS:
        save(picture, photos / f"{way}.{suffix}", way)
    recipe = Recipe([op], [Output(format="png")], auto_orient=auto_orient)
    report = ib.run([photos], tmp_path / "out", recipe, workers=0)
    assert [outcome.status for outcome in report.outcomes] == ["ok"] * 8
    for path in sorted((tmp_path / "out").glob("*.png")):
        with Image.open(path) as image:
            assert_even(image)


@pytest.mark.parametrize("cls", [DarkFrame, FlatField])
@pytest.mark.parametrize("way", WAYS)
def test_statistics_and_pictures_in_memory(cls: type[Operation], way: int, tmp_path: Path) -> None:
    op, picture = sensor_op(cls, tmp_path)
    photos = tmp_path / "photos"
    photos.mkdir()
    path = save(picture, photos / "a.png", way)
    with Image.open(path) as image:
        assert_even(ib.apply(image, Recipe([op])))
        assert_even(ib.apply(image, Recipe([op], auto_orient=False)))
        assert_even(ib.apply(image, op))
    assert ib.stats(photos, op, workers=0).std.max() < 0.002


@pytest.mark.parametrize("way", WAYS)
def test_a_tiff_stays_as_it_is_stored_where_nothing_is_to_be_turned(way: int, tmp_path: Path) -> None:
    path = save(shot(9, 99), tmp_path / "a.tif", way)
    assert ib.run(path, tmp_path / "out", Recipe([], [Output(format="png")], auto_orient=False), workers=0).ok
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.size == SIZE and image.getpixel(HOT) == (99, 99, 99)
        assert image.getexif().get(0x0112, 1) == way


def test_a_frame_that_fits_only_as_it_lies_is_taken_so(tmp_path: Path) -> None:
    """It was turned upright before, and its tag is gone."""
    frame = shot(0, 90).transpose(Image.Transpose.ROTATE_270)
    op = DarkFrame(save(frame, tmp_path / "dark.png", 1))
    with Image.open(save(shot(LEVEL, LEVEL + 90), tmp_path / "a.png", 6)) as image:
        assert_even(ib.apply(image, Recipe([op])))


def test_another_size_is_told_as_the_picture_lies(tmp_path: Path) -> None:
    op, _ = sensor_op(DarkFrame, tmp_path)
    message = r"the frame's size: 45x60 px, this one has 60x44"
    path = save(Image.new("RGB", (44, 60)), tmp_path / "a.png", 8)
    with Image.open(path) as image, pytest.raises(ImageError, match=message):
        ib.apply(image, Recipe([op]))


def test_a_reader_that_turns_by_itself_is_asked() -> None:
    heif = pytest.importorskip("pillow_heif", reason="no reader of HEIC")
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    heif.from_pillow(shot(9, 200)).save(file, exif=exif.tobytes(), quality=90)
    with open_image(file.getvalue(), ".heic", 10**6) as picture:
        assert picture.orientation == 1
        assert picture.sensor_orientation(True) == picture.sensor_orientation(False)


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_an_orientation_that_makes_no_sense_turns_nothing(orientation: int, tmp_path: Path) -> None:
    square = (0, 0, 40, 40)
    dark = save(shot(0, 90).crop(square), tmp_path / "dark.png", 1)
    save(shot(LEVEL, LEVEL + 90).crop(square), tmp_path / "a.png", orientation)
    with Image.open(tmp_path / "a.png") as image:
        assert_even(ib.apply(image, Recipe([DarkFrame(dark)])))
