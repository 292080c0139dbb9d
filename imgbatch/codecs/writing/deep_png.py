"""Deep PNG: how are 16 bits of color written, which Pillow has no encoder for?

Each row holds its differences from the pixel to the left (filter ``Sub``), packed by zlib, a few rows at a time. Of a
photograph that is smaller than other filters make it (``python -m tests.benchmarks.deep``: 63.1 % of the
samples; Up 63.2, none 65.6). All other chunks are those that Pillow writes for a picture of one pixel.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imgbatch.codecs.containers import png_chunks

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.deep.bands import DeepImage

_COLOR_TYPES = {"LA;16": 4, "RGB;16": 2, "RGBA;16": 6}
_SHALLOW = {"LA;16": "LA", "RGB;16": "RGB", "RGBA;16": "RGBA"}
_SUB = 1
_ROWS = 64  # in a strip
_MOST = 1 << 20  # bytes of a chunk of pixels


def stand_in(image: Image) -> Image:
    """A picture of one pixel and 8 bits: Pillow writes the metadata around it."""
    from PIL import Image as Images

    return Images.new(_SHALLOW[image.mode], (1, 1))


def with_pixels(png: bytes, image: DeepImage, level: int) -> bytes:
    """The file that Pillow wrote for the stand-in, with the pixels of `image`.

    Parameters
    ----------
    png : bytes
    image : DeepImage
    level : int
        zlib's, 0 to 9.
    """
    pieces, is_done = [png[:8]], False
    for name, start, end in png_chunks.chunks(png):
        if name == b"IHDR":
            header = struct.pack(">IIBBBBB", *image.size, 16, _COLOR_TYPES[image.mode], 0, 0, 0)
            pieces.append(png_chunks.chunk(name, header))
        elif name != b"IDAT":
            pieces.append(png[start:end])
        elif not is_done:
            pieces += [png_chunks.chunk(name, part) for part in _pack(image, level)]
            is_done = True
    return b"".join(pieces)


def _pack(image: DeepImage, level: int) -> Iterator[bytes]:
    """The content of the chunks of pixels."""
    packer, waiting = zlib.compressobj(level), b""
    for rows in _filtered_rows(image):
        waiting += packer.compress(rows)
        while len(waiting) >= _MOST:
            yield waiting[:_MOST]
            waiting = waiting[_MOST:]
    yield waiting + packer.flush()


def _filtered_rows(image: DeepImage) -> Iterator[bytes]:
    import numpy

    width, height = image.size
    bands = [numpy.asarray(band) for band in image.bands]
    step = 2 * len(bands)  # bytes of a pixel
    for top in range(0, height, _ROWS):
        samples = numpy.stack([band[top : top + _ROWS] for band in bands], axis=2)
        plain = samples.astype(">u2").view(numpy.uint8).reshape(len(samples), step * width)
        rows = numpy.empty((len(samples), 1 + step * width), numpy.uint8)
        rows[:, 0] = _SUB
        rows[:, 1 : 1 + step] = plain[:, :step]
        numpy.subtract(plain[:, step:], plain[:, :-step], out=rows[:, 1 + step :])
        yield rows.tobytes()
