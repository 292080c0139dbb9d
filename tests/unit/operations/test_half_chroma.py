"""Brightness and colors apart: what a picture is that was made of a picture made that way."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.operations import Resize
from imgbatch.operations.geometry.crop_resize import Reduction
from imgbatch.operations.support.fit import ExactBox
from imgbatch.operations.support.resampling import half_chroma
from imgbatch.operations.support.resampling.resample import resample_image
from tests.resamplers import numpy_resizes

__all__ = ["numpy_resizes"]  # a fixture
pytestmark = pytest.mark.usefixtures("numpy_resizes")

def photo(size: tuple[int, int] = (1203, 905)) -> Image.Image:
    """Soft edges in brightness and in both colors."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    bands = [127 + 90 * np.sin(across / (17 + turn)) * np.cos(down / (23 - turn)) for turn in (0, 5, 9)]
    return Image.merge("YCbCr", [Image.fromarray(band.astype(np.uint8)) for band in bands])


def whole(image: Image.Image) -> ExactBox:
    return Fraction(0), Fraction(0), Fraction(image.width), Fraction(image.height)


def reduce(image: Image.Image, size: tuple[int, int], box: ExactBox | None = None) -> Image.Image:
    return half_chroma.reduce_ycbcr(image, box or whole(image), size, "lanczos", 3.0)


def colors(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[..., 1:].astype(int)


def error(image: Image.Image, box: ExactBox | None = None) -> float:
    """How far the colors are from those that a kernel makes of all pixels of the photo, in mean."""
    original = photo()
    part = tuple(map(float, box or whole(original)))
    truth = original.resize(image.size, Image.Resampling.LANCZOS, (part[0], part[1], part[2], part[3]))
    return float(abs(colors(image) - colors(truth)).mean())


@pytest.mark.parametrize("size", [(640, 482), (641, 483), (320, 240)])
@pytest.mark.parametrize("first", [(901, 677), (900, 678)])
def test_a_picture_made_of_a_reduced_one_is_as_true(first: tuple[int, int], size: tuple[int, int]) -> None:
    larger = reduce(photo(), first)
    ours, direct = reduce(larger, size), reduce(photo(), size)
    assert (ours.mode, ours.size) == ("YCbCr", size)
    assert ours.getchannel(0) == resample_image(larger.getchannel(0), whole(larger), size, "lanczos", 3.0)
    assert error(ours) <= error(direct) + 0.1


def test_a_resize_of_brightness_and_colors_takes_the_short_way() -> None:
    image, resize = photo(), Resize("640x482", "fill")
    short, long = (Reduction(resize, gap=3.0, half_chroma=half_chroma).apply(image) for half_chroma in (True, False))
    assert short == reduce(image, (640, 482))
    assert long == resample_image(image, whole(image), (640, 482), resize.kernel, 3.0)
    assert short.mode == "YCbCr" != long.mode


def test_colors_are_averaged_from_those_that_were_not_spread_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    larger = reduce(photo(), (901, 677))
    sizes: list[tuple[int, int]] = []

    def record(image: Image.Image, *rest: Any) -> Image.Image:
        sizes.append(image.size)
        return resample_image(image, *rest)

    monkeypatch.setattr(half_chroma, "resample_image", record)
    reduce(larger, (640, 482))
    assert sizes == [(901, 677), (451, 339), (451, 339)]


def test_a_part_of_a_reduced_picture_has_the_colors_of_that_part() -> None:
    larger = reduce(photo((1200, 900)), (900, 675))
    part = Fraction(120), Fraction(60), Fraction(840), Fraction(600)
    of_the_photo = Fraction(160), Fraction(80), Fraction(1120), Fraction(800)
    ours, direct = reduce(larger, (480, 360), part), reduce(photo((1200, 900)), (480, 360), of_the_photo)
    assert error(ours, of_the_photo) <= error(direct, of_the_photo) + 0.1


def stripes(size: tuple[int, int], period: int) -> Image.Image:
    """Red and blue stripes, the one across the other: all that there is is in the colors."""
    bands = np.zeros((size[1], size[0], 3), np.uint8)
    bands[..., 0] = (np.arange(size[0]) // period % 2 * 255)[None, :]
    bands[..., 2] = (np.arange(size[1]) // period % 2 * 255)[:, None]
    return Image.fromarray(bands)


def encode(image: Image.Image) -> np.ndarray:
    """What is seen of a JPEG whose encoder halves the colors."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, subsampling="4:2:0")
    with Image.open(file) as again:
        return np.asarray(again.convert("RGB")).astype(int)


@pytest.mark.parametrize("size", [(801, 601), (800, 601), (801, 600), (800, 600), (1, 601), (801, 1)])
def test_colors_of_an_odd_size_stay_where_they_are(size: tuple[int, int]) -> None:
    """Each sample of the encoder is the mean of four equals, to the last column and row."""
    original = stripes((3 * size[0], 3 * size[1]), 12)
    result = reduce(original.convert("YCbCr"), size)
    pairs = colors(result)
    assert (pairs[:, 0 : size[0] - 1 : 2] == pairs[:, 1::2]).all()
    assert (pairs[0 : size[1] - 1 : 2] == pairs[1::2]).all()
    plain = original.resize(size, Image.Resampling.LANCZOS)
    reference = np.asarray(plain).astype(int)
    assert abs(encode(result) - reference).mean() <= abs(encode(plain) - reference).mean()


CHANGES: list[Callable[[Image.Image], Image.Image]] = [
    lambda image: image.copy(), lambda image: image.crop((0, 0, 800, 600)), lambda image: image.rotate(180),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_others_make_of_a_picture_is_taken_by_its_pixels(change: Callable[[Image.Image], Image.Image]) -> None:
    other = change(reduce(photo(), (901, 677)))
    other.paste(Image.new("YCbCr", other.size, (0, 128, 128)))
    assert reduce(other, (300, 200)).getchannel(0).getextrema() == (0, 0)
