"""View: which part of a picture does a result show, how is it turned, and how large is it?

What accompanies a picture in pixels of its own (a gain map of half the size) is made to show the same: each resize,
crop, turn by quarters and mirroring is followed in shares of the picture's sides, and all are applied at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation
from imgbatch.operations.geometry.crop import Crop
from imgbatch.operations.geometry.flip import Flip, Flop
from imgbatch.operations.geometry.resize import Resize
from imgbatch.operations.geometry.rotate import Rotate
from imgbatch.operations.support.lengths import ENTROPY

if TYPE_CHECKING:
    from PIL.Image import Image

Point = tuple[Fraction | int, Fraction | int]
#: What turns EXIF's orientations upright: whether left and right change places, and quarters clockwise that follow.
_TURNS = {2: (True, 0), 3: (False, 2), 4: (True, 2), 5: (True, 3), 6: (False, 1), 7: (True, 1), 8: (False, 3)}


@frozen
class View:
    """A rectangle of a picture that became a picture of `size`.

    Attributes
    ----------
    original : (int, int)
        Width and height of the picture in px, as stored.
    size : (int, int)
        Width and height of the result in px.
    corner, across, down : (Fraction, Fraction)
        Where the result's left top corner lies in the picture, and where its upper and its left edge lead from there:
        shares of the picture's sides.
    """

    original: Size
    size: Size
    corner: Point = (0, 0)
    across: Point = (1, 0)
    down: Point = (0, 1)

    @property
    def is_whole(self) -> bool:
        """Whether all of the picture is seen, as it is."""
        return self == View(self.original, self.original)

    def cut(self, box: tuple[Fraction | int, ...], size: Size) -> View:
        """The view of a rectangle of this one that became `size`.

        Parameters
        ----------
        box : (left, top, right, bottom)
            In px of this view.
        size : (int, int)
        """
        left, right = Fraction(box[0]) / self.size[0], Fraction(box[2]) / self.size[0]
        top, bottom = Fraction(box[1]) / self.size[1], Fraction(box[3]) / self.size[1]
        corner = _sum(self.corner, _times(self.across, left), _times(self.down, top))
        return View(self.original, size, corner, _times(self.across, right - left), _times(self.down, bottom - top))

    def turn(self, mirror: bool, quarters: int) -> View:
        """The view mirrored left to right where `mirror`, then turned clockwise by so many quarters."""
        view = self
        if mirror:
            view = replace(view, corner=_sum(view.corner, view.across), across=_times(view.across, -1))
        for _ in range(quarters % 4):
            corner, across, down = _sum(view.corner, view.down), _times(view.down, -1), view.across
            view = View(view.original, (view.size[1], view.size[0]), corner, across, down)
        return view

    def apply(self, image: Image) -> Image:
        """The same view of another picture of the whole scene, enlarged or reduced as the first one was.

        Averages are those of a triangle, which gives no sharp edge a halo.
        """
        from PIL.Image import Resampling, Transpose

        turns = self.across[0] == 0
        end = _sum(self.corner, self.across, self.down)
        width, height = (self.size[1], self.size[0]) if turns else self.size
        size = _side(width, image.width, self.original[0]), _side(height, image.height, self.original[1])
        box = (
            float(min(self.corner[0], end[0]) * image.width), float(min(self.corner[1], end[1]) * image.height),
            float(max(self.corner[0], end[0]) * image.width), float(max(self.corner[1], end[1]) * image.height),
        )  # fmt: skip
        result = image.resize(size, Resampling.BILINEAR, box)
        if turns:
            result = result.transpose(Transpose.TRANSPOSE)
        if sum(self.across) < 0:
            result = result.transpose(Transpose.FLIP_LEFT_RIGHT)
        if sum(self.down) < 0:
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
    view = View(original, original).turn(*_TURNS.get(orientation, (False, 0)))
    for operation in operations:
        following = _after(operation, view)
        if following is None:
            return None
        view = following
    return view


def _after(operation: Operation, view: View) -> View | None:
    kind = type(operation)
    if kind is Flop:
        return view.turn(True, 0)
    if kind is Flip:
        return view.turn(True, 2)
    if isinstance(operation, Rotate) and kind is Rotate:
        quarters = operation.angle % 90 == 0 and (operation.expand or operation.angle % 180 == 0)
        return view.turn(False, int(operation.angle // 90)) if quarters else None
    if isinstance(operation, Crop) and kind is Crop and operation.gravity != ENTROPY:
        box = operation.box(view.size)
        size = (box[2] - box[0], box[3] - box[1])
        return view.cut(box, size) if min(size) > 0 else None
    if isinstance(operation, Resize) and kind is Resize and operation.gravity != ENTROPY:
        placement = operation.placement(view.size)
        return view.cut(placement.box, placement.size) if placement.size == placement.canvas else None
    return None


def _side(side: int, other: int, original: int) -> int:
    """A side of the result in the other picture's px."""
    return max(1, round(Fraction(side * other, original)))


def _sum(*points: Point) -> Point:
    return sum(point[0] for point in points), sum(point[1] for point in points)


def _times(point: Point, factor: Fraction | int) -> Point:
    return point[0] * factor, point[1] * factor
