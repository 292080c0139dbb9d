"""SIMD PNG: how does pyspng decode a PNG, and which ones? Plain ones of color with 8 bits a sample.

Pillow undoes the filters of a PNG byte by byte, which takes most of a photograph's time; pyspng (libspng) does it with
SIMD code, and is asked for nothing else, as it compares no checksums. The stream is unpacked here, by zlib-ng where it
is installed, as in Pillow's wheels, or by zlib: either compares its checksum and length. pyspng gets bands of the
unpacked rows, as PNGs of our own making, so that little memory is needed. Gray, which it has no SIMD code for,
palettes, 16 bits, interlacing and animations are left to Pillow; so is any doubt, for Pillow's is the verdict on
damage, and its reader goes through what stands behind the pixels here, too.

In each process samples are decoded first: a package that cannot be imported, or gives other pixels than Pillow, is left
alone with a HostWarning. pyspng needs numpy; where nothing else has loaded it, Pillow goes on until so much was decoded
that loading it would have paid.

What this spares: ``python -m tests.benchmarks.choices --only pillows-filters``.
"""

from __future__ import annotations

import functools
import importlib
import io
import struct
import sys
import warnings
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.containers.png_chunks import chunk, chunks
from imgbatch.codecs.reading.samples import loaded_frame
from imgbatch.codecs.registry import PNG_START
from imgbatch.core import lazy_import
from imgbatch.core.errors import EngineError, HostWarning, sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

ADVICE = "pip install --force-reinstall pyspng zlib-ng"  # without the option pip leaves what is there
_PACKAGE, _FASTER_ZLIB = "pyspng", "zlib_ng"
_LEAST = 1 << 14  # px: below, little is spared
_NUMPY = "numpy"
_WORTH = 10_000_000  # px of which the time that is spared is that of loading numpy
_BAND = 1 << 18  # bytes of rows that are handed over at a time; they stay in the processor's cache
_BLOCK = 65535  # bytes that a block of a stream holds which is not packed
#: By bits, color type, compression, filters and interlacing: Pillow's mode, which is also pyspng's format.
_MODES = {b"\x08\x02\0\0\0": "RGB", b"\x08\x06\0\0\0": "RGBA"}
_TEST_SIZE = (23, 20)  # px: each filter several times
_END = b"\0\0\0\0IEND\xaeB`\x82"
_NO_SUM = bytes(4)  # pyspng looks at none

_pillow_pixels = 0  # px that Pillow has decoded in this process because numpy was not loaded


def load(image: ImageFile, data: bytes) -> bool:
    """Decode a PNG to what its own ``load`` would leave; False: it is as it was, and that is to be called.

    Parameters
    ----------
    image : ImageFile
        As Pillow opened it.
    data : bytes
        The whole file.
    """
    mode, size = _MODES.get(data[24:29]), image.size
    if mode != image.mode or size[0] * size[1] < _LEAST or len(mode) * size[0] >= _BAND // 2 or not is_installed():
        return False
    pieces = _stream_pieces(image, data, mode)
    if pieces is None or not _is_worth_numpy(size[0] * size[1]):
        return False
    if problem := find_problem():
        warnings.warn(HostWarning(f"{problem}; until then Pillow decodes PNG"), stacklevel=2)
        return False
    samples = _decode(pieces, size, mode)
    if samples is None:
        return False
    loaded_frame.fill(image, samples)
    return True


@functools.cache
def is_installed() -> bool:
    """Whether there is pyspng; it is not imported."""
    return lazy_import.is_installed(_PACKAGE)


