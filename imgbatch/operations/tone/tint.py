"""Tint: how does a picture get the tones of one color?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import GRAY
from imgbatch.operations.support.curves import to_color_image
from imgbatch.pixels.alpha import apply_to_colors, as_deep
from imgbatch.pixels.color import COLOR, DEEP_COLOR, rgba

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.color import Color
    from imgbatch.pixels.deep.bands import DeepImage


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
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "#4060a0,amount=0.7"

    color: Annotated[str, COLOR, "the color of the tones"]
    amount: Annotated[float, Number(0, 1), "0 = unchanged, 1 = no other color left"] = 1.0

    if TYPE_CHECKING:

        def __init__(self, color: Color, amount: float = 1.0) -> None: ...

    def apply(self, image: Image) -> Image:
        if self.amount == 0:
            return image
        from PIL import Image as Images

        ready = to_color_image(self, image)
        if ready.mode in DEEP_COLOR:
            return self._apply_deep(as_deep(ready))
        tones = [_tones(band, rgba(self.color)[:3]) for band in range(3)]

        def change(colors: Image) -> Image:
            luma = colors.convert("L")
            tint = Images.merge("RGB", [luma.point(table) for table in tones])
            return tint if self.amount == 1 else Images.blend(colors, tint, self.amount)

        return apply_to_colors(ready, change)

    def _apply_deep(self, image: DeepImage) -> Image:
        import numpy

        from imgbatch.pixels.deep.bands import WHITE, DeepImage, to_band

        colors = [numpy.asarray(band.convert("F")) for band in image.colors]
        luma = sum(share * color for share, color in zip(GRAY, colors, strict=True))
        point = rgba(self.color)[:3]
        middle = sum(share * level * 257 for share, level in zip(GRAY, point, strict=True))
        bands = []
        for level, color in zip(point, colors, strict=True):
            tones = numpy.interp(luma, (0, middle, WHITE), (0, level * 257, WHITE)).astype(numpy.float32)
            bands.append(to_band(color + (tones - color) * self.amount))
        return DeepImage([*bands, *image.bands[3:]], image.info)


def _tones(band: int, color: tuple[int, ...]) -> list[int]:
    """The level of `band` for each luma, on the lines from black to `color` to white."""
    middle = (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]) or 1e-9
    rest = (255 - middle) or 1e-9
    up, down = color[band] / middle, (255 - color[band]) / rest
    levels = (luma * up if luma <= middle else 255 - (255 - luma) * down for luma in range(256))
    return [int(min(max(level, 0.0), 255.0) + 0.5) for level in levels]
