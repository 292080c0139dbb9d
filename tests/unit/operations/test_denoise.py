"""Does denoise smooth grain, keep edges, and follow its formula?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imgbatch.operations import Denoise
from tests.contracts.test_operations import picture


def guided_filter(values: NDArray[np.float64], strength: float, radius: int) -> NDArray[np.float64]:
    """The guided filter as He's paper has it, one pixel after the other."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        wide = np.pad(values, radius, mode="edge")
        side = 2 * radius + 1
        return np.array(
            [[wide[y : y + side, x : x + side].mean() for x in range(values.shape[1])] for y in range(values.shape[0])]
        )

    variance = mean(values * values) - mean(values) ** 2
    share = variance / (variance + strength**2)
    return mean(share) * values + mean((1 - share) * mean(values))


@pytest.mark.parametrize(("strength", "radius"), [(5, 1), (40, 2), (120, 3)])
def test_is_the_guided_filter(strength: float, radius: int) -> None:
    image = picture("L", (15, 12))
    result = np.asarray(Denoise(strength, radius).apply(image))
    assert np.abs(result - guided_filter(np.asarray(image).astype(float), strength, radius)).max() <= 0.51
    deep = picture("I;16", (15, 12))
    result = np.asarray(Denoise(strength, radius).apply(deep))
    reference = guided_filter(np.asarray(deep).astype(float), strength * 257, radius)
    assert np.abs(result - reference).max() <= 2


def test_grain_goes_and_edges_stay() -> None:
    random = np.random.default_rng(3)
    clean = np.full((64, 64), 60.0)
    clean[:, 32:] = 200
    noisy = Image.fromarray((clean + random.normal(0, 6, clean.shape)).clip(0, 255).astype(np.uint8))
    result = np.asarray(Denoise(12).apply(noisy)).astype(float)
    flat = result[:, 4:28]
    assert flat.std() < 0.5 * np.asarray(noisy)[:, 4:28].std()
    assert result[:, 33].mean() - result[:, 30].mean() > 130, "the edge was blurred"


def test_hidden_colors_do_not_bleed() -> None:
    image = Image.new("RGBA", (24, 24), (0, 255, 0, 0))
    image.paste((200, 0, 0, 255), (6, 6, 18, 18))
    result = np.asarray(Denoise(80, 3).apply(image))
    assert np.array_equal(np.unique(result[result[..., 3] > 0], axis=0), [[200, 0, 0, 255]])


def test_nothing_to_do_and_no_seams() -> None:
    image = picture("CMYK")
    assert Denoise(0).apply(image) is image
    tall = picture("L", (7, 600))
    result = Denoise(30, 4).apply(tall)
    for top in (255, 256, 300, 511, 512):
        part = Denoise(30, 4).apply(tall.crop((0, top - 9, 7, top + 10)))
        assert part.crop((0, 9, 7, 10)).tobytes() == result.crop((0, top, 7, top + 1)).tobytes()


@pytest.mark.parametrize("mode", ["F", "I"])
def test_an_even_picture_of_32_bits_stays_as_it_is(mode: str) -> None:
    image = Image.new(mode, (9, 7), 70_000)  # its only value is its black and its white
    assert Denoise(8).apply(image).getextrema() == (70_000, 70_000)
