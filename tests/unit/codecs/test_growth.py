"""What a file says costs time in proportion to its length: no parser is quadratic in anything that a stranger wrote.

Each gets 100 kB and 1 MB of the worst that its expressions and loops could be given. Ten times as much may take ten
times the processor time; quadratic would be a hundred. What takes long already with 100 kB gets 300 kB: three times as
much, and quadratic would be nine.
"""

from __future__ import annotations

import contextlib
import functools
import re
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from imgbatch.codecs import contents, errors
from imgbatch.codecs.containers import (
    color_blocks,
    color_boxes,
    integrity,
    jpeg_progression,
    jxl_boxes,
    mpo_index,
    png_chunks,
)
from imgbatch.codecs.formats.companions import extended
from imgbatch.codecs.formats.rewrites import (
    gif_packet,
    item_boxes,
    jpeg_lossless,
    jxl_metadata,
    png_texts,
    tiff_entries,
    webp_metadata,
)
from imgbatch.codecs.metadata import announcements, exif, exif_tags, header_blocks, iptc, read, strip, xmp
from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.labels import exif_labels, iptc_labels, label_words, xmp_labels
from imgbatch.codecs.metadata.privacy import exif_compaction, geography
from imgbatch.codecs.metadata.regions.follow import follow
from imgbatch.codecs.reading import identify
from imgbatch.core.errors import ImageError
from imgbatch.core.places import Journey, PlaceMap
from imgbatch.operations.tone import cube_file
from imgbatch.pixels.color_spaces import icc_profile, matrix_conversion
from imgbatch.planning import globs
from tests.accompanied import companions

SMALL, LARGE, MEDIUM = 100_000, 1_000_000, 300_000
MOST = 35  # times as long; linear is 10, quadratic 100
#: The same for 300 kB: a quadratic part that makes 10 times 35 at 1 MB makes 3 times 4.6 here.
MOST_OF_MEDIUM = 4.6
FLOOR_S = 0.004  # what is shorter is not compared
SLOW_S = 0.008  # with 100 kB

LABELS = label_words.canonical_labels([("artist", "Ann"), ("keywords", "a,b"), ("title", "")]) or ()

_HEAD = b'<x:xmpmeta xmlns:x="x"><rdf:RDF xmlns:rdf="r"><rdf:Description xmlns:a="b" xmlns:tiff="t" a:c="d"'
_TAIL = b"</rdf:Description></rdf:RDF></x:xmpmeta>"


