"""JPEG XL boxes: what does the header say? Read bit by bit, before a reader that decodes everything is let at it.

ISO/IEC 18181-1, annex D (SizeHeader, ImageMetadata): fields are packed from the lowest bit of each byte on.
"""

from __future__ import annotations

import functools

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
CODESTREAM_START = b"\xff\x0a"
#: width = height * first // second, by the number in the header
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


@frozen
class Header:
    """What is known before decoding: (width, height) in px as stored, bits per sample, whether it is animated.

    `orientation` is 1..8, as EXIF counts.
    """

    size: tuple[int, int]
    bits: int = 8
    is_animated: bool = False
    orientation: int = 1


class _Bits:
    """Numbers of so many bits, from the lowest on."""

    def __init__(self, data: bytes) -> None:
        self._number, self._count = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number; ImageError of kind ``truncated`` where fewer are left."""
        if count > self._count:
            raise ImageError("truncated", "the JPEG XL ends inside its header")
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        self._count -= count
        return value

    def choice(self, *kinds: tuple[int, int]) -> int:
        """One of four kinds of numbers (offset, bits), told by two bits."""
        offset, count = kinds[self.take(2)]
        return offset + self.take(count)


def size(data: bytes) -> tuple[int, int]:
    """(width, height) in px, as stored."""
    return header(data).size


@functools.lru_cache(maxsize=4)
def header(data: bytes) -> Header:
    """The header of a naked codestream or of one in a container.

    Raises
    ------
    ImageError
        ``truncated`` or ``corrupt`` where there is none.
    """
    stream = data if data.startswith(CODESTREAM_START) else _codestream(data)
    if not stream.startswith(CODESTREAM_START):
        raise ImageError("corrupt", "the JPEG XL has no codestream")
    bits = _Bits(stream[2:66])
    dimensions = _size(bits)
    if bits.take(1):  # everything else is as usual
        return Header(dimensions)
    orientation = 1
    if bits.take(1):
        orientation += bits.take(3)
        if bits.take(1):
            _size(bits)  # intrinsic size
        if bits.take(1):
            _preview(bits)
        if bits.take(1):  # the times that follow, and the depth, are of no use here
            return Header(dimensions, is_animated=True, orientation=orientation)
    if bits.take(1):  # floating point
        return Header(dimensions, bits.choice((32, 0), (16, 0), (24, 0), (1, 6)), orientation=orientation)
    return Header(dimensions, bits.choice((8, 0), (10, 0), (12, 0), (1, 6)), orientation=orientation)


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.choice((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    first, second = _RATIOS[ratio]
    return height * first // second, height


def _preview(bits: _Bits) -> None:
    """Read past the preview's size."""
    eights = bits.take(1)

    def side() -> None:
        if eights:
            bits.choice((16, 0), (32, 0), (1, 5), (33, 9))
        else:
            bits.choice((1, 6), (65, 8), (321, 10), (1345, 12))

    side()
    if not bits.take(3):
        side()


def _codestream(data: bytes) -> bytes:
    """The start of the codestream in a container: the box ``jxlc``, or the first ``jxlp`` after its number."""
    from imgbatch.codecs.containers import color_boxes  # few files are

    for name, start, _ in color_boxes.outer_boxes(data) if data.startswith(CONTAINER) else ():
        if name in (b"jxlc", b"jxlp"):
            start += 4 if name == b"jxlp" else 0
            return data[start : start + 66]
    return b""
