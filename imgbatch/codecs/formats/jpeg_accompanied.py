"""Accompanied JPEG: how are a picture and what accompanies it put into one file, so that each is others?

Behind the picture's end mark follow the others, in the order of the container directory in XMP (Ultra HDR), which says
how long each is; the MPF index (CIPA DC-007) says where each begins, counted from its own place. ISO 21496-1 has a
segment in the picture that only says that there is a gain map.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from imgbatch.codecs.containers import mpo_index
from imgbatch.codecs.containers.jpeg_companions import APP1, APP2, ISO_GAIN_MAP, Companion
from imgbatch.codecs.containers.jpeg_headers import segments
from imgbatch.codecs.formats import jpeg_lossless
from imgbatch.codecs.formats.jpeg import Jpeg
from imgbatch.codecs.metadata import announcements, strip
from imgbatch.codecs.metadata.block import GAIN_MAP, Metadata
from imgbatch.codecs.reading import companions
from imgbatch.codecs.writing.encode import metadata_options

if TYPE_CHECKING:
    from imgbatch.codecs.encoder_options import Encoding
    from imgbatch.codecs.reading.decode import SourceImage

_APP0 = 0xE0
_PRIMARY = 0x030000  # the type of the picture itself
#: How a film says where it was taken; other tracks and boxes hold no words of their own.
_PLACES = (b"\xa9xyz", b"loci", b"location.ISO6709", b"gpmd", b"GPS")


class Piece(NamedTuple):
    """A JPEG that follows the picture: what it is, its attributes in the MPF index, its bytes."""

    kind: str
    attributes: int
    data: bytes


class Rest:
    """What follows a picture whose metadata are changed.

    Parameters
    ----------
    source : bytes
        The file.
    end : int
        Where its picture ends.
    pieces : list of Piece or None
        What follows from now on; None: all that follows in `source`, as it is.
    """

    def __init__(self, source: bytes, end: int, pieces: list[Piece] | None) -> None:
        self.source, self.end, self.pieces = source, end, pieces

    def append_to(self, jpeg: bytes) -> bytes:
        """The file of the picture `jpeg`, which has no index yet, and of what follows."""
        if self.pieces is None:
            return _with_index(_insert(jpeg, iso_segments(self.source)), self.source, self.end)
        has_gain_map = any(piece.kind == GAIN_MAP for piece in self.pieces)
        return assemble(_insert(jpeg, iso_segments(self.source)) if has_gain_map else jpeg, self.pieces)


def rest_to_write(image: SourceImage, data: bytes, encoding: Encoding, final: Metadata, changes: list[str]) -> Rest:
    """What follows a JPEG's picture when its metadata are changed: all of it, or what has to go is left out.

    Parameters
    ----------
    image : SourceImage
    data : bytes
        Its file.
    encoding : Encoding
        Which metadata go, and whether gain maps stay.
    final : Metadata
        What is written; its XMP is made true.
    changes : list of str
        Gets what is not kept.
    """
    end = image.end or len(data)
    others, before = image.companions, image.metadata.xmp
    losses = [one for one in others if not _stays(data, one, encoding)]
    jpegs = [one for one in others if one.is_jpeg and one not in losses]
    pieces = [_strip(data, one, encoding) for one in jpegs]
    same_pieces = pieces == pieces_of(data, jpegs)
    if not losses and same_pieces and _announcements_of(before) == _announcements_of(final.xmp):
        return Rest(data, end, None)
    rest = [piece for piece in pieces if piece is not None]
    losses += [one for one, piece in zip(jpegs, pieces, strict=True) if piece is None]
    losses += [one for one in others if not one.is_jpeg and one not in losses]
    changes += companions.losses(losses, image)
    final.xmp = companions.without_announcements(final, others, changes).xmp
    final.xmp = announce(final.xmp, before, rest)
    return Rest(data, end, rest)


def announce(packet: bytes | None, source: bytes | None, pieces: Sequence[Piece]) -> bytes | None:
    """`packet` with the container directory of `pieces` and the mark of Ultra HDR, as far as `source` has them.

    Parameters
    ----------
    packet : bytes or None
        Without announcements.
    source : bytes or None
        The packet as it was.
    pieces : sequence of Piece
        What follows the picture, in order.
    """
    if source is None or not pieces or not announcements.items(source):
        return packet
    return announcements.with_directory(packet, [(piece.kind, len(piece.data)) for piece in pieces])


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
    return _insert(jpeg, segment(APP2, b"MPF\0" + bytes(block))) + b"".join(piece.data for piece in pieces)


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def iso_segments(data: bytes) -> bytes:
    """The segments of ISO 21496-1 in a JPEG's header."""
    return b"".join(
        data[start:end]
        for marker, start, end in segments(data)
        if marker == APP2 and data.startswith(ISO_GAIN_MAP, start + 4)
    )


