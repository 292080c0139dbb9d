"""JPEG XL metadata: how do texts get into a JPEG XL around the same codestream?

EXIF and XMP stand in boxes beside the codestream (ISO/IEC 18181-2); a naked codestream gets a container. Boxes packed
by Brotli cannot be read here and go, and what restores a JPEG goes, too: it holds for the metadata of before only.
"""

from __future__ import annotations

from imgbatch.codecs.containers.jxl_boxes import CODESTREAM_START, CONTAINER
from imgbatch.codecs.formats.rewrites.item_list import BoxDamage, boxes
from imgbatch.codecs.metadata import header_blocks
from imgbatch.codecs.metadata.labels import exif_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels
from imgbatch.codecs.metadata.xmp import to_utf8

_FILE_TYPE = b"\0\0\0\x14ftypjxl \0\0\0\0jxl "


def with_labels(data: bytes, labels: Labels) -> bytes | None:
    """A JPEG XL with the texts of `labels`; the same where it has them, None where its boxes are damaged."""
    rows = [(b"jxlc", data)]
    if not data.startswith(CODESTREAM_START):
        try:
            rows = [(name, data[start:end]) for name, _, start, end in boxes(data, 0, len(data))]
        except BoxDamage:
            return None
        if rows[:2] != [(b"JXL ", CONTAINER[8:]), (b"ftyp", _FILE_TYPE[8:])]:
            return None
        rows = rows[2:]
    exif, packet = block_and_packet(rows)
    new_exif = exif_labels.with_labels(exif, labels)
    new_packet = xmp_labels.with_labels(packet, labels, [])
    brotli_boxes = [name for name, content in rows if name == b"brob" and content[:4] in (b"Exif", b"xml ")]
    if (new_exif, new_packet) == (exif, packet) and not brotli_boxes:
        return data
    pieces = [CONTAINER, _FILE_TYPE]
    pieces += [_box(b"Exif", bytes(4) + new_exif)] if new_exif else []
    pieces += [_box(b"xml ", new_packet)] if new_packet else []
    for name, content in rows:
        is_brotli = name == b"brob" and content[:4] in (b"Exif", b"xml ")
        if name not in (b"Exif", b"xml ", b"jbrd") and not is_brotli:
            pieces.append(_box(name, content))
    return b"".join(pieces)


def block_and_packet(rows: list[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """The first EXIF block and the first packet of XMP among boxes."""
    exif = next((content for name, content in rows if name == b"Exif"), None)
    if exif is not None:
        exif = header_blocks.without_marks(exif[4 + int.from_bytes(exif[:4], "big") :]) or None
    packet = next((content for name, content in rows if name == b"xml "), None)
    return exif, None if packet is None else to_utf8(packet)


def _box(name: bytes, content: bytes) -> bytes:
    length = 8 + len(content)
    if length < 1 << 32:
        return length.to_bytes(4, "big") + name + content
    return b"\0\0\0\1" + name + (length + 8).to_bytes(8, "big") + content
