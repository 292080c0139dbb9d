"""TIFF tags: what does each page of a TIFF say of itself, beside its pixels?

Each page has a directory of its own: resolution, description and name of a page are not those of the first. What
professions add (GeoTIFF's place on earth, GDAL's, a document's name) goes from TIFF to TIFF; what describes how pixels
are stored does not, since they are stored anew; of the rest a note says that it is not kept.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from imgbatch.codecs.contents import bytes_after
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.block import PageTags, TagValue
from imgbatch.codecs.metadata.exif_tags import EXIF_IFD, GPS_IFD, IPTC_TAG, RESOURCES_TAG, SIZES, XMP_TAG
from imgbatch.codecs.metadata.words import EXIF_PAGE_TAGS, PLACE_TAGS, TIFF_TAGS

_EXTRA_SAMPLES, _MOST_EXTRA = 338, 512  # a tag, and bytes of its value
_SUBFILE, _COMPRESSION, _SUB_IFDS, _LAYERS = 254, 259, 330, 37724
#: Tags of the places of pixels and of how many bytes lie there: strips, tiles, a JPEG.
_PLACES_OF_PIXELS = {273: 279, 324: 325, 513: 514}
_TAGS_OF_PIXELS = frozenset({*_PLACES_OF_PIXELS, *_PLACES_OF_PIXELS.values()})
_NUMBERS, _PADDING = {3: "H", 4: "I", 16: "Q"}, 16  # types of whole numbers; zero bytes
_PARTS = {5: 4, 10: 4}  # bytes of a number, where a value has two
_CARRIED_TYPES = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})  # of a TIFF that is no BigTIFF
#: How the pixels are stored, what they mean, and blocks that are read as such: nothing to say where they are anew.
_OF_STORAGE = frozenset({
    *range(254, 269), 273, 274, *range(277, 285), *range(288, 294), 301, 317, 318, 319, 320, 321, 322, 323, 324, 325,
    326, 327, 328, 332, 333, 334, 336, 337, 338, 339, 340, 341, 342, 347, *range(512, 522), 529, 530, 531, 532, XMP_TAG,
    IPTC_TAG, EXIF_IFD, GPS_IFD, 34675, *EXIF_PAGE_TAGS,
})  # fmt: skip
_OF_CAMERA = frozenset({50341, 59932})  # PrintIM and room for more tags: of use to nobody but their writers
_BLOCKS = {_SUB_IFDS: "sub-pictures", RESOURCES_TAG: "photoshop resources", _LAYERS: "photoshop layers"}
_OF_FIRST = {EXIF_IFD: "exif", GPS_IFD: "gps", XMP_TAG: "xmp", IPTC_TAG: "iptc"}
_MOST_NAMES = 8  # of tags that nobody knows
_MOST_PAGES, _MOST_BYTES = 100_000, 16 << 20  # of all values together


class _Entry(NamedTuple):
    tag: int
    kind: int
    number: int
    start: int
    length: int


class PageDirectories(NamedTuple):
    """What the pages of a TIFF say: the tags of each that go into another TIFF, and what is not kept, in words.

    `compressions` are TIFF's numbers of how the pixels of each page are packed.
    """

    pages: tuple[PageTags, ...]
    losses: tuple[str, ...]
    compressions: tuple[int, ...]


def page_directories(data: bytes) -> PageDirectories:
    """The tags of the pages that count (no reduced copies), the first of them without those that EXIF has."""
    names = {**TIFF_TAGS, **PLACE_TAGS}
    pages: list[PageTags] = []
    compressions: list[int] = []
    losses: dict[str, None] = {}
    strangers: set[int] = set()
    room = _MOST_BYTES
    extents: list[_Entry] = []
    end = 0  # of the last directory
    for number, (entries, stop) in enumerate(_directories(data)):
        extents += entries
        end = max(end, stop)
        subfile = next((entry for entry in entries if entry.tag == _SUBFILE), None)
        if number and subfile is not None and _first_number(data, subfile) & 5:
            continue
        tags: PageTags = {}
        if (extra := _unspecified_samples(data, entries)) != 0:
            word = "an extra sample" if extra == 1 else f"{extra} extra samples"
            losses[f"{word} of no stated meaning"] = None
        for entry in entries:
            is_of_page = entry.tag in names or (number and entry.tag in EXIF_PAGE_TAGS)
            if is_of_page and entry.kind in _CARRIED_TYPES and entry.length <= room:
                room -= entry.length
                tags[entry.tag] = _value(data, entry)
            elif is_of_page:
                losses[f"tag {names.get(entry.tag, entry.tag)}"] = None
            elif entry.tag in _BLOCKS:
                losses[_BLOCKS[entry.tag]] = None
            elif number and entry.tag in _OF_FIRST:
                losses[f"{_OF_FIRST[entry.tag]} of other pages"] = None
            elif entry.tag not in _OF_STORAGE:
                strangers.add(entry.tag)
        pages.append(tags)
        packing = next((entry for entry in entries if entry.tag == _COMPRESSION), None)
        compressions.append(1 if packing is None else _first_number(data, packing))
    if strangers:
        losses[_numbers("tiff", strangers)] = None
    if (rest := _bytes_after(data, extents, end)) > 0:
        losses[bytes_after(rest)] = None
    return PageDirectories(tuple(pages) if any(pages) else (), tuple(losses), tuple(compressions))


def _bytes_after(data: bytes, entries: Sequence[_Entry], end: int) -> int:
    """How many bytes lie behind all that the pages point to; 0 where that cannot be told.

    Where they are part of a directory of a kind that is not looked into, it is true that they are not kept, too.

    Parameters
    ----------
    data : bytes
        The whole file.
    entries : sequence of _Entry
        Of all pages.
    end : int
        Of the last directory; 0: there is none.
    """
    order = "<" if data[:2] == b"II" else ">"
    room = len(data) if end else 0
    arrays: dict[int, list[tuple[int, ...]]] = {}
    for entry in entries:
        end = max(end, entry.start + entry.length)
        room -= entry.length
        form = _NUMBERS.get(entry.kind)
        if entry.tag in _TAGS_OF_PIXELS and form is not None and room > 0:
            raw = data[entry.start : entry.start + entry.length]
            arrays.setdefault(entry.tag, []).append(struct.unpack(f"{order}{entry.number}{form}", raw))
        elif entry.tag in (EXIF_IFD, GPS_IFD) and entry.length == 4:
            (at,) = struct.unpack_from(order + "I", data, entry.start)
            inner = _entries_at(data, at, order)
            room -= 12 * len(inner)
            end = max([end, *(one.start + one.length for one in inner)])
        if entry.tag == _SUB_IFDS or room <= 0:
            return 0
    for places, lengths in _PLACES_OF_PIXELS.items():
        if len(arrays.get(places, ())) != len(arrays.get(lengths, ())):
            return 0
        for starts, sizes in zip(arrays.get(places, ()), arrays.get(lengths, ()), strict=True):
            end = max([end, *map(sum, zip(starts, sizes, strict=False))])
    end += end % 2  # values begin at even places
    rest = len(data) - end if room > 0 else 0
    return 0 if rest <= _PADDING and not data[end:].strip(b"\0") else max(0, rest)


def _entries_at(data: bytes, at: int, order: str) -> list[_Entry]:
    """The entries of a directory of EXIF."""
    if not 8 <= at <= len(data) - 2:
        return []
    (count,) = struct.unpack_from(order + "H", data, at)
    end = at + 2 + 12 * count
    return [_entry(data, here, order, False) for here in range(at + 2, end, 12)] if end <= len(data) else []


def tags_of_block(exif: bytes) -> tuple[PageTags, list[str]]:
    """The tags of an EXIF block that a page of a TIFF may hold beside what describes it, and what is not kept."""
    tags: PageTags = {}
    strangers: set[int] = set()
    for entry in exif_tags.entries(exif):
        if entry.directory != "image" or entry.tag in _OF_STORAGE or entry.tag in _OF_CAMERA:
            continue
        if entry.tag in TIFF_TAGS and entry.kind in _CARRIED_TYPES and entry.is_measured:
            tags[entry.tag] = _value(exif, _Entry(entry.tag, entry.kind, entry.number, entry.start, entry.length))
        else:
            strangers.add(entry.tag)
    return tags, [_numbers("exif", strangers)] if strangers else []


def _numbers(kind: str, tags: Collection[int]) -> str:
    """Tags of that kind that nobody here knows, by their numbers."""
    first = ", ".join(map(str, sorted(tags)[:_MOST_NAMES]))
    more = f" and {len(tags) - _MOST_NAMES} more" if len(tags) > _MOST_NAMES else ""
    return f"{kind} tag{'s' if len(tags) > 1 else ''} {first}{more}"


def names_of(pages: Sequence[PageTags], count: int) -> list[str]:
    """What formats without these tags lose of the first `count` pages, in words; a page's number is no loss."""
    names = {**TIFF_TAGS, **PLACE_TAGS}
    losses = [names[tag] for tag in (pages[0] if pages else ()) if tag in names and names[tag] != "PageNumber"]
    others = any(tag in names or tag in EXIF_PAGE_TAGS for page in pages[1:count] for tag in page)
    return ([", ".join(losses)] if losses else []) + (["tags of other pages"] if others else [])


