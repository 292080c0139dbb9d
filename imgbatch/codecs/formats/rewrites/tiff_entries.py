"""TIFF entries: how do texts get into the directories of a TIFF while its pixels stay where they are?

A directory whose entries change is written again at the end of the file with its new values, and what points to it is
changed; strips, tiles and all other values keep their places. The old texts are zeroed. The first page gets all texts,
another page those that it has.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

from imgbatch.codecs.metadata import iptc, spans
from imgbatch.codecs.metadata.exif_tags import BYTE, IPTC_TAG, RESOURCES_TAG, SIZES, UNDEFINED, XMP_TAG
from imgbatch.codecs.metadata.labels import exif_labels, iptc_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import Labels
from imgbatch.codecs.metadata.xmp import to_utf8

_TAGS = {XMP_TAG, IPTC_TAG, RESOURCES_TAG, *exif_labels.TAGS.values(), *exif_labels.WINDOWS_TAGS.values()}
#: The tags that change, with their types and bytes; None: one goes.
TagChanges = dict[int, tuple[int, bytes] | None]
#: Where strips and tiles begin, and how long they are.
_PLACES = {273: 279, 324: 325}
_MOST_PAGES = 100_000


class _Shape(NamedTuple):
    """How a TIFF or BigTIFF counts: struct's letters for a number of entries and a place, and bytes of an entry."""

    order: str
    counter: str
    place: str
    entry: int


class _Row(NamedTuple):
    """An entry: its own bytes, and where its value stands."""

    tag: int
    raw: bytes
    start: int
    length: int
    is_inline: bool


class _PageTable(NamedTuple):
    """A directory: what points to it, where it stands, its entries, and the place of the next one."""

    pointer: int
    at: int
    end: int
    rows: tuple[_Row, ...]
    following: int


def with_labels(data: bytes, labels: Labels) -> bytes | None:
    """A TIFF with the texts of `labels`; the same where it has them, None where its directories are damaged."""
    shape = _shape(data)
    pages = None if shape is None else _pages(data, shape)
    if shape is None or not pages:
        return None
    room, values = 2 * len(data), list[TagChanges]()
    for number, page in enumerate(pages):
        rows = [row for row in page.rows if row.tag in _TAGS]
        room -= sum(row.length for row in page.rows if row.tag in _PLACES or row.tag in _PLACES.values())
        room -= sum(row.length for row in rows)
        if room < 0:  # values lie upon each other
            return None
        raw = {row.tag: data[row.start : row.start + row.length] for row in rows}
        values.append(_values(raw, labels, number == 0))
    if not any(values):
        return data
    block = _without_old(data, shape, pages, values)
    pointer = pages[0].pointer
    for page, new in zip(pages, values, strict=True):
        at, following = page.at, page.end
        if new:
            at = _append(block, shape, page, new)
            following = at + struct.calcsize(shape.counter) + shape.entry * _count(page, new)
        struct.pack_into(shape.place, block, pointer, at)
        pointer = following
    return bytes(block)


def _shape(data: bytes) -> _Shape | None:
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return None
    (version,) = struct.unpack_from(order + "H", data, 2)
    if version == 43 and struct.unpack_from(order + "HH", data, 4) == (8, 0):
        return _Shape(order, order + "Q", order + "Q", 20)
    return _Shape(order, order + "H", order + "I", 12) if version == 42 else None


def _pages(data: bytes, shape: _Shape) -> list[_PageTable] | None:
    """The directories in their order; None where one does not lie within the file, or comes again."""
    width, head = struct.calcsize(shape.place), struct.calcsize(shape.counter)
    pages: list[_PageTable] = []
    places: set[int] = set()
    pointer, room = 8 if width == 8 else 4, len(data)
    (at,) = struct.unpack_from(shape.place, data, pointer)
    while at:
        if at in places or not 8 <= at <= len(data) - head or len(pages) >= _MOST_PAGES:
            return None
        (count,) = struct.unpack_from(shape.counter, data, at)
        end = at + head + shape.entry * count
        room -= end - at
        if end + width > len(data) or room < 0:
            return None
        rows = tuple(_row(data, place, shape) for place in range(at + head, end, shape.entry))
        (following,) = struct.unpack_from(shape.place, data, end)
        pages.append(_PageTable(pointer, at, end, rows, following))
        places.add(at)
        pointer, at = end, following
    return pages


def _row(data: bytes, at: int, shape: _Shape) -> _Row:
    tag, kind = struct.unpack_from(shape.order + "HH", data, at)
    (number,) = struct.unpack_from(shape.place, data, at + 4)
    width = struct.calcsize(shape.place)
    length, value = number * SIZES.get(kind, 0), at + 4 + width
    is_inline = length <= width
    start = value if is_inline else struct.unpack_from(shape.place, data, value)[0]
    if start + length > len(data):
        length = 0
    return _Row(tag, data[at : at + shape.entry], start, length, is_inline)


