"""EXIF tags: how are they found, taken out or changed, while everything that stays keeps its place?

An EXIF block is a small TIFF file: directories of 12-byte entries, with values elsewhere in the block. Cameras put
offsets into private values (maker notes) that only they understand, so nothing may move. An entry is removed by closing
its directory over it and by zeroing its value; what becomes free at the end of the block is cut off. Directories that
do not lie within the block, or are met twice, are not followed, nor more of them than have room beside each other.
"""

from __future__ import annotations

import functools
import struct
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from imgbatch.codecs.metadata import spans

EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
MAKER_NOTE = 0x927C
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_OWN_SIZE = (0x1001, 0x1002)  # width and height of the picture itself (DCF), in the directory of compatibility
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_LATITUDE = 0x0002
ORIENTATION = 0x0112
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
#: Blocks that TIFF holds in tags, and so may EXIF: XMP, IPTC, Photoshop's resources.
XMP_TAG, IPTC_TAG, RESOURCES_TAG = 0x02BC, 0x83BB, 0x8649
COLOR_SPACE, INTEROP_INDEX = 0xA001, 0x0001
BYTE, ASCII, SHORT, LONG, UNDEFINED, UTF_8 = 1, 2, 3, 4, 7, 129
#: Tags that say where another directory stands.
POINTERS = {EXIF_IFD: "exif", GPS_IFD: "gps", INTEROP_IFD: "interop"}
#: Bytes by type: TIFF 6.0; 13 is its supplement's, 16 to 18 are BigTIFF's, 129 is UTF-8 (EXIF 3.0).
SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1,
}  # fmt: skip


class Entry(NamedTuple):
    """One tag: `directory` is ``image``, ``thumbnail``, ``exif``, ``gps`` or ``interop``; `at` where the entry stands.

    `number` is how many values it has; `start` and `length` are of all of them, in bytes: they may stand in the entry.
    `is_measured` tells whether that is known: not of a type that is none of ours, nor of a value that is cut off.
    """

    directory: str
    at: int
    tag: int
    kind: int
    number: int
    start: int
    length: int
    is_measured: bool = True


class Directory(NamedTuple):
    """One list of entries, and where its count stands."""

    name: str
    at: int
    entries: tuple[Entry, ...]


def order_of(exif: bytes) -> str | None:
    """``<`` or ``>`` as struct has it; None: this is no EXIF block."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4]) if len(exif) >= 8 else None


@functools.lru_cache(maxsize=4)
def directories(exif: bytes) -> tuple[Directory, ...]:
    """The directories that lie within the block, the picture's first."""
    order = order_of(exif)
    if order is None:
        return ()
    by_offset: dict[int, Directory] = {}
    queue = [("image", struct.unpack_from(order + "I", exif, 4)[0])]
    room = len(exif)
    for name, at in queue:  # which grows meanwhile
        directory = None if at in by_offset or room <= 0 else _directory(exif, order, name, at)
        if directory is None:
            continue
        by_offset[at] = directory
        room -= 2 + 12 * len(directory.entries)
        for entry in directory.entries:
            inner = POINTERS.get(entry.tag)
            if inner is not None and name in ("image", "exif") and entry.length == 4:
                queue.append((inner, struct.unpack_from(order + "I", exif, entry.start)[0]))
        after = at + 2 + 12 * len(directory.entries)
        if name == "image" and after + 4 <= len(exif):
            queue.append(("thumbnail", struct.unpack_from(order + "I", exif, after)[0]))
    return tuple(by_offset.values())


def entries(exif: bytes) -> list[Entry]:
    """All tags, directory by directory."""
    return [entry for directory in directories(exif) for entry in directory.entries]


def has_position(exif: bytes) -> bool:
    """Whether a latitude is among the tags; cameras without a fix write one of zeros, without a denominator."""
    places = [entry for entry in entries(exif) if entry.directory == "gps" and entry.tag == _LATITUDE]
    return any(place.length > 64 or any(exif[place.start : place.start + place.length]) for place in places)


def has_thumbnail(exif: bytes) -> bool:
    """Whether a small picture is embedded."""
    return any(entry.directory == "thumbnail" for entry in entries(exif))


#: Of all tags of a block those that are to go.
Selection = Callable[[Sequence[Entry]], Iterable[Entry]]


