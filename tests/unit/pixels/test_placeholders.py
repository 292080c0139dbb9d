"""Are thumbhashes those of the published format, and is the dominant color one that is there?"""

from __future__ import annotations

import base64
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

from imgbatch.pixels.placeholders.dominant_color import dominant_color
from imgbatch.pixels.placeholders.thumbhash import thumbhash


def pattern(width: int, height: int, alpha: bool) -> NDArray[Any]:
    y, x = numpy.mgrid[:height, :width]
    colors = [(x * 7 + y * 3) % 256, (x * x + y * 5) % 256, (y * y * 2 + x) % 256]
    shade = (x * 11 + y * 13) % 256 if alpha else numpy.full((height, width), 255)
    return numpy.stack([*colors, shade], -1).astype(numpy.uint8)


def plain(*colors: tuple[int, int, int, int]) -> NDArray[Any]:
    return numpy.array([colors], numpy.uint8)


@pytest.mark.parametrize(
    ("size", "alpha", "expected"),
    [  # as thumbhash-python 1.0.1, a port of the reference, makes them of the same pixels
        ((32, 20), False, "nRgKNIxQZohieHh1h4ZQbgx5eA=="),
        ((20, 32), False, "XPgJJAhRBnZZh3VYiIhQVg5tiw=="),
        ((24, 24), True, "XAiGHQYXYJaQiIdZh1BqD06LZWiXYweCdA=="),
        ((100, 7), False, "WgkGIYJRM5Bzd4d3T39VoJo="),
        ((100, 75), False, "XwgGDYJ1hlh4aAhTZVR3d59GvrxA"),
        ((1, 1), False, "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_a_hash_is_that_of_the_reference(size: tuple[int, int], alpha: bool, expected: str) -> None:
    assert base64.b64encode(thumbhash(pattern(*size, alpha))).decode() == expected


def test_a_transparent_picture_has_the_bit_for_it_and_a_hash_of_its_own() -> None:
    clear = plain((9, 9, 9, 0))
    assert thumbhash(clear)[2] & 0x80
    assert not thumbhash(plain((9, 9, 9, 255)))[2] & 0x80


def test_the_dominant_color_is_there_where_the_mean_is_not() -> None:
    sky, sand = (20, 120, 240, 255), (250, 220, 120, 255)
    assert dominant_color(plain(*[sky] * 3, *[sand] * 2)) == "#1478f0"


def test_similar_colors_count_together_and_give_their_mean() -> None:
    assert dominant_color(plain((16, 32, 48, 255), (18, 34, 50, 255), (200, 0, 0, 255))) == "#112131"


def test_what_is_transparent_does_not_count() -> None:
    red, green = (255, 0, 0), (0, 255, 0)
    assert dominant_color(plain((*red, 10), (*red, 10), (*green, 200))) == "#00ff00"
    assert dominant_color(plain((*red, 0))) == ""
