"""Floats: how is color of 32-bit floats held, and how does it become 16 or 8 bits?

It is a deep image (bands.py) whose three bands have Pillow's mode ``F``, so that each goes the way of gray floats
(gray.py). It has no alpha, and no fixed white: black and white are those of all three bands together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import PIL.Image as Images
from PIL.Image import Image

from imgbatch.pixels.color import FLOATS
from imgbatch.pixels.deep import bands, gray

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES = 4


class FloatImage(bands.DeepImage):
    """RGB of 32-bit floats.

    Parameters
    ----------
    bands : sequence of Image
        Three of mode ``F`` and one size.
    info : dict, optional
        The header.
    """

    def __init__(self, bands: Sequence[Image], info: dict[Any, Any] | None = None) -> None:
        super().__init__(bands, info)
        self._mode = FLOATS

    def change_by_alpha(self, change: Callable[[Image], Image]) -> FloatImage:
        """`change` of each band by itself: nothing is to be weighted, or rounded."""
        return self.change_bands(change)

    def without_alpha(self) -> Image:
        """The same."""
        return self.copy()

    def to_eight_bits(self) -> Image:
        """The picture as RGB, as :func:`to_eight_bits` makes it."""
        return to_eight_bits(self, [])


def from_array(samples: NDArray[Any]) -> FloatImage:
    """A picture of samples (row, column, band)."""
    import numpy

    return FloatImage(
        [Images.fromarray(numpy.ascontiguousarray(samples[..., band], numpy.float32)) for band in range(3)]
    )


def from_bytes(size: tuple[int, int], data: bytes) -> FloatImage:
    """What ``tobytes`` has written of a picture of `size` px."""
    length = _BYTES * size[0] * size[1]
    return FloatImage([Images.frombytes("F", size, data[at : at + length]) for at in range(0, 3 * length, length)])


def to_sixteen_bits(image: Image, changes: list[str]) -> bands.DeepImage:
    """The picture with 16 bits, between black and white of :func:`gray.gray_range`; `changes` gets what that loses."""
    changes.append("depth: 32 -> 16 bits")
    return bands.from_array(gray.to_levels(image, bands.WHITE, changes), image.info)


def to_eight_bits(image: Image, changes: list[str]) -> Image:
    """The same with 8 bits, but for the sentence of the depth."""
    result = Images.fromarray(gray.to_levels(image, 255, changes).astype("u1"))
    result.info = dict(image.info)
    return result


def lay(below: Image, above: Image, share: NDArray[Any]) -> FloatImage:
    """A picture laid on another one.

    Parameters
    ----------
    below, above : Image
        Of floats, and one size.
    share : (H, W) float32
        How far each pixel of `above` covers, 0..1.
    """
    import numpy

    def mix(one: Image, other: Image) -> Image:
        here, there = numpy.asarray(one), numpy.asarray(other)
        values = here * (1 - share) + numpy.where(share == 0, 0, there) * share  # not a number times 0 is none
        return Images.fromarray(values.astype("f4"))

    return FloatImage([mix(*pair) for pair in zip(below.split(), above.split(), strict=True)], below.info)