def of_thumbnail(tags: Sequence[Entry]) -> list[Entry]:
    """The tags of the small picture."""
    return [tag for tag in tags if tag.directory == "thumbnail"]


def without(exif: bytes, select: Selection) -> bytes | None:
    """The block without the tags that `select` gives; the same where there are none, None where none are left.

    A directory that has lost all its entries goes, and so does the entry that points to it.
    """
    order, ifds = order_of(exif), directories(exif)
    every = [entry for directory in ifds for entry in directory.entries]
    removals = {entry.at for entry in select([entry for entry in every if entry.tag not in POINTERS])}
    if order is None or not removals:
        return exif
    empty: set[str] = set()
    for directory in reversed(ifds):  # what is pointed to comes before what points
        removals |= {entry.at for entry in directory.entries if POINTERS.get(entry.tag) in empty}
        if directory.entries and all(entry.at in removals for entry in directory.entries):
            empty.add(directory.name)
    if "image" in empty:
        return None
    block = bytearray(exif)
    free_spans = _value_spans(exif, ifds, removals)
    for start, end in spans.union(free_spans):
        block[start:end] = bytes(end - start)
    for directory in ifds:
        free_spans += _close(block, order, directory, removals, directory.name in empty)
    if "thumbnail" in empty:
        first = ifds[0]
        count = sum(entry.at not in removals for entry in first.entries)
        struct.pack_into(order + "I", block, first.at + 2 + 12 * count, 0)
    return bytes(block[: _end(len(block), free_spans)])


def with_numbers(exif: bytes, numbers: Mapping[int, int], interop: Mapping[int, int] | None = None) -> bytes:
    """The block with other `numbers` (by tag) where it has one whole number.

    Parameters
    ----------
    exif : bytes
    numbers : mapping of int to int
        Of the directories of the picture.
    interop : mapping of int to int, optional
        Of the directory of compatibility.
    """
    by_directory = {"image": numbers, "exif": numbers, "interop": interop or {}}
    order, block = order_of(exif), bytearray(exif)
    for entry in entries(exif):
        whole = entry.number == 1 and entry.kind in (SHORT, LONG)
        if whole and entry.tag in by_directory.get(entry.directory, ()):
            value = by_directory[entry.directory][entry.tag]
            kind, word = (SHORT, "H2x") if entry.kind == SHORT and value < 1 << 16 else (LONG, "I")
            struct.pack_into(f"{order}HI{word}", block, entry.at + 2, kind, 1, value)
    return bytes(block)


def with_ascii_kinds(exif: bytes, texts: Container[int] = ()) -> bytes:
    """The block with texts as ASCII, the type that all readers know: those of EXIF 3.0's UTF-8, and plain bytes.

    `texts` are the tags beyond the first directory of which it is known that their bytes are one.
    """
    block = bytearray(exif)
    for entry in entries(exif):
        is_text = entry.kind in (BYTE, UNDEFINED) and entry.directory != "image" and entry.tag in texts
        if entry.kind == UTF_8 or is_text:
            struct.pack_into(f"{order_of(exif)}H", block, entry.at + 2, ASCII)
    return bytes(block)


def with_size(exif: bytes, size: tuple[int, int]) -> bytes:
    """The block with `size` (width, height) where it says how many pixels the picture has."""
    numbers = {**dict.fromkeys(_WIDTHS, size[0]), **dict.fromkeys(_HEIGHTS, size[1])}
    return with_numbers(exif, numbers, dict(zip(_OWN_SIZE, size, strict=True)))


def with_srgb(exif: bytes) -> bytes:
    """The block with sRGB where it names the color space, or says (R03) that it is Adobe RGB."""
    block = with_numbers(exif, {COLOR_SPACE: 1})
    for entry in entries(block):
        value = block[entry.start : entry.start + entry.length]
        if entry.directory == "interop" and entry.tag == INTEROP_INDEX and value.startswith(b"R03"):
            block = block[: entry.start] + b"R98" + block[entry.start + 3 :]
    return block


def thumbnail(exif: bytes) -> bytes | None:
    """The embedded JPEG; None where there is none within the block."""
    span = thumbnail_span(exif)
    return None if span is None else exif[span[0] : span[1]]


