"""Is our SSIM that of the paper?"""

from __future__ import annotations

import io

import numpy
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from imgbatch.pixels.ssim import ssim

Gray = NDArray[numpy.uint8]


def pair(size: tuple[int, int], quality: int) -> tuple[Gray, Gray]:
    """A picture with detail, and what JPEG leaves of it."""
    noise = numpy.random.default_rng(3).integers(0, 256, (size[1], size[0]), numpy.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    with Image.open(file) as jpeg:
        return numpy.asarray(image), numpy.asarray(jpeg)


def by_the_book(one: Gray, other: Gray) -> float:
    """The formula of the paper, window by window, in float64."""
    steps = numpy.arange(-5, 6)
    row = numpy.exp(-(steps**2) / (2 * 1.5**2))
    window = numpy.outer(row, row) / row.sum() ** 2
    x = numpy.lib.stride_tricks.sliding_window_view(one.astype(float), (11, 11))
    y = numpy.lib.stride_tricks.sliding_window_view(other.astype(float), (11, 11))
    mean_x, mean_y = (x * window).sum((2, 3)), (y * window).sum((2, 3))
    variance_x = (window * (x - mean_x[..., None, None]) ** 2).sum((2, 3))
    variance_y = (window * (y - mean_y[..., None, None]) ** 2).sum((2, 3))
    covariance = (window * (x - mean_x[..., None, None]) * (y - mean_y[..., None, None])).sum((2, 3))
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + first) * (2 * covariance + second)
    return float((above / ((mean_x**2 + mean_y**2 + first) * (variance_x + variance_y + second))).mean())


@pytest.mark.parametrize("quality", [10, 50, 95])
@pytest.mark.parametrize("size", [(90, 150), (11, 11), (40, 75)])
def test_the_formula(size: tuple[int, int], quality: int) -> None:
    one, other = pair(size, quality)
    assert ssim(one, other) == pytest.approx(by_the_book(one, other), abs=2e-5)


@pytest.mark.parametrize("quality", [10, 50, 95])
def test_scikit_image_says_the_same(quality: int) -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    one, other = pair((160, 200), quality)
    theirs = metrics.structural_similarity(
        one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert ssim(one, other) == pytest.approx(theirs, abs=2e-5)


def test_equal_pictures_are_alike_and_opposite_ones_are_not() -> None:
    one, _ = pair((64, 64), 90)
    assert ssim(one, one) == pytest.approx(1.0, abs=1e-6)
    assert ssim(one, 255 - one) < 0


def test_small_pictures_have_an_answer() -> None:
    one = numpy.full((3, 20), 90, numpy.uint8)
    assert ssim(one, one) == pytest.approx(1.0, abs=1e-6)
    assert ssim(one, numpy.full((3, 20), 200, numpy.uint8)) < 0.9


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        ssim(numpy.zeros((20, 20), numpy.uint8), numpy.zeros((20, 21), numpy.uint8))
