"""Dominant color: which color does most of a picture have?

Each pixel counts for one of 4096 boxes of similar colors, 16 levels for each of red, green and blue, by its opacity;
the color is the mean of those in the fullest box. So it is one that is there, where the mean of a blue sky above yellow
sand would be gray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BOXES = 16**3


def dominant_color(pixels: NDArray[Any]) -> str:
    """The color as ``#rrggbb``; "" where all is transparent.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 4) uint8, RGBA, colors not premultiplied.
    """
    import numpy

    flat = pixels.reshape(-1, 4).astype(numpy.int64)
    weights = flat[:, 3]
    boxes = (flat[:, 0] >> 4) << 8 | (flat[:, 1] >> 4) << 4 | flat[:, 2] >> 4
    sizes = numpy.bincount(boxes, weights, _BOXES)
    fullest = int(sizes.argmax())  # of several the first, so that it is always the same
    total = int(sizes[fullest])
    if not total:
        return ""
    inside = boxes == fullest
    sums = (flat[inside, :3] * weights[inside, None]).sum(0)
    return "#" + bytes(((2 * sums + total) // (2 * total)).tolist()).hex()
