"""Do crop, trim, pad, border, rotate, flip and flop move exactly the right pixels, in every mode?"""

from __future__ import annotations

import re
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch.core.errors import ImageError, UsageError
from imgbatch.core.parameters import Declaration, from_words, to_words
from imgbatch.operations.base import Operation, apply_all
from imgbatch.operations.geometry.crop import Crop
from imgbatch.operations.geometry.flip import Flip, Flop
from imgbatch.operations.geometry.pad import Border, Pad
from imgbatch.operations.geometry.rotate import Rotate
from imgbatch.operations.geometry.trim import Trim
from imgbatch.operations.support.lengths import ANCHORS

MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I;16L", "I;16B", "I", "F"]
SIDES = st.integers(1, 60)
SIZES = st.tuples(SIDES, SIDES)
GRAVITIES = st.sampled_from(list(ANCHORS))


def ramp(width: int = 4, height: int = 3) -> Image.Image:
    """Gray: 10 * row + column."""
    return Image.fromarray(numpy.add.outer(10 * numpy.arange(height), numpy.arange(width)).astype(numpy.uint8))


def frame(mode: str, inside: object, outside: object) -> Image.Image:
    """10x8 px with a rectangle from (2, 1) to (7, 5)."""
    image = Image.new(mode, (10, 8), outside)  # type: ignore[arg-type]  # Pillow takes a color of any kind
    image.paste(inside, (2, 1, 7, 5))  # type: ignore[arg-type]  # likewise
    return image


def rows(image: Image.Image) -> list[list[int]]:
    result: list[list[int]] = numpy.asarray(image).tolist()
    return result


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        ("100x50+10+20", Crop("100x50+10+20")),
        (" 100 X 50 + 10 - 020 ", Crop("100x50+10-20")),
        ("50%", Crop("50%x50%")),
        ("100", Crop("100x100")),
        ("100x", Crop("100x")),
        ("16:9,gravity=north", Crop("16:9", "north")),
        ("-90,background=red", Rotate(-90, "#ff0000")),
        ("45,expand=no,kernel=nearest", Rotate(45.0, expand=False, kernel="nearest")),
        ("10,color=red", Border("10", "#ff0000")),
        ("10x10,rgb(255,0,0)", Border("10", "red")),
        ("10x20", Border("10x20")),
        ("1600x1200,south,white", Pad("1600x1200", "south", "white")),
        ("1:1", Pad("1:1")),
        ("20", Trim(20)),
        ("", Flip()),
        ("", Flop()),
    ],
)
def test_words(words: str, operation: Declaration) -> None:
    assert from_words(type(operation), words) == operation
    assert from_words(type(operation), to_words(operation)) == operation


@pytest.mark.parametrize(
    ("cls", "words", "sentence"),
    [
        (Crop, "10x0", "expected an area such as .* for crop area, got '10x0'"),
        (Crop, "10x10+5", "expected an area such as .* for crop area, got '10x10[+]5'"),
        (Crop, "0:9", "expected an area such as .*"),
        (Crop, "10x10,gravity=nroth", "unknown crop gravity 'nroth'; did you mean 'north'[?]"),
        (Crop, "", "expected an area such as .* for crop area, got nothing"),
        (Rotate, "361", "expected a number from -360 to 360 degrees for rotate angle, got '361'"),
        (Border, "10x", "expected a width such as .* for border width, got '10x'"),
        (Border, "10,color=blu", "expected a color such as .* for border color, got 'blu'"),
        (Pad, "wide", "expected a canvas such as .* for pad size, got 'wide'"),
        (Trim, "256", "expected a number from 0 to 255 for trim tolerance, got '256'"),
    ],
)
def test_sentences(cls: type[Operation], words: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=f"^{sentence}"):
        from_words(cls, words)


@pytest.mark.parametrize(
    ("area", "gravity", "result"),
    [
        ("2x1+1+2", None, [[21, 22]]),
        ("2x1", None, [[11, 12]]),
        ("2x1", "southeast", [[22, 23]]),
        ("2x1+1+1", "southeast", [[11, 12]]),
        ("2x1+1+0", "center", [[12, 13]]),
        ("9x1-7+1", None, [[10, 11]]),
        ("50%x34%", "northwest", [[0, 1]]),
        ("0.1%", "southeast", [[23]]),
        ("x1", "north", [[0, 1, 2, 3]]),
        ("1:1", "west", [[0, 1, 2], [10, 11, 12], [20, 21, 22]]),
        ("4:1", None, [[10, 11, 12, 13]]),
    ],
)
def test_crop_keeps_the_area(area: Any, gravity: Any, result: list[list[int]]) -> None:
    assert rows(Crop(area, gravity).apply(ramp())) == result