def with_thumbnail(exif: bytes, data: bytes) -> bytes:
    """The block with another embedded JPEG: in the place of the old one, or at its end where that is too small."""
    span, order = thumbnail_span(exif), order_of(exif)
    if span is None or order is None:
        return exif
    block, (start, end) = bytearray(exif), span
    block[start:end] = bytes(end - start)
    if end == len(exif):
        del block[start:]
    elif len(data) > end - start:
        start = len(block)
    block[start : start + len(data)] = data
    for entry in entries(exif):
        if entry.directory == "thumbnail" and entry.tag in (_THUMBNAIL, _THUMBNAIL_LENGTH):
            value = start if entry.tag == _THUMBNAIL else len(data)
            struct.pack_into(f"{order}HII", block, entry.at + 2, LONG, 1, value)
    return bytes(block)


def _directory(exif: bytes, order: str, name: str, at: int) -> Directory | None:
    if at < 8 or at + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(order + "H", exif, at)
    if at + 2 + 12 * count > len(exif):
        return None
    members = []
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", exif, place)
        length = number * SIZES.get(kind, 0)
        start = place + 8 if length <= 4 and kind in SIZES else struct.unpack_from(order + "I", exif, place + 8)[0]
        is_measured = kind in SIZES and start + length <= len(exif)
        members.append(Entry(name, place, tag, kind, number, start, length if is_measured else 0, is_measured))
    return Directory(name, at, tuple(members))


def _value_spans(exif: bytes, ifds: Sequence[Directory], removals: set[int]) -> list[spans.Span]:
    """Where the values of tags stand that are to go: all of them but what another tag has for its own value, too.

    A value that cannot be measured may go on up to the next that can.
    """
    every = [entry for directory in ifds for entry in directory.entries]
    rest = {(entry.start, entry.start + entry.length) for entry in every if entry.at not in removals}
    tables = [(0, 8), *((one.at, one.at + 2 + 12 * len(one.entries) + 4) for one in ifds)]
    leavers = [entry for entry in every if entry.at in removals]
    values = [(one.start, one.start + one.length) for one in leavers if one.length > 4 and one.start >= 8]
    if any(entry.tag == _THUMBNAIL for entry in of_thumbnail(leavers)) and (span := thumbnail_span(exif)) is not None:
        values.append(span)
    elif (span := thumbnail_span(exif)) is not None:
        rest.add(span)
    starts = sorted({start for start, _ in (*tables, *rest) if start < len(exif)})
    open_spans = []
    for entry in leavers:
        if not entry.is_measured and 8 <= entry.start < len(exif):
            at = bisect_right(starts, entry.start)
            open_spans.append((entry.start, starts[at] if at < len(starts) else len(exif)))
    return spans.difference([*values, *spans.difference(open_spans, rest)], [*tables, *rest.intersection(values)])


def _close(block: bytearray, order: str, directory: Directory, removals: set[int], empty: bool) -> list[spans.Span]:
    """Close a directory over its removed entries; where bytes became free."""
    count, start = len(directory.entries), directory.at + 2
    end = min(start + 12 * count + 4, len(block))
    if empty:
        block[directory.at : end] = bytes(end - directory.at)
        return [(directory.at, end)]
    body = b"".join(bytes(block[entry.at : entry.at + 12]) for entry in directory.entries if entry.at not in removals)
    rest = body + bytes(block[start + 12 * count : end])
    struct.pack_into(order + "H", block, directory.at, len(body) // 12)
    block[start:end] = rest + bytes(end - start - len(rest))
    return [(start + len(rest), end)]


def _end(length: int, free_spans: list[tuple[int, int]]) -> int:
    """Where the block ends when free bytes at its end are cut off."""
    for start, end in sorted(free_spans, key=lambda span: -span[1]):
        if end >= length > start:
            length = start
    return length


def thumbnail_span(exif: bytes) -> spans.Span | None:
    """Where the embedded JPEG lies; None where there is none within the block."""
    order = order_of(exif)
    values = {}
    for entry in entries(exif):
        if entry.directory == "thumbnail" and entry.tag in (_THUMBNAIL, _THUMBNAIL_LENGTH) and entry.number == 1:
            word = {SHORT: "H", LONG: "I"}.get(entry.kind)
            if word is not None:
                values[entry.tag] = struct.unpack_from(f"{order}{word}", exif, entry.at + 8)[0]
    if len(values) < 2:
        return None
    start, end = values[_THUMBNAIL], values[_THUMBNAIL] + values[_THUMBNAIL_LENGTH]
    return (start, end) if 8 <= start < end <= len(exif) else None
