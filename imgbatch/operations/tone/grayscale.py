"""Grayscale: which gray is a color?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import gray_image
from imgbatch.operations.support.curves import is_gray, tone_image
from imgbatch.pixels.alpha import with_header

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.planes import PlanarImage


@dataclass(frozen=True)
class Grayscale(Operation):
    """Turn colors into grays.

    The luma of ITU-R BT.601, ``0.299 red + 0.587 green + 0.114 blue``, as Pillow's ``convert("L")``. Alpha is kept
    (mode LA). Gray images are left as they are.
    """

    word: ClassVar[str] = "grayscale"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    on_planes: ClassVar[bool] = True

    def apply(self, image: Image) -> Image:
        return image if is_gray(image) else gray_image(tone_image(self, image))

    def apply_to_planes(self, image: PlanarImage) -> Image:
        return with_header(image.brightness, image)
