"""Pad: how does a picture get a larger canvas, or a border around it?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from imgbatch.core.parameter_kinds import Grammar
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.canvas import on_canvas
from imgbatch.operations.support.lengths import (
    GRAVITY,
    Length,
    anchor,
    half_up,
    pixels,
    read_ratio,
    read_sides,
    spell_length,
    spell_size,
    squeeze,
)
from imgbatch.pixels.color import COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap
    from imgbatch.operations.support.lengths import Gravity, Sides
    from imgbatch.pixels.color import Color


class Canvas(NamedTuple):
    """A canvas as typed: lengths (None: as the picture) or a ratio."""

    width: Length | None = None
    height: Length | None = None
    ratio: Fraction | None = None

    def around(self, source: Size) -> Size:
        """The size in px of the canvas around a picture of `source` px; no side is shorter than the picture's."""
        width, height = source
        if self.ratio is not None:
            return max(width, half_up(height * self.ratio)), max(height, half_up(width / self.ratio))
        return (
            width if self.width is None else max(width, pixels(self.width, width)),
            height if self.height is None else max(height, pixels(self.height, height)),
        )


def canvas(word: str) -> Canvas:
    """The canvas that `word` means; ValueError when it means none."""
    text = squeeze(word)
    if ratio := read_ratio(text):
        return Canvas(ratio=ratio)
    sides = read_sides(text)
    if sides is None or sides[0] == 0 or sides[1] == 0:
        raise ValueError(word)
    return Canvas(sides[0], sides[1])


def _canonical_canvas(word: str) -> str:
    spec = canvas(word)
    if spec.ratio is not None:
        return squeeze(word)
    return f"{spell_length(spec.width)}x{spell_length(spec.height)}"


def margins(word: str) -> tuple[Length, Length]:
    """The margins left and right, and above and below, that `word` means; ValueError when it means none."""
    sides = read_sides(squeeze(word))
    if sides is None or sides[0] is None or sides[1] is None:
        raise ValueError(word)
    return sides[0], sides[1]


def _canonical_margins(word: str) -> str:
    across, down = margins(word)
    return spell_length(across) if across == down else f"{spell_length(across)}x{spell_length(down)}"


CANVAS = Grammar(
    "a canvas such as 1600x1200, 1600x, x1200, 110% or 1:1", _canonical_canvas,
    ("1600x1200", "1600x", "110%", "1:1"), spell_size,
)  # fmt: skip
MARGINS = Grammar(
    "a width such as 10, 10x20 (left and right x above and below) or 5%",
    _canonical_margins,
    ("10", "5%"),
    spell_size,
)


@dataclass(frozen=True)
class Pad(Operation):
    """Lay the picture on a larger canvas.

    Nothing is cropped or resized: where the picture is longer than the canvas, the canvas is as long as the picture.
    Palettes become RGB or RGBA, and a gray picture becomes RGB for a background with a color.

    Parameters
    ----------
    size : str
        The canvas, ``1600x1200`` in px; ``1600x`` and ``x1200`` for one side; ``110%`` or ``110%x120%`` of the picture;
        ``1:1`` the smallest canvas of that aspect; one number stands for both sides.
    gravity : str
        Where the picture sits.
    background : str or None
        The color around it. None: transparent where the picture has transparency, else white. A transparent color gives
        an opaque gray or RGB picture an alpha channel.

    Raises
    ------
    ImageError
        Kind ``too_large`` for more than 1000 megapixels; kind ``mode`` when the picture's mode cannot hold the
        background (a color in 16-bit gray, transparency in CMYK).
    """

    word: ClassVar[str] = "pad"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "1600x1200,background=white"

    size: Annotated[str, CANVAS, "the size of the canvas"]
    gravity: Annotated[str, GRAVITY, "where the picture sits"] = "center"
    background: Annotated[
        str | None, COLOR, "the color around it; by default transparent where the picture has alpha, else white"
    ] = None

    if TYPE_CHECKING:

        def __init__(
            self, size: Sides, gravity: Gravity = "center", background: Color | None = None,
        ) -> None: ...  # fmt: skip

    def after(self, size: Size) -> Size:
        return canvas(self.size).around(size)

    def place_map(self, size: Size) -> PlaceMap:
        from imgbatch.core.places import shift

        return shift(*anchor(size, self.after(size), self.gravity))

    def apply(self, image: Image) -> Image:
        size = canvas(self.size).around(image.size)
        return on_canvas(self, image, size, anchor(image.size, size, self.gravity), self.background)


@dataclass(frozen=True)
class Border(Operation):
    """Draw a border around the picture, which grows by it.

    Palettes become RGB or RGBA, and a gray picture becomes RGB for a border with a color.

    Parameters
    ----------
    width : str
        ``10`` px on all sides; ``10x20`` px left and right x above and below; ``5%`` of the picture's width and height.
    color : str
        The border's color. A transparent one gives an opaque gray or RGB picture an alpha channel.

    Raises
    ------
    ImageError
        Kind ``too_large`` for more than 1000 megapixels; kind ``mode`` when the picture's mode cannot hold the color.
    """

    word: ClassVar[str] = "border"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "10,color=red"

    width: Annotated[str, MARGINS, "how wide the border is"]
    color: Annotated[str, COLOR, "the border's color"] = "#000000"

    if TYPE_CHECKING:

        def __init__(self, width: Sides, color: Color = "#000000") -> None: ...

    def after(self, size: Size) -> Size:
        across, down = self._margins(size)
        return size[0] + 2 * across, size[1] + 2 * down

    def place_map(self, size: Size) -> PlaceMap:
        from imgbatch.core.places import shift

        return shift(*self._margins(size))

    def _margins(self, size: Size) -> Size:
        lengths = margins(self.width)
        return pixels(lengths[0], size[0]), pixels(lengths[1], size[1])

    def apply(self, image: Image) -> Image:
        across, down = self._margins(image.size)
        return on_canvas(self, image, (image.width + 2 * across, image.height + 2 * down), (across, down), self.color)
