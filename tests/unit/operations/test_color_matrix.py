"""Do the color matrices give what the W3C's formulas give, and what does a tint keep?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imgbatch.core.errors import ImageError
from imgbatch.operations import Modulate, Operation, Sepia, Tint
from tests.contracts.test_operations import picture


def colors(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image.convert("RGB")).astype(float)


def through(matrix: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = values @ matrix.T
    return result


def rotate_hue(values: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """feColorMatrix type="hueRotate", as the specification prints it."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = (
        np.array([[0.213, 0.715, 0.072]] * 3)
        + c * np.array([[0.787, -0.715, -0.072], [-0.213, 0.285, -0.072], [-0.213, -0.715, 0.928]])
        + s * np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
    )
    return through(matrix, values)


def saturate(values: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """feColorMatrix type="saturate", as the specification prints it."""
    s = factor
    matrix = np.array(
        [
            [0.213 + 0.787 * s, 0.715 - 0.715 * s, 0.072 - 0.072 * s],
            [0.213 - 0.213 * s, 0.715 + 0.285 * s, 0.072 - 0.072 * s],
            [0.213 - 0.213 * s, 0.715 - 0.715 * s, 0.072 + 0.928 * s],
        ]
    )
    return through(matrix, values)


def sepia(values: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
    """The table of "sepia" equivalents, as the specification prints it."""
    a = 1 - amount
    matrix = np.array(
        [
            [0.393 + 0.607 * a, 0.769 - 0.769 * a, 0.189 - 0.189 * a],
            [0.349 - 0.349 * a, 0.686 + 0.314 * a, 0.168 - 0.168 * a],
            [0.272 - 0.272 * a, 0.534 - 0.534 * a, 0.131 + 0.869 * a],
        ]
    )
    return through(matrix, values)


def test_modulate_and_sepia_are_those_of_the_w3c() -> None:
    image = picture("RGB", (40, 30))
    values = colors(image)
    for result, reference in (
        (Modulate(hue=70).apply(image), rotate_hue(values, 70)),
        (Modulate(saturation=1.8).apply(image), saturate(values, 1.8)),
        (Modulate(1.3, 0.4, -30).apply(image), 1.3 * rotate_hue(saturate(values, 0.4), -30)),
        (Sepia().apply(image), sepia(values, 1)),
        (Sepia(0.3).apply(image), sepia(values, 0.3)),
    ):
        assert np.abs(colors(result) - reference.clip(0, 255)).max() <= 0.51


def test_a_turn_of_the_hue_moves_red_to_green_and_whole_turns_nothing() -> None:
    red = Image.new("RGB", (1, 1), (200, 60, 60))
    pixel = colors(Modulate(hue=120).apply(red))[0, 0]
    assert pixel.argmax() == 1
    assert Modulate(hue=360).apply(red) is red and Modulate().apply(red) is red


def test_gray_is_only_made_brighter() -> None:
    gray = picture("L", (9, 9))
    assert Modulate(saturation=3, hue=90).apply(gray) is gray
    result = Modulate(1.2, 3, 90).apply(picture("I;16", (9, 9)))
    reference = (np.asarray(picture("I;16", (9, 9))).astype(float) * 1.2).clip(0, 65535)
    assert np.abs(np.asarray(result) - reference).max() <= 0.51


@pytest.mark.parametrize("color", ["#4060a0", "tomato", "black", "white", "#808080"])
def test_a_tint_keeps_the_luma(color: str) -> None:
    image = picture("RGB", (40, 30))
    for amount in (1.0, 0.6):
        result = Tint(color, amount).apply(image)
        difference = colors(result) @ [0.299, 0.587, 0.114] - colors(image) @ [0.299, 0.587, 0.114]
        assert np.abs(difference).max() <= 1.51


def test_a_tint_of_gray_is_the_color_and_black_and_white_stay() -> None:
    ramp = Image.fromarray(np.array([[0, 96, 255]], np.uint8))
    result = colors(Tint("#4060a0").apply(ramp))[0]  # 0.299 * 64 + 0.587 * 96 + 0.114 * 160 = 93.7
    assert result[0].tolist() == [0, 0, 0] and result[2].tolist() == [255, 255, 255]
    assert np.abs(result[1] - (0x40, 0x60, 0xA0)).max() <= 4 and result[1].argmax() == 2


@pytest.mark.parametrize("operation", [Sepia(), Tint("red"), Modulate(1.5, 1.5, 30)], ids=str)
def test_alpha_stays_and_gray_gets_colors(operation: Operation) -> None:
    image = picture("RGBA", (9, 9))
    result = operation.apply(image)
    assert result.mode == "RGBA" and result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    if not isinstance(operation, Modulate):
        assert operation.apply(picture("LA")).mode == "RGBA" and operation.apply(picture("1")).mode == "RGB"
        with pytest.raises(ImageError, match="no mode holds 16 bits in color") as error:
            operation.apply(picture("I;16"))
        assert error.value.kind == "mode"


@pytest.mark.parametrize("operation", [Sepia(0), Tint("red", 0)], ids=str)
def test_nothing_to_do(operation: Operation) -> None:
    image = picture("CMYK")
    assert operation.apply(image) is image
