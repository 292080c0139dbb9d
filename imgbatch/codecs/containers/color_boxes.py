"""Color boxes: what do AVIF, HEIC and JPEG 2000 say of colors and pixels, in boxes that readers keep to themselves?

All three are made of boxes (ISO/IEC 14496-12, 15444-1 annex I): length, name, content, often more boxes. A box that
says more than there is ends where its parent does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_FOLDERS_OF_JP2 = (b"jp2h", b"jplh", b"cgrp")
#: From a film's head to what describes its pixels, and how many bytes each has in front of its boxes.
_FOLDERS_OF_FILM = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8, b"av01": 78, b"hvc1": 78}


class ColorBox(NamedTuple):
    """What one color box says.

    Attributes
    ----------
    icc : bytes or None
        A profile.
    code_points : (int, int) or None
        Color primaries and transfer characteristics by ITU-T H.273.
    jp2_number : int or None
        JPEG 2000's number of a color space.
    jp2_method : int or None
        How a box says it that says nothing that is known: 4 is a vendor's own way.
    """

    icc: bytes | None = None
    code_points: tuple[int, int] | None = None
    jp2_number: int | None = None
    jp2_method: int | None = None


_Box = tuple[bytes, int, int]  # name, where its content begins, and where it ends


def of_heif(data: bytes) -> ColorBox | None:
    """The numbers (nclx) of the primary picture of an AVIF or HEIC, or of its sequence; None where none are there.

    Those of a picture that is made of tiles may stand with the tiles. A profile is no matter here: readers give it.
    """
    for name, start, end in _boxes(data, 0, len(data)):
        if name == b"meta" and (box := _of_primary(data, start + 4, end)) is not None:
            return box
    colors = (_nclx(data, at, stop) for name, at, stop in film_boxes(data) if name == b"colr")
    return next((color for color in colors if color is not None), None)


def clean_aperture(data: bytes) -> tuple[int, ...] | None:
    """Of an AVIF the part of its pixels that counts (box ``clap``), as it stands there; None: all of them.

    Numerator and denominator of the width, the height, and how far its center lies right of and below the picture's.
    """
    if data.find(b"clap") < 0:
        return None
    if data[8:12] == b"avis":  # a sequence, of which the film is read
        boxes = [box for box in film_boxes(data) if box[0] == b"clap"]
    else:
        metas = [(at + 4, stop) for name, at, stop in _boxes(data, 0, len(data)) if name == b"meta"][:1]
        boxes = [
            box for at, stop in metas for box, own in _boxes_of_primary(data, at, stop) if own and box[0] == b"clap"
        ]
    if not boxes or boxes[0][2] - boxes[0][1] < 32:
        return None
    return struct.unpack_from(">IIIIiIiI", data, boxes[0][1])


def outer_boxes(data: bytes) -> list[_Box]:
    """The outermost boxes: their names, and where the content of each begins and ends."""
    return list(_boxes(data, 0, len(data)))


def film_boxes(data: bytes) -> list[_Box]:
    """The boxes of a sequence's film in those that lead to what describes its pixels, as of :func:`outer_boxes`."""
    return list(_boxes_of_film(data, 0, len(data)))


def inner_boxes(data: bytes, start: int, end: int) -> list[_Box]:
    """The boxes between two places.

    Parameters
    ----------
    data : bytes
    start, end : int
        Where the content of a box begins and ends.
    """
    return list(_boxes(data, start, end))


def light_levels(data: bytes) -> list[str]:
    """The names of the boxes of an AVIF or HEIC that say how bright HDR is, and the screen on which it was made."""
    for name, start, end in _boxes(data, 0, len(data)):
        if name == b"meta":
            return [word.decode() for word in (b"clli", b"mdcv") if data.find(word, start, end) >= 0]
    return []


def of_jpeg2000(data: bytes) -> ColorBox | None:
    """The first color box of a JPEG 2000 file that says something that we know, else the first; None without any."""
    first = None
    for box in _of_jp2(data, 0, len(data)):
        if box.jp2_method is None:
            return box
        first = first or box
    return first


