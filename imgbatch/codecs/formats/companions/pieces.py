"""Pieces: how does a JPEG that accompanies another change, and keep what is said of it?"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.containers import jpeg_headers, mpo_index
from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.containers.jpeg_companions import ISO_GAIN_MAP, Companion
from imgbatch.codecs.containers.jpeg_headers import APP1, APP2, APPLICATIONS, COM, segments
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.formats.companions.layout import Piece, insert, iso_segments
from imgbatch.codecs.formats.jpeg import Jpeg
from imgbatch.codecs.formats.rewrites import jpeg_lossless
from imgbatch.codecs.metadata import announcements, strip
from imgbatch.codecs.metadata.block import GAIN_MAP, Metadata
from imgbatch.codecs.metadata.header_blocks import JFIF, MPF, PROFILE, XMP
from imgbatch.codecs.writing.encode import metadata_options

if TYPE_CHECKING:
    from PIL.Image import Image


def pieces_of(data: bytes, others: Sequence[Companion]) -> list[Piece]:
    """The JPEGs among the companions, as they are."""
    attributes = {entry.start: entry.type for entry in mpo_index.pictures(data)}
    return [Piece(one.kind, attributes.get(one.start, 0), data[one.start : one.end]) for one in others if one.is_jpeg]


def strip_piece(piece: Piece, encoding: Encoding) -> Piece | None:
    """A JPEG without the metadata that are to go; a gain map keeps what is said of it. None: it cannot be read."""
    metadata = _metadata(piece.data)
    if metadata is None:
        return piece if encoding.strip is None and encoding.keep is None else None
    final = strip.strip_metadata(metadata, encoding.strip, encoding.keep, [])
    if encoding.set:
        from imgbatch.codecs.metadata.labels.write_labels import with_labels_where_there

        final = with_labels_where_there(final, encoding.set)
    if piece.kind == GAIN_MAP and metadata.xmp and announcements_of(final.xmp) != announcements_of(metadata.xmp):
        final = replace(final, xmp=announcements.only_gain_map(metadata.xmp))
    raw = jpeg_lossless.replace_metadata(piece.data, metadata_options(Jpeg(), final, []), True)
    if raw is None:
        return None
    same = (final.exif, final.xmp, final.iptc, final.comment) == (
        metadata.exif, metadata.xmp, metadata.iptc, metadata.comment
    )  # fmt: skip
    raw = insert(raw, iso_segments(piece.data))
    return piece if same and _blocks(raw) == _blocks(piece.data) else piece._replace(data=raw)


def remake(piece: Piece, change: Callable[[Image], Image], most: int) -> Piece | None:
    """A JPEG with changed pixels, which keeps its tables, its profile and what is said of a gain map; None: unreadable.

    Parameters
    ----------
    piece : Piece
    change : callable
        Image -> image, both gray or RGB.
    most : int
        Pixels that it may have, which are no more than those of the picture that it belongs to.
    """
    from PIL import JpegImagePlugin

    codec, encoding = Jpeg(), Encoding(quality="keep")
    try:
        if len(jpeg_scans(piece.data)[0]) > jpeg_headers.MOST_SCANS:
            return None
        with JpegImagePlugin.JpegImageFile(io.BytesIO(piece.data)) as image:
            if image.width * image.height > most or image.mode not in ("L", "RGB"):
                return None
            tables = jpeg_headers.tables(image)
            frames = [change(image)]
        options = codec.options(encoding, frames)
        if tables is not None:
            options |= codec.table_options(tables, encoding, frames)
        jpeg = codec.save(frames, options)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the picture itself is fine
        return None
    return piece._replace(data=insert(jpeg, _essential_segments(piece.data)))


def is_gray(piece: Piece) -> bool:
    """Whether a JPEG has one channel."""
    from PIL import JpegImagePlugin

    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(piece.data)) as image:
            return image.mode == "L"
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is no gray picture
        return False


def _essential_segments(data: bytes) -> bytes:
    """The segments of a gain map that say how its pixels are meant: XMP, profile, ISO 21496-1."""
    return b"".join(
        data[start:end]
        for marker, start, end in segments(data)
        if (marker == APP1 and data.startswith(XMP, start + 4))
        or (marker == APP2 and data.startswith((ISO_GAIN_MAP, PROFILE), start + 4))
    )


def _blocks(jpeg: bytes) -> list[bytes]:
    """What the application segments of a JPEG hold, without its index and JFIF."""
    contents = [jpeg[start + 4 : end] for marker, start, end in segments(jpeg) if marker in (*APPLICATIONS, COM)]
    return sorted(content for content in contents if not content.startswith((JFIF, MPF)))


def _metadata(piece: bytes) -> Metadata | None:
    """What a JPEG that follows another holds; None where it cannot be read."""
    from PIL import JpegImagePlugin

    from imgbatch.codecs.metadata import exif, header_blocks, read

    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(piece)) as image:
            header_blocks.choose(image, [])
            packet = read.packet(image, "jpeg", piece, [], [])
            return Metadata(
                exif=exif.exif_of(image, []), xmp=packet, iptc=read.records(image, []), comment=read.comment(image)
            )
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the picture itself is fine
        return None


def announcements_of(packet: bytes | None) -> object:
    """All that a packet announces, to be compared."""
    if packet is None or not announcements.announces(packet):
        return None
    kinds = sorted(announcements.without_announcements(packet)[1])
    return kinds, announcements.items(packet), announcements.film_length(packet)
