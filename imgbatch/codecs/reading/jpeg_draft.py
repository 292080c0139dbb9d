"""JPEG draft: how does a JPEG's decoder make fewer pixels, and what do the last column and row of them show?

A picture of 1003 px has 126 columns at an eighth. Of the last one 3/8 are the picture, the rest is what the encoder
filled its blocks up with. To a kernel it counts as much as any other, so it becomes mostly like its neighbor.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from imgbatch.core.quantities import Size

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Box = tuple[float, float, float, float]  # left, top, right, bottom in px


def draft(image: ImageFile, data: bytes, mode: str | None, size: Size | None, coarse: bool) -> Box | None:
    """Let a JPEG's decoder make fewer pixels, of fewer data where it may; which of them show the picture.

    Parameters
    ----------
    image, data
        As Pillow opened it, before its pixels are loaded, and the whole file.
    mode : str or None
        The mode of the pixels, where the decoder can give them in another.
    size : Size or None
        How many will do, as they are stored.
    coarse : bool
        Whether data that this size does not look at are left out.
    """
    result = image.draft(mode, size)
    if coarse and image.info.get("progressive") and getattr(image, "decoderconfig", ())[:1] == (8,):
        from imgbatch.codecs.containers import jpeg_progression

        image.fp = io.BytesIO(jpeg_progression.without_fine_scans(data))
    return None if result is None else result[1]


def mix_padding(image: Image, right: float, bottom: float) -> None:
    """Mix the last column and row with their neighbors, by what of them is no part of the picture; in place.

    Parameters
    ----------
    image : Image
    right, bottom : float
        Where the picture ends among its pixels, in px.
    """
    from PIL import Image as Images

    width, height = image.size
    if width > 1 and width - right > 0:
        last, neighbor = (image.crop((column, 0, column + 1, height)) for column in (width - 1, width - 2))
        image.paste(Images.blend(last, neighbor, width - right), (width - 1, 0))
    if height > 1 and height - bottom > 0:
        last, neighbor = (image.crop((0, row, width, row + 1)) for row in (height - 1, height - 2))
        image.paste(Images.blend(last, neighbor, height - bottom), (0, height - 1))
