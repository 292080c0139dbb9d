"""Pixel hash: have two pictures the same pixels, however their files store them?

What is hashed is each frame, upright, in the plainest form that holds it: a palette as colors, gray that is stored as
color as gray, no alpha where nothing is transparent, no color where nothing shows it, and 16 bits only where 8 do not
say the same. Ink, LAB and floats are hashed as they are. Profiles and all other metadata do not count.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from imgbatch.pixels.alpha import to_straight_alpha

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_DIGITS = 32  # hexadecimal, as of a file's content
_OTHER = frozenset({"CMYK", "LAB", "I", "F", "RGB;F"})  # no form is plainer
_SPREAD = 257  # of 8 bits on 16: 0..255 becomes 0..65535
_HAS_ALPHA = (2, 4)  # channels


class PixelHash:
    """The hash of all frames of a picture, which are added one by one."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, frame: Image) -> None:
        """Add the next frame, upright."""
        import numpy

        plain = to_straight_alpha(frame)
        samples = numpy.asarray(plain)
        if plain.mode not in _OTHER:
            samples = plainest(samples)
        self._hash.update(f"{plain.mode if plain.mode in _OTHER else ''} {samples.shape} {samples.dtype};".encode())
        self._hash.update(numpy.ascontiguousarray(samples).data)

    def digest(self) -> str:
        """32 hexadecimal digits."""
        return self._hash.hexdigest()[:_DIGITS]


def plainest(samples: NDArray[Any]) -> NDArray[Any]:
    """The plainest samples that show the same, of shape (rows, columns, channels).

    Parameters
    ----------
    samples : array of uint8, uint16 or bool
        Gray, gray and alpha, RGB or RGBA, of shape (rows, columns) or (rows, columns, channels).
    """
    import numpy

    plain = samples if samples.ndim == 3 else samples[:, :, None]
    if plain.dtype == bool:
        plain = plain.astype(numpy.uint8) * 255
    if plain.dtype.itemsize == 2:
        plain = plain.astype(numpy.uint16)  # of whichever byte order
        if not (plain % _SPREAD).any():
            plain = (plain // _SPREAD).astype(numpy.uint8)
    if plain.shape[2] in _HAS_ALPHA:
        alpha = plain[:, :, -1]
        if (alpha == numpy.iinfo(plain.dtype).max).all():
            plain = plain[:, :, :-1]
        elif not alpha.all():
            plain = numpy.where(alpha[:, :, None] == 0, 0, plain).astype(plain.dtype)
    if plain.shape[2] >= 3 and (plain[:, :, :1] == plain[:, :, 1:3]).all():
        plain = plain[:, :, [0, *range(3, plain.shape[2])]]
    return plain
