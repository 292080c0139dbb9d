"""Small pictures whose colors are told in every way that a file has for it."""

from __future__ import annotations

import importlib
import io
import struct
import zlib
from typing import Any

from PIL import Image

from imgbatch.pixels.color_spaces.color_space import Primaries

Picture = Image.Image


def saved(image: Picture, format: str, **options: Any) -> bytes:
    """`image` in a file of a format of Pillow's."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(image: Picture, **chunks: bytes) -> bytes:
    """A PNG with these chunks behind its head."""
    data, more = saved(image, "PNG"), b""
    for name, content in chunks.items():
        word = name.encode() + content
        more += struct.pack(">I", len(content)) + word + struct.pack(">I", zlib.crc32(word))
    return data[:33] + more + data[33:]


def chromaticity(primaries: Primaries) -> bytes:
    """The content of a PNG's cHRM."""
    return struct.pack(">8I", *(round(100_000 * number) for number in primaries))


def gamma(power: float) -> bytes:
    """The content of a PNG's gAMA, for a power from number to light."""
    return struct.pack(">I", round(100_000 / power))


def with_nclx(data: bytes, primaries: int, transfer: int) -> bytes:
    """An AVIF or HEIC with other code points in all its boxes of them."""
    pieces = data.split(b"colrnclx")
    assert len(pieces) > 1
    return b"colrnclx".join([pieces[0], *(struct.pack(">HH", primaries, transfer) + one[4:] for one in pieces[1:])])


def heic(image: Picture) -> bytes:
    """A HEIC, as good as it gets."""
    pillow_heif = importlib.import_module("pillow_heif")  # which need not be there
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=100, chroma=444)
    return file.getvalue()


def jp2(image: Picture, color: bytes) -> bytes:
    """A JPEG 2000 without loss, with `color` as the content of its color box."""
    data = saved(image, "JPEG2000", irreversible=False)
    head, at = data.find(b"jp2h") - 4, data.find(b"colr") - 4
    length, old = (int.from_bytes(data[place : place + 4], "big") for place in (head, at))
    box = struct.pack(">I4s", 8 + len(color), b"colr") + color
    return data[:head] + struct.pack(">I", length - old + len(box)) + data[head + 4 : at] + box + data[at + old :]


def gif(image: Picture, icc: bytes) -> bytes:
    """A GIF with a profile."""
    data = saved(image.convert("P", palette=Image.Palette.ADAPTIVE), "GIF")
    start = 13 + 3 * (2 << (data[10] & 7))
    blocks = b"".join(bytes((len(icc[at : at + 255]),)) + icc[at : at + 255] for at in range(0, len(icc), 255))
    return data[:start] + b"\x21\xff\x0bICCRGBG1012" + blocks + b"\0" + data[start:]


def bmp(image: Picture, kind: bytes, numbers: bytes = bytes(48), icc: bytes = b"") -> bytes:
    """A BMP of version 5.

    Parameters
    ----------
    image : Picture
    kind : bytes
        Which color space its header names, four bytes.
    numbers : bytes
        Endpoints and powers.
    icc : bytes
        Its profile.
    """
    data = saved(image, "BMP")
    pixels = data[54:]
    start = 14 + 124 + len(pixels)
    more = bytes(16) + kind + numbers + struct.pack("<4I", 4, start - 14 if icc else 0, len(icc), 0)
    head = b"BM" + struct.pack("<IHHI", start + len(icc), 0, 0, 14 + 124) + struct.pack("<I", 124) + data[18:54] + more
    return head + pixels + icc


def bmp_numbers(primaries: Primaries, power: float) -> bytes:
    """The endpoints and powers of a calibrated BMP."""
    from imgbatch.pixels.color_spaces import icc_profile

    columns = zip(*icc_profile.matrix_to_xyz(primaries), strict=True)
    ends = [round(number * 2**30) for column in columns for number in column]
    return struct.pack("<9i3I", *ends, *[round(65536 * power)] * 3)


def adobe_exif(index: bytes = b"R03\0", space: int = 65535, order: str = "<") -> bytes:
    """EXIF of a camera, with InteroperabilityIndex and ColorSpace."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    body = start + struct.pack(order + "I", 8) + struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    body += struct.pack(order + "H", 2) + struct.pack(order + "HHIHH", 0xA001, 3, 1, space, 0)
    body += struct.pack(order + "HHIII", 0xA005, 4, 1, 56, 0)
    return body + struct.pack(order + "HHHI4sI", 1, 1, 2, 4, index, 0)
