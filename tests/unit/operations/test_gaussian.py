"""A blur: is it the bell, at every sigma, to the edge, in every mode? And where is Pillow's good enough?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgbatch.operations import Blur, Unsharp
from imgbatch.operations.support.resampling.gaussian import blur_bands
from tests.resamplers import exact_blur as truth
from tests.unit.operations.test_separable import waves

SIGMAS = (0.01, 0.3, 0.5, 1, 2, 4, 7.9, 8, 12.5, 31, 60, 128, 250)


def picture(mode: str, size: tuple[int, int] = (401, 303)) -> Image.Image:
    """Waves with a white square in a corner, whose edges are sharp."""
    image = waves(size, mode)
    image.paste(Image.new(mode, (80, 60), (255,) * len(image.getbands()) if mode != "L" else 255), (0, 0))
    return image


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("size", [(401, 303), (2000, 40), (41, 1801)])
def test_it_is_the_bell_at_every_sigma(sigma: float, size: tuple[int, int]) -> None:
    image = picture("L", size)
    off = np.asarray(blur_bands(image, sigma)) - truth(image, sigma)
    assert abs(off).max() <= 1
    assert np.sqrt((off**2).mean()) <= 0.34


@pytest.mark.parametrize("sigma", [8, 16, 33, 64])
def test_patterns_finer_than_the_bell_leave_nothing_behind(sigma: float) -> None:
    """A halftone whose period is nearly that of the blocks that a wide bell looks at."""
    for period in np.array([0.2, 0.24, 0.25, 0.26, 0.3, 0.52]) * sigma:
        across, down = np.meshgrid(np.arange(900), np.arange(700))
        dots = 127.5 + 127.5 * np.sign(np.sin(2 * np.pi * across / period) * np.sin(2 * np.pi * down / period))
        image = Image.fromarray(dots.astype(np.uint8))
        assert abs(np.asarray(blur_bands(image, sigma)) - truth(image, sigma)).max() <= 1.5, period


@pytest.mark.parametrize("mode", ["RGB", "RGBa", "La", "CMYK", "LAB", "YCbCr"])
def test_each_band_is_blurred_by_itself(mode: str) -> None:
    image = picture(mode)
    result = blur_bands(image, 3)
    assert (result.mode, result.size) == (image.mode, image.size)
    for ours, band in zip(result.split(), image.split(), strict=True):
        assert abs(np.asarray(ours) - truth(band, 3)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "LAB"])
def test_pillows_is_left_where_there_are_few_pixels(mode: str) -> None:
    image = picture(mode, (255, 257))
    kernel = ImageFilter.GaussianBlur(2)
    assert [*blur_bands(image, 2).split()] == [band.filter(kernel) for band in image.split()]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "1"])
def test_the_operations_take_it(mode: str) -> None:
    """The blur is nearer to the bell than Pillow's is, and unsharp is the picture moved away from it."""
    image = waves((401, 303), "RGBA" if mode in ("RGBA", "LA") else "RGB").convert(mode)
    image.info["comment"] = "kept"
    result = Blur(5).apply(image)
    assert result.info["comment"] == "kept"
    sharp = Unsharp(5, amount=0.5).apply(image)
    plain = image.convert("L") if mode in ("1", "L") else image.convert("RGB") if mode == "P" else image
    if mode in ("L", "RGB", "P", "CMYK", "1"):
        bands = zip(result.split(), sharp.split(), plain.split(), strict=True)
        for blurred, moved, band in bands:
            expected = truth(band, 5)
            assert abs(np.asarray(blurred) - expected).max() <= 1
            moved_away = (1.5 * np.asarray(band, float) - 0.5 * expected).clip(0, 255)
            assert abs(np.asarray(moved) - moved_away).max() <= 1.6
    else:
        layers = [one.convert({"RGBA": "RGBa", "LA": "La"}[mode]).split() for one in (result, plain)]
        for blurred, band in zip(*layers, strict=True):
            assert abs(np.asarray(blurred) - truth(band, 5)).max() <= 2