@functools.cache
def find_problem() -> str:
    """Why the packages cannot be used in this process, and what to do; "" where they can."""
    package = _PACKAGE
    try:
        importlib.import_module(_PACKAGE)
        package = "zlib-ng"
        _zlib()
        package = _PACKAGE
        _check_samples()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - somebody else's package may raise anything
        text = sentence(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {sentence(error)}"
        return f"{package} is installed and cannot be used ({text}): install it again ({ADVICE}), or uninstall it"
    return ""


def _is_worth_numpy(pixels: int) -> bool:
    """Whether numpy is loaded, or should be: after as many pixels as it takes to load it, whatever else follows."""
    global _pillow_pixels
    if _NUMPY in sys.modules or _pillow_pixels >= _WORTH:
        return True
    _pillow_pixels += pixels
    return pixels >= _WORTH


def _stream_pieces(image: ImageFile, data: bytes, mode: str) -> list[memoryview] | None:
    """The pieces of the stream that holds the pixels; None where a PNG is not plain, or its chunks are not in order."""
    size = image.size
    tiles: Any = getattr(image, "tile", ())
    if struct.unpack_from(">II", data, 16) != size or len(tiles) != 1:
        return None
    kind, extents, offset, args = tiles[0]
    if (kind, extents, args) != ("zip", (0, 0, *size), mode) or data[offset - 4 : offset] != b"IDAT":
        return None
    pieces: list[memoryview] = []
    last, view = b"", memoryview(data)
    for name, start, end in chunks(data):
        if name == b"IEND":
            return pieces
        if name == b"acTL" or (name == b"IDAT" and pieces and last != name):
            return None
        if name == b"IDAT":
            pieces.append(view[start + 8 : end - 4])
        last = name
    return None


def _decode(pieces: Sequence[memoryview], size: tuple[int, int], mode: str) -> NDArray[Any] | None:
    """The samples of a stream, as an array (row, sample); None where anything is wrong with it."""
    try:
        rows = _unpack(b"".join(pieces), size[1] * (len(mode) * size[0] + 1))
        return None if rows is None else _undo_filters(rows, size, mode)
    except Exception:  # noqa: BLE001 - whatever is wrong, Pillow's reader has the words for it
        return None


def _unpack(stream: bytes, length: int) -> bytes | None:
    """A stream of which nothing is missing, too much, or wrong; else None, or an error of zlib."""
    decoder = _zlib().decompressobj()
    rows: bytes = decoder.decompress(stream, length + 1)
    return rows if decoder.eof and len(rows) == length and not decoder.unused_data else None


def _zlib() -> Any:
    return importlib.import_module("zlib_ng.zlib_ng") if lazy_import.is_installed(_FASTER_ZLIB) else zlib


def _undo_filters(rows: bytes, size: tuple[int, int], mode: str) -> NDArray[Any]:
    """The samples of rows that begin with the number of a filter, as an array (row, sample)."""
    import numpy  # only here

    width, height = size
    stride = len(mode) * width + 1
    samples = numpy.empty((height, stride - 1), numpy.uint8)
    color_type, step, view = (2 if mode == "RGB" else 6), _BAND // stride, memoryview(rows)
    above = b""  # the row that the filters of a band's first one look at, with a filter that does nothing
    for top in range(0, height, step):
        band = b"".join((above, view[top * stride : (top + step) * stride]))
        count = len(band) // stride
        file = _unpacked_png(band, (width, count), color_type)
        pixels = importlib.import_module(_PACKAGE).load(file, format=mode).reshape(count, stride - 1)
        samples[top : top + step] = pixels[1:] if above else pixels
        above = b"\0" + pixels[-1].tobytes()
    return samples


def _unpacked_png(rows: bytes, size: tuple[int, int], color_type: int) -> bytes:
    """A PNG of rows that are not packed."""
    view, count = memoryview(rows), len(rows)
    blocks = [view[at : at + _BLOCK] for at in range(0, count, _BLOCK)]
    pieces: list[bytes | memoryview] = [
        PNG_START, chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, color_type, 0, 0, 0)),
        struct.pack(">I", 2 + count + 5 * len(blocks) + len(_NO_SUM)), b"IDAT\x78\x01",
    ]  # fmt: skip
    for place, block in enumerate(blocks, 1):
        pieces += [struct.pack("<BHH", place == len(blocks), len(block), len(block) ^ 0xFFFF), block]
    return b"".join((*pieces, _NO_SUM, _NO_SUM, _END))


def _check_samples() -> None:
    """Decode a small picture of each mode; EngineError where something else comes out than Pillow makes."""
    from PIL.PngImagePlugin import PngImageFile

    for header, mode in _MODES.items():
        stride = len(mode) * _TEST_SIZE[0] + 1
        values = bytearray(place * place // 3 % 251 for place in range(stride * _TEST_SIZE[1]))
        for row in range(_TEST_SIZE[1]):
            values[row * stride] = row * 3 % 5  # each of the filters, in an order in which each follows others
        parts = struct.pack(">II", *_TEST_SIZE) + header, zlib.compress(bytes(values))
        file = PNG_START + chunk(b"IHDR", parts[0]) + chunk(b"IDAT", parts[1]) + _END
        with PngImageFile(io.BytesIO(file)) as pillows:
            pixels = _undo_filters(bytes(values), _TEST_SIZE, mode)
            if _unpack(parts[1], len(values)) != bytes(values) or pixels.tobytes() != pillows.tobytes():
                raise EngineError("it gives other pixels than Pillow")
