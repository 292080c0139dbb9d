"""Does white balance make neutral what it says, and leave what is neutral already?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imgbatch.operations import WhiteBalance, apply_all
from tests.contracts.test_operations import picture

PATCH = WhiteBalance("white-patch", 0)


def light(image: Image.Image) -> NDArray[np.float64]:
    value = np.asarray(image.convert("RGB")) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def cast(factors: tuple[float, float, float] = (1.0, 0.8, 0.5)) -> Image.Image:
    """A neutral scene of soft grays under colored light."""
    random = np.random.default_rng(2)
    linear = random.uniform(0.05, 0.9, (30, 40, 1)) * factors
    value = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Image.fromarray((value * 255 + 0.5).astype(np.uint8))


@pytest.mark.parametrize("operation", [WhiteBalance(), PATCH], ids=str)
def test_a_neutral_scene_becomes_neutral(operation: WhiteBalance) -> None:
    result = np.asarray(operation.apply(cast())).astype(int)
    assert np.ptp(np.asarray(cast()).astype(int), axis=2).max() > 40
    assert np.ptp(result, axis=2).max() <= 3


def test_gray_world_keeps_the_luminance_and_makes_the_mean_gray() -> None:
    result = light(WhiteBalance().apply(cast())).mean(axis=(0, 1))
    assert np.ptp(result) < 0.004
    assert result @ [0.2126, 0.7152, 0.0722] == pytest.approx(
        light(cast()).mean(axis=(0, 1)) @ [0.2126, 0.7152, 0.0722], abs=0.004
    )


def test_white_patch_ignores_the_lamps_it_is_told_to() -> None:
    scene = cast()
    scene.putpixel((0, 0), (255, 255, 255))
    assert np.ptp(np.asarray(PATCH.apply(scene)).astype(int), axis=2).max() > 40, "one lamp is white already"
    assert np.ptp(np.asarray(WhiteBalance("white-patch", 1).apply(scene)).astype(int)[1:], axis=2).max() <= 6


def test_neutral_alpha_and_hidden_pixels() -> None:
    gray = picture("L", (20, 20)).convert("RGB")
    assert WhiteBalance().apply(gray).tobytes() == gray.tobytes()
    whole = cast().convert("RGBA")
    part = whole.copy()
    part.paste((0, 255, 0, 0), (0, 0, 40, 10))
    lower = WhiteBalance().apply(part).crop((0, 10, 40, 30))
    assert lower.tobytes() == WhiteBalance().apply(whole.crop((0, 10, 40, 30))).tobytes()
    nothing = Image.new("RGBA", (4, 4), (9, 8, 7, 0))
    assert WhiteBalance().apply(nothing).tobytes() == nothing.tobytes()
    assert WhiteBalance().apply(Image.new("RGB", (2, 2), (50, 0, 0))).getpixel((0, 0))[1] == 0  # type: ignore[index]  # RGB


def test_frames_are_measured_together() -> None:
    frames = [cast(), cast((0.4, 0.8, 1.0))]
    for frame in frames:
        frame.putpixel((0, 0), (90, 120, 60))
    one, two = apply_all([WhiteBalance()], frames)
    assert one.getpixel((0, 0)) == two.getpixel((0, 0))