def _values(raw: dict[int, bytes], labels: Labels, is_first: bool) -> TagChanges:
    """The tags of a page that change, with their types and bytes; None: one goes. `raw` is what it has of them."""
    changes: TagChanges = {}
    for tag, value in exif_labels.tag_values(labels, tuple(raw)).items():
        if (tag in raw or (is_first and value is not None)) and (value is None or raw.get(tag) != value[1]):
            changes[tag] = value
    packet = to_utf8(raw[XMP_TAG]) if XMP_TAG in raw else None
    if is_first or (packet is not None and xmp_labels.without_labels(packet, labels) != packet):
        new = xmp_labels.with_labels(packet, labels, [])
        if new != packet:
            changes[XMP_TAG] = (BYTE, new) if new else None
    records = raw.get(IPTC_TAG)
    if (is_first and not _has_records(raw)) or (records and (is_first or iptc_labels.has_other(records, labels))):
        new = iptc_labels.with_labels(records, labels, [])
        if new != records:
            changes[IPTC_TAG] = (UNDEFINED, new) if new else None
    blocks = raw.get(RESOURCES_TAG, b"")
    inside = iptc.records_in_resources(blocks)
    if inside is not None and (new := iptc_labels.with_labels(inside, labels, [])) != inside:
        blocks = iptc.with_records(blocks, new)
        changes[RESOURCES_TAG] = (BYTE, blocks) if blocks else None
    return changes


def _has_records(raw: dict[int, bytes]) -> bool:
    """Whether a page has records of IPTC among Photoshop's resources, where readers look for them, too."""
    return not raw.get(IPTC_TAG) and iptc.records_in_resources(raw.get(RESOURCES_TAG, b"")) is not None


def _without_old(data: bytes, shape: _Shape, pages: list[_PageTable], values: list[TagChanges]) -> bytearray:
    """The file with zeros for what is written anew; what of that is at its end is cut off."""
    old: list[spans.Span] = []
    width = struct.calcsize(shape.place)
    rest: list[spans.Span] = [(0, pages[0].pointer + width)]
    for page, new in zip(pages, values, strict=True):
        (old if new else rest).append((page.at, page.end + width))
        rest += _strips(data, shape, page)
        for row in page.rows:
            if not row.is_inline:
                (old if row.tag in new else rest).append((row.start, row.start + row.length))
    block, last = bytearray(data), max(end for _, end in rest)
    for start, end in reversed(spans.difference(old, rest)):
        block[start:end] = bytes(end - start)
        if end >= last and end > len(block) - 8 and not any(block[end:]):  # but for what fills up to an even place
            del block[start:]
    return block


def _strips(data: bytes, shape: _Shape, page: _PageTable) -> list[spans.Span]:
    """Where the pixels of a page stand, in strips or tiles."""
    numbers = {row.tag: _numbers(data, shape, row) for row in page.rows if row.tag in (*_PLACES, *_PLACES.values())}
    result = []
    for places, lengths in _PLACES.items():
        rows = itertools.zip_longest(numbers.get(places, ()), numbers.get(lengths, ()))
        result += [(at, at + length if length else len(data)) for at, length in rows if at]
    return result


def _numbers(data: bytes, shape: _Shape, row: _Row) -> list[int]:
    """The whole numbers of an entry."""
    letter = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(struct.unpack_from(shape.order + "H", row.raw, 2)[0], "B")
    size = struct.calcsize(letter)
    raw = data[row.start : row.start + row.length // size * size]
    return [number for (number,) in struct.iter_unpack(shape.order + letter, raw)]


def _count(page: _PageTable, new: TagChanges) -> int:
    return sum(row.tag not in new for row in page.rows) + sum(value is not None for value in new.values())


def _append(block: bytearray, shape: _Shape, page: _PageTable, new: TagChanges) -> int:
    """Write a page's directory at the end of a file, behind its new values; where it stands."""
    width = struct.calcsize(shape.place)
    rows = [(row.tag, row.raw) for row in page.rows if row.tag not in new]
    for tag, value in sorted(new.items()):
        if value is None:
            continue
        kind, raw = value
        head = struct.pack(shape.order + "HH", tag, kind) + struct.pack(shape.place, len(raw))
        if len(raw) <= width:
            rows.append((tag, head + raw.ljust(width, b"\0")))
        else:
            block += bytes(len(block) % 2)
            rows.append((tag, head + struct.pack(shape.place, len(block))))
            block += raw
    block += bytes(-len(block) % 8)
    at = len(block)
    rows.sort(key=lambda row: row[0])
    block += struct.pack(shape.counter, len(rows)) + b"".join(raw for _, raw in rows)
    block += struct.pack(shape.place, page.following)
    return at
