"""A photograph in planes: does it look like any other picture, and are the colors where they belong?"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from imgbatch.operations import Blur, Clahe, Grayscale, Operation, Sharpen, Sharpness, Unsharp
from imgbatch.operations.base import apply_operation, works_on_planes
from imgbatch.operations.support.resampling.half_chroma import reduce_ycbcr
from imgbatch.pixels.planes import PlanarImage
from tests.unit.operations.test_half_chroma import whole
from tests.unit.operations.test_separable import waves

SIZES = [(640, 482), (641, 483), (101, 81), (1, 1), (2, 1), (300, 219)]


def planar(size: tuple[int, int] = (640, 482)) -> PlanarImage:
    image = waves((1203, 905), "RGB").point(lambda level: 64 + level // 2).convert("YCbCr")
    image.info["dpi"] = (300, 300)
    result = reduce_ycbcr(image, whole(image), size, "lanczos", None)
    assert isinstance(result, PlanarImage)
    return result


@pytest.mark.parametrize("size", SIZES)
def test_colors_are_spread_over_the_pixels_that_they_stand_for(size: tuple[int, int]) -> None:
    image = planar(size)
    bands = [np.asarray(band) for band in image.split()]
    assert (bands[0] == np.asarray(image.brightness)).all()
    for band, plane in zip(bands[1:], image.colors, strict=True):
        rows, columns = np.arange(size[1]) // 2, np.arange(size[0]) // 2
        assert (band == np.asarray(plane)[np.ix_(rows, columns)]).all()


WAYS: dict[str, Callable[[Image.Image], object]] = {
    "tobytes": Image.Image.tobytes, "copy": lambda image: image.copy().tobytes(),
    "crop": lambda image: image.crop((3, 5, 60, 50)).tobytes(), "convert": lambda image: image.convert("RGB").tobytes(),
    "resize": lambda image: image.resize((30, 20)).tobytes(), "channel": lambda image: image.getchannel(1).tobytes(),
    "array": lambda image: np.asarray(image).tobytes(), "histogram": Image.Image.histogram,
    "pickle": lambda image: pickle.loads(pickle.dumps(image)).tobytes(), "pixel": lambda image: image.getpixel((5, 7)),
    "turn": lambda image: image.transpose(Image.Transpose.ROTATE_90).tobytes(), "save": lambda image: save(image),
}  # fmt: skip


def save(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.mark.parametrize("way", WAYS)
def test_it_goes_the_way_of_every_picture(way: str) -> None:
    """Whoever comes first has the pixels spread."""
    plain = Image.merge("YCbCr", planar().split())
    plain.info = dict(planar().info)
    assert WAYS[way](planar()) == WAYS[way](plain)
    assert planar().info["dpi"] == (300, 300)


OPERATIONS = [
    Blur(0.4), Blur(2), Blur(30), Unsharp(1), Unsharp(3, amount=0.5), Sharpen(), Sharpness(0.3), Grayscale(), Clahe(),
]  # fmt: skip


def distances(one: Image.Image, other: Image.Image) -> list[np.ndarray]:
    """Levels between the bands of two pictures, at half size."""
    pairs = zip(one.split(), other.split(), strict=True)
    halves = [(np.asarray(band.reduce(2), float), np.asarray(like.reduce(2), float)) for band, like in pairs]
    return [abs(band - like)[2:-2, 2:-2] for band, like in halves]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_operations_do_the_same_to_planes_as_to_the_pixels_of_these(operation: Operation) -> None:
    """The colors at half size: what an encoder of 4:2:0 makes of either."""
    assert works_on_planes(operation)
    image = planar()
    ours = apply_operation(operation, image)
    theirs = operation.apply(Image.merge("YCbCr", image.split()))
    assert ours.size == theirs.size
    assert ours.info == image.info
    if isinstance(operation, Grayscale):
        assert ours.mode == theirs.mode == "L"
        assert abs(np.asarray(ours, float) - np.asarray(theirs, float)).max() <= 1
        return
    assert isinstance(ours, PlanarImage)
    rounded = distances(image, image.convert("RGB").convert("YCbCr"))  # what the way to RGB and back costs
    gain = 1 + 2 * getattr(operation, "amount", getattr(operation, "limit", 1) / 2)  # of what was rounded before
    for off, rounding in zip(distances(ours, theirs.convert("YCbCr")), rounded, strict=True):
        assert off.mean() <= rounding.mean() + 0.35
        assert off.max() <= gain * rounding.max() + 1


class OwnBlur(Blur):
    """A user's class that changes what a blur does."""

    def apply(self, image: Image.Image) -> Image.Image:
        return Image.new("RGB", image.size, "red")


class OwnUnsharp(Unsharp):
    """One that changes what the way over pixels is made of."""

    def _smooth(self, image: Image.Image) -> Image.Image:
        return Image.new(image.mode, image.size)


class OwnPlanes(OwnBlur):
    """One that says what it does to planes."""

    def apply_to_planes(self, image: PlanarImage) -> Image.Image:
        return Image.new("L", image.size, 9)


def test_a_class_that_does_something_else_is_given_pixels() -> None:
    assert not works_on_planes(OwnUnsharp(2))
    assert works_on_planes(OwnPlanes(2))
    assert apply_operation(OwnPlanes(2), planar()).getpixel((0, 0)) == 9
    assert not works_on_planes(OwnBlur(2))
    assert apply_operation(OwnBlur(2), planar()).getpixel((0, 0)) == (255, 0, 0)
    assert not works_on_planes(Unsharp(1, threshold=2))
    plain = apply_operation(Unsharp(1, threshold=2), planar())
    assert plain.mode == "RGB"
