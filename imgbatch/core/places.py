"""Places: where does a point of a picture come to lie when it is turned, cut, resized or laid on a canvas?

Operations say it of themselves (`Operation.place_map`). The decode plan asks where a picture lies among the pixels of a
JPEG that was decoded smaller; metadata that name places follow the picture.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from imgbatch.core.quantities import Size

Exact = Fraction | int
Rectangle = tuple[Exact, Exact, Exact, Exact]  # left, top, right, bottom in px


class PlaceMap(NamedTuple):
    """A point's x becomes ``x * x_scale + x_shift``, its y likewise; if `swap`, what becomes x is y, and the reverse.

    Places are in px from the left top corner, exact: a pixel's center has halves.
    """

    swap: bool = False
    x_scale: Exact = 1
    x_shift: Exact = 0
    y_scale: Exact = 1
    y_shift: Exact = 0

    def point(self, x: Exact, y: Exact) -> tuple[Exact, Exact]:
        """Where a point comes to lie."""
        if self.swap:
            x, y = y, x
        return x * self.x_scale + self.x_shift, y * self.y_scale + self.y_shift

    def rectangle(self, rectangle: Rectangle) -> Rectangle:
        """Where a rectangle comes to lie; it may reach beyond the picture."""
        left, top, right, bottom = rectangle
        (x0, y0), (x1, y1) = self.point(left, top), self.point(right, bottom)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def then(self, other: PlaceMap) -> PlaceMap:
        """This map, and `other` after it."""
        x, y = (self.x_scale, self.x_shift), (self.y_scale, self.y_shift)
        if other.swap:
            x, y = y, x
        return PlaceMap(
            self.swap != other.swap,
            x[0] * other.x_scale,
            x[1] * other.x_scale + other.x_shift,
            y[0] * other.y_scale,
            y[1] * other.y_scale + other.y_shift,
        )

    def inverse(self) -> PlaceMap:
        """The map that leads back."""
        x = Fraction(1) / self.x_scale, -Fraction(self.x_shift) / self.x_scale
        y = Fraction(1) / self.y_scale, -Fraction(self.y_shift) / self.y_scale
        return PlaceMap(self.swap, *(y if self.swap else x), *(x if self.swap else y))


STILL = PlaceMap()


class Journey(NamedTuple):
    """A picture's way to an output: from ``start`` px as stored, turned upright from ``orientation``, by `place_map`.

    ``place_map`` leads from the upright picture to `end`, the output's px; None: it is not known.
    """

    start: Size
    orientation: int
    place_map: PlaceMap | None
    end: Size

    @property
    def upright(self) -> Size:
        """Width and height of the upright picture, in px."""
        return (self.start[1], self.start[0]) if self.orientation >= 5 else self.start

    @property
    def from_start(self) -> PlaceMap | None:
        """Where the places of the stored picture come to lie."""
        return None if self.place_map is None else upright_map(self.orientation, self.start).then(self.place_map)

    def resize_to(self, size: Size) -> Journey:
        """The journey with one more resize at its end."""
        if size == self.end or self.place_map is None:
            return self._replace(end=size)
        return self._replace(place_map=self.place_map.then(scale_box((0, 0, *self.end), size)), end=size)


def quarter_turns(quarters: int, size: Size) -> PlaceMap:
    """The map of a picture of `size` that is turned clockwise by so many quarters."""
    width, height = size
    return (
        STILL,
        PlaceMap(True, -1, height, 1, 0),
        PlaceMap(False, -1, width, -1, height),
        PlaceMap(True, 1, 0, -1, width),
    )[quarters % 4]


def mirror(size: Size, across: bool = False, down: bool = False) -> PlaceMap:
    """The map of a picture that is mirrored.

    Parameters
    ----------
    size : Size
        Of the picture, in px.
    across, down : bool
        Whether left and right, top and bottom are exchanged.
    """
    return PlaceMap(False, *((-1, size[0]) if across else (1, 0)), *((-1, size[1]) if down else (1, 0)))


def upright_map(orientation: int, size: Size) -> PlaceMap:
    """The map of a picture that is stored as `size` px in an EXIF `orientation` (1..8), and turned upright."""
    flop = mirror(size, across=True) if orientation in (2, 4, 5, 7) else STILL
    return flop.then(quarter_turns({3: 2, 4: 2, 5: 3, 6: 1, 7: 1, 8: 3}.get(orientation, 0), size))


def shift(x: Exact, y: Exact) -> PlaceMap:
    """The map of a picture whose left top corner comes to lie at (`x`, `y`)."""
    return PlaceMap(False, 1, x, 1, y)


def scale_box(box: Rectangle, size: Size) -> PlaceMap:
    """The map of a rectangle of a picture that becomes `size` px."""
    left, top, right, bottom = box
    across, down = Fraction(size[0]) / (right - left), Fraction(size[1]) / (bottom - top)
    return PlaceMap(False, across, -left * across, down, -top * down)
