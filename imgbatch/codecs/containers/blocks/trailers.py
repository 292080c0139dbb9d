"""Trailers: what stands around the pixels in formats that have no blocks: BMP, TGA, PNM, SGI, icons and others?

Where the pixels end is known by their size, or by an end mark.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from imgbatch.codecs.contents import Fates, bytes_after

_QOI_END = bytes(7) + b"\1"
_TGA_END = b"TRUEVISION-XFILE.\0"
_FOOTER, _EXTENSION = 26, 495  # bytes of a TGA's footer and extension area
_PNM_HEAD = re.compile(rb"\A(P[1-7]|Py)(?:\s|#)")
_NUMBER = re.compile(rb"\d{1,10}")
_MOST_HEAD = 1 << 16


def strangers(data: bytes, format: str, fates: Fates) -> list[str]:
    """What a file has that nobody reads here.

    Parameters
    ----------
    data, format, fates
        As of :data:`contents.Finder`.
    """
    find = _FINDERS.get(format)
    names, end = ([], 0) if find is None else find(data)
    rest = len(data) - end if end else 0
    is_padding = rest < 4 and not data[end:].strip(b"\0\n\r")
    return [*names, *([] if rest < 1 or is_padding else [bytes_after(rest)])]


Extent = tuple[list[str], int]  # names, and where the file should end; 0: not known


def _bmp(data: bytes) -> Extent:
    if len(data) < 54 or int.from_bytes(data[14:18], "little") < 40:
        return [], 0
    offset = int.from_bytes(data[10:14], "little")
    width, height, _, bits, packing, size = struct.unpack_from("<iiHHII", data, 18)
    rows = (width * bits + 31) // 32 * 4 * abs(height)
    length = rows if packing in (0, 3, 6) else size
    end = offset + length if length else 0
    if int.from_bytes(data[14:18], "little") >= 124 and len(data) >= 138:
        start, profile = struct.unpack_from("<II", data, 14 + 112)
        end = max(end, 14 + start + profile) if profile and end else end
    return [], end if offset < end <= len(data) else 0


def _tga(data: bytes) -> Extent:
    if len(data) < 18:
        return [], 0
    if data.endswith(_TGA_END) and len(data) > _FOOTER:
        extension, developer = struct.unpack_from("<II", data, len(data) - _FOOTER)
        names = []
        if 0 < extension <= len(data) - _EXTENSION:
            area = data[extension : extension + _EXTENSION]
            texts = {"author": area[2:43], "comment": area[43:367], "job": area[379:420], "software": area[426:467]}
            words = [word for word, text in texts.items() if text.strip(b"\0 ")]
            names = [f"extension area ({', '.join(words) or 'no texts'})"]
        return names + (["developer area"] if developer else []), 0
    identity, has_map, kind = data[:3]
    map_length, map_bits = struct.unpack_from("<HB", data, 5)
    width, height, bits = struct.unpack_from("<HHB", data, 12)
    start = 18 + identity + (map_length * ((map_bits + 7) // 8) if has_map else 0)
    size = (bits + 7) // 8
    names = ["image id"] if data[18 : 18 + identity].strip(b"\0 ") else []
    if kind in (1, 2, 3):
        end = start + width * height * size
    elif kind in (9, 10, 11) and size:
        end = _end_of_packets(data, start, width * height, size)
    else:
        end = 0
    return names, end if end <= len(data) else 0


def _end_of_packets(data: bytes, at: int, pixels: int, size: int) -> int:
    """Where a TGA's packets end."""
    while pixels > 0 and at < len(data):
        head = data[at]
        count = (head & 0x7F) + 1
        at += 1 + (size if head & 0x80 else size * count)
        pixels -= count
    return at


def _pnm(data: bytes) -> Extent:
    """Comments in the head of a PBM, PGM or PPM, and more pictures or bytes behind it."""
    match = _PNM_HEAD.match(data)
    if match is None:
        return [], 0
    kind, head = match[1], data[:_MOST_HEAD]
    wanted, at, comments = 2 if kind in (b"P1", b"P4") else 3, 2, False
    numbers: list[int] = []
    while len(numbers) < wanted and at < len(head):
        if head[at : at + 1] == b"#":
            stop = head.find(b"\n", at)
            comments = comments or bool(head[at + 1 : None if stop < 0 else stop].strip())
            at = len(head) if stop < 0 else stop
        number = _NUMBER.match(head, at)
        if number is not None:
            numbers.append(int(number[0]))
        elif not head[at : at + 1].isspace():
            break
        at = at + 1 if number is None else number.end()
    names = ["comment"] if comments else []
    if len(numbers) < wanted or kind not in (b"P4", b"P5", b"P6"):
        return names, 0
    width, height = numbers[:2]
    row = (width + 7) // 8 if kind == b"P4" else width * (3 if kind == b"P6" else 1) * (2 if numbers[2] > 255 else 1)
    end = at + 1 + row * height
    return names, end if end <= len(data) else 0


def _qoi(data: bytes) -> Extent:
    at = data.rfind(_QOI_END)
    return [], at + len(_QOI_END) if at >= 14 else 0


def _dds(data: bytes) -> Extent:
    """Smaller copies, the other sides of a cube, the other slices of a volume."""
    if len(data) < 128:
        return [], 0
    flags, depth, copies, more = (int.from_bytes(data[at : at + 4], "little") for at in (8, 24, 28, 112))
    names = [f"{copies - 1} smaller copies"] if flags & 0x20000 and copies > 1 else []
    names += ["other sides of the cube"] if more & 0x200 else []
    names += [f"{depth - 1} more slices"] if more & 0x200000 and depth > 1 else []
    return names, 0


def _sgi(data: bytes) -> Extent:
    """Rows stand where tables say, or one after another."""
    if len(data) < 512:
        return [], 0
    compression, size = data[2:4]
    width, height, bands = struct.unpack_from(">3H", data, 6)
    if not compression:
        end = 512 + width * height * bands * size
    elif len(data) >= 512 + 8 * height * bands:
        count = height * bands
        starts, lengths = (struct.unpack_from(f">{count}I", data, at) for at in (512, 512 + 4 * count))
        end = max(map(sum, zip(starts, lengths, strict=True)), default=0)
    else:
        end = 0
    return [], end if 512 < end <= len(data) else 0


def _icon(data: bytes) -> Extent:
    """Pictures stand where a table says; of a cursor it has the point that counts."""
    if len(data) < 6:
        return [], 0
    kind, count = struct.unpack_from("<HH", data, 2)
    end, names = 0, []
    for at in range(6, min(6 + 16 * count, len(data) - 15), 16):
        size, start = struct.unpack_from("<II", data, at + 8)
        end = max(end, start + size)
        names = ["hotspot"] if kind == 2 else []
    return names, end if end <= len(data) else 0


def _icns(data: bytes) -> Extent:
    end = int.from_bytes(data[4:8], "big")
    return [], end if 8 < end <= len(data) else 0


_FINDERS: dict[str, Callable[[bytes], Extent]] = {
    "bmp": _bmp,
    "tga": _tga,
    "ppm": _pnm,
    "qoi": _qoi,
    "dds": _dds,
    "sgi": _sgi,
    "ico": _icon,
    "cur": _icon,
    "icns": _icns,
}