def _of_jp2(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[ColorBox]:
    for name, at, stop in _boxes(data, start, end):
        if name in _FOLDERS_OF_JP2 and depth < len(_FOLDERS_OF_JP2):
            yield from _of_jp2(data, at, stop, depth + 1)
        elif name == b"jp2c":
            return
        elif name == b"colr" and stop - at > 3:
            method = data[at]
            if method in (2, 3):
                yield ColorBox(icc=data[at + 3 : stop])
            elif method == 1 and stop - at >= 7:
                yield ColorBox(jp2_number=int.from_bytes(data[at + 3 : at + 7], "big"))
            elif method == 5 and stop - at >= 7:
                yield ColorBox(code_points=_code_points(data, at + 3))
            elif method not in (1, 5):
                yield ColorBox(jp2_method=method)


def _boxes_of_film(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[_Box]:
    """The boxes in those that lead to what describes a film's pixels."""
    for name, at, stop in _boxes(data, start, end):
        if name in _FOLDERS_OF_FILM and depth < len(_FOLDERS_OF_FILM):
            yield from _boxes_of_film(data, at + _FOLDERS_OF_FILM[name], stop, depth + 1)
        else:
            yield name, at, stop


def _of_primary(data: bytes, start: int, end: int) -> ColorBox | None:
    """The numbers of the primary item, or of the first of the items that it is made of."""
    boxes = _boxes_of_primary(data, start, end)
    colors = (_nclx(data, at, stop) for (name, at, stop), _ in boxes if name == b"colr")
    return next((color for color in colors if color is not None), None)


def _boxes_of_primary(data: bytes, start: int, end: int) -> Iterator[tuple[_Box, bool]]:
    """The properties of the primary item (True), and of the first of the items that it is made of (False)."""
    inner = {name: (at, stop) for name, at, stop in reversed(list(_boxes(data, start, end)))}
    at, stop = inner.get(b"pitm", (0, 0))
    if stop - at < 6 or b"iprp" not in inner:
        return
    primary = int.from_bytes(data[at + 4 : at + (8 if data[at] else 6)], "big")
    parts = {name: (at, stop) for name, at, stop in reversed(list(_boxes(data, *inner[b"iprp"])))}
    if b"ipco" not in parts or b"ipma" not in parts:
        return
    boxes = dict(enumerate(_boxes(data, *parts[b"ipco"]), 1))
    for item in (primary, _first_part(data, *inner.get(b"iref", (0, 0)), primary)):
        for number in () if item is None else _properties(data, *parts[b"ipma"], item):
            if number in boxes:
                yield boxes[number], item == primary


def _properties(data: bytes, at: int, end: int, item: int) -> list[int]:
    """The numbers of an item's properties, by the box that associates them."""
    if end - at < 8:
        return []
    identity, step = (">I" if data[at] else ">H"), 2 if data[at + 3] & 1 else 1
    width = struct.calcsize(identity)
    at += 8
    while at + width + 1 <= end:
        count = data[at + width]
        first = at + width + 1
        if struct.unpack_from(identity, data, at)[0] == item:
            numbers = (int.from_bytes(data[place : place + step], "big") for place in
                       range(first, min(first + count * step, end - step + 1), step))  # fmt: skip
            return [number & (0x7FFF if step == 2 else 0x7F) for number in numbers]
        at = first + count * step
    return []


def _first_part(data: bytes, at: int, end: int, item: int) -> int | None:
    """The first of the items of which one is made (reference ``dimg``)."""
    if end - at < 4:
        return None
    form = ">IHI" if data[at] else ">HHH"
    for name, start, stop in _boxes(data, at + 4, end):
        if name == b"dimg" and start + struct.calcsize(form) <= stop:
            source, count, target = struct.unpack_from(form, data, start)
            if source == item and count:
                return int(target)
    return None


def _nclx(data: bytes, at: int, end: int) -> ColorBox | None:
    return ColorBox(code_points=_code_points(data, at + 4)) if data[at : at + 4] == b"nclx" and end - at >= 8 else None


def _code_points(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    while at + 8 <= end:
        length, name, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if length == 1 and at + 16 <= end:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        stop = end if length == 0 else min(at + length, end)
        if stop < start:
            return
        yield name, start, stop
        at = stop
