"""Small PNG: how is one of nothing but a few pixels read and written with few calls?

Pillow's codec does the work in both ways, with the same arguments, so that the same bytes come of it; its reader and
writer make some sixty calls around that for each picture. Here are head, pixels and end alone: 8 bits of gray or RGB in
one chunk, every checksum right. Whatever else a file may be is left to Pillow, as is the verdict on what is damaged.
The codec's calls are private: when the first such picture comes, both ways are tried on samples, and unless they agree
this one is not taken. What it spares: ``python -m tests.benchmarks.choices --only long-way``.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from imgbatch.codecs.registry import PNG_START

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 65536  # px, and bytes that Pillow hands to the codec, or takes from it, at a time (ImageFile.MAXBLOCK)
_START = PNG_START + b"\0\0\0\rIHDR"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_HEAD = struct.Struct(">IIBBBBB")  # width, height, bits, color type, compression, filters, interlacing
_CHUNK = struct.Struct(">I4s")
_COLOR_TYPES = {"L": 0, "RGB": 2}
_MODES = {(8, color_type): mode for mode, color_type in _COLOR_TYPES.items()}


def open_small(data: bytes, max_pixels: int) -> Image | None:
    """The picture, decoded; None: it is another one, or there is a doubt."""
    parts = _parts(data)
    if parts is None or not _is_codec_known():
        return None
    size, mode, stream = parts
    return None if size[0] * size[1] > max_pixels else _decode(size, mode, stream)


def save_small(image: Image, options: dict[str, Any]) -> bytes | None:
    """What ``image.save`` writes with those options; None: it is another picture, or more is asked for."""
    if options.keys() != {"compress_level"} or image.mode not in _COLOR_TYPES or image.info:
        return None
    if image.size[0] * image.size[1] > _MOST or not _is_codec_known():
        return None
    return _encode(image, options["compress_level"])


def _parts(data: bytes) -> tuple[tuple[int, int], str, bytes] | None:
    """Size in px, mode, and the packed pixels; None for any other file."""
    if not data.startswith(_START) or not data.endswith(_END) or not 57 < len(data) <= 57 + _MOST:
        return None
    width, height, bits, color_type, *methods = _HEAD.unpack_from(data, 16)
    mode = _MODES.get((bits, color_type))
    length, name = _CHUNK.unpack_from(data, 33)
    if mode is None or any(methods) or name != b"IDAT" or length != len(data) - 57:
        return None
    if not 0 < width * height <= _MOST:
        return None
    sums = int.from_bytes(data[29:33], "big"), int.from_bytes(data[-16:-12], "big")
    if sums != (zlib.crc32(data[12:29]), zlib.crc32(data[37:-16])):
        return None
    return (width, height), mode, data[41:-16]


def _decode(size: tuple[int, int], mode: str, stream: bytes) -> Image | None:
    import PIL.Image as Images

    codec: Any = vars(Images)["core"]
    pixels = codec.new(mode, size)
    decoder = codec.zip_decoder(mode, mode)
    try:
        decoder.setimage(pixels, (0, 0, *size))
        if decoder.decode(stream) != (-1, 0):  # all is there, and nothing is wrong with it
            return None
    finally:
        decoder.cleanup()
    image: Any = Images.Image()
    image.im, image._mode, image._size = pixels, mode, size
    return image  # type: ignore[no-any-return]  # of no class here, so that what is private of it can be set


def _encode(image: Image, level: int) -> bytes | None:
    import PIL.Image as Images

    codec: Any = vars(Images)["core"]
    image.load()
    mode, size = image.mode, image.size
    encoder = codec.zip_encoder(mode, mode, False, level, -1, b"")
    try:
        encoder.setimage(image.im, (0, 0, *size))
        _, code, stream = encoder.encode(_MOST)
    finally:
        encoder.cleanup()
    if code != 1:  # there is more to come, or something is wrong
        return None
    head = b"IHDR" + _HEAD.pack(*size, 8, _COLOR_TYPES[mode], 0, 0, 0)
    length, body = len(stream).to_bytes(4, "big"), b"IDAT" + stream
    sums = zlib.crc32(head).to_bytes(4, "big"), zlib.crc32(body).to_bytes(4, "big")
    return b"".join((_START[:12], head, sums[0], length, body, sums[1], _END))


@functools.cache
def _is_codec_known() -> bool:
    """Whether Pillow's codec is called as it is here, by samples of both modes in both ways."""
    import PIL.Image as Images
    from PIL.PngImagePlugin import PngImageFile

    try:
        for mode, size in (("L", (9, 7)), ("RGB", (7, 9))):
            count = size[0] * size[1] * len(Images.Image.getbands(Images.new(mode, (1, 1))))
            sample = Images.frombytes(mode, size, bytes(place * place // 7 % 251 for place in range(count)))
            file = io.BytesIO()
            sample.save(file, "PNG", compress_level=6)
            parts = _parts(file.getvalue())
            image = None if parts is None else _decode(*parts)
            with PngImageFile(io.BytesIO(file.getvalue())) as other:
                if image is None or image.tobytes() != other.tobytes() or _encode(sample, 6) != file.getvalue():
                    return False
    except Exception:  # noqa: BLE001 - another Pillow, of which nothing is known here: its own way is taken
        return False
    return True
