"""Levels: how is each sample changed by a rule of its own?

They change colors, never alpha. Palettes and 1-bit images become RGB or gray first. 16-bit gray keeps its 16 bits.
CMYK and LAB are refused, since their numbers are not light; so is 32-bit gray, which has no fixed white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, ClassVar

from imgbatch.core.errors import wrong_value
from imgbatch.core.parameter_kinds import Number
from imgbatch.core.quantities import Level
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.color_matrix import GRAY, IDENTITY, interpolate, mix_bands
from imgbatch.operations.support.curves import ByHistogram, Table, apply_curve, is_gray, tone_image
from imgbatch.pixels.alpha import apply_to_colors, with_header
from imgbatch.pixels.color import DEEP_COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

FACTOR = Number(0, 10)


@dataclass(frozen=True)
class Brightness(Operation):
    """Make the image brighter or darker: ``out = in * factor``.

    As the CSS filter ``brightness()`` and Pillow's ``ImageEnhance.Brightness``; what exceeds white is cut.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives black, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "brightness"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.2"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = black"]

    @property
    def smooth(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Up to 1.2: beyond, too much is cut off at white."""
        return self.factor <= 1.2

    def apply(self, image: Image) -> Image:
        return image if self.factor == 1 else apply_curve(self, image, lambda value: value * self.factor)


@dataclass(frozen=True)
class Contrast(Operation):
    """Raise or lower the contrast around middle gray: ``out = (in - 0.5) * factor + 0.5``.

    As the CSS filter ``contrast()``. Pillow's ``ImageEnhance.Contrast`` turns around the mean of each image instead,
    which would treat equal pixels differently from file to file and from frame to frame.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives middle gray, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "contrast"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.2"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = middle gray"]

    @property
    def smooth(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Up to 1.2: beyond, too much is cut off at black and white."""
        return self.factor <= 1.2

    def apply(self, image: Image) -> Image:
        return image if self.factor == 1 else apply_curve(self, image, lambda value: (value - 0.5) * self.factor + 0.5)


@dataclass(frozen=True)
class Saturation(Operation):
    """Make the colors stronger or weaker: ``out = gray + (in - gray) * factor``.

    ``gray`` is the luma of ITU-R BT.601, as in ``grayscale`` and Pillow's ``ImageEnhance.Color``. Gray images are left
    as they are.

    Parameters
    ----------
    factor : float
        0 to 10; 0 gives grays, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "saturation"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.3"

    factor: Annotated[float, FACTOR, "1 = unchanged, 0 = gray"]

    @property
    def smooth(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """Up to 2: beyond, too much is cut off."""
        return self.factor <= 2

    def apply(self, image: Image) -> Image:
        from PIL import Image as Images

        if self.factor == 1 or is_gray(image):
            return image
        ready = tone_image(self, image)
        if ready.mode in DEEP_COLOR:
            return mix_bands(ready, interpolate((GRAY, GRAY, GRAY), IDENTITY, self.factor))
        return apply_to_colors(
            ready, lambda colors: Images.blend(colors.convert("L").convert("RGB"), colors, self.factor)
        )


@dataclass(frozen=True)
class Gamma(Operation):
    """Lighten or darken the middle tones: ``out = in ** (1 / gamma)``.

    Black and white stay. As ImageMagick's ``-gamma``.

    Parameters
    ----------
    gamma : float
        0.01 to 10; above 1 lightens, below 1 darkens, 1 leaves the image as it is.
    """

    word: ClassVar[str] = "gamma"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1.4"

    gamma: Annotated[float, Number(0.01, 10), "above 1 lightens the middle tones; 1 = unchanged"]

    @property
    def smooth(self) -> bool:  # type: ignore[override]  # a constant of most operations
        """From 0.7 to 1.4: there the curve hardly bends."""
        return 0.7 <= self.gamma <= 1.4

    def apply(self, image: Image) -> Image:
        return image if self.gamma == 1 else apply_curve(self, image, lambda value: value ** (1 / self.gamma))


@dataclass(frozen=True)
class Levels(Operation):
    """Stretch the tones between a black and a white point.

    ``out = ((in - black) / (white - black)) ** (1 / gamma)``. What is darker than `black` becomes black, what is
    lighter than `white` white. As the levels of image editors and ImageMagick's ``-level``. Points count from 0 to 255
    at any depth; 16-bit gray keeps its 16 bits.

    Parameters
    ----------
    black : float or str
        The level that becomes black: 0 to 255, or a share such as ``"5%"``.
    white : float or str
        The level that becomes white; above `black`.
    gamma : float
        0.01 to 10; above 1 lightens the middle tones, 1 leaves them.

    Raises
    ------
    UsageError
        `white` is not above `black`.
    """

    word: ClassVar[str] = "levels"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "10,245,1.1"

    black: Annotated[float, Level(), "what becomes black"]
    white: Annotated[float, Level(), "what becomes white"] = 255
    gamma: Annotated[float, Number(0.01, 10), "above 1 lightens the middle tones; 1 = unchanged"] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.white <= self.black:
            raise wrong_value(f"a level above black={self.black:g}", "levels white", self.white)

    def apply(self, image: Image) -> Image:
        if (self.black, self.white, self.gamma) == (0, 255, 1):
            return image
        black, span = self.black / 255, (self.white - self.black) / 255
        return apply_curve(self, image, lambda value: min(max((value - black) / span, 0), 1) ** (1 / self.gamma))


@dataclass(frozen=True)
class Invert(Operation):
    """Turn the image into its negative: ``out = white - in``."""

    word: ClassVar[str] = "invert"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    smooth: ClassVar[bool] = True

    def apply(self, image: Image) -> Image:
        if image.mode == "1" and "transparency" not in image.info:
            from PIL import ImageChops

            return with_header(ImageChops.invert(image), image)
        return apply_curve(self, image, lambda value: 1 - value)


@dataclass(frozen=True)
class Autocontrast(ByHistogram):
    """Spread the tones until the darkest is black and the lightest white.

    ``out = (in - low) / (high - low)``, band by band, as Pillow's ``ImageOps.autocontrast`` (which may change a color
    cast). Fully transparent pixels do not count. The frames of an animation are measured together.

    Parameters
    ----------
    cutoff : float
        Share of the samples to ignore at each end, in %, 0 to 49.
    """

    word: ClassVar[str] = "autocontrast"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "1"

    cutoff: Annotated[float, Number(0, 49, unit="%"), "share of the samples to ignore at each end"] = 0.0

    def tables(self, bands: Sequence[Sequence[int]]) -> tuple[Table, ...]:
        return tuple(self._table(counts) for counts in bands)

    def _table(self, counts: Sequence[int]) -> Table:
        top = len(counts) - 1
        cut_count = int(sum(counts) * self.cutoff / 100)
        low = next((level for level, below in enumerate(accumulate(counts)) if below > cut_count), 0)
        high = top - next((level for level, above in enumerate(accumulate(reversed(counts))) if above > cut_count), 0)
        if high <= low:
            return tuple(range(top + 1))
        scale = top / (high - low)
        return tuple(min(max(int((level - low) * scale + 0.5), 0), top) for level in range(top + 1))


@dataclass(frozen=True)
class Equalize(ByHistogram):
    """Spread the tones until all are equally frequent.

    ``out = (c(in) - c(darkest)) / (1 - c(darkest))``, where ``c`` is the share of samples up to a level (R. Gonzalez,
    R. Woods, "Digital Image Processing"; OpenCV's ``equalizeHist``), band by band. Fully transparent pixels do not
    count. The frames of an animation are measured together.
    """

    word: ClassVar[str] = "equalize"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True

    def tables(self, bands: Sequence[Sequence[int]]) -> tuple[Table, ...]:
        return tuple(_equalize(counts) for counts in bands)


def _equalize(counts: Sequence[int]) -> Table:
    top, total = len(counts) - 1, sum(counts)
    darkest = next((count for count in counts if count), 0)
    rest = total - darkest
    if not rest:
        return tuple(range(top + 1))  # one level, or none
    return tuple((2 * max(below - darkest, 0) * top + rest) // (2 * rest) for below in accumulate(counts))
