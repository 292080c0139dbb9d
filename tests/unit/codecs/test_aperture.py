"""Is the clean aperture of an AVIF the picture, whatever else is done to it, and nonsense none?"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

import imgbatch as ib
from imgbatch.codecs.containers import color_boxes
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.codecs.reading.open import open_image
from imgbatch.core.errors import ImageError
from imgbatch.operations import Resize
from imgbatch.pixels.orientation import to_upright
from imgbatch.planning.recipe import Output, Recipe

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="Pillow reads no AVIF here")
SIZE = (128, 64)
BOX = (32, 16, 96, 48)  # left, top, right, bottom
HALF = (64, 1, 32, 1, 0, 1, 0, 1)  # its clap: width, height, and how far its center is off the picture's
LIMIT = 10_000_000


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


def quadrants() -> Image.Image:
    """The aperture: red, green, blue and gray; all around it is white."""
    image = Image.new("RGB", SIZE, "white")
    for color, corner in (("red", (32, 16)), ("lime", (64, 16)), ("blue", (32, 32)), ("gray", (64, 32))):
        image.paste(color, (*corner, corner[0] + 32, corner[1] + 16))
    return image


def find(data: bytes, *path: bytes) -> tuple[int, int]:
    """Where a box begins and ends, by the names of those that it is in."""
    start, end = 0, len(data)
    for name in path:
        at = start
        while data[at + 4 : at + 8] != name:
            at += int.from_bytes(data[at : at + 4], "big")
            assert at < end
        start, end = at + (12 if name == b"meta" else 8), at + int.from_bytes(data[at : at + 4], "big")
    return (at, end)


def with_clap(data: bytes, numbers: tuple[int, ...], essential: bool = True) -> bytes:
    """An AVIF of one still picture with a clean aperture."""
    box = struct.pack(">I4sIIIIiIiI", 40, b"clap", *numbers)
    properties = find(data, b"meta", b"iprp", b"ipco")
    count = len(list(color_boxes._boxes(data, properties[0] + 8, properties[1])))
    association = find(data, b"meta", b"iprp", b"ipma")[0]
    locations = find(data, b"meta", b"iloc")[0]
    result = bytearray(data)
    assert data[locations + 12 : locations + 14] == b"\x44\0"
    for item in range(int.from_bytes(data[locations + 14 : locations + 16], "big")):
        at = locations + 16 + 14 * item + 6
        struct.pack_into(">I", result, at, int.from_bytes(data[at : at + 4], "big") + 41)
    at = association + 18  # the count of the first item's
    for path, more in ((b"meta",), 41), ((b"meta", b"iprp"), 41), ((b"meta", b"iprp", b"ipma"), 1):
        place = find(data, *path)[0]
        struct.pack_into(">I", result, place, int.from_bytes(data[place : place + 4], "big") + more)
    place = properties[0]
    struct.pack_into(">I", result, place, int.from_bytes(data[place : place + 4], "big") + 40)
    result[at] += 1
    end = at + 1 + data[at]
    result[end:end] = bytes([0x80 * essential | count + 1])
    result[properties[1] : properties[1]] = box
    return bytes(result)


def avif(numbers: tuple[int, ...] = HALF, orientation: int = 1) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    quadrants().save(file, "AVIF", quality=95, exif=exif, subsampling="4:4:4")
    return with_clap(file.getvalue(), numbers)


def decode(data: bytes) -> tuple[SourceImage, Image.Image]:
    picture = open_image(data, ".avif", LIMIT)
    (frame,) = picture.decode()[0]
    return picture, frame


def assert_alike(one: Image.Image, other: Image.Image) -> None:
    assert one.size == other.size
    assert np.abs(np.asarray(one.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_aperture_is_the_picture_before_it_is_turned(orientation: int) -> None:
    picture, frame = decode(avif(orientation=orientation))
    turn = to_upright(orientation)
    upright = quadrants().crop(BOX) if turn is None else quadrants().crop(BOX).transpose(turn)
    assert_alike(frame, upright)
    assert (picture.size, picture.upright_size, picture.warnings) == ((64, 32), upright.size, [])


@pytest.mark.parametrize(
    ("numbers", "box"),
    [
        ((64, 1, 32, 1, -32, 1, 16, 1), (0, 32, 64, 64)),
        ((128, 2, 96, 3, 64, 2, -48, 3), (64, 0, 128, 32)),
        ((127, 1, 63, 1, 1, 2, 1, 2), (1, 1, 128, 64)),
        ((127, 1, 63, 1, -1, 2, -1, 2), (0, 0, 127, 63)),
        ((128, 1, 64, 1, 0, 1, 0, 1), (0, 0, 128, 64)),
    ],
)
def test_sizes_and_centers_are_fractions(numbers: tuple[int, ...], box: tuple[int, int, int, int]) -> None:
    picture, frame = decode(avif(numbers))
    assert_alike(frame, quadrants().crop(box))
    assert picture.warnings == []


@pytest.mark.parametrize(
    "numbers",
    [
        (64, 0, 32, 1, 0, 1, 0, 1),
        (0, 1, 32, 1, 0, 1, 0, 1),
        (64, 1, 32, 1, 33, 1, 0, 1),
        (64, 1, 32, 1, 0, 1, -17, 1),
        (129, 1, 32, 1, 0, 1, 0, 1),
        (2**32 - 1, 1, 2**32 - 1, 1, -(2**31), 1, 0, 1),
    ],
)
def test_what_is_no_part_of_the_picture_is_ignored_with_a_warning(numbers: tuple[int, ...]) -> None:
    picture, frame = decode(avif(numbers))
    assert frame.size == picture.size == SIZE
    assert picture.warnings == ["clean aperture ignored: it is no part of the 128x64 px"]


def test_outputs(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    source.write_bytes(avif())
    small = Output(format="jpeg", ops=[Resize("32")])
    outputs = [Output(format="png"), Output(format="same", name="copy.avif"), small]
    (outcome,) = ib.run(source, tmp_path / "out", Recipe([], outputs), workers=0).outcomes
    assert [(file.width, file.height) for file in outcome.outputs] == [(64, 32), (64, 32), (32, 16)]
    assert (tmp_path / "out" / "copy.avif").read_bytes() == source.read_bytes()
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert_alike(image, quadrants().crop(BOX))
    with ib.load(tmp_path / "a.avif", Resize("64x32!"), workers=0) as rows:
        assert_alike(Image.fromarray(rows.images[0]), quadrants().crop(BOX))


def test_a_film_has_its_own() -> None:
    file = io.BytesIO()
    quadrants().save(
        file, "AVIF", save_all=True, append_images=[quadrants().transpose(Image.Transpose.FLIP_LEFT_RIGHT)], quality=80
    )
    data = bytearray(file.getvalue())
    assert data[8:12] == b"avis"
    entry = data.index(b"av01", data.index(b"stsd")) - 4
    end = entry + int.from_bytes(data[entry : entry + 4], "big")
    free = data.index(b"ccst", entry) - 4  # which nobody needs for reading: its place is taken, as far as there is room
    assert entry < free < end
    box = struct.pack(">I4sIIIIiIiI", 40, b"clap", *HALF)
    data[end:end] = box
    at = 0
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"av01"):
        at = data.index(name, at)
        struct.pack_into(">I", data, at - 4, int.from_bytes(data[at - 4 : at], "big") + len(box))
    chunk = data.index(b"stco")
    for number in range(int.from_bytes(data[chunk + 8 : chunk + 12], "big")):
        place = chunk + 12 + 4 * number
        struct.pack_into(">I", data, place, int.from_bytes(data[place : place + 4], "big") + len(box))
    with open_image(bytes(data), ".avif", LIMIT) as picture:
        assert picture.size == (64, 32) and picture.frame_count == 2
        assert [frame.size for frame in picture.decode()[0]] == [(64, 32)] * 2


def test_the_hidden_pixels_count() -> None:
    with pytest.raises(ImageError, match="pixels"):
        open_image(avif(), ".avif", 4000)
    picture, _ = decode(avif())
    assert picture.waves == 4 * (128 * 64 - 64 * 32)


def test_another_item_s_aperture_is_none() -> None:
    data = bytearray(avif())
    association = find(bytes(data), b"meta", b"iprp", b"ipma")[0]
    data[association + 17] ^= 7  # the item whose properties these are
    assert color_boxes.clean_aperture(bytes(data)) is None
    assert color_boxes.clean_aperture(avif()) == HALF
    assert color_boxes.clean_aperture(avif()[:200]) is None
