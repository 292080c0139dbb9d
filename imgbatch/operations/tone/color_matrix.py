"""Which operations mix the three color bands by a matrix?

The matrices are those of the W3C's Filter Effects Module Level 1 (sections "saturate", "hue-rotate" and "sepia"), which
browsers apply as CSS filters. They work on the samples as they are, in the picture's own color space. Alpha is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameters import Number
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.operations.tone.curves import curved, in_color, is_gray, toned
from imgbatch.pixels.alpha import SIXTEEN, carrying, on_colors
from imgbatch.pixels.color import COLOR, rgba

if TYPE_CHECKING:
    from PIL.Image import Image

Matrix = tuple[tuple[float, float, float], ...]  # rows: the new red, green and blue of red, green and blue

_LUMA = (0.213, 0.715, 0.072)  # of red, green and blue, as the W3C rounds them
_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))
_TURN_COS = ((0.787, -0.715, -0.072), (-0.213, 0.285, -0.072), (-0.213, -0.715, 0.928))
_TURN_SIN = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))


@dataclass(frozen=True)
class Modulate(Operation):
    """Change brightness, saturation and hue in one step.

    Saturation, then hue by the matrices of CSS ``saturate()`` and ``hue-rotate()``, which keep the luma, then
    ``out = in * brightness``; rounded once, at the end. ImageMagick's ``-modulate`` does the like in HSL, where a turn
    of the hue changes how light a color looks. Gray images take the brightness only.

    Parameters
    ----------
    brightness : float
        Factor, 0 to 10; 1 leaves it.
    saturation : float
        Factor, 0 to 10; 0 gives grays, 1 leaves it.
    hue : float
        How far the color circle is turned, in degrees, -360 to 360; 120 makes reds green, greens blue, blues red.
    """

    word: ClassVar[str] = "modulate"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.1,saturation=1.3,hue=20"
    detached: ClassVar[bool | None] = True

    brightness: Annotated[float, Number(0, 10), "1 = unchanged, 0 = black"] = 1.0
    saturation: Annotated[float, Number(0, 10), "1 = unchanged, 0 = gray"] = 1.0
    hue: Annotated[float, Number(-360, 360), "degrees along the color circle; 0 = unchanged"] = 0.0

    def apply(self, image: Image) -> Image:
        if (self.brightness, self.saturation, self.hue % 360) == (1, 1, 0):
            return image
        if is_gray(image):
            return image if self.brightness == 1 else curved(self, image, lambda value: value * self.brightness)
        matrix = _times(_turning(self.hue), _saturating(self.saturation))
        return _mixed(toned(self, image), tuple(_row(row, self.brightness) for row in matrix))


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
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    example: ClassVar[str] = "0.8"

    amount: Annotated[float, Number(0, 1), "0 = unchanged, 1 = all brown"] = 1.0

    def apply(self, image: Image) -> Image:
        if self.amount == 0:
            return image
        return _mixed(_in_color(self, image), _between(_IDENTITY, _SEPIA, self.amount))


@dataclass(frozen=True)
class Tint(Operation):
    """Give the image the tones of one color, and keep how light each pixel is.

    A pixel's luma (ITU-R BT.601, as in ``grayscale``) chooses its place on the straight lines from black to the color
    and from the color to white; the color stands at its own luma, so that every pixel keeps its luma. The alpha of the
    color does not count. Gray images become RGB.

    Parameters
    ----------
    color : str
        The color of the tones.
    amount : float
        0 to 1; 0 leaves the image as it is, 1 has no other color left.
    """

    word: ClassVar[str] = "tint"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "#4060a0,amount=0.7"

    color: Annotated[str, COLOR, "the color of the tones"]
    amount: Annotated[float, Number(0, 1), "0 = unchanged, 1 = no other color left"] = 1.0

    def apply(self, image: Image) -> Image:
        if self.amount == 0:
            return image
        from PIL import Image as Images

        tones = [_tones(band, rgba(self.color)[:3]) for band in range(3)]

        def change(colors: Image) -> Image:
            luma = colors.convert("L")
            tinted = Images.merge("RGB", [luma.point(table) for table in tones])
            return tinted if self.amount == 1 else Images.blend(colors, tinted, self.amount)

        return on_colors(_in_color(self, image), change)


_IDENTITY: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def _tones(band: int, color: tuple[int, ...]) -> list[int]:
    """The level of `band` for each luma, on the lines from black to `color` to white."""
    middle = (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]) or 1e-9
    rest = (255 - middle) or 1e-9
    up, down = color[band] / middle, (255 - color[band]) / rest
    levels = (luma * up if luma <= middle else 255 - (255 - luma) * down for luma in range(256))
    return [int(min(max(level, 0.0), 255.0) + 0.5) for level in levels]


def _in_color(operation: Operation, image: Image) -> Image:
    if image.mode in SIXTEEN:
        raise refuse_mode(operation, image, "no mode holds 16 bits in color; convert the file to 8 bits first")
    return in_color(toned(operation, image))


def _saturating(factor: float) -> Matrix:
    return _between((_LUMA, _LUMA, _LUMA), _IDENTITY, factor)


def _turning(degrees: float) -> Matrix:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return tuple(
        _triple(_LUMA[column] + cos * _TURN_COS[row][column] + sin * _TURN_SIN[row][column] for column in range(3))
        for row in range(3)
    )


def _between(start: Matrix, end: Matrix, share: float) -> Matrix:
    return tuple(
        _triple(one + (other - one) * share for one, other in zip(here, there, strict=True))
        for here, there in zip(start, end, strict=True)
    )


def _times(left: Matrix, right: Matrix) -> Matrix:
    """What `right` does first, then `left`, in one matrix."""
    columns = list(zip(*right, strict=True))
    return tuple(_triple(sum(a * b for a, b in zip(row, column, strict=True)) for column in columns) for row in left)


def _row(row: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    return _triple(value * factor for value in row)


def _triple(values: Iterable[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue


def _mixed(image: Image, matrix: Matrix) -> Image:
    """The colors of an RGB or RGBA `image` through `matrix`."""
    if matrix == _IDENTITY:
        return image
    flat = tuple(value for row in matrix for value in (*row, 0.0))
    return carrying(on_colors(image, lambda colors: colors.convert("RGB", flat)), image)
