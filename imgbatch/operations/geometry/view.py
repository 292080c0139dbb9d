"""View: which part of a picture does a result show, how is it turned, and how large is it?

What accompanies a picture in pixels of its own (a gain map of half the size) is made to show the same: the places of
the picture are followed through each resize, crop, turn by quarters and mirroring, and all are applied at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.places import STILL, PlaceMap, Rectangle, upright_map
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation
from imgbatch.operations.geometry.crop import Crop
from imgbatch.operations.geometry.flip import Flip, Flop
from imgbatch.operations.geometry.resize import Resize
from imgbatch.operations.geometry.rotate import Rotate
from imgbatch.pixels.orientation import swap_size

if TYPE_CHECKING:
    from PIL.Image import Image

_KINDS = (Crop, Flip, Flop, Resize, Rotate)  # of other operations pixels know, too, which are not those of the map


@frozen
class View:
    """A rectangle of a picture that became a picture of `size`.

    Attributes
    ----------
    original : (int, int)
        Width and height of the picture in px, as stored.
    size : (int, int)
        Width and height of the result in px.
    place_map : PlaceMap
        Where the places of the picture come to lie in the result.
    """

    original: Size
    size: Size
    place_map: PlaceMap = STILL

    @property
    def is_whole(self) -> bool:
        """Whether all of the picture is seen, as it is."""
        return self == View(self.original, self.original)

    @property
    def box(self) -> Rectangle:
        """The rectangle of the picture in px."""
        return self.place_map.inverse().rectangle((0, 0, *self.size))

    @property
    def is_inside(self) -> bool:
        """Whether the result shows nothing but the picture."""
        left, top, right, bottom = self.box
        return 0 <= left < right <= self.original[0] and 0 <= top < bottom <= self.original[1]

    def apply(self, image: Image) -> Image:
        """The same view of another picture of the whole scene, enlarged or reduced as the first one was.

        Averages are those of a triangle, which gives no sharp edge a halo.
        """
        from PIL.Image import Resampling, Transpose

        swap, x_scale, _, y_scale, _ = self.place_map
        width, height = (self.size[1], self.size[0]) if swap else self.size
        size = _side(width, image.width, self.original[0]), _side(height, image.height, self.original[1])
        sides = (image.width, image.height) * 2
        left, top, right, bottom = (
            float(Fraction(place) / whole * side)
            for place, whole, side in zip(self.box, self.original * 2, sides, strict=True)
        )
        result = image.resize(size, Resampling.BILINEAR, (left, top, right, bottom))
        if swap:
            result = result.transpose(Transpose.TRANSPOSE)
        if x_scale < 0:
            result = result.transpose(Transpose.FLIP_LEFT_RIGHT)
        if y_scale < 0:
            result = result.transpose(Transpose.FLIP_TOP_BOTTOM)
        return result


def follow(operations: Iterable[Operation], original: Size, orientation: int = 1) -> View | None:
    """The view that `operations` make; None where one of them does more than resize, crop, turn by quarters or mirror.

    Parameters
    ----------
    operations : iterable of Operation
    original : (int, int)
        Width and height of the picture in px, as stored.
    orientation : int
        EXIF's 1..8, by which it is turned upright first.
    """
    view = View(original, swap_size(original, orientation), upright_map(orientation, original))
    for operation in operations:
        place_map, after = operation.place_map(view.size), operation.after(view.size)
        if type(operation) not in _KINDS or place_map is None or after is None or min(after) < 1:
            return None
        if not View(view.size, after, place_map).is_inside:  # there is a border around it
            return None
        view = View(original, after, view.place_map.then(place_map))
    return view


def _side(side: int, other: int, original: int) -> int:
    """A side of the result in the other picture's px."""
    return max(1, round(Fraction(side * other, original)))
