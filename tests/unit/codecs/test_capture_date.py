"""When was a picture taken?"""

from __future__ import annotations

import struct
import time
import zlib
from datetime import datetime

import pytest

from imgbatch.codecs.metadata.block import Metadata
from imgbatch.codecs.metadata.texts.capture_date import capture_date
from tests.unit.codecs.test_exif_text import block

EXIF, XMP, PHOTOSHOP = (
    "http://ns.adobe.com/exif/1.0/",
    "http://ns.adobe.com/xap/1.0/",
    "http://ns.adobe.com/photoshop/1.0/",
)
ORIGINAL, DIGITIZED, MODIFIED = 0x9003, 0x9004, 0x0132


def exif(**tags: str) -> bytes:
    numbers = {"original": ORIGINAL, "digitized": DIGITIZED, "modified": MODIFIED}
    return block(*((numbers[name], 2, len(text) + 1, text.encode() + b"\0") for name, text in tags.items()))


def packet(space: str, name: str, value: str, prefix: str = "p", is_element: bool = False) -> bytes:
    inner = (
        f"><{prefix}:{name}>{value}</{prefix}:{name}></rdf:Description>"
        if is_element
        else f' {prefix}:{name}="{value}"/>'
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:{prefix}="{space}"{inner}</rdf:RDF></x:xmpmeta>'
    ).encode()


def iptc(**records: str) -> bytes:
    numbers = {"day": 55, "clock": 60, "copy": 62}
    return b"".join(
        b"\x1c\x02" + bytes([numbers[name]]) + struct.pack(">H", len(text)) + text.encode()
        for name, text in records.items()
    )


DAY, TIME = datetime(2014, 5, 6), datetime(2014, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2014:05:06 07:08:09", TIME), ("2014-05-06 07:08:09", TIME), ("2014:05:06 07:08:09.25", TIME),
        ("2014:05:06 07:08", datetime(2014, 5, 6, 7, 8)), ("2014:05:06", DAY), ("2014:05:06   :  :  ", DAY),
        ("2014:05:06 25:00:00", DAY), ("2014:05:06 23:59:60", datetime(2014, 5, 6, 23, 59, 59)),
        ("0000:00:00 00:00:00", None), ("    :  :     :  :  ", None), ("", None), (" ", None),
        ("2014:13:06 07:08:09", None),
        ("2014:00:00 00:00:00", None), ("20140506", None), ("yesterday", None), ("\0" * 19, None),
    ],
)  # fmt: skip
def test_date_of_exif(text: str, date: datetime | None) -> None:
    assert capture_date(Metadata(exif=exif(original=text))) == date


@pytest.mark.parametrize(
    ("space", "name"), [(EXIF, "DateTimeOriginal"), (XMP, "CreateDate"), (PHOTOSHOP, "DateCreated")]
)
@pytest.mark.parametrize("is_element", [False, True])
def test_date_of_xmp_whatever_the_prefix(space: str, name: str, is_element: bool) -> None:
    xmp = packet(space, name, "2014-05-06T07:08:09+02:00", is_element=is_element)
    assert capture_date(Metadata(xmp=xmp)) == TIME
    assert capture_date(Metadata(xmp=packet(space, name, "2014-05", is_element=is_element))) == datetime(2014, 5, 1)
    assert capture_date(Metadata(xmp=packet("urn:another", name, "2014-05-06", is_element=is_element))) is None
    assert capture_date(Metadata(xmp=b'<!DOCTYPE x [<!ENTITY a "b">]>' + xmp)) is None


@pytest.mark.parametrize(
    "text",
    ["Tue, 06 May 2014 07:08:09 +0200", "2014-05-06T07:08:09Z", "2014:05:06 07:08:09", "Tue May  6 07:08:09 2014"],
)
def test_date_of_a_text_of_png(text: str) -> None:
    assert capture_date(Metadata(text={"creation time": text})) == TIME
    assert capture_date(Metadata(text={"Comment": text})) is None


@pytest.mark.parametrize(
    ("records", "date"),
    [
        ({"day": "20140506", "clock": "070809+0200"}, TIME), ({"day": "20140506"}, DAY), ({"day": "2014-05-06"}, DAY),
        ({"day": "20140000"}, datetime(2014, 1, 1)), ({"day": "00000000"}, None), ({"day": ""}, None),
        ({"clock": "070809+0200"}, None), ({"copy": "20140506"}, DAY),
    ],
)  # fmt: skip
def test_date_of_iptc(records: dict[str, str], date: datetime | None) -> None:
    assert capture_date(Metadata(iptc=iptc(**records))) == date


def test_time_chunk_of_a_png_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    try:
        content = b"tIME" + struct.pack(">HBBBBB", 2014, 5, 6, 5, 8, 9)
        chunk = struct.pack(">I", 7) + content + struct.pack(">I", zlib.crc32(content))
        assert capture_date(Metadata(), b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 3) + b"oTHRxyz0000" + chunk) == TIME
        assert capture_date(Metadata(), b"another file" + chunk) is None
    finally:
        monkeypatch.undo()
        time.tzset()


def test_of_several_dates_the_picture_comes_before_its_copy() -> None:
    metadata = Metadata(
        exif=exif(original="2001:01:01 00:00:00", digitized="2005:01:01 00:00:00", modified="2006:01:01 00:00:00"),
        xmp=packet(XMP, "CreateDate", "2002-01-01"),
        text={"Creation Time": "2003-01-01"},
        iptc=iptc(day="20040101"),
    )
    years = []
    for name in ("exif", "xmp", "text", "iptc"):
        years.append(capture_date(metadata).year)  # type: ignore[union-attr]
        if name == "exif":
            metadata.exif = exif(digitized="2005:01:01 00:00:00", modified="2006:01:01 00:00:00")
        else:
            setattr(metadata, name, {} if name == "text" else None)
    years.append(capture_date(metadata).year)  # type: ignore[union-attr]
    metadata.exif = exif(digitized="0000:00:00 00:00:00", modified="2006:01:01 00:00:00")
    years.append(capture_date(metadata).year)  # type: ignore[union-attr]
    assert years == [2001, 2002, 2003, 2004, 2005, 2006]
