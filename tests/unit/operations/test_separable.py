"""Columns first, then rows: the same picture as Pillow's, whatever part of it is wanted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling

from imgbatch.operations.support.resampling import separable
from tests.resamplers import numpy_resizes

__all__ = ["numpy_resizes"]  # a fixture
pytestmark = pytest.mark.usefixtures("numpy_resizes")
KERNELS = [Resampling.BOX, Resampling.BILINEAR, Resampling.HAMMING, Resampling.BICUBIC, Resampling.LANCZOS]


def waves(size: tuple[int, int], mode: str) -> Image.Image:
    """Smooth waves of all lengths down to 8 px, different in every band, with some noise."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    noise = np.random.default_rng(7).normal(0, 4, (size[1], size[0]))
    bands = [
        Image.fromarray(
            (127 + 60 * np.sin(across**1.6 / 300 + turn) + 50 * np.cos(down / (9 + turn)) + noise).clip(0, 255)
            .astype(np.uint8)
        )
        for turn in range(len(Image.new(mode, (1, 1)).getbands()))
    ]  # fmt: skip
    return bands[0] if mode == "L" else Image.merge(mode, bands)


def off(ours: Image.Image, pillow: Image.Image) -> np.ndarray:
    assert (ours.mode, ours.size) == (pillow.mode, pillow.size)
    together = {"LA": "La", "RGBA": "RGBa"}.get(ours.mode, ours.mode)  # where little is seen, rounding says nothing
    first, second = (np.frombuffer(image.convert(together).tobytes(), np.uint8) for image in (ours, pillow))
    return abs(first.astype(float) - second)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "LA", "RGBA", "YCbCr"])
def test_it_is_pillows_picture_but_for_rounding(mode: str, kernel: Resampling) -> None:
    image = waves((901, 603), mode)
    image.info["comment"] = "kept"
    whole = (0.0, 0.0, 901.0, 603.0)
    ours = separable.reduce_image(image, (397, 301), kernel, whole)
    assert ours.info == image.info
    differences = off(ours, image.resize((397, 301), kernel, whole))
    assert differences.mean() <= 0.25
    assert differences.max() <= 6


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "part",
    [(0, 0, 700, 603), (201, 0, 901, 603), (101.25, 33.5, 801.75, 570.25), (0, 90, 901, 500), (0.5, 0, 901, 603)],
)
def test_columns_that_no_kernel_sees_are_left_out_and_no_others(mode: str, part: separable.Part) -> None:
    image = waves((901, 603), mode)
    left, top, right, bottom = part
    columns = image.resize((901, 277), Resampling.LANCZOS, (0, top, 901, bottom))
    reference = columns.resize((290, 277), Resampling.LANCZOS, (left, 0, right, 277))
    assert off(separable.reduce_image(image, (290, 277), Resampling.LANCZOS, part), reference).max() <= 1


@pytest.mark.parametrize("width", [800, 801, 802, 803])
def test_four_columns_at_a_time_are_the_same_as_one(width: int) -> None:
    image = waves((width, 601), "L")
    size = (width // 2 - 1, 300)
    columns = image.resize((width, 300), Resampling.LANCZOS)
    assert separable.reduce_image(image, size, Resampling.LANCZOS, (0, 0, width, 601)) == columns.resize(
        size, Resampling.LANCZOS
    )


@pytest.mark.parametrize("size", [(1000, 300), (300, 700), (200, 200)])
def test_what_is_enlarged_or_small_is_left_to_pillow(size: tuple[int, int]) -> None:
    image = waves((901, 603), "RGB")
    whole = (0.0, 0.0, 901.0, 603.0)
    assert separable.reduce_image(image, size, Resampling.LANCZOS, whole) == image.resize(
        size, Resampling.LANCZOS, whole
    )


def test_blocks_are_averaged_by_pillow() -> None:
    image = waves((2402, 2402), "L")
    whole = (0.0, 0.0, 2402.0, 2402.0)
    assert separable.reduce_image(image, (300, 300), Resampling.LANCZOS, whole, 3.0) == image.resize(
        (300, 300), Resampling.LANCZOS, whole, 3.0
    )


@pytest.mark.parametrize("width", [800, 801])
@pytest.mark.parametrize("size", [(399, 300), (1000, 300), (200, 200), (90, 90)])
def test_the_brightness_of_a_picture_is_that_of_its_first_plane(width: int, size: tuple[int, int]) -> None:
    image = waves((width, 601), "YCbCr")
    image.info["comment"] = "kept"
    for part in ((0, 0, width, 601), (100, 50, 700, 550)):
        ours = separable.reduce_image(image, size, Resampling.LANCZOS, part, 3.0, luma=True)
        of_plane = separable.reduce_image(image.getchannel(0), size, Resampling.LANCZOS, part, 3.0)
        assert ours.mode == "L"
        assert ours == of_plane  # pixels and info
