"""Capture date: when was the picture taken?

Cameras write it to EXIF, archives that describe scans to XMP and IPTC, screenshots to a text of the PNG. What was
written for want of a clock (blanks, zeros) is no date. Times are those of the place, as people there read them; only
what PNG calls tIME is UTC. Metadata Working Group, Guidelines for handling image metadata 2.0, 5.4: which field is the
date of the picture, and which of its copy.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.metadata.texts.exif_text import texts_of_file
from imgbatch.codecs.registry import PNG_START

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata

_DATE = re.compile(
    r"\s*(\d{4})(?:[-:./](\d\d?)(?:[-:./](\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d))?)?)?)?(?![\d:])", re.ASCII
)
_DIGITS = re.compile(r"\s*(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_CLOCK = re.compile(r"\s*(\d\d):?(\d\d):?(\d\d)?", re.ASCII)
_EXIF = "http://ns.adobe.com/exif/1.0/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
#: Of the picture, then of its copy.
_ORIGINAL, _COPY = ("DateTimeOriginal",), ("DateTimeDigitized", "DateTime")
_PROPERTIES = ((_EXIF, "DateTimeOriginal"), (_PHOTOSHOP, "DateCreated"), (_XMP, "CreateDate"))


def capture_date(metadata: Metadata, data: bytes = b"") -> datetime | None:
    """When a picture was taken, without a time zone; None where its metadata do not say.

    Parameters
    ----------
    metadata : Metadata
    data : bytes, optional
        The file, for the time that stands in a PNG as a chunk.
    """
    return next(_dates(metadata, data), None)


def _dates(metadata: Metadata, data: bytes) -> Iterator[datetime]:
    tags = texts_of_file(metadata.exif, data)
    yield from _of_tags(tags, _ORIGINAL)
    if metadata.xmp is not None:
        properties = _xmp_dates(metadata.xmp)
        for key in _PROPERTIES:
            yield from read_date(properties.get(key, ""))
    for keyword, text in metadata.text.items():
        if keyword.lower() == "creation time":
            yield from _text_date(text)
    if metadata.iptc is not None:
        records = iptc.texts(metadata.iptc, (55, 60, 62, 63))
        for day, clock in ((55, 60), (62, 63)):
            yield from _iptc_date(records.get(day, ""), records.get(clock, ""))
    yield from _of_tags(tags, _COPY)
    if data.startswith(PNG_START):
        yield from _chunk_date(data)


def date_of_tags(tags: Mapping[str, str]) -> Iterator[datetime]:
    """The dates that EXIF tags (as text, by their names) hold, the best first."""
    yield from _of_tags(tags, _ORIGINAL)
    yield from _of_tags(tags, _COPY)


def _of_tags(tags: Mapping[str, str], names: Sequence[str]) -> Iterator[datetime]:
    for name in names:
        yield from read_date(tags.get(name, ""))


def read_date(text: str) -> Iterator[datetime]:
    """The date that a text of EXIF or XMP begins with, if any; what is missing of it is the first of the year, say."""
    match = _DATE.match(text)
    if match is None:
        return
    year, month, day, *clock = (None if part is None else int(part) for part in match.groups())
    if year:
        yield from _valid(
            year, 1 if month is None else month, 1 if day is None else day, *(part or 0 for part in clock)
        )


def _valid(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> Iterator[datetime]:
    """A date, if these numbers are one; without its time where only that is none.

    Parameters
    ----------
    year, month, day, hour, minute, second : int
    """
    for clock in ((hour, minute, min(second, 59)), (0, 0, 0)):
        try:
            yield datetime(year, month, day, *clock)
        except ValueError:
            continue
        return


def _text_date(text: str) -> Iterator[datetime]:
    """A date as PNG advises it, ``Tue, 06 May 2014 07:08:09 +0200``, or as others write it."""
    from email.utils import parsedate  # few pictures have such a text

    dates = list(read_date(text))
    parts = None if dates else parsedate(text[:100])
    yield from dates if parts is None else _valid(*parts[:6])


def _iptc_date(day: str, clock: str) -> Iterator[datetime]:
    match, time = _DIGITS.match(day), _CLOCK.match(clock)
    if match is not None and int(match[1]):
        numbers = (int(part) or 1 for part in match.groups())
        yield from _valid(*numbers, *(int(part or 0) for part in (time.groups() if time else ())))


def _chunk_date(data: bytes) -> Iterator[datetime]:
    """What the chunk tIME says, in the time of this place."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"tIME" and length == 7:
            year = int.from_bytes(data[at + 8 : at + 10], "big")
            for date in _valid(year, *data[at + 10 : at + 15]) if year else ():
                try:
                    yield date.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
                except (OverflowError, OSError, ValueError):
                    yield date
            return
        at += 12 + length


def _xmp_dates(packet: bytes) -> dict[tuple[str, str], str]:
    """The properties of a packet that are dates of the picture, by name space and name; the first of each."""
    if not any(name.encode() in packet for _, name in _PROPERTIES):
        return {}
    from xml.parsers import expat

    texts: dict[tuple[str, str], str] = {}
    names = {f"{space} {name}": (space, name) for space, name in _PROPERTIES}
    stack: list[str] = []
    parser = expat.ParserCreate("utf-8", " ")

    def start(name: str, attributes: dict[str, str]) -> None:
        stack.append(name)
        for attribute, value in attributes.items():
            if attribute in names:
                texts.setdefault(names[attribute], value)

    def end(name: str) -> None:
        stack.pop()

    def text(words: str) -> None:
        if stack and stack[-1] in names and len(texts.get(names[stack[-1]], "")) < 100:
            key = names[stack[-1]]
            texts[key] = texts.get(key, "") + words

    def refuse(*_: object) -> None:
        raise ValueError("a document type")  # entities could unfold without end

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    with contextlib.suppress(expat.ExpatError, ValueError):  # what was read until there counts
        parser.Parse(packet, True)
    return texts
