"""Deep HEIC: how does its package give more than 8 bits of color?

Its class for Pillow gives 8 of 10 or 12 bits. The file is opened a second time, for the bits as they are stored; only
these are decoded.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from imgbatch.codecs.reading import optional_readers
from imgbatch.codecs.reading.samples import bit_depth

if TYPE_CHECKING:
    from PIL.Image import Image


class HeifReader:
    """The primary picture of a file, its data."""

    is_alone = True

    def __init__(self, data: bytes) -> None:
        self._data = data

    def prepare(self) -> bool:
        """Always: there is one frame."""
        return True

    def join(self, high: Image) -> Image:
        """The frame, of the file alone."""
        import numpy

        from imgbatch.pixels.deep import bands

        module = optional_readers.module_of("heif", "reader", "convert it to JPEG or PNG first")
        file = module.HeifFile(io.BytesIO(self._data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
        picture = file[file.primary_index]
        letters, _, bits = picture.mode.partition(";")
        samples = numpy.asarray(picture).reshape(*picture.size[::-1], len(letters))
        frame = bands.from_array(bit_depth.spread(samples, int(bits or 8)))
        return bands.unpremultiply(frame) if letters == "RGBa" else frame