def _directories(data: bytes) -> Iterator[tuple[list[_Entry], int]]:
    """The entries of each directory within the file, and where it ends; no more than have room beside each other."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    is_big = data[2:4] in (b"+\0", b"\0+")
    if order is None or len(data) < 16:
        return
    place, counter, entry_size = (order + "Q", order + "Q", 20) if is_big else (order + "I", order + "H", 12)
    (at,) = struct.unpack_from(place, data, 8 if is_big else 4)
    places: set[int] = set()
    room = len(data)
    while 8 <= at <= len(data) - struct.calcsize(counter) and at not in places and len(places) < _MOST_PAGES:
        places.add(at)
        (count,) = struct.unpack_from(counter, data, at)
        start = at + struct.calcsize(counter)
        end = start + count * entry_size
        room -= end - at
        if end > len(data) or room < 0:
            return
        yield (
            [_entry(data, here, order, is_big) for here in range(start, end, entry_size)],
            end + struct.calcsize(place),
        )
        if end + struct.calcsize(place) > len(data):
            return
        (at,) = struct.unpack_from(place, data, end)


def _entry(data: bytes, at: int, order: str, is_big: bool) -> _Entry:
    tag, kind, count = struct.unpack_from(order + ("HHQ" if is_big else "HHI"), data, at)
    inline, value = (8, at + 12) if is_big else (4, at + 8)
    length = SIZES.get(kind, 0) * count
    start = value
    if length > inline:
        (start,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, value)
    if start + length > len(data):
        kind, length = 0, 0  # it lies outside: there is no such value
    return _Entry(tag, kind, count, start, length)


def _unspecified_samples(data: bytes, entries: Sequence[_Entry]) -> int:
    """How many samples of a pixel nobody says the meaning of: alpha, infrared, a mask. Readers leave them out."""
    entry = next((entry for entry in entries if entry.tag == _EXTRA_SAMPLES and SIZES.get(entry.kind) == 2), None)
    if entry is None:
        return 0
    raw, order = data[entry.start : entry.start + entry.length], "little" if data[:2] == b"II" else "big"
    kinds = [int.from_bytes(raw[at : at + 2], order) for at in range(0, min(len(raw), _MOST_EXTRA), 2)]  # type: ignore[arg-type]
    return len(kinds) - (1 if kinds and kinds[0] != 0 else 0)


def _first_number(data: bytes, entry: _Entry) -> int:
    size = SIZES.get(entry.kind, 0)
    return int.from_bytes(data[entry.start : entry.start + size], "little" if data[:2] == b"II" else "big")


def _value(data: bytes, entry: _Entry) -> TagValue:
    """A value as it stands in a TIFF whose bytes are in the usual order (little-endian)."""
    raw = data[entry.start : entry.start + entry.length]
    size = _PARTS.get(entry.kind, SIZES[entry.kind])
    if size > 1 and data[:2] == b"MM":
        turned = bytearray(len(raw))
        for byte in range(size):
            turned[byte::size] = raw[size - 1 - byte :: size]
        raw = bytes(turned)
    return TagValue(entry.kind, entry.number, raw)
