"""Entropy: which part of a picture has the most to see? The one whose gray levels have the largest entropy.

Shannon's entropy of the levels in a window (C. Shannon, "A Mathematical Theory of Communication", 1948), as sharp and
libvips choose crops; but of every place of the window over a preview of at most 256 px, instead of cutting strips off
the duller side. Of equal places the one nearest to the center is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from imgbatch.operations.support.lengths import spell_focal
from imgbatch.pixels.alpha import to_straight_alpha
from imgbatch.pixels.color import DEEP_COLOR, to_eight_bits
from imgbatch.pixels.deep.gray import gray_range, is_deep

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDE = 256  # px of the preview, at most
_LEVELS = 64  # that are told apart


def busiest(frames: Sequence[Image], window: tuple[Fraction | int, Fraction | int]) -> str:
    """The center of the best place for a window, as ``30%x40%`` of the picture.

    Parameters
    ----------
    frames : sequence of Image
        Of one size; the entropies of all are added up.
    window : (width, height)
        In px of the frames, no larger than them.
    """
    import numpy

    size = frames[0].size
    block = math.ceil(max(size) / _SIDE)
    columns, rows = (math.ceil(side / block) for side in size)  # of the preview
    wide, high = (max(1, min(round(side / block), most)) for side, most in zip(window, (columns, rows), strict=True))
    entropies = numpy.zeros((rows - high + 1, columns - wide + 1))
    for frame in frames:
        entropies += _entropies(_preview(frame, block), wide, high)
    top, left = numpy.nonzero(entropies >= entropies.max() - 1e-9)
    apart = numpy.hypot(left - (columns - wide) / 2, top - (rows - high) / 2)
    nearest = int(apart.argmin())
    x = Fraction(int(left[nearest]) * block) + Fraction(window[0]) / 2
    y = Fraction(int(top[nearest]) * block) + Fraction(window[1]) / 2
    return spell_focal(min(x / size[0], Fraction(1)), min(y / size[1], Fraction(1)))


def _preview(image: Image, block: int) -> NDArray[Any]:
    """(row, column) levels, each of `block` x `block` px; what is transparent is black."""
    import numpy
    from PIL import Image as Images

    plain = to_straight_alpha(image)
    if plain.mode in DEEP_COLOR:
        plain = to_eight_bits(plain)
    if is_deep(plain):
        low, high = gray_range(plain)
        shares = (numpy.asarray(plain).astype(numpy.float32) - low) / ((high - low) or 1)
        plain = Images.fromarray((shares.clip(0, 1) * 255).astype(numpy.uint8))
    small = plain.reduce(block) if block > 1 else plain
    gray = numpy.asarray(small.convert("L"), numpy.float32)
    if small.mode in ("LA", "RGBA"):
        gray = gray * numpy.asarray(small.getchannel("A")) / 255
    levels: NDArray[Any] = (gray * _LEVELS / 256).astype(numpy.uint8)
    return levels


def _entropies(levels: NDArray[Any], wide: int, high: int) -> NDArray[Any]:
    """The entropy in bits of each window of `wide` x `high`, by the row and column of its left top."""
    import numpy

    rows, columns = levels.shape
    entropies = numpy.zeros((rows - high + 1, columns - wide + 1))
    sums = numpy.zeros((rows + 1, columns + 1), numpy.int64)
    for level in numpy.unique(levels):
        sums[1:, 1:] = (levels == level).cumsum(axis=0).cumsum(axis=1)
        count = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
        share = count / (wide * high)
        entropies -= share * numpy.log2(numpy.maximum(share, 1e-12))
    return entropies
