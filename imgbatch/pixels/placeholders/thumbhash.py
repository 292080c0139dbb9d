"""Thumbhash: which 5 to 25 bytes show a picture as a blur, with its proportions, its mean color and its alpha?

The public format by Evan Wallace (https://evanw.github.io/thumbhash/), whose published reference says what each bit
means: a header of means and scales, then the lowest terms of cosine transforms, 4 bits each. A page's script, or its
server, decodes it to a picture of 32 px.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The longest side that is looked at, in px: the format has no more than seven terms a side.
SIDE = 100


def thumbhash(pixels: NDArray[Any]) -> bytes:
    """The hash of a picture.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 4) uint8, RGBA, colors not premultiplied; no side above `SIDE`.
    """
    import numpy

    height, width = pixels.shape[:2]
    values = pixels.astype(numpy.float64) / 255
    alpha = values[:, :, 3]
    weight = alpha.sum()
    mean = (values[:, :, :3] * alpha[:, :, None]).sum((0, 1)) / (weight or 1.0)
    has_alpha = bool((pixels[:, :, 3] < 255).any())
    red, green, blue = numpy.moveaxis(mean * (1 - alpha[:, :, None]) + values[:, :, :3] * alpha[:, :, None], 2, 0)
    most = 5 if has_alpha else 7
    across, down = (max(1, _round(most * side / max(width, height))) for side in (width, height))
    light = _terms((red + green + blue) / 3, max(3, across), max(3, down))
    yellow = _terms((red + green) / 2 - blue, 3, 3)
    scarlet = _terms(red - green, 3, 3)
    channels = [light, yellow, scarlet]
    is_wide = width > height
    first = (
        _round(63 * light[0]) | _round(31.5 + 31.5 * yellow[0]) << 6 | _round(31.5 + 31.5 * scarlet[0]) << 12
        | _round(31 * light[1]) << 18 | has_alpha << 23
    )  # fmt: skip
    second = (
        (down if is_wide else across) | _round(63 * yellow[1]) << 3 | _round(63 * scarlet[1]) << 9 | is_wide << 15
    )  # fmt: skip
    result = bytearray(first.to_bytes(3, "little") + second.to_bytes(2, "little"))
    if has_alpha:
        channels.append(_terms(alpha, 5, 5))
        mean_alpha, scale, _ = channels[-1]
        result.append(_round(15 * mean_alpha) | _round(15 * scale) << 4)
    halves = [_round(15 * term) for _, _, terms in channels for term in terms]
    halves += [0] * (len(halves) % 2)
    result += bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))
    return bytes(result)


def _terms(channel: NDArray[Any], across: int, down: int) -> tuple[float, float, list[float]]:
    """A channel's mean, the scale of its cosine terms, and these from 0 to 1, those of low frequencies first.

    Parameters
    ----------
    channel : numpy.ndarray
        (H, W) float64.
    across, down : int
        How many terms a side; of all their products only a triangle is kept.
    """
    import numpy

    height, width = channel.shape
    rows = numpy.cos(math.pi / height * numpy.outer(numpy.arange(down), numpy.arange(height) + 0.5))
    columns = numpy.cos(math.pi / width * numpy.outer(numpy.arange(across), numpy.arange(width) + 0.5))
    products = rows @ channel @ columns.T / (width * height)
    places = [(y, x) for y in range(down) for x in range(across) if x * down < across * (down - y)]
    mean, *terms = (float(products[place]) for place in places)
    scale = max(map(abs, terms))
    return mean, scale, [0.5 + 0.5 / scale * term for term in terms] if scale else terms


def _round(value: float) -> int:
    """Halves upwards, as the reference rounds."""
    return math.floor(value + 0.5)
