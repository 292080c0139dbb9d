"""MPO index: are the pictures there that a JPEG says follow its own (stereo, previews, gain maps)?

CIPA DC-007: an APP2 segment "MPF" holds a TIFF structure, whose tag 0xB002 has 16 bytes for each picture: attributes,
length, offset from that structure (0: the first picture), and numbers of dependent pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgbatch.codecs.containers.integrity import jpeg_scans
from imgbatch.codecs.containers.jpeg_headers import APP2, segments
from imgbatch.codecs.errors import Finding
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.header_blocks import MPF

_VERSION, _COUNT, _ENTRIES = 0xB000, 0xB001, 0xB002


class Picture(NamedTuple):
    """One picture of the index: its type (the low 24 bits of its attributes), where it begins, how long it is."""

    type: int
    start: int
    length: int


class Index(NamedTuple):
    """Where the index lies: its TIFF structure in the file, where that ends, the entries' place in it, their number."""

    base: int
    end: int
    order: str
    place: int
    number: int


def index(data: bytes) -> Index | None:
    """The index of a JPEG; None where it has none that can be read."""
    for marker, start, end in segments(data):
        if marker == APP2 and data.startswith(MPF, start + 4):
            base = start + 4 + len(MPF)
            block = data[base:end]
            entries = next((entry for entry in exif_tags.entries(block) if entry.tag == _ENTRIES), None)
            order = exif_tags.order_of(block)
            if entries is None or order is None:
                return None
            return Index(base, end, order, entries.start, min(entries.length, len(block) - entries.start) // 16)
    return None


def pictures(data: bytes) -> list[Picture]:
    """What the index says, the picture itself first."""
    where = index(data)
    if where is None:
        return []
    rows = []
    for number in range(where.number):
        attributes, length, offset = struct.unpack_from(
            where.order + "III", data, where.base + where.place + 16 * number
        )
        rows.append(Picture(attributes & 0xFFFFFF, where.base + offset if number else 0, length))
    return rows


def has_attributes(data: bytes) -> bool:
    """Whether the index says more of its pictures than where they are: how a pair of them lies, their identities."""
    where = index(data)
    entries = () if where is None else exif_tags.entries(data[where.base : where.end])
    return any(entry.tag not in (_VERSION, _COUNT, _ENTRIES) for entry in entries)


def findings(data: bytes) -> Iterator[Finding]:
    """A picture that ends too early, or is not where the index says."""
    for number, (_, start, length) in enumerate(pictures(data)[1:], 2):
        if start + length <= len(data) and data.startswith(b"\xff\xd8", start):
            continue
        if start + 2 > len(data):
            yield Finding("truncated", f"the file ends at byte {len(data)}, before its picture {number} at {start}")
        elif not data.startswith(b"\xff\xd8", start):
            yield Finding(None, f"picture {number} is not where the file says (byte {start})")
        elif jpeg_scans(data, start)[1] is None:
            yield Finding("truncated", f"the file ends at byte {len(data)}, inside its picture {number} (from {start})")
        return  # the first is enough: thousands may be announced
