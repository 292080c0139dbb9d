"""Effects: how does a picture get few tones, or some of them inverted?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.core.quantities import Level
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import gray_image
from imgbatch.operations.support.curves import apply_curve, is_gray, tone_image

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Posterize(Operation):
    """Leave a few tones in each band: ``out = round(in * (levels - 1)) / (levels - 1)``.

    Black and white stay, as with ImageMagick's ``-posterize``; Pillow's ``ImageOps.posterize`` darkens.

    Parameters
    ----------
    levels : int
        How many tones a band may have, 2 to 256.
    """

    word: ClassVar[str] = "posterize"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "4"

    levels: Annotated[int, Number(2, 256, whole=True), "tones that each band may have"]

    def apply(self, image: Image) -> Image:
        steps = self.levels - 1
        return apply_curve(self, image, lambda value: int(value * steps + 0.5) / steps)


@dataclass(frozen=True)
class Solarize(Operation):
    """Turn the light tones into their negative: ``out = white - in`` where ``in >= level``.

    As Pillow's ``ImageOps.solarize`` and ImageMagick's ``-solarize``.

    Parameters
    ----------
    level : float or str
        0 to 255, or a share such as ``"50%"``.
    """

    word: ClassVar[str] = "solarize"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "50%"
    detached: ClassVar[bool | None] = True

    level: Annotated[float, Level(), "tones from here on are turned around"] = 128

    def apply(self, image: Image) -> Image:
        level = self.level / 255
        return apply_curve(self, image, lambda value: 1 - value if value >= level else value)


@dataclass(frozen=True)
class Threshold(Operation):
    """Leave black and white: ``out = white`` where the gray is at least `level`, else black.

    Colors become gray first (see ``grayscale``), as with sharp's ``threshold``. Alpha is kept; the result is gray of
    the picture's depth with two levels.

    Parameters
    ----------
    level : float or str
        0 to 255, or a share such as ``"50%"``.
    """

    word: ClassVar[str] = "threshold"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "50%"
    detached: ClassVar[bool | None] = True

    level: Annotated[float, Level(), "the darkest gray that becomes white"] = 128

    def apply(self, image: Image) -> Image:
        ready = tone_image(self, image)
        gray = ready if is_gray(ready) else gray_image(ready)
        level = self.level / 255
        return apply_curve(self, gray, lambda value: float(value >= level))
