"""Are the colors of a palette near to the picture's, and the same for every order and machine?"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch.codecs.writing import color_quantization
from imgbatch.codecs.writing.color_quantization import choose_colors
from tests.benchmarks.palettes import GRAPHICS, choose, cluster, figures

SAMPLES = Path(__file__).parents[3] / "sample_images"
Samples = numpy.ndarray[Any, numpy.dtype[numpy.uint8]]


def sample(name: str) -> Image.Image:
    with Image.open(SAMPLES / name) as image:
        return image.convert("RGB")


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40), st.integers(1, 256))
def test_few_colors_are_all_there_and_never_more_than_room(colors: list[tuple[int, int, int]], room: int) -> None:
    found = choose_colors(numpy.array(colors, numpy.uint8), room)
    assert found.dtype == numpy.uint8
    assert 1 <= len(found) <= room
    if len(set(colors)) <= room:
        assert sorted(map(tuple, found.tolist())) == sorted(set(colors))


@pytest.mark.parametrize("room", [2, 16, 255, 256])
def test_the_order_of_the_pixels_does_not_count(room: int) -> None:
    samples = numpy.asarray(sample("web/lossy.webp")).reshape(-1, 3)
    shuffled = numpy.random.default_rng(1).permutation(samples)
    found = choose_colors(samples, room)
    assert len(found) == room
    assert (choose_colors(shuffled, room) == found).all()


def test_scores_are_exact_so_that_every_machine_finds_the_same_colors() -> None:
    """Centers that are one unit apart, far up, where float32 has the fewest places after the point."""
    top = 255 * color_quantization._UNITS
    generator = numpy.random.default_rng(1)
    colors, centers = (generator.integers(top - 40, top + 1, (count, 3)) for count in (5000, 256))
    scores = 2 * colors @ centers.T - (centers**2).sum(axis=1)
    found = color_quantization._nearest(colors.astype(float), centers.astype(float))
    assert (found == scores.argmax(axis=1)).all()


@pytest.mark.parametrize("room", [16, 256])
def test_flat_grounds_stay_exactly_as_they_are(room: int) -> None:
    """Also where so many colors are beside them that similar ones count as one."""
    noise = numpy.random.default_rng(1).integers(0, 256, (400, 400, 3), numpy.uint8)
    noise[:100], noise[100:160] = (255, 204, 1), (7, 33, 101)
    found = set(map(tuple, choose_colors(noise, room).tolist()))
    assert {(255, 204, 1), (7, 33, 101)} <= found


@pytest.mark.parametrize("colors", [64, 256])
def test_errors_are_not_larger_than_those_of_k_means_over_all_pixels(colors: int) -> None:
    names = ("web/lossy.webp", "web/lossless.webp", "png/rgb.png", "scan/album.tiff", "scan/tiny.ppm", "web/night.avif")
    pictures = [sample(name) for name in names] + [GRAPHICS["disks"]()]
    pairs = [
        (figures(picture, choose(picture, colors)), figures(picture, cluster(picture, colors))) for picture in pictures
    ]
    for kind, most in ((0, 1.05), (1, 1.1)):  # of the nearest colors; dithered, after a blur
        ratios = [one[kind] / other[kind] for one, other in pairs]
        assert statistics.median(ratios) <= 1
        assert max(ratios) <= most
    assert statistics.median(one[2] - other[2] for one, other in pairs) >= -0.005


def test_a_color_that_few_pixels_have_is_not_lost_where_there_is_room() -> None:
    picture: Samples = numpy.zeros((100, 100, 3), numpy.uint8)
    picture[..., 1] = numpy.arange(100)
    picture[0, 0] = (255, 0, 0)
    found = choose_colors(picture, 32).astype(int)
    assert (abs(found - [255, 0, 0]).sum(axis=1) <= 3).any()
