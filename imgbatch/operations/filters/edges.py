"""Edges: how does a picture show where its tones change?

By the derivatives of I. Sobel and G. Feldman ("A 3x3 isotropic gradient operator for image processing", 1968), divided
by 4, so that a step from black to white has a slope of 1. Band by band, colors weighted by alpha, so that what hides
under transparent pixels never shows; the alpha band is kept. Pixels outside the image count as copies of the edge's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation, refuse_mode
from imgbatch.operations.support.as_array import in_strips, picture, samples
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.deep.gray import gray_range

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.operations.support.as_array import Samples


@dataclass(frozen=True)
class Edges(Operation):
    """Show the edges, light on black: the steepness of each band.

    ``out = amount * sqrt(dx ** 2 + dy ** 2)`` with Sobel's derivatives; a step from black to white gives white at
    amount 1. Put ``grayscale`` before it for gray edges.

    Parameters
    ----------
    amount : float
        Strength, 0 to 100.
    """

    word: ClassVar[str] = "edges"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "filters"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "2"

    amount: Annotated[float, Number(0, 100), "strength"] = 1.0

    def apply(self, image: Image) -> Image:
        import numpy

        def slopes(across: Samples, down: Samples) -> Samples:
            steep: Samples = self.amount * numpy.sqrt(across * across + down * down)
            return steep

        return _apply_to_slopes(self, image, slopes, ground=0)


@dataclass(frozen=True)
class Emboss(Operation):
    """Show the picture as a relief on middle gray, lit from the side.

    ``out = 0.5 + amount * slope / 2``, where the slope is Sobel's derivative away from the light: tones are heights.
    Put ``grayscale`` before it for a gray relief.

    Parameters
    ----------
    amount : float
        Strength, 0 to 100.
    angle : float
        Where the light comes from, in degrees clockwise from the top, -360 to 360; 315 is the left top.
    """

    word: ClassVar[str] = "emboss"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "filters"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "2,angle=45"

    amount: Annotated[float, Number(0, 100), "strength"] = 1.0
    angle: Annotated[float, Number(-360, 360), "where the light comes from, in degrees clockwise from the top"] = 315

    def apply(self, image: Image) -> Image:
        x, y = -math.sin(math.radians(self.angle)), math.cos(math.radians(self.angle))
        return _apply_to_slopes(self, image, lambda across, down: self.amount * (x * across + y * down) / 2, ground=0.5)


def _apply_to_slopes(
    operation: Operation, image: Image, change: Callable[[Samples, Samples], Samples], ground: float
) -> Image:
    """`change` of the derivatives of the color bands, above `ground` (a share of the way from black to white)."""
    if image.mode in ("CMYK", "LAB"):
        raise refuse_mode(operation, image, "its numbers do not grow with light; convert the file to sRGB first")
    ready = to_straight_alpha(image)
    alpha = ready.getchannel("A") if "A" in ready.getbands() else None
    weighted_mode = {"RGBA": "RGBa", "LA": "La"}.get(ready.mode)
    bands = ready if weighted_mode is None else ready.convert(weighted_mode)
    low, high = gray_range(ready)
    level = low + (high - low) * ground

    def slopes(strip: Samples) -> Samples:
        colors = strip if alpha is None or weighted_mode else strip * (strip[..., -1:] / high)
        return (change(*_derivatives(colors)) + level).clip(low, high)

    result = in_strips(bands, 1, slopes)
    if alpha is not None:
        result[..., -1] = samples(alpha)[..., 0]
    return picture(result, ready)


def _derivatives(values: Samples) -> tuple[Samples, Samples]:
    """Sobel's derivatives to the right and downward."""
    import numpy

    wide = numpy.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    columns = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    return (rows[:, 2:] - rows[:, :-2]) / 4, (columns[2:] - columns[:-2]) / 4
