"""How is a photograph reduced that was a JPEG and will be one? Its brightness as asked for, its colors at half size.

A JPEG of 4:2:0 has one pair of colors for four pixels, so its encoder would average the colors that a kernel has just
made of all pixels. Here the colors are made at half size in the first place, which spares half of the kernel's work,
and spread over their four pixels: the encoder's mean of four equals is what they were. The picture stays YCbCr all the
way, as the decoder gives it and the encoder takes it; economy.py decides where that may be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgbatch.operations.base import Size
from imgbatch.operations.fitting import ExactBox
from imgbatch.operations.resampling import resampled

if TYPE_CHECKING:
    from PIL.Image import Image

#: Whole blocks of colors are averaged before this kernel: half the pixels are already means of four in most JPEGs.
_KERNEL, _GAP = "hamming", 1.0


def reduced(image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None) -> Image:
    """The rectangle `box` of a YCbCr `image` as `size` px; see :func:`resampling.resampled`."""
    from PIL import Image as Images

    half = -(-size[0] // 2), -(-size[1] // 2)
    planes = [resampled(image.getchannel(0), box, size, kernel, gap)]  # one at a time: a plane is large
    for band in (1, 2):
        color = resampled(image.getchannel(band), box, half, _KERNEL, _GAP)
        planes.append(color.resize(size, Images.Resampling.NEAREST))
    made = Images.merge("YCbCr", planes)
    made.info = dict(image.info)
    return made
