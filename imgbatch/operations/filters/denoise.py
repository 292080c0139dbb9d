"""Denoise: how is grain smoothed without blurring edges?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.as_array import in_strips, picture, sums_along
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.deep.gray import gray_range

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.operations.support.as_array import Samples


@dataclass(frozen=True)
class Denoise(Operation):
    """Smooth grain and noise, and keep edges.

    The guided filter with the picture as its own guide (K. He, J. Sun, X. Tang, "Guided image filtering", ECCV 2010):
    ``out = mean(a) * in + mean(b)`` with ``a = variance / (variance + strength ** 2)`` and ``b = (1 - a) * mean``, all
    over a square. Where the picture varies by less than `strength` it becomes flat; where it varies by more it stays.
    Band by band; transparent pixels count as much as they are opaque, and alpha is kept.

    Parameters
    ----------
    strength : float
        About the standard deviation of the noise in levels, 0 to 255; 0 leaves the image as it is.
    radius : int
        Half the side of the square in px, 1 to 20: each mean is of 2 * radius + 1 pixels in both directions.
    """

    word: ClassVar[str] = "denoise"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "filters"
    example: ClassVar[str] = "10"

    strength: Annotated[float, Number(0, 255), "about the noise's standard deviation in levels; 0 = unchanged"] = 8.0
    radius: Annotated[int, Number(1, 20, unit="px", whole=True), "half the side of the square"] = 2

    def apply(self, image: Image) -> Image:
        if self.strength == 0:
            return image
        ready = to_straight_alpha(image)
        low, high = gray_range(ready)
        limit = (self.strength * (high - low) / 255) ** 2
        alpha = "A" in ready.getbands() and ready.mode != "LAB"
        reach = 2 * self.radius  # the means of a and b look twice as far as those of the picture
        return picture(in_strips(ready, reach, lambda strip: self._smooth(strip, limit, alpha)), ready)

    def _smooth(self, strip: Samples, limit: float, alpha: bool) -> Samples:
        import numpy

        colors = strip[..., :-1] if alpha else strip
        weight = numpy.maximum(strip[..., -1:], 1e-3) if alpha else numpy.ones_like(strip[..., :1])
        total = self._sum(weight)
        mean = self._sum(weight * colors) / total
        variance = numpy.maximum(self._sum(weight * colors * colors) / total - mean * mean, 0)
        share = variance / numpy.maximum(variance + limit, 1e-30)  # an even picture of 32 bits has neither
        offset = (1 - share) * mean
        result = self._sum(weight * share) / total * colors + self._sum(weight * offset) / total
        return numpy.concatenate([result, strip[..., -1:]], axis=2) if alpha else result

    def _sum(self, values: Samples) -> Samples:
        return sums_along(sums_along(values, self.radius, 0), self.radius, 1)