@given(SIZES, SIZES, GRAVITIES)
def test_a_crop_is_clipped(source: tuple[int, int], area: tuple[int, int], gravity: Any) -> None:
    result = Crop(f"{area[0]}x{area[1]}", gravity).apply(Image.new("L", source))
    assert result.size == (min(source[0], area[0]), min(source[1], area[1]))


def test_a_crop_of_everything_gives_the_same_object() -> None:
    image = ramp()
    assert Crop("9x9").apply(image) is image


@pytest.mark.parametrize("area", ["2x2+4+0", "2x2+0+3", "2x2-2+0", "2x2+0-9"])
def test_a_crop_outside_is_an_error(area: str) -> None:
    sentence = f"crop {re.escape(area)} lies outside of the picture, which is 4x3 px"
    with pytest.raises(ImageError, match=sentence) as error:
        Crop(area).apply(ramp())
    assert error.value.kind == "operation"


def test_mirrors_are_exact() -> None:
    image = ramp(3, 2)
    assert rows(Flip().apply(image)) == [[10, 11, 12], [0, 1, 2]]
    assert rows(Flop().apply(image)) == [[2, 1, 0], [12, 11, 10]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", [Rotate(90), Rotate(180), Flip(), Flop(), Crop("5x4+2+1"), Trim()])
def test_moving_pixels_keeps_the_mode_and_the_header(operation: Operation, mode: str) -> None:
    image = Image.new(mode, (9, 6))
    image.info.update(dpi=(300, 300), transparency=0)
    palette = image.getpalette()
    result = operation.apply(image)
    assert (result.mode, result.info, result.getpalette()) == (mode, image.info, palette)
    assert image.size == (9, 6)


def test_operations_take_every_mode() -> None:
    becomes = {"P": "RGB", "PA": "RGBA", "YCbCr": "RGB"}
    for mode in MODES:
        image = Image.new(mode, (9, 6))
        for operation in (Rotate(30), Rotate(30, kernel="nearest"), Pad("20x20"), Border("3"), Border("3", "white")):
            result = operation.apply(image)
            result_mode = "L" if mode == "1" and operation == Rotate(30) else becomes.get(mode, mode)
            assert result.mode == result_mode, (mode, operation)
            assert result.width > 9 and result.height > 6


def test_pad_never_crops() -> None:
    image = ramp(2, 1)
    assert rows(Pad("4x3", background="black").apply(image)) == [[0] * 4, [0, 0, 1, 0], [0] * 4]
    assert rows(Pad("4x3", "southeast").apply(image)) == [[255] * 4, [255] * 4, [255, 255, 0, 1]]
    assert rows(Pad("1x2", "north").apply(image)) == [[0, 1], [255, 255]]
    assert rows(Pad("1:1", "south").apply(image)) == [[255, 255], [0, 1]]
    assert Pad("2x1").apply(image) is image


@given(SIZES, SIZES, GRAVITIES)
def test_a_padded_picture_can_be_cropped_out_again(
    source: tuple[int, int], canvas: tuple[int, int], gravity: Any
) -> None:
    image = Image.effect_noise(source, 90)
    result = Pad(f"{canvas[0]}x{canvas[1]}", gravity).apply(image)
    assert result.size == (max(source[0], canvas[0]), max(source[1], canvas[1]))
    assert Crop(f"{source[0]}x{source[1]}", gravity).apply(result).tobytes() == image.tobytes()


def test_border() -> None:
    assert rows(Border("1").apply(ramp(2, 1))) == [[0] * 4, [0, 0, 1, 0], [0] * 4]
    assert rows(Border("2x0", "white").apply(ramp(2, 1))) == [[255, 255, 0, 1, 255, 255]]
    assert Border("5%").apply(Image.new("L", (200, 100))).size == (220, 110)
    assert Border("0").apply(image := ramp()) is image
    image.info["dpi"] = (300, 300)
    assert Border("1").apply(image).info == {"dpi": (300, 300)}


@pytest.mark.parametrize(
    ("mode", "color", "result_mode", "pixel"),
    [
        ("1", "white", "1", 255),
        ("1", "#808080", "L", 128),
        ("L", "red", "RGB", (255, 0, 0)),
        ("L", "transparent", "LA", (0, 0)),
        ("LA", "#80808080", "LA", (128, 128)),
        ("RGB", "#ff000080", "RGBA", (255, 0, 0, 128)),
        ("P", "red", "RGB", (255, 0, 0)),
        ("CMYK", "red", "CMYK", (0, 255, 255, 0)),
        ("LAB", "white", "LAB", (255, 128, 128)),
        ("I;16", "#808080", "I;16", 128 * 257),
        ("I", "white", "I", 255),
        ("F", "white", "F", 1.0),
    ],
)
def test_a_color_in_each_mode(mode: str, color: str, result_mode: str, pixel: object) -> None:
    result = Border("1", color).apply(Image.new(mode, (2, 2)))
    assert (result.mode, result.getpixel((0, 0))) == (result_mode, pixel)


def test_white_in_floats_follows_the_picture() -> None:
    for top, white in ((0.5, 1.0), (200.0, 255.0), (3000.0, 3000.0)):
        assert Border("1", "white").apply(Image.new("F", (2, 2), top)).getpixel((0, 0)) == white


@pytest.mark.parametrize(("mode", "color"), [("I;16", "red"), ("F", "transparent"), ("CMYK", "#ff000080")])
def test_a_color_that_the_mode_cannot_hold(mode: str, color: str) -> None:
    with pytest.raises(ImageError, match=f"border cannot work on {mode} pixels; the background must be") as error:
        Border("1", color).apply(Image.new(mode, (2, 2)))
    assert error.value.kind == "mode"


def test_a_transparent_header_color_is_not_lost_in_a_border() -> None:
    image = Image.new("RGB", (2, 2), (1, 2, 3))
    image.info["transparency"] = (1, 2, 3)
    result = Border("1", "red").apply(image)
    assert (result.getpixel((0, 0)), result.getpixel((1, 1))) == ((255, 0, 0, 255), (1, 2, 3, 0))
    assert "transparency" not in result.info


@pytest.mark.parametrize("operation", [Pad("900000x900000"), Border("500000")])
def test_a_huge_result_is_refused(operation: Operation) -> None:
    with pytest.raises(ImageError, match="more than the 1000 megapixels") as error:
        operation.apply(Image.new("L", (2, 2)))
    assert error.value.kind == "too_large"


@pytest.mark.parametrize(
    "image",
    [
        frame("L", 200, 100),
        frame("RGB", (10, 10, 40), (10, 10, 10)),
        frame("1", 1, 0),
        frame("P", 1, 0),
        frame("RGBA", (9, 9, 9, 255), (200, 0, 0, 0)),
        frame("LA", (9, 255), (200, 0)),
        frame("CMYK", (0, 0, 90, 0), 0),
        frame("I;16", 30000, 100),
        frame("I;16B", 30000, 100),
        frame("I", 90000, 100),
        frame("F", 0.5, 0.25),
    ],
    ids=lambda image: image.mode,
)
def test_trim_finds_the_picture(image: Image.Image) -> None:
    if image.mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    result = Trim().apply(image)
    assert (result.size, result.mode) == ((5, 4), image.mode)
    assert Trim().apply(result) is result  # nothing but border: stays


def test_trim_tolerance() -> None:
    image = frame("L", 110, 100)
    assert Trim(10).apply(image) is image
    assert Trim(9).apply(image).size == (5, 4)
    assert Trim(9.5).apply(image).size == (5, 4)


def test_trim_sees_all_transparent_pixels_alike() -> None:
    image = frame("RGBA", (200, 0, 0, 255), (0, 0, 0, 0))
    image.paste((255, 255, 255, 0), (0, 6, 10, 8))
    assert Trim().apply(image).size == (5, 4)


def test_frames_are_trimmed_to_one_rectangle() -> None:
    first, second, blank = Image.new("L", (10, 8)), Image.new("L", (10, 8)), Image.new("L", (10, 8))
    first.paste(255, (2, 3, 4, 5))
    second.paste(255, (5, 1, 7, 4))
    assert Trim().across([first, blank, second]) == Crop("5x4+2+1")
    assert [frame.size for frame in apply_all([Trim()], [first, blank, second])] == [(5, 4)] * 3
    assert [frame.size for frame in apply_all([Trim()], [blank, blank])] == [(10, 8)] * 2
    assert [frame.size for frame in apply_all([Trim()], [first])] == [(2, 2)]