def pieces_of(data: bytes, others: Sequence[Companion]) -> list[Piece]:
    """The JPEGs among the companions, as they are."""
    attributes = {entry.start: entry.type for entry in mpo_index.pictures(data)}
    return [Piece(one.kind, attributes.get(one.start, 0), data[one.start : one.end]) for one in others if one.is_jpeg]


def _insert(jpeg: bytes, more: bytes) -> bytes:
    """`jpeg` with more segments behind JFIF, EXIF and XMP."""
    at = _head_end(jpeg)
    return jpeg[:at] + more + jpeg[at:]


def _head_end(jpeg: bytes) -> int:
    at = 2
    for marker, start, end in segments(jpeg):
        if marker not in (_APP0, APP1) or start != at:
            break
        at = end
    return at


def _with_index(jpeg: bytes, source: bytes, end: int) -> bytes:
    """`jpeg` with what follows the picture in `source` from `end` on, and its index moved."""
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
    return _insert(jpeg, segment(APP2, b"MPF\0" + bytes(block))) + source[end:]


def _announcements_of(packet: bytes | None) -> object:
    """All that a packet announces, to be compared."""
    if packet is None or not announcements.announces(packet):
        return None
    kinds = sorted(announcements.without_announcements(packet)[1])
    return kinds, announcements.items(packet), announcements.film_length(packet)


def _stays(data: bytes, one: Companion, encoding: Encoding) -> bool:
    """Whether a companion may stay: a film's metadata cannot be stripped, so it goes where it could have some."""
    if one.kind == GAIN_MAP and encoding.gainmap == "drop":
        return False
    rules = strip.strip_rules(encoding.strip, encoding.keep)
    if one.is_jpeg or rules is None:
        return True
    if rules.block("film"):
        return False
    return not rules.drops("", "location", "gps") or not any(
        data.find(word, one.start, one.end) >= 0 for word in _PLACES
    )


def _strip(data: bytes, one: Companion, encoding: Encoding) -> Piece | None:
    """A JPEG without the metadata that are to go; a gain map keeps what is said of it. None: it cannot be read."""
    (piece,) = pieces_of(data, [one])
    metadata = _metadata(piece.data)
    if metadata is None:
        return piece if encoding.strip is None and encoding.keep is None else None
    final = strip.strip_metadata(metadata, encoding.strip, encoding.keep, [])
    if one.kind == GAIN_MAP and metadata.xmp and _announcements_of(final.xmp) != _announcements_of(metadata.xmp):
        final = replace(final, xmp=announcements.only_gain_map(metadata.xmp))
    if (final.exif, final.xmp, final.iptc, final.comment) == (
        metadata.exif, metadata.xmp, metadata.iptc, metadata.comment
    ):  # fmt: skip
        return piece
    raw = jpeg_lossless.replace_metadata(piece.data, metadata_options(Jpeg(), final, []), True)
    return None if raw is None else piece._replace(data=_insert(raw, iso_segments(piece.data)))


def _metadata(piece: bytes) -> Metadata | None:
    """What a JPEG that follows another holds; None where it cannot be read."""
    from PIL import JpegImagePlugin

    from imgbatch.codecs.metadata import exif, read

    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(piece)) as image:
            packet = read.packet(image, "jpeg", piece, [], [])
            return Metadata(
                exif=exif.exif_of(image, []), xmp=packet, iptc=read.records(image, []), comment=read.comment(image)
            )
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the picture itself is fine
        return None
