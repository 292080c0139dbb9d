"""Color blocks: which profile or numbers for colors stand in a GIF, BMP or QOI where Pillow does not look?"""

from __future__ import annotations

import struct
from typing import NamedTuple

from imgbatch.codecs.registry import PNG_START

_GIF_PROFILE = b"\x21\xff\x0bICCRGBG1012"
_PNG = PNG_START + b"\0\0\0\rIHDR"
_MOST = 4 << 20  # bytes of a GIF's profile
_WITH_PROFILE, _BY_MEASURE = b"DEBM", bytes(4)  # "MBED" as a number that begins with its low byte
_V4, _V5 = 108, 124


class Chromaticities(NamedTuple):
    """Colors by measure: x and y of white, red, green and blue, and the power from number to light."""

    primaries: tuple[float, ...]
    gamma: float


def profile_of_gif(data: bytes) -> bytes | None:
    """The ICC profile of a GIF's application block."""
    at = data.find(_GIF_PROFILE)
    if at < 0:
        return None
    pieces, total, at = [], 0, at + len(_GIF_PROFILE)
    while at < len(data) and data[at] and total <= _MOST:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        total += data[at]
        at += 1 + data[at]
    return b"".join(pieces) if pieces and total <= _MOST else None


def profile_of_bmp(data: bytes) -> bytes | None:
    """The ICC profile of a BMP whose header is of version 5."""
    if len(data) < 14 + _V5 or int.from_bytes(data[14:18], "little") < _V5 or data[70:74] != _WITH_PROFILE:
        return None
    start, length = struct.unpack_from("<II", data, 14 + 112)
    profile = data[14 + start : 14 + start + length]
    return profile if length and len(profile) == length else None


def chromaticities_of_bmp(data: bytes) -> Chromaticities | None:
    """The colors of a BMP that is calibrated, by endpoints in XYZ (2.30 bits) and powers (16.16 bits)."""
    if len(data) < 14 + _V4 or int.from_bytes(data[14:18], "little") < _V4 or data[70:74] != _BY_MEASURE:
        return None
    numbers = [number / 2**30 for number in struct.unpack_from("<9i", data, 74)]
    powers = [number / 65536 for number in struct.unpack_from("<3I", data, 110)]
    sums = [sum(numbers[at : at + 3]) for at in (0, 3, 6)]
    if min(sums) <= 0 or min(powers) <= 0 or max(powers) - min(powers) > 0.01:
        return None
    white = [sum(numbers[at::3]) for at in range(3)]
    corners = [(numbers[at] / total, numbers[at + 1] / total) for at, total in zip((0, 3, 6), sums, strict=True)]
    points = [(white[0] / sum(white), white[1] / sum(white)), *corners]
    gamma = powers[1] if powers[1] >= 1 else 1 / powers[1]
    return Chromaticities(tuple(number for point in points for number in point), gamma)


def png_of_icon(data: bytes, size: tuple[int, int]) -> bytes:
    """What begins with the first PNG of that size (width, height) inside a file of several; nothing where none does."""
    head = _PNG + struct.pack(">II", *size)
    at = data.find(head)
    return b"" if at < 0 else data[at:]


def is_linear_qoi(data: bytes) -> bool:
    """Whether a QOI says that all of its numbers are amounts of light."""
    return data[:4] == b"qoif" and data[13:14] == b"\1"
