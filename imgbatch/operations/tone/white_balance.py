"""White balance: how is a color cast removed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from imgbatch.core.parameter_kinds import Choice, Number
from imgbatch.operations.base import Bands
from imgbatch.operations.support.curves import ByHistogram, Table, is_gray
from imgbatch.pixels.gamma import from_linear, to_linear

if TYPE_CHECKING:
    from PIL.Image import Image

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear red, green and blue: ITU-R BT.709


@dataclass(frozen=True)
class WhiteBalance(ByHistogram):
    """Take away a color cast: each band is multiplied in linear light, so that what should be neutral is.

    ``gray-world`` takes the picture's mean for gray (G. Buchsbaum, "A spatial processor model for object colour
    perception", 1980) and keeps its luminance; ``white-patch`` takes the lightest of each band for white (E. Land, "The
    retinex theory of color vision", 1977). Fully transparent pixels do not count. The frames of an animation are
    measured together. Gray images are left as they are.

    Parameters
    ----------
    method : str
        ``gray-world`` or ``white-patch``.
    ignore : float
        Of each band, the share of the lightest samples that white-patch leaves out (lamps, reflections), in %, 0 to 49.
    """

    word: ClassVar[str] = "white_balance"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "white-patch"

    method: Annotated[
        Literal["gray-world", "white-patch"], Choice(("gray-world", "white-patch")), "what counts as neutral"
    ] = "gray-world"
    ignore: Annotated[float, Number(0, 49, unit="%"), "share of the lightest samples that white-patch leaves out"] = 1.0

    def apply(self, image: Image) -> Image:
        return image if is_gray(image) else super().apply(image)

    def tables(self, bands: Sequence[Sequence[int]]) -> tuple[Table, ...]:
        if len(bands) != 3 or not sum(bands[0]):
            return (tuple(range(len(bands[0]))),)
        if self.method == "gray-world":
            values = [_mean(counts) for counts in bands]
            target = sum(share * level for share, level in zip(_LUMINANCE, values, strict=True))
        else:
            values = [to_linear(self._lightest(counts) / (len(counts) - 1)) for counts in bands]
            target = max(values)
        return tuple(_multiply(target / level if level else 1.0, len(bands[0]) - 1) for level in values)

    def _lightest(self, counts: Sequence[int]) -> int:
        cut_count = int(sum(counts) * self.ignore / 100)
        return (
            len(counts)
            - 1
            - next(level for level, above in enumerate(accumulate(reversed(counts))) if above > cut_count)
        )


def _mean(counts: Sequence[int]) -> float:
    """The mean of a band in linear light, 0..1."""
    top = len(counts) - 1
    return sum(count * to_linear(level / top) for level, count in enumerate(counts)) / sum(counts)


def _multiply(factor: float, top: int) -> Table:
    levels = range(top + 1)
    return tuple(int(from_linear(min(to_linear(level / top) * factor, 1.0)) * top + 0.5) for level in levels)
