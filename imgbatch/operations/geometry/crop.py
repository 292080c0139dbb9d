"""Crop: which rectangle of the picture is kept, by its size and place?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from imgbatch.core.errors import ImageError, UsageError
from imgbatch.core.parameter_kinds import Grammar
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.lengths import (
    ANCHORS,
    ENTROPY,
    FOCAL,
    PLACE,
    Length,
    Point,
    anchor,
    half_up,
    pixels,
    place,
    read_focal,
    read_length,
    read_ratio,
    read_sides,
    refuse_two_places,
    spell_length,
    spell_size,
    squeeze,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap
    from imgbatch.operations.support.lengths import Place, Sides

Box = tuple[int, int, int, int]  # left, top, right, bottom in px

_AREA = r"(?P<sides>[^+-]+)(?:(?P<x>[+-][0-9]+)(?P<y>[+-][0-9]+))?"  # compiled where something is typed


class Area(NamedTuple):
    """A rectangle as typed: lengths (None: the picture's whole side) or a ratio, and an offset in px."""

    width: Length | None = None
    height: Length | None = None
    ratio: Fraction | None = None
    offset: tuple[int, int] | None = None


def area(word: str) -> Area:
    """The area that `word` means; ValueError when it means none."""
    text = squeeze(word)
    if ratio := read_ratio(text):
        return Area(ratio=ratio)
    match = re.fullmatch(_AREA, text)
    sides = read_sides(match["sides"]) if match else None
    if match is None or sides is None or sides[0] == 0 or sides[1] == 0:
        raise ValueError(word)
    offset = (_offset(match["x"]), _offset(match["y"])) if match["x"] else None
    return Area(sides[0], sides[1], offset=offset)


def _offset(word: str) -> int:
    distance = read_length(word[1:])
    assert isinstance(distance, int)  # the pattern has digits only
    return -distance if word[0] == "-" else distance


def _canonical(word: str) -> str:
    spec = area(word)
    if spec.ratio is not None:
        return squeeze(word)
    sides = f"{spell_length(spec.width)}x{spell_length(spec.height)}"
    return sides if spec.offset is None else f"{sides}{spec.offset[0]:+d}{spec.offset[1]:+d}"


AREA = Grammar(
    "an area such as 800x600+10+20, 800x600, 50%x100%, 800x or 16:9",
    _canonical,
    ("800x600", "800x600+10+20", "50%x50%", "16:9"),
    spell_size,
)


def crop_box(source: Size, crop: Area, gravity: str | None, focal: Point | None = None) -> Box:
    """The rectangle of a picture that `crop` means, clipped to the picture.

    Parameters
    ----------
    source : Size
        Width and height of the picture, in px.
    crop : Area
    gravity : str or None
        A key of ``ANCHORS``. None: the center, or the left top where `crop` has an offset.
    focal : (x, y), optional
        Shares of the picture's sides, 0..1: where `crop` has no offset, its center, as far as the edges allow.

    Returns
    -------
    Box
        (left, top, right, bottom) in px; empty (left >= right or top >= bottom) where `crop` lies outside.
    """
    width, height = source
    if crop.ratio is not None:
        size = min(width, half_up(height * crop.ratio)), min(height, half_up(width / crop.ratio))
        size = max(1, size[0]), max(1, size[1])
    else:
        size = (
            width if crop.width is None else pixels(crop.width, width),
            height if crop.height is None else pixels(crop.height, height),
        )
    if focal is not None:
        size = min(size[0], width), min(size[1], height)
        left, top = place(size, source, "center", focal)
        return left, top, left + size[0], top + size[1]
    if gravity is None:
        gravity = "center" if crop.offset is None else "northwest"
    left, top = anchor(size, source, gravity)
    if crop.offset is not None:
        x, y = ANCHORS[gravity]
        left += -crop.offset[0] if x == 1 else crop.offset[0]
        top += -crop.offset[1] if y == 1 else crop.offset[1]
    return max(0, left), max(0, top), min(width, left + size[0]), min(height, top + size[1])


@dataclass(frozen=True)
class Crop(Operation):
    """Cut a rectangle out of the picture.

    The rectangle is clipped to the picture, so that the result is never larger. Palettes and bit depths are kept.

    Parameters
    ----------
    area : str
        ``WxH+X+Y``: width, height and offset in px. ``WxH``: placed by `gravity`. A side can be a percentage of the
        picture's (``50%x50%``) or be left out, for the whole side; one number stands for both sides. ``16:9`` is
        the largest rectangle of that aspect.
    gravity : str or None
        Where the rectangle sits; an offset counts from there, inward. None: an offset counts from the left top, and
        a rectangle without an offset sits in the center. ``entropy``, for a rectangle without an offset: the part with
        the most to see, which is the largest entropy of its gray levels; one place for all frames of an animation.
    focal : str or None
        The point that a rectangle without an offset keeps as near to its center as the picture's edges allow:
        ``30%x40%`` from the left and from the top of the picture.

    Raises
    ------
    ImageError
        Kind ``operation`` when the rectangle lies outside of the picture.
    """

    word: ClassVar[str] = "crop"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "800x600+10+20"

    area: Annotated[str, AREA, "what to keep"]
    gravity: Annotated[
        str | None, PLACE, "where the area sits; by default in the center, or at its offset from the left top"
    ] = None
    focal: Annotated[str | None, FOCAL, "the point that the area keeps near its center"] = None

    if TYPE_CHECKING:

        def __init__(
            self, area: Sides, gravity: Place | None = None, focal: str | None = None,
        ) -> None: ...  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_two_places(self.word, self.gravity, self.focal)
        if area(self.area).offset is not None and (self.gravity == ENTROPY or self.focal is not None):
            what = f"focal={self.focal}" if self.focal else f"gravity={ENTROPY}"
            raise UsageError(f"crop {what} says where the area sits, which its offset says too; got {self.area}")

    @property
    def together(self) -> bool:
        return self.gravity == ENTROPY

    def box(self, size: Size) -> Box:
        """What is kept of a picture of `size`, perhaps nothing; as if centered where only the pixels can tell."""
        gravity = None if self.gravity == ENTROPY else self.gravity
        return crop_box(size, area(self.area), gravity, None if self.focal is None else read_focal(self.focal))

    def after(self, size: Size) -> Size | None:
        left, top, right, bottom = self.box(size)
        return (right - left, bottom - top) if left < right and top < bottom else None

    def place_map(self, size: Size) -> PlaceMap | None:
        from imgbatch.core.places import shift

        left, top, _, _ = self.box(size)
        return None if self.gravity == ENTROPY else shift(-left, -top)

    def across(self, frames: Sequence[Image]) -> Operation:
        """The crop with a fixed point to crop around, where the pixels decide on it."""
        if self.gravity != ENTROPY or len({frame.size for frame in frames}) > 1:
            return self
        left, top, right, bottom = self.box(frames[0].size)
        from imgbatch.operations.support.entropy import busiest

        return Crop(self.area, focal=busiest(frames, (right - left, bottom - top)))

    def apply(self, image: Image) -> Image:
        if self.gravity == ENTROPY:
            return self.across([image]).apply(image)
        left, top, right, bottom = self.box(image.size)
        if left >= right or top >= bottom:
            raise ImageError(
                "operation",
                f"crop {self.area} lies outside of the picture, which is {image.width}x{image.height} px",
            )
        return crop_image(image, (left, top, right, bottom))


def crop_image(image: Image, box: Box) -> Image:
    """`image` cut to `box`; the same object where that is all of it."""
    return image if box == (0, 0, *image.size) else image.crop(box)
