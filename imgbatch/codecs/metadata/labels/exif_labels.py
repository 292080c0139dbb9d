"""EXIF labels: how do texts get into a block of EXIF whose values must not move?

A tag whose text changes is taken out, its old bytes zeroed, and the first directory is written again at the end of the
block, with the new tags among the others; nothing else moves, since maker notes may point anywhere. A text is of the
type ASCII and holds UTF-8: the type that every reader expects, in the coding that the Metadata Working Group asks for
(Guidelines for Handling Image Metadata 2.0, 2010, "EXIF text") and exiftool and Adobe's programs write. EXIF 3.0's type
129, which means UTF-8, is passed over by Pillow, libexif and Windows. Where Windows' own texts (UTF-16) are there, they
change, too; else they are not made.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from imgbatch.codecs.metadata import exif_tags, iptc, spans
from imgbatch.codecs.metadata.exif_tags import ASCII, BYTE, IPTC_TAG, RESOURCES_TAG, XMP_TAG, Entry
from imgbatch.codecs.metadata.labels import iptc_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels
from imgbatch.codecs.metadata.xmp import to_utf8

#: The tag of a word, and that of Windows.
TAGS = {"artist": 0x013B, "copyright": 0x8298, "description": 0x010E}
WINDOWS_TAGS = {"title": 0x9C9B, "description": 0x9C9C, "artist": 0x9C9D, "keywords": 0x9C9E}
_EMPTY = b"II*\0\x08\0\0\0" + bytes(6)


def tag_values(labels: Labels, tags: Sequence[int]) -> dict[int, tuple[int, bytes] | None]:
    """Type and bytes of the tags that labels mean; None: the tag goes.

    Parameters
    ----------
    labels : Labels
    tags : sequence of int
        Those that are there: of Windows' only these are written.
    """
    values: dict[int, tuple[int, bytes] | None] = {}
    for word, text in labels:
        if word in TAGS and isinstance(text, str):
            values[TAGS[word]] = (ASCII, text.encode() + b"\0") if text else None
        if (tag := WINDOWS_TAGS.get(word)) in tags and tag is not None:
            line = text if isinstance(text, str) else ";".join(text)
            values[tag] = (BYTE, line.encode("utf-16-le") + b"\0\0") if line else None
    return values


def with_labels(exif: bytes | None, labels: Labels) -> bytes | None:
    """A block with the texts of `labels`; the same where it has them already, None where no tag is left.

    Blocks of XMP and IPTC in tags of EXIF that say something else are taken out whole.
    """
    every = exif_tags.entries(exif or b"")
    values = tag_values(labels, [entry.tag for entry in every])
    leavers = {tag for tag in values if not _is_right(exif or b"", every, tag, values[tag])}
    blocks, room = set(), 2 * len(exif or b"")
    for entry in every:
        if entry.tag in (XMP_TAG, IPTC_TAG, RESOURCES_TAG):
            room -= entry.length
            if room < 0 or _is_other_block(exif or b"", entry, labels):  # below 0 they lie upon each other
                blocks.add(entry.at)
    if not leavers and not blocks:
        return exif
    block = exif
    if exif is not None:
        block = exif_tags.without(exif, lambda tags: [tag for tag in tags if tag.tag in leavers or tag.at in blocks])
    additions = {tag: value for tag in leavers if (value := values[tag]) is not None}
    return _with_tags(block or _EMPTY, additions) if additions else block


def _is_right(exif: bytes, every: Sequence[Entry], tag: int, value: tuple[int, bytes] | None) -> bool:
    """Whether a tag stands where it should, once, with that value; or nowhere, as it should."""
    entries = [entry for entry in every if entry.tag == tag]
    if value is None:
        return not entries
    if len(entries) != 1:
        return False
    one = entries[0]
    return (one.directory, one.kind, exif[one.start : one.start + one.length]) == ("image", *value)


def _is_other_block(exif: bytes, entry: Entry, labels: Labels) -> bool:
    """Whether a tag is a block of XMP or IPTC that says something else."""
    raw = exif[entry.start : entry.start + entry.length]
    if entry.tag == XMP_TAG:
        packet = to_utf8(raw)
        return xmp_labels.without_labels(packet, labels) != packet
    records = iptc.records_in_resources(raw) if entry.tag == RESOURCES_TAG else raw
    return records is not None and iptc_labels.has_other(records, labels)


def _with_tags(exif: bytes, additions: dict[int, tuple[int, bytes]]) -> bytes:
    """A block with more tags in its first directory, which is written again at the end."""
    order, ifds = exif_tags.order_of(exif), exif_tags.directories(exif)
    if order is None or not ifds:
        return exif
    first = ifds[0]
    end = first.at + 2 + 12 * len(first.entries)
    rows = {place: exif[entry.at : entry.at + 12] for place, entry in enumerate(first.entries)}
    following = exif[end : end + 4].ljust(4, b"\0")
    block = bytearray(exif)
    others = [(one.at, one.at + 2 + 12 * len(one.entries) + 4) for one in ifds[1:]]
    values = [(one.start, one.start + one.length) for one in exif_tags.entries(exif) if one.length > 4]
    small = exif_tags.thumbnail_span(exif)
    for start, stop in spans.difference(
        [(first.at, min(end + 4, len(exif)))], [(0, 8), *others, *values, *([] if small is None else [small])]
    ):
        block[start:stop] = bytes(stop - start)
        if stop == len(block):
            ends = [8, *(end for _, end in (*others, *values)), *([] if small is None else [small[1]])]
            del block[max(max(ends), len(block[:start].rstrip(b"\0"))) :]
    for tag, (kind, raw) in sorted(additions.items()):
        row = struct.pack(order + "HHI", tag, kind, len(raw))
        if len(raw) <= 4:
            rows[len(rows)] = row + raw.ljust(4, b"\0")
        else:
            block += bytes(len(block) % 2)
            rows[len(rows)] = row + struct.pack(order + "I", len(block))
            block += raw
    block += bytes(len(block) % 2)
    struct.pack_into(order + "I", block, 4, len(block))
    table = sorted(rows.values(), key=lambda row: struct.unpack(order + "H", row[:2]))
    return bytes(block) + struct.pack(order + "H", len(table)) + b"".join(table) + following
