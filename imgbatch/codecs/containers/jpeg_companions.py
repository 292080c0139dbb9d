"""JPEG companions: what follows a JPEG's picture in its file? Gain maps, more pictures, films, depth, or any bytes.

Three places say what there is: the MPF index (CIPA DC-007), the container directory or the micro video's offset in
XMP, and the directory at the end of a Samsung file. None of them is trusted: the bytes behind the picture's end mark
are walked, piece by piece, and what is said gives the pieces their names. Gain maps are known by their own metadata,
too (Adobe's and Apple's XMP, ISO 21496-1).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.containers.jpeg_headers import APP1, APP2, segments
from imgbatch.codecs.metadata import announcements
from imgbatch.codecs.metadata.block import DEPTH, FILM, GAIN_MAP, PICTURE, PREVIEW, SOUND
from imgbatch.codecs.metadata.header_blocks import XMP

TRAILER, UNKNOWN = "Samsung's trailer", "bytes"
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
#: Pieces that are told apart; what follows them is one more.
_MOST = 64
_START = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]|ftyp")
_WORD = re.compile(rb"[\w\xa9 -]{4}", re.ASCII)
_STILL = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis")
_LARGE_THUMBNAIL = 0x01  # the kind of MPF's types 0x010001 (VGA) and 0x010002 (full HD)
#: What a gain map's or a depth map's own XMP says.
_GAIN_WORDS = (b"http://ns.adobe.com/hdr-gain-map/", b"aux:hdrgainmap", b"http://ns.apple.com/HDRGainMap/")
_DEPTH_WORDS = (b"http://ns.apple.com/depthData/", b"auxid:2")


class Companion(NamedTuple):
    """A piece of the file behind the picture: what it is, where it lies, whether it is a JPEG by itself."""

    kind: str
    start: int
    end: int
    is_jpeg: bool = False


def companions(data: bytes, end: int, xmp: bytes) -> list[Companion]:
    """What follows a JPEG's picture, in order.

    Parameters
    ----------
    data : bytes
        The whole file.
    end : int
        Of the picture: the byte after its end mark.
    xmp : bytes
        The picture's own packet, or nothing.
    """
    if end >= len(data):
        return []
    names = _names(data, end, xmp)
    samsung = list(_samsung(data, end))
    stop = min((piece.start for piece in samsung), default=len(data))
    return [*_pieces(data, end, stop, names), *samsung]


def _names(data: bytes, end: int, xmp: bytes) -> dict[int, str]:
    """What the picture's metadata say that is at these places."""
    names = {}
    for entry in mpo_index.pictures(data)[1:]:
        names[entry.start] = PREVIEW if entry.type >> 16 == _LARGE_THUMBNAIL else PICTURE
    at = end
    for number, item in enumerate(announcements.items(xmp)):
        at += item.length if number and not item.kind else 0
        if item.kind:
            names[at] = item.kind
            at += item.length
        at += item.padding
    length = announcements.film_length(xmp)
    if length is not None and 0 < length <= len(data) - end:
        names[len(data) - length] = FILM
    return names


def _pieces(data: bytes, start: int, stop: int, names: dict[int, str]) -> Iterator[Companion]:
    at = start
    for _ in range(_MOST):
        if at >= stop:
            return
        if data.startswith(b"\xff\xd8\xff", at):
            following = jpeg_scans(data, at)[1]
            end = stop if following is None else min(following, stop)
            yield Companion(_kind_of_jpeg(data, at, end, names.get(at)), at, end, True)
        elif data.startswith(b"ftyp", at + 4):
            end = _boxes_end(data, at, stop)
            still = data[at + 8 : at + 12] in _STILL
            kind = names.get(at, PICTURE) if still else FILM
            yield Companion(kind, at, end)
        else:
            end = _next_start(data, at, min((place for place in names if at < place < stop), default=stop))
            if at in names:
                yield Companion(names[at], at, end)
            elif end - at > 1 or end < stop:  # many writers make the length even
                yield from _unknown(data, at, end, end == stop)
        at = end
    if at < stop:
        yield Companion(UNKNOWN, at, stop)


def _unknown(data: bytes, start: int, end: int, is_last: bool) -> Iterator[Companion]:
    """Bytes that nobody announces; zeros between pieces are padding."""
    if is_last or data[start:end].strip(b"\0"):
        yield Companion(UNKNOWN, start, end)


def _kind_of_jpeg(data: bytes, start: int, end: int, name: str | None) -> str:
    for marker, begin, stop in segments(data, start):
        if stop > end:
            break
        if marker == APP2 and data.startswith(ISO_GAIN_MAP, begin + 4):
            return GAIN_MAP
        if marker == APP1 and data.startswith(XMP, begin + 4):
            packet = data[begin:stop]
            if any(word in packet for word in _GAIN_WORDS):
                return GAIN_MAP
            if any(word in packet for word in _DEPTH_WORDS):
                return DEPTH
    return name or PICTURE


def _boxes_end(data: bytes, start: int, stop: int) -> int:
    """Where a row of boxes (ISO/IEC 14496-12) ends."""
    at = start
    while at + 8 <= stop:
        length, word = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length == 0:
            return stop
        if length < 8 or _WORD.fullmatch(word) is None:
            break
        at += length
    return min(at, stop) if at > start else stop


def _next_start(data: bytes, at: int, stop: int) -> int:
    """Where the next JPEG or film begins after `at`."""
    place = at + 1
    while (match := _START.search(data, place, stop)) is not None:
        begin = match.start() if match[0] != b"ftyp" else match.start() - 4
        if begin > at:
            return begin
        place = match.end()
    return stop


def _samsung(data: bytes, end: int) -> Iterator[Companion]:
    """The blocks of the directory (SEFH) at the end of a Samsung file: a film, depth, and what else is one trailer."""
    if not data.endswith(b"SEFT"):
        return
    length = int.from_bytes(data[-8:-4], "little")
    head = len(data) - 8 - length
    if length < 12 or head < end or not data.startswith(b"SEFH", head):
        return
    start = head
    named = []
    count = min(int.from_bytes(data[head + 8 : head + 12], "little"), (length - 12) // 12)
    for place in range(head + 12, head + 12 + 12 * count, 12):
        offset, size = struct.unpack_from("<II", data, place + 4)
        begin = head - offset
        if begin < end or offset < size:
            continue
        start = min(start, begin)
        name = data[begin + 8 : begin + 8 + min(size, 40)]
        if name.startswith((b"MotionPhoto_Data", b"DualShot_DepthMap", b"SoundShot_Wave")):
            kind = FILM if name.startswith(b"Motion") else DEPTH if name.startswith(b"Dual") else SOUND
            named.append(Companion(kind, begin, begin + size))
    yield from named[:_MOST]
    yield Companion(TRAILER, start, len(data))
