"""Padding: where does a picture lie among the pixels of a JPEG that was decoded smaller?

The decoder's scale is exactly 1/2, 1/4 or 1/8. A picture of 1003 px becomes 125.375 at an eighth, for which there are
126 columns: the last one shows less than a column of the picture, and beside it what the encoder filled its blocks up
with.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from imgbatch.core.quantities import Size
from imgbatch.operations import Operation

if TYPE_CHECKING:
    from imgbatch.core.places import Rectangle


class Window(NamedTuple):
    """Pixels, and the rectangle among them that shows the picture; both in px."""

    size: Size
    part: Rectangle

    def after(self, op: Operation) -> Window:
        """What an operation makes of it that says where places come to lie."""
        size, place_map = op.after(self.size), op.place_map(self.size)
        assert size is not None and place_map is not None
        return Window(size, place_map.rectangle(self.part))


def decoder_window(size: Size, scale: int, orientation: int) -> Window | None:
    """What a decoder makes of a picture at 1/`scale`; None: pixels of the picture only.

    Parameters
    ----------
    size : Size
        As stored, in px.
    scale : int
        1, 2, 4 or 8.
    orientation : int
        As the decoded pixels are turned upright from: EXIF's 1..8; 1: they stay as they are.
    """
    if size[0] % scale == size[1] % scale == 0:
        return None
    pixels = -(-size[0] // scale), -(-size[1] // scale)
    window = Window(pixels, (0, 0, Fraction(size[0], scale), Fraction(size[1], scale)))
    if orientation == 1:
        return window
    from imgbatch.core.places import upright_map

    part = upright_map(orientation, pixels).rectangle(window.part)
    return Window(pixels if orientation < 5 else (pixels[1], pixels[0]), part)
