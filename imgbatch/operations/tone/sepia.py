"""Sepia: how does a picture get the brown of an old photograph?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import IDENTITY, interpolate, mix_bands
from imgbatch.operations.support.curves import to_color_image

if TYPE_CHECKING:
    from PIL.Image import Image

_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


@dataclass(frozen=True)
class Sepia(Operation):
    """Give the image the brown of an old photograph.

    The matrix of CSS ``sepia()``. Gray images become RGB.

    Parameters
    ----------
    amount : float
        0 to 1; 0 leaves the image as it is, 1 is all brown.
    """

    word: ClassVar[str] = "sepia"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    example: ClassVar[str] = "0.8"

    amount: Annotated[float, Number(0, 1), "0 = unchanged, 1 = all brown"] = 1.0

    def apply(self, image: Image) -> Image:
        if self.amount == 0:
            return image
        return mix_bands(to_color_image(self, image), interpolate(IDENTITY, _SEPIA, self.amount))
