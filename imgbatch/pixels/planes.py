"""Planes: how is a photograph held whose brightness and colors are apart, the colors at half size?

So does a JPEG of 4:2:0 hold it. It is a kind of Pillow's Image, of mode YCbCr, so that it goes the way of all pictures;
the colors are spread over all pixels when these are asked for, by an encoder at the latest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import PIL.Image as Images
from PIL.Image import Image, Resampling

if TYPE_CHECKING:
    Size = tuple[int, int]

    Change = Callable[[Image], Image]

_WORTH = 256 * 256  # px from which on numpy takes less time than Pillow


class PlanarImage(Image):
    """Brightness, and colors at half size.

    Parameters
    ----------
    brightness : Image
        Mode L.
    colors : (Image, Image)
        Blue and red, mode L: a sample for each two columns and rows, and for one that is left over.
    info : dict
        The header.
    """

    def __init__(self, brightness: Image, colors: tuple[Image, Image], info: dict[Any, Any]) -> None:
        super().__init__()
        self.brightness, self.colors = brightness, colors
        self._mode, self._size, self.info = "YCbCr", brightness.size, dict(info)

    @property
    def im(self) -> Any:
        """Pillow's pixels."""
        if self._im is None:
            spread = [_spread(plane, self.size) for plane in self.colors]
            self._im = Images.merge("YCbCr", [self.brightness, *spread]).im
        return self._im

    @im.setter
    def im(self, pixels: Any) -> None:
        self._im = pixels

    def change_planes(self, brightness: Change, colors: Change) -> PlanarImage:
        """The picture with its planes changed; what `colors` is given has half the size."""
        blue, red = map(colors, self.colors)
        return PlanarImage(brightness(self.brightness), (blue, red), self.info)


def _spread(plane: Image, size: Size) -> Image:
    """Each sample of a color for the two columns and rows that it stands for."""
    if math.prod(size) < _WORTH:
        return plane.resize(size, Resampling.NEAREST, (0, 0, size[0] / 2, size[1] / 2))
    import numpy

    pairs = (numpy.asarray(plane).astype(numpy.uint16) * 257).view(numpy.uint8)
    return Images.fromarray(numpy.ascontiguousarray(pairs.repeat(2, axis=0)[: size[1], : size[0]]))
