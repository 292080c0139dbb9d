"""Deep TIFF: how are 16 bits of color, and floats, written, which Pillow has no encoder for?

Pillow writes the samples as a page of 16-bit gray, three or four samples for a pixel; packed ones as differences from
the pixel to the left, which libtiff calls predictor 2. What the samples mean is said afterwards, in the page's
directory, which is written again at the end of the file. So compression, pages and metadata are what they always are.
Color of 32-bit floats goes the same way, without differences. Only Deflate is done here, at zlib's level 2: Pillow
leaves libtiff at 6, which takes half as long again for 1.6 % fewer bytes of a photograph (``python -m
tests.benchmarks.deep``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.pixels.color import DEEP_COLOR, FLOATS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

_SHORT, _LONG = 3, 4
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PREDICTOR, _EXTRA = (
    256,
    257,
    258,
    259,
    262,
    277,
    317,
    338,
)
_STRIPS, _ROWS, _LENGTHS, _FORMAT = 273, 278, 279, 339
_RGB, _DIFFERENCES, _STRAIGHT_ALPHA = 2, 2, 2
_FLOAT = 3
_DEFLATE, _LEVEL = 8, 2
_STRIP = 1 << 18  # bytes before they are packed


def as_gray(image: Image, is_packed: bool, is_deflate: bool) -> Image:
    """`image` as gray of its bits, and of as many times its width as it has bands; any other image as it is.

    Parameters
    ----------
    image : Image
    is_packed : bool
        Whether its samples will be compressed, so that differences are worth while.
    is_deflate : bool
        Whether :func:`with_colors` packs them: then one pixel stands in for it.
    """
    if image.mode not in DEEP_COLOR:
        return image
    from PIL import Image as Images

    if is_deflate:
        return Images.new("I;16", (1, 1))
    return Images.fromarray(_samples(image, is_packed).reshape(image.height, -1))


def _samples(image: Image, is_packed: bool) -> NDArray[Any]:
    """(row, column, band), as differences from the pixel to the left where they are packed."""
    import numpy

    samples = numpy.asarray(image)
    if not is_packed:
        return samples
    differences = samples.copy()
    differences[:, 1:] -= samples[:, :-1]  # modulo 65536
    return differences


def with_colors(data: bytes, frames: Sequence[Image], differences: Sequence[bool], deflates: Sequence[bool]) -> bytes:
    """A TIFF whose pages say what their samples mean.

    Parameters
    ----------
    data : bytes
        As Pillow wrote it, little-endian.
    frames : sequence of Image
        The pages before :func:`as_gray`.
    differences : sequence of bool
        Whether each of them was given as differences.
    deflates : sequence of bool
        Whether each of them is still to be packed.
    """
    result = bytearray(data)
    pointer = 4  # where the file says where the next directory is
    for frame, is_packed, is_deflate in zip(frames, differences, deflates, strict=True):
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
            entries |= _strip_entries(result, frame, is_packed) if is_deflate else {}
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
    result += struct.pack(f"<{bands}H", *[32 if frame.mode == FLOATS else 16] * bands)
    values = {_PHOTOMETRIC: _RGB, _SAMPLES: bands}
    values |= {_PREDICTOR: _DIFFERENCES} if is_packed else {}
    values |= {_EXTRA: _STRAIGHT_ALPHA} if bands == 4 else {}
    entries = {tag: struct.pack("<HHIHH", tag, _SHORT, 1, value, 0) for tag, value in values.items()}
    if frame.mode == FLOATS:
        entries[_FORMAT] = struct.pack("<HHII", _FORMAT, _SHORT, bands, len(result))
        result += struct.pack(f"<{bands}H", *[_FLOAT] * bands)
    return entries | {_BITS: bits, _WIDTH: struct.pack("<HHII", _WIDTH, _LONG, 1, frame.width)}


def _strip_entries(result: bytearray, frame: Image, is_packed: bool) -> dict[int, bytes]:
    """The entries of a page whose pixels are packed here and added to the file."""
    samples = _samples(frame, is_packed)
    samples = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    rows = max(1, _STRIP // (samples.itemsize * samples.shape[1] * samples.shape[2]))
    places, lengths = [], []
    for top in range(0, frame.height, rows):
        strip = zlib.compress(samples[top : top + rows].tobytes(), _LEVEL)
        places.append(len(result))
        lengths.append(len(strip))
        result += strip
    values = {_HEIGHT: [frame.height], _COMPRESSION: [_DEFLATE], _ROWS: [rows], _STRIPS: places, _LENGTHS: lengths}
    entries = {}
    for tag, numbers in values.items():
        raw = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            result += bytes(-len(result) % 2)
            place = struct.pack("<I", len(result))
            result += raw
            raw = place
        entries[tag] = struct.pack("<HHI", tag, _LONG, len(numbers)) + raw
    return entries
