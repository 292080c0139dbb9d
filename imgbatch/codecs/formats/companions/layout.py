"""Layout: where does a JPEG's file say what follows the picture, so that each is found?

Behind the picture's end mark follow the others, in the order of the container directory in XMP (Ultra HDR), which says
how long each is; the MPF index (CIPA DC-007) says where each begins, counted from its own place. ISO 21496-1 has a
segment in the picture that only says that there is a gain map.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.containers.jpeg_companions import ISO_GAIN_MAP
from imgbatch.codecs.containers.jpeg_headers import APP0, APP1, APP2, segment, segments
from imgbatch.codecs.metadata import announcements, xmp
from imgbatch.codecs.metadata.header_blocks import MPF, XMP

_MOST = 65533  # bytes of a segment's content
_PRIMARY = 0x030000  # the type of the picture itself


class Piece(NamedTuple):
    """A JPEG that follows the picture: what it is, its attributes in the MPF index, its bytes."""

    kind: str
    attributes: int
    data: bytes


def assemble(jpeg: bytes, pieces: Sequence[Piece]) -> bytes:
    """One file of the picture `jpeg` and `pieces`, with an index of them."""
    if not pieces:
        return jpeg
    count = 1 + len(pieces)
    block = bytearray(b"MM\0*\0\0\0\x08" + struct.pack(">H", 3))
    block += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, count)
    block += struct.pack(">HHIII", 0xB002, 7, 16 * count, 50, 0)
    at = _head_end(jpeg)
    length = len(jpeg) + 8 + len(block) + 16 * count
    block += struct.pack(">IIIHH", _PRIMARY, length, 0, 0, 0)
    place = length - (at + 8)
    for piece in pieces:
        block += struct.pack(">IIIHH", piece.attributes, len(piece.data), place, 0, 0)
        place += len(piece.data)
    return insert(jpeg, segment(APP2, MPF + bytes(block))) + b"".join(piece.data for piece in pieces)


def with_index(jpeg: bytes, source: bytes, end: int) -> bytes:
    """`jpeg` with what follows another picture in its file, and with the index there, moved.

    Parameters
    ----------
    jpeg : bytes
        A file that has no index.
    source : bytes
        The other file.
    end : int
        Where its picture ends.
    """
    index = mpo_index.index(source)
    if index is None:
        return jpeg + source[end:]
    block = bytearray(source[index.base : index.end])
    at = _head_end(jpeg)
    length = len(jpeg) + 8 + len(block)
    for number in range(index.number):
        place = index.place + 16 * number
        size, offset = struct.unpack_from(index.order + "II", block, place + 4)
        if number == 0:
            size = length
        elif offset + index.base >= end:
            offset = offset + index.base - end + length - (at + 8)
        struct.pack_into(index.order + "II", block, place + 4, size, offset & 0xFFFFFFFF)
    return insert(jpeg, segment(APP2, MPF + bytes(block))) + source[end:]


def announce(packet: bytes | None, source: bytes | None, directory: Sequence[tuple[str, int]]) -> bytes | None:
    """`packet` with a container directory and the mark of Ultra HDR, as far as `source` has them.

    Parameters
    ----------
    packet : bytes or None
        Without announcements.
    source : bytes or None
        The packet as it was.
    directory : sequence of (str, int)
        What follows the picture, in order, and the bytes of each.
    """
    if source is None or not directory or not (announcements.items(source) or b"/hdr-gain-map/" in source):
        return packet
    return announcements.with_directory(packet, directory)


def announce_in(jpeg: bytes, source: bytes | None, pieces: Sequence[Piece]) -> bytes | None:
    """`jpeg` whose XMP announces `pieces` as far as `source` has announced any; None: there is no room for it.

    Parameters
    ----------
    jpeg : bytes
        A file that announces nothing.
    source : bytes or None
        The source's packet.
    pieces : sequence of Piece
    """
    packet, span = None, (_head_end(jpeg),) * 2
    for marker, start, end in segments(jpeg):
        if marker == APP1 and jpeg.startswith(XMP, start + 4):
            packet, span = jpeg[start + 4 + len(XMP) : end], (start, end)
            break
    announcement = announce(packet, source, [(piece.kind, len(piece.data)) for piece in pieces])
    if announcement == packet:
        return jpeg
    content = XMP + (announcement or b"")
    if len(content) > _MOST:
        content = XMP + xmp.without_padding(announcement or b"")
    return None if len(content) > _MOST else jpeg[: span[0]] + segment(APP1, content) + jpeg[span[1] :]


def iso_segments(data: bytes) -> bytes:
    """The segments of ISO 21496-1 in a JPEG's header."""
    return b"".join(
        data[start:end]
        for marker, start, end in segments(data)
        if marker == APP2 and data.startswith(ISO_GAIN_MAP, start + 4)
    )


def insert(jpeg: bytes, more: bytes) -> bytes:
    """`jpeg` with more segments behind JFIF, EXIF and XMP."""
    at = _head_end(jpeg)
    return jpeg[:at] + more + jpeg[at:]


def _head_end(jpeg: bytes) -> int:
    at = 2
    for marker, start, end in segments(jpeg):
        if marker not in (APP0, APP1) or start != at:
            break
        at = end
    return at
