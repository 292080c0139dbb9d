"""Do levels, posterize, solarize and threshold give each sample what their formulas say, at every depth?"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import from_table, from_words
from imgbatch.operations import Levels, Operation, Posterize, Sharpen, Sharpness, Solarize, Threshold
from tests.contracts.test_operations import picture

RAMP = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
DEEP = Image.fromarray(np.arange(65536, dtype=np.uint16)[None])


@pytest.mark.parametrize(
    ("operation", "curve"),
    [
        (Levels(20, 220), lambda x: (x - 20 / 255) / (200 / 255)),
        (Levels(0, 255, 2), lambda x: x**0.5),
        (from_words(Levels, "10%,90%,0.5"), lambda x: ((x - 0.1) / 0.8).clip(0) ** 2),
        (Posterize(2), lambda x: np.floor(x + 0.5)),
        (Posterize(5), lambda x: np.floor(x * 4 + 0.5) / 4),
        (Solarize(100), lambda x: np.where(x >= 100 / 255, 1 - x, x)),
        (from_words(Threshold, "50%"), lambda x: x >= 0.5),
        (Threshold(77), lambda x: x >= 77 / 255),
    ],
    ids=lambda value: value.__name__ if inspect.isfunction(value) else str(value),
)
@pytest.mark.parametrize("ramp", [RAMP, DEEP], ids=["8 bits", "16 bits"])
def test_each_level_is_the_one_of_the_formula(
    operation: Operation, curve: Callable[[object], object], ramp: Image.Image
) -> None:
    top = 65535 if ramp is DEEP else 255
    levels = np.asarray(ramp)[0].astype(float)
    result = operation.apply(ramp)
    assert result.mode == ramp.mode
    reference = (np.asarray(curve(levels / top)).astype(float) * top).clip(0, top)
    assert np.abs(np.asarray(result)[0] - reference).max() <= 0.501


def test_as_pillow_and_in_every_band() -> None:
    image = picture("RGB", (20, 10))
    assert Solarize(90).apply(image).tobytes() == ImageOps.solarize(image, 90).tobytes()
    transparent = picture("RGBA", (20, 10))
    result = Levels(30, 200, 1.2).apply(transparent)
    assert result.getchannel("A").tobytes() == transparent.getchannel("A").tobytes()
    assert result.getchannel("G").tobytes() == Levels(30, 200, 1.2).apply(transparent.getchannel("G")).tobytes()


def test_levels_can_be_shares_and_are_checked() -> None:
    assert (
        from_words(Levels, "10%,90%,1.2")
        == Levels(25.5, 229.5, 1.2)
        == from_table(Levels, {"black": "10%", "white": "90%", "gamma": 1.2})
    )
    with pytest.raises(UsageError, match="expected a level above black=200 for levels white, got 100"):
        Levels(200, 100)
    with pytest.raises(UsageError, match="expected a level from 0 .* for levels black, got '101%'"):
        from_words(Levels, "101%")
    with pytest.raises(UsageError, match="expected a level .* for threshold level, got '256'"):
        from_words(Threshold, "256")


@pytest.mark.parametrize("operation", [Levels(0), Levels(0, 255, 1), Posterize(256), Sharpness(1)], ids=str)
def test_nothing_changes(operation: Operation) -> None:
    for kind in ("L", "RGBA"):
        assert operation.apply(picture(kind)).tobytes() == picture(kind).tobytes()


def test_threshold_of_colors_is_that_of_their_gray() -> None:
    image = picture("RGBA", (20, 10))
    result = Threshold(100).apply(image)
    assert result.mode == "LA" and result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    gray = np.asarray(image.convert("RGB").convert("L"))
    assert np.array_equal(np.asarray(result.getchannel("L")), np.where(gray >= 100, 255, 0))


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "I;16", "F"])
def test_sharpness_two_is_sharpen_one(kind: str) -> None:
    image = picture(kind, (20, 10))
    assert Sharpness(2).apply(image).tobytes() == Sharpen(1).apply(image).tobytes()
    soft = np.asarray(Sharpness(0).apply(image)).astype(float)
    assert soft.std() < np.asarray(image).astype(float).std()
