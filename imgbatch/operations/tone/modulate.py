"""Modulate: how are brightness, saturation and hue changed in one step?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import IDENTITY, LUMA, Matrix, interpolate, mix_bands, multiply, triple
from imgbatch.operations.support.curves import apply_curve, is_gray, tone_image

if TYPE_CHECKING:
    from PIL.Image import Image

_TURN_COS = ((0.787, -0.715, -0.072), (-0.213, 0.285, -0.072), (-0.213, -0.715, 0.928))
_TURN_SIN = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))


@dataclass(frozen=True)
class Modulate(Operation):
    """Change brightness, saturation and hue in one step.

    Saturation, then hue by the matrices of CSS ``saturate()`` and ``hue-rotate()``, which keep the luma, then
    ``out = in * brightness``; rounded once, at the end. ImageMagick's ``-modulate`` does the like in HSL, where a turn
    of the hue changes how light a color looks. Gray images take the brightness only.

    Parameters
    ----------
    brightness : float
        Factor, 0 to 10; 1 leaves it.
    saturation : float
        Factor, 0 to 10; 0 gives grays, 1 leaves it.
    hue : float
        How far the color circle is turned, in degrees, -360 to 360; 120 makes reds green, greens blue, blues red.
    """

    word: ClassVar[str] = "modulate"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.1,saturation=1.3,hue=20"
    detached: ClassVar[bool | None] = True

    brightness: Annotated[float, Number(0, 10), "1 = unchanged, 0 = black"] = 1.0
    saturation: Annotated[float, Number(0, 10), "1 = unchanged, 0 = gray"] = 1.0
    hue: Annotated[float, Number(-360, 360), "degrees along the color circle; 0 = unchanged"] = 0.0

    def apply(self, image: Image) -> Image:
        if (self.brightness, self.saturation, self.hue % 360) == (1, 1, 0):
            return image
        if is_gray(image):
            return image if self.brightness == 1 else apply_curve(self, image, lambda value: value * self.brightness)
        matrix = multiply(_rotate_hue(self.hue), _saturate(self.saturation))
        return mix_bands(tone_image(self, image), tuple(_scale(row, self.brightness) for row in matrix))


def _saturate(factor: float) -> Matrix:
    return interpolate((LUMA, LUMA, LUMA), IDENTITY, factor)


def _rotate_hue(degrees: float) -> Matrix:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple(
        triple(LUMA[column] + cos * _TURN_COS[row][column] + sin * _TURN_SIN[row][column] for column in range(3))
        for row in range(3)
    )


def _scale(row: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    return triple(value * factor for value in row)
