"""Matrix products, or Pillow: as near to floats as bytes can be, whatever part of a picture is wanted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter
from PIL.Image import Resampling

from imgbatch.operations.support.resampling import separable
from imgbatch.operations.support.resampling.gaussian import blur_bands
from tests.resamplers import Part, numpy_resizes

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


def errors(ours: Image.Image, image: Image.Image, kernel: Resampling, part: Part) -> np.ndarray:
    """How far samples are from those that Pillow's kernel gives in floats, colors weighted by alpha."""
    mode = {"LA": "La", "RGBA": "RGBa"}.get(image.mode, image.mode)  # where little is seen, rounding says nothing
    pairs = zip(ours.convert(mode).split(), image.convert(mode).split(), strict=True)
    floats = [(np.asarray(one), np.asarray(other.convert("F").resize(ours.size, kernel, part))) for one, other in pairs]
    return np.stack([abs(one - truth.clip(0, 255)) for one, truth in floats])


def errors_of_whole(mode: str, kernel: Resampling) -> np.ndarray:
    """Those of a whole picture, which keeps its mode and its header."""
    image = waves((901, 603), mode)
    image.info["comment"] = "kept"
    whole = (0.0, 0.0, 901.0, 603.0)
    ours = separable.reduce_image(image, (397, 301), kernel, whole)
    assert (ours.mode, ours.size, ours.info) == (mode, (397, 301), image.info)
    return errors(ours, image, kernel, whole)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr", "LAB"])
def test_samples_are_those_of_floats_but_for_rounding(mode: str, kernel: Resampling) -> None:
    off = errors_of_whole(mode, kernel)
    assert off.max() <= 0.85  # of a level; 0.5 come of the last rounding
    assert np.sqrt((off**2).mean()) <= 0.31


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_colors_count_as_much_as_they_are_seen(mode: str, kernel: Resampling) -> None:
    off = errors_of_whole(mode, kernel)
    assert off.max() <= 2  # weighted and weighted back, each rounded
    assert off.mean() <= 0.4


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "part",
    [(0, 0, 700, 603), (201, 0, 901, 603), (101.25, 33.5, 801.75, 570.25), (0, 90, 901, 500), (0.5, 0, 901, 603)],
)
def test_a_part_is_made_of_what_its_kernel_sees_and_of_nothing_else(mode: str, part: Part) -> None:
    image = waves((901, 603), mode)
    ours = separable.reduce_image(image, (290, 277), Resampling.LANCZOS, part)
    assert errors(ours, image, Resampling.LANCZOS, part).max() <= 0.85


@pytest.mark.parametrize("mode", ["F", "I"])
def test_samples_that_are_no_bytes_are_reduced_columns_first(mode: str) -> None:
    image = waves((901, 603), "L").convert(mode)
    part = (101.25, 33.5, 801.75, 570.25)
    ours = separable.reduce_image(image, (290, 277), Resampling.LANCZOS, part)
    off = np.asarray(ours, float) - np.asarray(image.resize((290, 277), Resampling.LANCZOS, part), float)
    assert (ours.mode, ours.size) == (mode, (290, 277))
    assert abs(off).max() <= (0.001 if mode == "F" else 1)


@pytest.mark.parametrize("size", [(20_000, 40), (40, 20_000)])
def test_lines_that_need_a_large_matrix_are_left_to_pillow(size: tuple[int, int]) -> None:
    """Of a picture of a million px by seventy it would take gigabytes."""
    image = waves(size, "L")
    smaller, whole = (size[0] * 4 // 5, size[1] * 4 // 5), (0.0, 0.0, *map(float, size))
    part = whole[0], whole[1], whole[2], whole[3]
    ours = separable.reduce_image(image, smaller, Resampling.LANCZOS, part)
    assert ours == image.resize(smaller, Resampling.LANCZOS, part)
    assert blur_bands(image, 3) == image.filter(ImageFilter.GaussianBlur(3))


@pytest.mark.parametrize("size", [(1000, 300), (300, 700), (200, 200)])
def test_what_is_enlarged_or_small_is_left_to_pillow(size: tuple[int, int]) -> None:
    image = waves((901, 603), "RGB")
    whole = (0.0, 0.0, 901.0, 603.0)
    assert separable.reduce_image(image, size, Resampling.LANCZOS, whole) == image.resize(
        size, Resampling.LANCZOS, whole
    )


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("part", [(0, 0, 2402, 1802), (120.5, 64.25, 2300, 1790)])
def test_blocks_are_averaged_first_as_pillow_averages_them(mode: str, part: Part) -> None:
    image = waves((2402, 1802), mode)
    ours = separable.reduce_image(image, (301, 226), Resampling.LANCZOS, part, 3.0)
    theirs = image.resize((301, 226), Resampling.LANCZOS, part, 3.0)
    off = abs(np.asarray(ours, float) - np.asarray(theirs, float))
    assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
    assert off.mean() <= 0.25
    assert off.max() <= 3


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


@pytest.mark.parametrize(("count", "hits"), [(separable.FEW, 40), (separable.FEW + 1, 0)])
def test_matrices_of_all_shapes_of_thumbnails_are_remembered(count: int, hits: int) -> None:
    """A folder of photographs has dozens of shapes. Matrices of large results take more memory: few are kept."""
    separable._of_few.cache_clear()
    separable._of_many.cache_clear()
    for _ in range(2):
        for length in range(1000, 1040):
            separable._reduction("lanczos", length, 0.0, float(length), count, 0)
    assert separable._of_few.cache_info().hits + separable._of_many.cache_info().hits == hits
