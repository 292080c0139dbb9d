"""Aperture: which of a file's pixels are the picture? An AVIF's clean aperture, a GIF's canvas; of all others, all.

A clean aperture (``clap``, ISO/IEC 14496-12, 12.1.4; ISO/IEC 23000-22, 7.3.6.7) must be applied by readers, before the
orientation; libavif leaves it to whoever calls it, and Pillow's reader does not do it. HEIC's reader does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from PIL.Image import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom in px


def box_of(size: tuple[int, int], name: str, data: bytes, warnings: list[str]) -> Box:
    """The part of the stored pixels that is the picture.

    Parameters
    ----------
    size : (int, int)
        (width, height) in px as stored.
    name : str
        Our name of its format.
    data : bytes
        The file.
    warnings : list of str
        Gets that what the file says is no part of them.
    """
    whole = (0, 0, *size)
    if name != "avif":
        return whole
    from fractions import Fraction

    from imgbatch.codecs.containers import color_boxes  # only files of boxes have one

    numbers = color_boxes.clean_aperture(data)
    if numbers is None:
        return whole
    if 0 not in numbers[1::2]:
        width, height, right, down = (Fraction(*numbers[place : place + 2]) for place in (0, 2, 4, 6))
        across, tall = _half_up(width), _half_up(height)
        left, top = _half_up((size[0] - across) / Fraction(2) + right), _half_up((size[1] - tall) / Fraction(2) + down)
        if 0 < across <= size[0] - left and 0 < tall <= size[1] - top and left >= 0 and top >= 0:
            return left, top, left + across, top + tall
    warnings.append(f"clean aperture ignored: it is no part of the {size[0]}x{size[1]} px")
    return whole


def bytes_around(size: tuple[int, int], box: Box) -> int:
    """About how many bytes of memory pixels take that are decoded, of all of `size`, and no part of the picture."""
    return 4 * (size[0] * size[1] - (box[2] - box[0]) * (box[3] - box[1]))


def within(frame: Image, box: Box, name: str, warnings: list[str]) -> Image:
    """A frame cut to the picture: to an AVIF's, or to a GIF's canvas, as browsers show it.

    Parameters
    ----------
    frame : Image
        Pillow lets a GIF's canvas grow from frame to frame.
    box : (int, int, int, int)
        The picture, as of :func:`box_of`.
    name : str
        Our name of the file's format.
    warnings : list of str
        Gets that a GIF's frame was cut.
    """
    if name not in ("avif", "gif") or box == (0, 0, *frame.size):
        return frame
    if name == "gif":
        warnings.append(f"a frame of the GIF is larger than its canvas of {box[2]}x{box[3]} px: cut")
    result = frame.crop(box)
    result.info = frame.info
    return result


def _half_up(number: Fraction) -> int:
    return math.floor(2 * number + 1) // 2  # of number + 1/2, by whole numbers