def _fill(part: bytes, size: int) -> bytes:
    return part * (size // len(part))


def _number(part: str, size: int) -> bytes:
    count = size // len(part % 0)
    return b"".join(part.encode() % number for number in range(count))


def _regions(inner: bytes, names: bytes = b"") -> bytes:
    names += (
        b' xmlns:mwg="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    )
    names += b' xmlns:st="http://ns.adobe.com/xmp/sType/Area#" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    return b"<mwg:Regions" + names + b"><rdf:Bag>" + inner + b"</rdf:Bag></mwg:Regions>"


def _follow(packet: bytes) -> object:
    journey = Journey((640, 480), 1, PlaceMap(False, -2, 640, 2, 0), (640, 480))
    return follow(Metadata(xmp=packet + b"<!--panorama/-->"), journey, [])


PACKETS: dict[str, Callable[[int], bytes]] = {
    "spaces in a tag": lambda size: _HEAD + b" " * size + b">" + _TAIL,
    "spaces at the end": lambda size: _HEAD + b">" + _TAIL + b" " * size + b"<!-- x -->",
    "spaces in pieces": lambda size: _HEAD + b">" + _TAIL + _fill(b" " * 200 + b"<", size),
    "one long word": lambda size: _HEAD + b" " + b"w" * size + b'="1">' + _TAIL,
    "a word and spaces": lambda size: _HEAD + b" a:z" + b" " * size + b"='1'>" + _TAIL,
    "a value": lambda size: _HEAD + b' a:z="' + b" a:b='" * (size // 6) + b'">' + _TAIL,
    "attributes": lambda size: _HEAD + _number(' a:x%d="1"', size) + b">" + _TAIL,
    "elements": lambda size: _HEAD + b">" + _fill(b"<a:e>1</a:e>", size) + _TAIL,
    "nested": lambda size: _HEAD + b">" + b"<a:e>" * (size // 11) + b"</a:e>" * (size // 11) + _TAIL,
    "numbers": lambda size: _HEAD + b' tiff:ImageWidth="' + b"1" * size + b'x">' + _TAIL,
    "spaces around a number": lambda size: _HEAD + b' tiff:ImageWidth="' + b" " * size + b'x">' + _TAIL,
    "unclosed numbers": lambda size: _HEAD + _fill(b' tiff:ImageWidth="', size),
    "unclosed elements": lambda size: _HEAD + _fill(b"<tiff:ImageWidth 1", size),
    "extensions": lambda size: _HEAD + _fill(b' xmpNote:HasExtendedXMP="', size),
    "extension and spaces": lambda size: _HEAD + b" xmpNote:HasExtendedXMP" + b" " * size,
    "positions": lambda size: _fill(b"<gpsla", size),
    "latitudes": lambda size: b"<" + b"latitude" * (size // 8),
    "vocabularies": lambda size: _fill(b"<a:b xmlns:a='c'>", size),
    "texts": lambda size: b"<a:b>" + _fill(b"geo:1<!-- -->", size) + b"</a:b>",
    "items": lambda size: _HEAD + b">" + _fill(b'<a:Item a:Semantic="GainMap" a:Length="1"/>', size) + _TAIL,
    "unclosed items": lambda size: _HEAD + _fill(b"<a:Item a:Length='", size),
    "namespaces": lambda size: (
        _HEAD + _number(' xmlns:z%d="http://ns.adobe.com/hdr-gain-map/1.0/"', size) + b">" + _TAIL
    ),
    "regions": lambda size: _regions(
        _fill(b"<rdf:li><mwg:Area st:x='0.9' st:y='.1' st:w='.1' st:h='.1'/></rdf:li>", size)
    ),
    "regions in px": lambda size: _regions(
        _fill(b"<rdf:li><mwg:Area st:x='9' st:y='9' st:unit='pixel'/></rdf:li>", size)
    ),
    "regions in regions": lambda size: _regions(_fill(b"<mwg:Regions><mwg:AppliedToDimensions/></mwg:Regions>", size)),
    "lists": lambda size: _regions(
        _fill(b"<exif:SubjectArea><rdf:li>3</rdf:li><rdf:li>4</rdf:li></exif:SubjectArea>", size)
    ),
    "prefixes": lambda size: _regions(_number("<z:a%d xmlns:z='z'/>", size), _number(" xmlns:y%d='y'", size)),
    "offsets": lambda size: _HEAD + _fill(b' a:MicroVideoOffset="' + b" " * 99, size),
}
ON_PACKETS: dict[str, Callable[[bytes], object]] = {
    "follow": _follow,
    "without": lambda packet: xmp.without(packet, lambda prefix, name, _: name != "c"),
    "without nothing": lambda packet: xmp.without(packet, lambda *_: False),
    "without values": lambda packet: xmp.without(packet, lambda *_: False, geography.is_position),
    "stripped": lambda packet: strip.strip_metadata(Metadata(xmp=packet), "location,artist", None, []),
    "without_padding": xmp.without_padding,
    "with_size": lambda packet: xmp.with_size(packet, (1, 1)),
    "with_srgb": lambda packet: xmp.with_srgb(packet + b"ICCProfile"),
    "with_upright_orientation": xmp.with_upright_orientation,
    "has_position": xmp.has_position,
    "to_utf8": xmp.to_utf8,
    "without_announcements": announcements.without_announcements,
    "items": announcements.items,
    "film_length": announcements.film_length,
    "only_gain_map": announcements.only_gain_map,
    "labels": lambda packet: xmp_labels.with_labels(packet, LABELS, []),
    "extended": lambda packet: re.sub(read._EXTENSION_NOTE, b"", packet),
}


def _directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    content = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + content + struct.pack("<I", following)


def _block(entries: list[tuple[int, int, int, int]], following: int = 0, rest: bytes = b"") -> bytes:
    return b"II*\0\x08\0\0\0" + _directory(entries, following) + rest


def _two_directories(size: int) -> bytes:
    count = size // 24
    gps = 8 + 2 + 12 * (count + 1) + 4
    values = gps + 2 + 12 * count + 4
    first = [(0x9300 + number % 20000, 5, 1, values) for number in range(count)]
    second = [(1 + number % 31, 5, 1, values + 8 + 8 * number) for number in range(count)]
    return _block([*first, (0x8825, 4, 1, gps)], 0, _directory(second) + bytes(8 + 8 * count))


def _one_value(size: int) -> bytes:
    """Thousands of tags of which each has nearly the whole block as its value."""
    count = size // 24
    return _block([(0x9300 + number % 20000, 7, size // 4 + number, 8) for number in range(count)], 0, bytes(size // 2))


def _latitudes(size: int) -> bytes:
    count = size // 24
    start = 8 + 2 + 12 + 4
    values = start + 2 + 12 * count + 4
    gps = _directory([(2, 7, size // 2 - number, values) for number in range(count)])
    return _block([(0x8825, 4, 1, start)], 0, gps + bytes(size // 2))


def _pointers(size: int) -> bytes:
    """A directory whose tags point to directories that overlap."""
    count = min(size // 24, 60_000)
    start = 8 + 2 + 12 * count + 4
    counts = struct.pack("<H", count // 2) * (size // 4)
    return _block([(0x8769, 4, 1, start + 2 * number) for number in range(count)], 0, counts)


def _thumbnails(size: int) -> bytes:
    count = min(size // 13, 60_000)
    start = 8 + 2 + 12 + 4
    return _block([(0x010F, 2, 4, 0)], start, _directory([(0x0201, 4, 1, 60)] * count) + bytes(size // 13))


def _packets(size: int) -> bytes:
    """Thousands of tags of which each has half of the block as its packet of XMP."""
    count = size // 24
    start = 8 + 2 + 12 * count + 4
    inner = _HEAD + b">" + _fill(b"<a:e>1</a:e>", size // 2) + _TAIL
    return _block([(700, 7, len(inner), start)] * count, 0, inner)


BLOCKS = {
    "packets": _packets,
    "two directories": _two_directories, "one value": _one_value, "latitudes": _latitudes, "pointers": _pointers,
    "thumbnails": _thumbnails, "marks": lambda size: _fill(b"Exif\0\0", size),
}  # fmt: skip
ON_BLOCKS: dict[str, Callable[[bytes], object]] = {
    "directories": lambda block: exif_tags.directories.__wrapped__(block),
    "without": lambda block: exif_tags.without(block, lambda tags: [tag for tag in tags if tag.directory != "image"]),
    "without most": lambda block: exif_tags.without(block, lambda tags: [tag for tag in tags if tag.tag != 0x9300]),
    "stripped": lambda block: strip.strip_metadata(Metadata(exif=block), "gps,thumbnail", None, []),
    "kept": lambda block: strip.strip_metadata(Metadata(exif=block), None, "artist", []),
    "compact": exif_compaction.compact,
    "without_slack": exif_compaction.without_slack,
    "with_size": lambda block: exif_tags.with_size(block, (1, 1)),
    "has_position": exif_tags.has_position,
    "has_unknown_directory": exif_compaction.has_unknown_directory,
    "thumbnail": exif_tags.thumbnail,
    "with_thumbnail": lambda block: exif_tags.with_thumbnail(block, b"x" * 100),
    "with_upright_orientation": exif.with_upright_orientation,
    "without_orientation": exif.without_orientation,
    "has_fixed_maker_note": exif.has_fixed_maker_note,
    "labels": lambda block: exif_labels.with_labels(block, LABELS),
    "marks": lambda block: re.sub(rb"\A(?:Exif\0\0)++", b"", block),
}


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


_SIGNATURE = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
_BOMB = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 20), 9))
_JPEG = b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0"
_SCAN = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\x12\xff\xd0"
_WAVES = b"\xff\xda\0\x08\1\1\0\x01\x05\0" + b"\x12"

_SMALL = b"\xff\xd8\xff\xda\0\2\1\xff\xd9"
_EXTENSION = b"\xff\xe1\0\x4e" + b"http://ns.adobe.com/xmp/extension/\0" + bytes(41)
_BLOCK = struct.pack("<HHII", 0, 0x0A30, 4, 4)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _properties(size: int) -> bytes:
    """Many properties, of as many items, in a box of them."""
    count = size // 40
    colors = _fill(_box(b"colr", b"nclx" + bytes(7)), count * 20)
    owners = struct.pack(">II", 0, count) + b"".join(
        struct.pack(">HBB", 9 + item % 60_000, 1, 1) for item in range(count)
    )
    parts = _box(b"iprp", _box(b"ipco", colors) + _box(b"ipma", owners))
    return _box(b"meta", bytes(4) + _box(b"pitm", struct.pack(">IH", 0, 1)) + parts + _box(b"iref", bytes(4)))


def _profile(size: int) -> bytes:
    """An RGB profile whose tags are all of it, or curves of as many entries."""
    curve = b"curv\0\0\0\0" + struct.pack(">I", size // 8) + bytes(size // 4)
    names = [b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ", *(b"%04d" % number for number in range(300))]
    table = b"".join(struct.pack(">4sII", name, 4000, len(curve)) for name in names)
    head = struct.pack(">I12s8s", size, b"", b"RGB XYZ ").ljust(128, b"\0") + struct.pack(">I", len(names)) + table
    return head.ljust(4000, b"\0") + curve


def _nest(size: int) -> bytes:
    """A film in a film in a film, each as long as what is left."""
    return b"".join(struct.pack(">I4s", size - at, b"trak") for at in range(0, size - 8, 8))


def _items(size: int) -> bytes:
    """An AVIF of thousands of items, of which each has thousands of extents, and half of them are EXIF."""
    count = size // 60
    place = b"\0\0\0\x08\0\0\0\x09"
    extents = b"".join(struct.pack(">HHH", item + 1, 0, 2) + place * 2 for item in range(count))
    iloc = _box(b"iloc", struct.pack(">IHH", 0, 0x4400, count) + extents)
    names = (struct.pack(">IHH", 2 << 24, item + 1, 0) + (b"Exif\0", b"av01\0")[item % 2] for item in range(count))
    iinf = _box(b"iinf", struct.pack(">IH", 0, count) + b"".join(_box(b"infe", name) for name in names))
    meta = _box(b"meta", bytes(4) + _box(b"pitm", struct.pack(">IH", 0, 2)) + iloc + iinf)
    return _box(b"ftyp", b"avif\0\0\0\0") + meta + _box(b"mdat", bytes(100))


def _long_extents(size: int) -> bytes:
    """An AVIF of one block of EXIF in thousands of extents, each of which is the whole file."""
    count = min(size // 8, 60_000)
    iloc = _box(b"iloc", struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, count) + struct.pack(">II", 0, size // 2) * count)
    iinf = _box(b"iinf", struct.pack(">IH", 0, 1) + _box(b"infe", struct.pack(">IHH", 2 << 24, 1, 0) + b"Exif\0"))
    return _box(b"meta", bytes(4) + _box(b"pitm", struct.pack(">IH", 0, 1)) + iloc + iinf) + _box(b"free", bytes(size))


def _items_in_one_place(size: int) -> bytes:
    """An AVIF that has the texts that are set, and thousands of other blocks of EXIF, each of them half of the file."""
    block, packet = exif_labels.with_labels(None, LABELS), xmp_labels.with_labels(None, LABELS, [])
    assert block is not None and packet is not None
    count, at = size // 80, 20 + 8
    places = [(at, 4 + len(block)), (at + 4 + len(block), len(packet)), *((at, size // 2) for _ in range(count))]
    rows = (struct.pack(">HHHHII", item, 0, 0, 1, *place) for item, place in enumerate(places, 1))
    iloc = _box(b"iloc", struct.pack(">IHH", 1 << 24, 0x4400, len(places)) + b"".join(rows))
    kinds = (b"Exif\0" if item != 2 else b"mime\0application/rdf+xml\0" for item in range(1, len(places) + 1))
    names = (_box(b"infe", struct.pack(">IHH", 2 << 24, item, 0) + kind) for item, kind in enumerate(kinds, 1))
    iinf = _box(b"iinf", struct.pack(">IH", 0, len(places)) + b"".join(names))
    mdat = _box(b"mdat", bytes(4) + block + packet + bytes(size // 2))
    return _box(b"ftyp", b"avif\0\0\0\0avif") + mdat + _box(b"meta", bytes(4) + iloc + iinf)


def _tracks(size: int) -> bytes:
    """An AVIF of thousands of tracks that are pictures, and of a long word of who handles them."""
    track = _box(b"trak", _box(b"mdia", _box(b"hdlr", bytes(8) + b"pict" + bytes(13))))
    lists = _box(b"iloc", struct.pack(">IHH", 0, 0x4400, 0)) + _box(b"iinf", struct.pack(">IH", 0, 0))
    handler = _box(b"hdlr", bytes(8) + b"pict" + bytes(12 + size // 20))
    meta = _box(b"meta", bytes(4) + handler + _box(b"pitm", struct.pack(">IH", 0, 1)) + lists)
    return _box(b"ftyp", b"avis\0\0\0\0avif") + meta + _box(b"moov", _fill(track, size))


def _texts_of_pages(size: int) -> bytes:
    """A TIFF of thousands of pages, of which each has half of the file as its packet of XMP."""
    count = size // 2 // 30
    pages = (_directory([(700, 7, size // 2, 8 + 18 * count)], 8 + 18 * (number + 1)) for number in range(count))
    return b"II*\0\x08\0\0\0" + b"".join(pages)[:-4] + bytes(4) + _fill(b"<a:e>1</a:e>", size // 2)


FILES: dict[str, Callable[[int], bytes]] = {
    "properties": _properties,
    "profile": _profile,
    "nested boxes": _nest,
    "nested heads": lambda size: _nest(size).replace(b"trak", b"jp2h"),
    "gif of a profile": lambda size: b"GIF89a\x21\xff\x0bICCRGBG1012" + _fill(b"\1x", size),
    "png of chunks": lambda size: _SIGNATURE + _fill(_chunk(b"tEXt", b"a\0b"), size),
    "png of bombs": lambda size: _SIGNATURE + _fill(_BOMB, size),
    "png of texts without an end": lambda size: _SIGNATURE + _fill(_chunk(b"iTXt", b"a\0\1\0xxx"), size),
    "png of empty chunks": lambda size: _SIGNATURE + _fill(_chunk(b"IDAT", b""), size),
    "jpeg of scans": lambda size: _JPEG + _fill(_SCAN, size) + b"\xff\xd9",
    "jpeg of waves": lambda size: _JPEG + _SCAN + _fill(_WAVES, size) + b"\xff\xd9",
    "jpeg of restarts": lambda size: _JPEG + b"\xff\xdd\0\4\0\1" + _SCAN + _fill(b"\xff\xd0", size) + b"\xff\xd9",
    "jpeg of fill bytes": lambda size: _JPEG + b"\xff" * size + _SCAN + b"\xff\xd9",
    "jpeg of segments": lambda size: _JPEG + _fill(b"\xff\xe1\0\2", size) + _SCAN + b"\xff\xd9",
    "jpeg of empty segments": lambda size: _JPEG + _fill(b"\xff\xe1\0\0", size) + _SCAN + b"\xff\xd9",
    "gif of blocks": lambda size: b"GIF89a\1\0\1\0\0\0\0" + _fill(b"\x21\xfe\1x\0", size) + b";",
    "webp of frames": lambda size: b"RIFF\xff\xff\xff\x7fWEBP" + _fill(b"ANMF\xff\xff\xff\x7f" + bytes(16), size),
    "webp": lambda size: b"RIFF" + struct.pack("<I", size) + b"WEBP" + bytes(size),
    "avif of boxes": lambda size: _fill(b"\0\0\0\x08free", size),
    "jxl of boxes": lambda size: b"\0\0\0\x0cJXL \r\n\x87\n" + _fill(b"\0\0\0\x08free", size),
    "jpeg and jpegs": lambda size: _SMALL + _fill(_SMALL, size),
    "jpeg and starts of jpegs": lambda size: _SMALL + _fill(b"\xff\xd8\xff\xe1", size),
    "jpeg and boxes": lambda size: _SMALL + b"\0\0\0\x08ftyp" + _fill(b"\0\0\0\x08free", size),
    "jpeg and starts of films": lambda size: _SMALL + _fill(b"ftyp\0", size),
    "jpeg of an extension": lambda size: _JPEG + _fill(_EXTENSION, size) + _SCAN + b"\xff\xd9",
    "jpeg and zeros": lambda size: _SMALL + bytes(size),
    "jpeg and blocks": lambda size: (
        _SMALL
        + b"SEFH"
        + struct.pack("<II", 106, size // 12)
        + _fill(_BLOCK, size)
        + struct.pack("<I", 12 + size // 12 * 12)
        + b"SEFT"
    ),
    "avif of items": _items,
    "avif of long extents": _long_extents,
    "avif of items in one place": _items_in_one_place,
    "avif of tracks": _tracks,
    "tiff of texts": _texts_of_pages,
    "webp of blocks": lambda size: (
        b"RIFF"
        + struct.pack("<I", 4 + 18 + size // 8 * 8)
        + b"WEBPVP8X\x0a\0\0\0"
        + bytes(10)
        + _fill(b"EXIF\0\0\0\0", size)
    ),
    "spaces": lambda size: b" " * size,
    "zeros": bytes,
    "resources": lambda size: _fill(b"8BIM\4\4\0\0\0\0\0\0", size),
    "records": lambda size: _fill(b"\x1c\2\x19\0\0", size),
    "long records": lambda size: _fill(b"\x1c\2\x19\xff\xff" + bytes(0x7FFF), size),
}
ON_FILES: dict[str, Callable[[bytes], object]] = {
    "of_heif": color_boxes.of_heif,
    "light levels of a png": png_chunks.light_levels,
    "light levels": color_boxes.light_levels,
    "of_jpeg2000": color_boxes.of_jpeg2000,
    "profile_of_gif": color_blocks.profile_of_gif,
    "profile_of_bmp": color_blocks.profile_of_bmp,
    "png_of_icon": lambda data: color_blocks.png_of_icon(data, (9, 9)),
    "cicp": png_chunks.cicp,
    "code_points": icc_profile.code_points,
    "matrix_profile": lambda data: matrix_conversion.matrix_profile.__wrapped__(data),
    "is_bare": png_chunks.is_bare,
    "without_heavy_chunks": png_chunks.without_heavy_chunks,
    "metadata_only": png_chunks.metadata_only,
    "strangers": functools.partial(contents.strangers, format="png"),
    "strangers of a gif": functools.partial(contents.strangers, format="gif"),
    "strangers of a webp": functools.partial(contents.strangers, format="webp"),
    "strangers of boxes": functools.partial(contents.strangers, format="heif"),
    "strangers of a tga": functools.partial(contents.strangers, format="tga"),
    "strangers of a ppm": functools.partial(contents.strangers, format="ppm"),
    "png": lambda data: list(integrity.png(data)),
    "jpeg": lambda data: list(integrity.jpeg(data)),
    "gif": lambda data: list(integrity.gif(data)),
    "webp": lambda data: list(integrity.webp(data)),
    "short_webp": integrity.short_webp,
    "profile is whole": icc_profile.is_whole,
    "is_lossless_webp": identify.is_lossless_webp,
    "avif": lambda data: list(integrity.avif(data)),
    "mpo": lambda data: list(mpo_index.findings(data)),
    "scans": integrity.jpeg_scans,
    "scans_alone": lambda data: integrity.scans_alone(data, 0, len(data)),
    "extension_of": extended.extension_of,
    "companions": lambda data: companions(data, b"<a:Item a:Mime='video/mp4' a:Length='9'/>" * 999),
    "without_fine_scans": jpeg_progression.without_fine_scans,
    "replace_metadata": lambda data: jpeg_lossless.replace_metadata(data, {}, True),
    "jxl": lambda data: jxl_boxes.header.__wrapped__(data),
    "looks_like": identify.looks_like,
    "other_format_of": identify.other_format_of,
    "resources": iptc.records_in_resources,
    "records": lambda data: iptc.without(data, lambda name, value: name == "headline"),
    "hexadecimal": iptc.hexadecimal,
    "with_records": lambda data: iptc.with_records(data, b"x"),
    "labels of records": lambda data: iptc_labels.with_labels(data, LABELS, []),
    "labels of a png": lambda data: png_texts.with_metadata(data, Metadata(), Metadata(text={"Author": "x"}), LABELS),
    "labels of a tiff": lambda data: tiff_entries.with_labels(data, LABELS),
    "labels of a webp": lambda data: webp_metadata.with_labels(data, (1, 1), LABELS),
    "labels of an avif": lambda data: item_boxes.with_labels(data, LABELS),
    "labels of a jxl": lambda data: jxl_metadata.with_labels(data, LABELS),
    "labels of a gif": lambda data: gif_packet.with_packet(data, b"<x/>"),
}

TEXTS: dict[str, Callable[[int], str]] = {
    "spaces": lambda size: " " * size,
    "digits": lambda size: "LUT_1D_SIZE " + "1" * size,
    "points": lambda size: "LUT_1D_SIZE 65536\n" + "0 0 0\n" * (size // 6),
    "one number": lambda size: "LUT_1D_SIZE 2\n0." + "1" * size + " 0 0",
    "lines": lambda size: "\n" * size,
    "digits in lines": lambda size: "\nexif\n 99999999\n" + "ab\n" * (size // 3),
    "pixels": lambda size: "(1" * (size // 2) + " pixels) exceeds limit of ",
}
ON_TEXTS: dict[str, Callable[[str], object]] = {
    "cube": cube_file.parse_cube,
    "raw profile": header_blocks.raw_profile,
    "decoder's words": lambda text: errors.classify(OSError(text), "decode"),
    "encoder's words": lambda text: errors.classify(ValueError(text), "encode"),
}


def _cost(work: Callable[[Any], object], data: object) -> float:
    """Processor seconds."""
    start = time.process_time()
    with contextlib.suppress(ValueError, ImageError):
        work(data)
    return time.process_time() - start


def _growth(work: Callable[[Any], object], make: Callable[[int], object]) -> str:
    """What it took, when that is more than in proportion.

    What others do on the machine only adds, so what seems too much is measured again, both sizes. Three times the size
    is soon measured, and caches and collections weigh there: what it convicts is heard again at ten times.
    """
    before = max(FLOOR_S, _cost(work, make(SMALL)))
    for size, most in ((MEDIUM, MOST_OF_MEDIUM), (LARGE, MOST)) if before > SLOW_S else ((LARGE, MOST),):
        after = _cost(work, make(size))
        for _ in range(2):
            if after > most * before:
                before = max(before, _cost(work, make(SMALL)))
                after = min(after, _cost(work, make(size)))
        if after <= most * before:
            return ""
    return f"{before:.4f} s, {after:.4f} s"


def _assert_linear(works: Mapping[str, Callable[[Any], object]], make: Callable[[int], object]) -> None:
    make_once = functools.cache(make)
    growths = {name: _growth(work, make_once) for name, work in works.items()}
    assert {name: growth for name, growth in growths.items() if growth} == {}


@pytest.mark.parametrize("data", PACKETS)
def test_xmp(data: str) -> None:
    _assert_linear(ON_PACKETS, PACKETS[data])


@pytest.mark.parametrize("data", BLOCKS)
def test_exif(data: str) -> None:
    _assert_linear(ON_BLOCKS, BLOCKS[data])


@pytest.mark.parametrize("data", FILES)
def test_containers(data: str) -> None:
    _assert_linear(ON_FILES, FILES[data])


@pytest.mark.parametrize("data", TEXTS)
def test_texts(data: str) -> None:
    _assert_linear(ON_TEXTS, TEXTS[data])


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("*a*a*a*a*b", "a"), ("**/a/**/a/**/a/**/b", "a/"), ("*[ab]*[ab]*[ab]*[ab]*c", "ab"), ("**/*a*/**/*a*/*b", "aa/")],
)
def test_globs(pattern: str, name: str) -> None:
    """A name in ten times the length: with every place tried for each star it would be 10,000 times the work."""
    matches = globs.include_filter([pattern])
    _assert_linear({"globs": matches}, lambda size: name * (size // 100 // len(name)))


def test_pages_of_a_tiff() -> None:
    """Each page is asked for among those before; one of them in ten times the number costs ten times as much."""
    from imgbatch.codecs.reading.limits import pixel_limit
    from imgbatch.codecs.reading.open import open_image

    def tiff(size: int) -> bytes:
        fields = ((256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1))
        length = 2 + 12 * len(fields) + 4
        pages = [_directory(list(fields), 10 + length * (page + 1)) for page in range(size // 10 // length)]
        pages[-1] = pages[-1][:-4] + bytes(4)
        return b"II*\0\x0a\0\0\0x\0" + b"".join(pages)

    def count(data: bytes) -> None:
        with pixel_limit(10**9), open_image(data, ".tif", 10**9) as picture:
            assert picture.frame_count > 100
            assert 0 not in picture.image._frame_pos  # type: ignore[attr-defined]
            places = picture.image._frame_pos  # type: ignore[attr-defined]
            assert type(places).__contains__ is not list.__contains__

    _assert_linear({"pages": count}, tiff)
