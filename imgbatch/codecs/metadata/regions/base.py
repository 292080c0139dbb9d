"""Base: for which picture was a region made, and where does that picture lie in the output?

EXIF means the picture as stored. Of XMP's vocabularies the size tells for which the regions were made, stored or
upright; where it does not, nobody knows, and they go with the orientation.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from imgbatch.core.places import Journey, PlaceMap, scale_box
from imgbatch.core.quantities import Size

_MOST_OFF = 0.01  # of two sides' ratio
Box = tuple[float, float, float, float]  # left, top, right, bottom in shares of the sides


class Base(NamedTuple):
    """The picture that regions were made for: its size in px, and where its places come to lie in the output.

    `sides` are its width and height as the regions say them: px may be those of a larger picture.
    """

    size: Size
    place_map: PlaceMap
    end: Size
    sides: tuple[float, float] | None = None

    @property
    def is_upright(self) -> bool:
        """Whether the output shows it the same way up, and not mirrored."""
        return not self.place_map.swap and self.place_map.x_scale > 0 and self.place_map.y_scale > 0

    @property
    def is_whole(self) -> bool:
        """Whether the output shows all of the picture, the same way up, and nothing else."""
        return self.is_upright and self.place_map.rectangle((0, 0, *self.size)) == (0, 0, *self.end)

    def rectangle(self, box: Box) -> Box | None:
        """Where a rectangle in shares of the sides comes to lie, in shares; None: not in the output."""
        left, top, right, bottom = (Fraction(side) for side in box)
        width, height = self.size
        place = self.place_map.rectangle((left * width, top * height, right * width, bottom * height))
        across, down = self.end
        x0, y0, x1, y1 = (
            float(place[0]) / across,
            float(place[1]) / down,
            float(place[2]) / across,
            float(place[3]) / down,
        )
        if not (0 <= (x0 + x1) / 2 <= 1 and 0 <= (y0 + y1) / 2 <= 1):
            return None
        return max(0.0, x0), max(0.0, y0), min(1.0, x1), min(1.0, y1)


def base_of(journey: Journey, sides: tuple[float, float] | None, at_start: bool = False) -> Base | None:
    """The picture that regions were made for; None: it cannot be told, or nobody knows where it went.

    Parameters
    ----------
    journey : Journey
    sides : (float, float) or None
        Width and height of the picture that they say they were made for.
    at_start : bool
        Whether it is known that they mean the picture as stored.
    """
    from_start = journey.from_start
    if journey.place_map is None or from_start is None:
        return None
    if journey.orientation == 1 and sides is not None and not _is_alike(sides, journey.start):
        return _upright_base(journey, sides)
    fits = [
        Base(size, place_map, journey.end, sides)
        for size, place_map in ((journey.start, from_start), (journey.upright, journey.place_map))
        if sides is None or _is_alike(sides, size)
    ]
    is_told = at_start or journey.orientation == 1 or len(fits) == 1
    return fits[0] if fits and is_told else None


SUBJECT_CHANGE = "subject area removed: it is not in the picture any more, or not where it said"


def subject(base: Base, numbers: list[float]) -> list[int] | None:
    """EXIF's subject in an output: x and y in px, then a diameter, or width and height; None: not there.

    Parameters
    ----------
    base : Base
        The picture as stored, which EXIF means.
    numbers : list of float
        Two to four.
    """
    if not 2 <= len(numbers) <= 4:
        return None
    x, y, *sides = numbers
    width, height = (sides * 2)[:2] if sides else (0.0, 0.0)
    across, down = base.size
    if not (0 <= x <= across and 0 <= y <= down):
        return None
    box = base.rectangle(
        ((x - width / 2) / across, (y - height / 2) / down, (x + width / 2) / across, (y + height / 2) / down)
    )
    if box is None:
        return None
    left, right, top, bottom = box[0] * base.end[0], box[2] * base.end[0], box[1] * base.end[1], box[3] * base.end[1]
    center = [(left + right) / 2, (top + bottom) / 2]
    more = {0: [], 1: [max(right - left, bottom - top)], 2: [right - left, bottom - top]}[len(sides)]
    return [min(65535, max(0, round(number))) for number in (*center, *more)]


def _upright_base(journey: Journey, sides: tuple[float, float]) -> Base | None:
    """Of a picture that keeps its orientation in its tag, the upright one, if all of it is shown."""
    (width, height), (across, down) = journey.start, journey.end
    whole = Base((height, width), scale_box((0, 0, height, width), (down, across)), (down, across), sides)
    is_shown = journey.place_map is not None and Base(journey.start, journey.place_map, journey.end).is_whole
    return whole if is_shown and _is_alike(sides, (height, width)) else None


def _is_alike(sides: tuple[float, float], size: Size) -> bool:
    """Whether a picture of these sides has the same shape, perhaps at another scale."""
    one, other = sides[0] * size[1], sides[1] * size[0]
    return abs(one - other) <= _MOST_OFF * max(one, other, 1)
