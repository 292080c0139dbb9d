"""Quality: is a picture blurred, too dark, too light, or is there nothing to see?

Measured in gray, the longest edge brought to 512 px: so the result is the same for a picture and a smaller copy of it.
The bounds are such that no photograph of the set of ``python -m tests.benchmarks.duplicates quality`` is found fault
with; what is found is bad indeed, and not all that is bad is found: noise, for one, hides blur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.core.frozen_dataclass import frozen

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 512  # px of the longest edge
#: A lower :attr:`PictureQuality.sharpness` is blurred: about as by a Gaussian whose sigma is 1/300 of the longest edge.
LEAST_SHARPNESS = 0.006
#: Levels of 0..255: a picture of which 99 % of the pixels are below the one is too dark, above the other too light. A
#: page of text is not, with 1 % of ink.
DARK, LIGHT = 64, 192
#: Levels (standard deviation): with less contrast there is nothing to see.
PLAIN = 2.0
_DARKEST, _LIGHTEST = 1, 99  # percentiles
_SMALLEST = 8  # px a side, for sharpness


@frozen(slots=True)
class PictureQuality:
    """What was measured of a picture.

    Attributes
    ----------
    sharpness : float
        Variance of the Laplacian, divided by that of the picture: does not depend on contrast and brightness.
    darkest, lightest : float
        Levels that 1 % of the pixels are below, and above.
    contrast : float
        Standard deviation of the levels.
    """

    sharpness: float
    darkest: float
    lightest: float
    contrast: float

    def findings(self) -> list[str]:
        """What is wrong, a sentence each; none: nothing is."""
        if self.contrast < PLAIN:
            return [f"quality: nothing to see (a contrast of {self.contrast:.1f} of 255 levels)"]
        result = []
        if self.lightest < DARK:
            result.append(f"quality: too dark (99 % of it is below {_percent(self.lightest)} of white)")
        if self.darkest > LIGHT:
            result.append(f"quality: too light (99 % of it is above {_percent(self.darkest)} of white)")
        if self.sharpness < LEAST_SHARPNESS:
            result.append(f"quality: blurred (sharpness {self.sharpness:.4f}, where {LEAST_SHARPNESS} is little)")
        return result


def measure_quality(gray: Image) -> PictureQuality:
    """The quality of a picture of mode L, of any size."""
    import numpy
    from PIL.Image import Resampling

    small = gray
    if max(gray.size) > SIDE:
        width, height = (max(1, round(side * SIDE / max(gray.size))) for side in gray.size)
        small = gray.resize((width, height), Resampling.BOX)
    levels = numpy.asarray(small, numpy.float32)
    darkest, lightest = (float(value) for value in numpy.percentile(levels, (_DARKEST, _LIGHTEST)))
    variance = float(levels.var())
    sharpness = 1.0  # of a picture with hardly any pixels nothing can be said
    if min(small.size) >= _SMALLEST:
        laplacian = 4 * levels[1:-1, 1:-1] - levels[:-2, 1:-1] - levels[2:, 1:-1] - levels[1:-1, :-2] - levels[1:-1, 2:]
        sharpness = float(laplacian.var()) / (variance + 1)
    return PictureQuality(sharpness, darkest, lightest, variance**0.5)


def _percent(level: float) -> str:
    return f"{100 * level / 255:.0f} %"
