"""Deep TIFF: how are 16 bits of color written, which Pillow has no encoder for?

Pillow writes the samples as a page of 16-bit gray, three or four samples for a pixel; packed ones as differences from
the pixel to the left, which libtiff calls predictor 2. What the samples mean is said afterwards, in the page's
directory, which is written again at the end of the file. So compression, pages and metadata are what they always are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.pixels.color import DEEP_COLOR

if TYPE_CHECKING:
    from PIL.Image import Image

_SHORT = 3
_WIDTH, _BITS, _PHOTOMETRIC, _SAMPLES, _PREDICTOR, _EXTRA = 256, 258, 262, 277, 317, 338
_RGB, _DIFFERENCES, _STRAIGHT_ALPHA = 2, 2, 2


def as_gray(image: Image, is_packed: bool) -> Image:
    """`image` as 16-bit gray of as many times its width as it has bands; any other image as it is.

    Parameters
    ----------
    image : Image
    is_packed : bool
        Whether its samples will be compressed, so that differences are worth while.
    """
    if image.mode not in DEEP_COLOR:
        return image
    import numpy
    from PIL import Image as Images

    samples = numpy.asarray(image)
    if is_packed:
        differences = samples.copy()
        differences[:, 1:] -= samples[:, :-1]  # modulo 65536
        samples = differences
    return Images.fromarray(samples.reshape(image.height, -1))


def with_colors(data: bytes, frames: Sequence[Image], differences: Sequence[bool]) -> bytes:
    """A TIFF whose pages say what their samples mean.

    Parameters
    ----------
    data : bytes
        As Pillow wrote it, little-endian.
    frames : sequence of Image
        The pages before :func:`as_gray`.
    differences : sequence of bool
        Whether each of them was given as differences.
    """
    result = bytearray(data)
    pointer = 4  # where the file says where the next directory is
    for frame, is_packed in zip(frames, differences, strict=True):
        (start,) = struct.unpack_from("<I", result, pointer)
        (count,) = struct.unpack_from("<H", result, start)
        end = start + 2 + 12 * count
        if frame.mode in DEEP_COLOR:
            entries = {
                int.from_bytes(result[at : at + 2], "little"): bytes(result[at : at + 12])
                for at in range(start + 2, end, 12)
            }
            following = bytes(result[end : end + 4])
            entries |= _color_entries(result, frame, is_packed)
            result += bytes(-len(result) % 2)
            struct.pack_into("<I", result, pointer, len(result))
            result += struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries))
            end = len(result)
            result += following
        pointer = end
    return bytes(result)


def _color_entries(result: bytearray, frame: Image, is_packed: bool) -> dict[int, bytes]:
    """The entries of a page of colors, by their tags; what is too long for an entry is added to the file."""
    bands = len(frame.getbands())
    result += bytes(-len(result) % 2)
    bits = struct.pack("<HHII", _BITS, _SHORT, bands, len(result))
    result += struct.pack(f"<{bands}H", *[16] * bands)
    values = {_PHOTOMETRIC: _RGB, _SAMPLES: bands}
    values |= {_PREDICTOR: _DIFFERENCES} if is_packed else {}
    values |= {_EXTRA: _STRAIGHT_ALPHA} if bands == 4 else {}
    entries = {tag: struct.pack("<HHIHH", tag, _SHORT, 1, value, 0) for tag, value in values.items()}
    return entries | {_BITS: bits, _WIDTH: struct.pack("<HHII", _WIDTH, 4, 1, frame.width)}
