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
from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.operations.support.as_array import in_strips, picture, samples
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.deep import gray_range

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
    alpha = ready.getchannel("A") if ready.mode in ("LA", "RGBA") else None
    bands = ready if alpha is None else ready.convert("RGBa" if ready.mode == "RGBA" else "La")
    low, high = gray_range(ready)
    level = low + (high - low) * ground
    result = in_strips(bands, 1, lambda strip: (change(*_derivatives(strip)) + level).clip(low, high))
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
