"""Flip: how is a picture mirrored?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap


class _Mirror(Operation):
    """A mirroring: the size stays, and each pixel is made of one."""

    def after(self, size: Size) -> Size:
        return size

    def demand(self, wanted: Size, size: Size) -> Size:
        return wanted

    def place_map(self, size: Size) -> PlaceMap:
        from imgbatch.core.places import mirror

        return mirror(size, across=self.word == "flop", down=self.word == "flip")


@dataclass(frozen=True)
class Flip(_Mirror):
    """Mirror top to bottom.

    Every mode is kept, palettes and bit depths too.
    """

    word: ClassVar[str] = "flip"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"

    def apply(self, image: Image) -> Image:
        from PIL.Image import Transpose

        return image.transpose(Transpose.FLIP_TOP_BOTTOM)


@dataclass(frozen=True)
class Flop(_Mirror):
    """Mirror left to right.

    Every mode is kept, palettes and bit depths too.
    """

    word: ClassVar[str] = "flop"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"

    def apply(self, image: Image) -> Image:
        from PIL.Image import Transpose

        return image.transpose(Transpose.FLIP_LEFT_RIGHT)
