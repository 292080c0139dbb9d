"""Boxes: what stands in a file of boxes (AVIF, HEIC, JPEG XL, JPEG 2000) that nobody reads here?

Of a picture's box ``meta`` the items count one by one (ISO/IEC 23008-12): pictures beside the primary one, small ones,
blocks of other kinds of metadata. What is known to accompany a picture is for reading/companions.py.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgbatch.codecs.containers import color_boxes
from imgbatch.codecs.contents import ANEW, MOST_NAMES, READ, Fates, bytes_after, word_of

_NAME = re.compile(rb"[\x20-\x7e\xa9]{4}")
_STREAMS = (b"\xff\x4f\xff\x51", b"\xff\n")  # of JPEG 2000 and JPEG XL without boxes
_END_OF_STREAM = b"\xff\xd9"
#: The identities of boxes ``uuid`` of JPEG 2000 that are read.
XMP_BOX, EXIF_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC"), b"JpgTiffExif->JP2"
_UUIDS = {XMP_BOX: "xmp", EXIF_BOX: "exif"}
#: What boxes are called that have a name among people.
_TITLES = {b"jbrd": "JPEG reconstruction data", b"jumb": "jumb box (C2PA and others)"}
XMP_TYPE = b"application/rdf+xml"
_AUXILIARY = re.compile(rb"auxC.{4}(urn:[\x21-\x7e]{1,80})\0", re.DOTALL)
#: Alpha, and what reading/companions.py names.
_KNOWN_AUXILIARY = re.compile(rb":alpha\Z|auxid:1\Z|auxid:2\Z|:depth\Z|hdrgainmap\Z")


class _Item(NamedTuple):
    kind: str
    content_type: bytes
    is_hidden: bool


def strangers(data: bytes, format: str, fates: Fates) -> list[str]:
    """What a file has that nobody reads here.

    Parameters
    ----------
    data, format, fates
        As of :data:`contents.Finder`.
    """
    if data.startswith(_STREAMS):
        rest = len(data) - (data.rfind(_END_OF_STREAM) + 2) if data.startswith(_STREAMS[0]) else 0
        return [bytes_after(rest)] if 1 < rest < len(data) - 1 else []
    names: dict[str, None] = {}
    blocks: dict[str, bytes] = {}
    at = 0
    for name, start, stop in color_boxes.outer_boxes(data):
        if not _is_whole(data, at, name):
            break
        at = stop
        word = name.decode("latin-1")
        if name == b"meta" and len(names) < MOST_NAMES:
            names |= dict.fromkeys(_items(data, start + 4, stop, fates, format))
        elif name == b"uuid" and (uuid := _UUIDS.get(data[start : start + 16], "")) in fates:
            names |= _second(blocks, uuid, data[start:stop])
        elif word not in fates and len(names) < MOST_NAMES:
            names[_title(data, name, start)] = None
        elif fates.get(word) == READ:
            names |= _second(blocks, word.strip().lower().replace("xml", "xmp"), data[start:stop])
    rest = len(data) - at
    return [*names, *([bytes_after(rest)] if rest > 1 and at else [])]


def blocks_of(data: bytes) -> dict[str, bytes]:
    """The ``xmp`` and ``exif`` that Pillow does not read of a JPEG 2000, and the ``xmp`` of a JPEG XL."""
    blocks: dict[str, bytes] = {}
    kind = data[4:8]
    for name, start, stop in color_boxes.outer_boxes(data) if kind in (b"jP  ", b"JXL ") else ():
        if name == b"uuid" and kind == b"jP  " and (word := _UUIDS.get(data[start : start + 16])) is not None:
            blocks.setdefault(word, data[start + 16 : stop])
        elif name == b"xml " and kind == b"JXL ":
            blocks.setdefault("xmp", data[start:stop])
    return blocks


def _second(blocks: dict[str, bytes], word: str, content: bytes) -> dict[str, None]:
    """That a block comes again with something else in it."""
    what = "packet" if word == "xmp" else "block"
    return {f"second {word} {what}": None} if blocks.setdefault(word, content) != content else {}


def _is_whole(data: bytes, at: int, name: bytes) -> bool:
    """Whether what begins there is a box that lies within the file."""
    length = int.from_bytes(data[at : at + 4], "big")
    if length == 1:
        length = int.from_bytes(data[at + 8 : at + 16], "big")
    return _NAME.fullmatch(name) is not None and at + length <= len(data)


def _title(data: bytes, name: bytes, start: int) -> str:
    if name in _TITLES:
        return _TITLES[name]
    return "compressed " + word_of(data[start : start + 4], "box") if name == b"brob" else word_of(name, "box")


def _items(data: bytes, start: int, end: int, fates: Fates, format: str) -> Iterator[str]:
    """What is said of the items in a box ``meta``."""
    inner = {name: (at, stop) for name, at, stop in reversed(color_boxes.inner_boxes(data, start, end))}
    items = _all_items(data, *inner.get(b"iinf", (0, 0)))
    count = {"xmp packet": 0, "exif block": 0}
    strange: dict[str, None] = {}
    for item in items.values():
        if item.kind not in fates or (item.kind == "mime" and item.content_type != XMP_TYPE):
            kind = item.content_type.decode("latin-1")[:40] if item.kind == "mime" else item.kind
            strange[word_of(kind.encode("latin-1"), "item")] = None
        elif item.kind in ("Exif", "mime"):
            count["exif block" if item.kind == "Exif" else "xmp packet"] += 1
    yield from list(strange)[:MOST_NAMES]
    yield from (f"second {word}" for word, number in count.items() if number > 1)
    at, stop = inner.get(b"pitm", (0, 0))
    first = int.from_bytes(data[at + 4 : at + (8 if data[at] else 6)], "big") if stop - at >= 6 else 0
    parts, small = _parts(data, *inner.get(b"iref", (0, 0)))
    pictures = {number for number, item in items.items() if fates.get(item.kind) == ANEW and not item.is_hidden}
    if pictures & small:
        yield "embedded thumbnail"
    more = len(pictures - parts - small - {first})
    if format == "avif" and more:  # of a HEIC its reader counts them
        yield "second picture" if more == 1 else f"{more} more pictures"
    at, stop = inner.get(b"iprp", (0, 0))
    kinds = dict.fromkeys(match[1] for match in _AUXILIARY.finditer(data, at, stop))
    for urn in [urn for urn in kinds if _KNOWN_AUXILIARY.search(urn) is None][:MOST_NAMES]:
        yield f"auxiliary picture {urn.decode('ascii').rpartition(':')[2]}"


def _all_items(data: bytes, start: int, end: int) -> dict[int, _Item]:
    """The items by their numbers."""
    items: dict[int, _Item] = {}
    if end - start < 6:
        return items
    for name, at, stop in color_boxes.inner_boxes(data, start + (8 if data[start] else 6), end):
        version = data[at] if stop > at else 0
        form = ">I" if version == 3 else ">H"
        if name != b"infe" or version < 2 or stop - at < 4 + struct.calcsize(form) + 6:
            continue
        (number,) = struct.unpack_from(form, data, at + 4)
        place = at + 4 + struct.calcsize(form) + 2
        content_type = data[place + 4 : stop].split(b"\0")[1:2]
        kind = data[place : place + 4].decode("latin-1")
        items[number] = _Item(kind, content_type[0] if content_type else b"", bool(data[at + 3] & 1))
    return items


def _parts(data: bytes, start: int, end: int) -> tuple[set[int], set[int]]:
    """The items of which others are made, or that say more of them; and the small pictures of others."""
    parts: set[int] = set()
    small: set[int] = set()
    if end - start < 4:
        return parts, small
    form = ">I" if data[start] else ">H"
    size = struct.calcsize(form)
    for name, at, stop in color_boxes.inner_boxes(data, start + 4, end):
        if stop - at < size + 2:
            continue
        (source,) = struct.unpack_from(form, data, at)
        count = int.from_bytes(data[at + size : at + size + 2], "big")
        if name == b"dimg":
            places = range(at + size + 2, min(at + size + 2 + count * size, stop - size + 1), size)
            parts |= {struct.unpack_from(form, data, place)[0] for place in places}
        elif name == b"thmb":
            small.add(source)
        elif name == b"auxl":
            parts.add(source)
    return parts, small
