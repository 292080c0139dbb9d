"""Pixel loops: which of Pillow's readers go through the samples in Python, and how does numpy read the same?

Those of PGM and PPM whose white is not 255 (16 bits, say), of PBM, PGM and PPM written as text, and of DDS whose bands
have masks. Here the same formulas are applied to many samples at once, in a tenth of the time or less
(``python -m tests.benchmarks.pixel_loops``). What is too short, or text of anything but as many numbers as there are
samples, is left to Pillow, as is the verdict on it. So are its other loops: RLE of BMP, QOI, XPM, MSP and SGI with 16
bits. JPEG 2000, the other DDS, and binary PNM whose white is 255 (of gray 65535, too) are read by C code already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgbatch.codecs.reading.samples import loaded_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

Pixels = tuple[Any, str]  # a buffer, and how Pillow calls its samples

_LEAST = 1 << 16  # px: what Pillow takes for fewer is about what loading numpy takes
_BLOCK = 1 << 18  # samples, or bytes of text, that are worked on at a time
_BANDS = {"1": 1, "L": 1, "I": 1, "RGB": 3, "RGBA": 4}
_SPACE = b" \t\n\r\v\f"  # what bytes.split takes for it
_DIGITS = b"0123456789"
_LONGEST = 10  # digits of a number in Pillow's reader of text


def load(image: ImageFile, data: bytes) -> bool:
    """Read a picture to what its own ``load`` would leave; False: it is as it was, and that is to be called.

    Parameters
    ----------
    image : ImageFile
        As Pillow opened it.
    data : bytes
        The whole file.
    """
    tiles: Any = image.tile
    if image.size[0] * image.size[1] < _LEAST or len(tiles) != 1 or tiles[0].codec_name not in _READERS:
        return False
    args = tiles[0].args
    pixels = _READERS[tiles[0].codec_name](image, data, args if isinstance(args, tuple) else (args,))
    if pixels is None:
        return False
    loaded_frame.fill(image, *pixels)
    return True


def _read_binary(image: ImageFile, data: bytes, args: tuple[Any, ...]) -> Pixels | None:
    """PGM and PPM: bytes, or two for a sample, the upper one first."""
    import numpy

    white, count = args[-1], _sample_count(image)
    order = numpy.dtype(">u2" if white > 255 else "u1")
    offset = image.tile[0].offset
    if count is None or len(data) - offset < count * order.itemsize:
        return None
    table = _table(image.mode, white, 1 << 8 * order.itemsize)
    samples, result = numpy.frombuffer(data, order, count, offset), numpy.empty(count, table.dtype)
    for start in range(0, count, _BLOCK):
        result[start : start + _BLOCK] = table[samples[start : start + _BLOCK]]
    return result, image.mode


def _read_text(image: ImageFile, data: bytes, args: tuple[Any, ...]) -> Pixels | None:
    """PBM, PGM and PPM as text: numbers between white space."""
    count, offset = _sample_count(image), image.tile[0].offset
    if count is None:
        return None
    if image.mode == "1":
        return _read_bits(data[offset:], count)
    import numpy

    white, end = args[-1], 0
    table = _table(image.mode, white, white + 1)
    result = numpy.empty(count, table.dtype)
    for block in _text_blocks(data, offset):
        numbers = _numbers(block, len(str(white)))
        if numbers is None or len(numbers) > count - end or numbers.max(initial=0) > white:
            return None
        result[end : end + len(numbers)] = table[numbers]
        end += len(numbers)
    return (result, image.mode) if end == count else None


def _read_bits(text: bytes, count: int) -> Pixels | None:
    """PBM as text: 0 is white, and no white space need stand between two of them."""
    bits = text.translate(None, _SPACE)
    if len(bits) != count or bits.translate(None, b"01"):
        return None
    return bits.translate(bytes.maketrans(b"01", b"\xff\x00")), "1;8"


def _text_blocks(data: bytes, start: int) -> Iterator[bytes]:
    """The text in blocks that end between two numbers, or in one that is too long."""
    while start < len(data):
        end = start + _BLOCK
        for _ in range(_LONGEST):
            end += end < len(data) and data[end] not in _SPACE
        yield data[start:end]
        start = end


def _numbers(text: bytes, most: int) -> NDArray[Any] | None:
    """The numbers in a text; None where one has more than `most` digits, or something else stands there."""
    import numpy

    if text.translate(None, _DIGITS + _SPACE):
        return None
    digits = numpy.frombuffer(bytes(most) + text + b" ", numpy.uint8) - numpy.uint8(_DIGITS[0])
    is_digit = digits < len(_DIGITS)
    ends = numpy.flatnonzero(is_digit[:-1] & ~is_digit[1:])
    result = digits[ends].astype(numpy.intp)
    inside = numpy.ones(len(ends), bool)
    for place in range(1, most):
        inside &= is_digit[ends - place]
        result += numpy.where(inside, digits[ends - place].astype(numpy.intp) * 10**place, 0)
    return None if (inside & is_digit[ends - most]).any() else result


def _read_masks(image: ImageFile, data: bytes, args: tuple[Any, ...]) -> Pixels | None:
    """DDS: numbers of 1 to 4 bytes, the lowest first, in which each band has a mask."""
    import numpy

    bits, masks = args
    size, count, begin = bits // 8, image.size[0] * image.size[1], 128  # where its fixed header ends
    if not 1 <= size <= 4 or len(masks) != _BANDS.get(image.mode) or len(data) - begin < count * size:
        return None
    values = numpy.frombuffer(data, numpy.uint8, count * size, begin).reshape(count, size)
    result = numpy.empty((count, len(masks)), numpy.uint8)
    for start in range(0, count, _BLOCK):
        wide = numpy.zeros((len(result[start : start + _BLOCK]), 4), numpy.uint8)
        wide[:, :size] = values[start : start + _BLOCK]
        numbers = wide.view("<u4")[:, 0]
        for band, mask in enumerate(masks):
            zeros = max(0, (mask & -mask).bit_length() - 1)
            part = (numbers & numpy.uint32(mask)) >> numpy.uint32(zeros)
            result[start : start + _BLOCK, band] = part / (mask >> zeros) * 255 if mask else 0  # cut off, not rounded
    return result, image.mode


def _sample_count(image: ImageFile) -> int | None:
    """How many samples a PNM has; None for a mode of Pillow's own."""
    bands = _BANDS.get(image.mode)
    return None if bands is None else bands * image.size[0] * image.size[1]


def _table(mode: str, white: int, count: int) -> NDArray[Any]:
    """What Pillow makes of the values from 0 on: the nearest that is as bright, of halves the even one."""
    import numpy

    most = 65535 if mode == "I" else 255
    values = numpy.minimum(most, numpy.rint(numpy.arange(count) / white * most))
    return values.astype(numpy.intc if mode == "I" else numpy.uint8)


_READERS: dict[str, Callable[[ImageFile, bytes, tuple[Any, ...]], Pixels | None]] = {
    "ppm": _read_binary, "ppm_plain": _read_text, "dds_rgb": _read_masks,
}  # fmt: skip
