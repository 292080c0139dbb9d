"""Does a place come to lie where its pixel does?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

from imgbatch.core.parameters import from_words
from imgbatch.core.places import STILL, PlaceMap, mirror, quarter_turns, scale_box, shift, upright_map
from imgbatch.core.quantities import Size
from imgbatch.operations import (
    Blur,
    Border,
    Crop,
    Flip,
    Flop,
    Grayscale,
    Operation,
    Pad,
    Resize,
    Rotate,
    Text,
    Trim,
    Watermark,
    all_operations,
)
from imgbatch.operations.geometry.crop_resize import merge_crops
from imgbatch.pixels.orientation import to_upright

SIZE = (60, 42)
SPOT = (20, 24, 22, 26)  # a white one on black


def spotted() -> Image.Image:
    image = Image.new("L", SIZE)
    image.paste(255, SPOT)
    return image


def center(image: Image.Image) -> tuple[float, float]:
    """Of the spot: the mean of its pixels' places, weighted by their levels."""
    levels = np.asarray(image, float)
    rows, columns = np.indices(levels.shape) + 0.5
    return float((columns * levels).sum() / levels.sum()), float((rows * levels).sum() / levels.sum())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(orientation: int) -> None:
    turn = to_upright(orientation)
    image = spotted() if turn is None else spotted().transpose(turn)
    place_map = upright_map(orientation, SIZE)
    assert place_map.rectangle(SPOT) == image.getbbox()
    assert place_map.rectangle((0, 0, *SIZE)) == (0, 0, *image.size)


@pytest.mark.parametrize(
    "op",
    [
        Flip(),
        Flop(),
        *map(Rotate, (-270, -90, 0, 90, 180, 270, 360)),
        Rotate(90, "black", expand=False),
        Rotate(-90, "black", expand=False),
        Crop("30x20+10+12"),
        Crop("30x20", gravity="southwest"),
        Crop("1:1", focal="30%x70%"),
        Pad("80x51", gravity="east", background="black"),
        Pad("1:1", background="black"),
        Border("3x5"),
        Border("10%"),
        Resize("30"),
        Resize("20x20!", upscale=True),
        Resize("120", upscale=True, kernel="box"),
        Resize("30x30", fit="cover", gravity="southwest"),
        Resize("40x40", fit="cover", focal="20%x80%"),
        Resize("90x90", fit="contain", background="black", gravity="south"),
        Resize("45x50", fit="contain", background="black"),
        Grayscale(),
        Blur(1),
    ],
)
def test_operations_say_where_places_come_to_lie(op: Operation) -> None:
    image = op.apply(spotted())
    for one in (op, *merge_crops([op], SIZE)):
        place_map = one.place_map(SIZE)
        assert place_map is not None
        left, top, right, bottom = place_map.rectangle(SPOT)
        assert center(image) == pytest.approx((float(left + right) / 2, float(top + bottom) / 2), abs=0.15)


def test_a_crop_and_a_resize_in_one_step_say_it_together() -> None:
    (op,) = merge_crops([Crop("40x36+10+4"), Resize("20")], SIZE)
    assert op.place_map(SIZE) == shift(-10, -4).then(scale_box((0, 0, 40, 36), (20, 18)))


@pytest.mark.parametrize(
    "op", [Trim(), Crop("9x9", gravity="entropy"), Resize("9x9", "cover", "entropy"), Rotate(10), Rotate(91)]
)
def test_what_pixels_decide_on_is_not_said(op: Operation) -> None:
    assert op.place_map(SIZE) is None


def test_all_of_ours_that_are_no_geometry_leave_places_alone() -> None:
    for operation in all_operations():
        if ".geometry." not in operation.__module__:
            op = from_words(operation, operation.example) if operation.example else operation()
            assert op.place_map(SIZE) == STILL, operation.word


def test_an_operation_of_somebody_else_says_nothing_unless_it_is_smooth() -> None:
    class Swirl(Operation):
        def apply(self, image: Image.Image) -> Image.Image:
            return image

    class Fade(Swirl):
        smooth = True

    assert Swirl().place_map(SIZE) is None
    assert Fade().place_map(SIZE) == STILL
    assert Watermark.place_map is Text.place_map is Operation.place_map


MAPS = [mirror(SIZE, across=True), mirror(SIZE, down=True), shift(3, -4), scale_box((1, 2, 9, 30), (20, 5)), STILL]


@pytest.mark.parametrize(
    ("one", "other"), [*itertools.product([*MAPS, quarter_turns(1, SIZE), quarter_turns(3, SIZE)], repeat=2)]
)
def test_one_after_another(one: PlaceMap, other: PlaceMap) -> None:
    assert one.then(other).point(5, 7) == other.point(*one.point(5, 7))
    assert one.then(other).rectangle(SPOT) == other.rectangle(one.rectangle(SPOT))


def test_four_quarters_are_a_turn() -> None:
    size: Size = SIZE
    place_map = STILL
    for _ in range(4):
        place_map = place_map.then(quarter_turns(1, size))
        size = size[1], size[0]
    assert place_map == STILL


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_map_leads_back(orientation: int) -> None:
    there = upright_map(orientation, SIZE).then(scale_box((3, 5, 40, 42), (20, 30)))
    for x, y in itertools.product((0, 7, 60), (0, 3, 42)):
        assert there.inverse().point(*there.point(x, y)) == (x, y)
    assert there.then(there.inverse()) == there.inverse().then(there) == STILL
