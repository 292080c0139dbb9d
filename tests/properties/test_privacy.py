"""A random tree of metadata with secrets in tags that say where: none of their bytes is in the output, all else is."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgbatch import codecs
from imgbatch.codecs import FORMATS, AnimationTiming, Encoding
from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.reading import limits
from tests.unit.codecs.test_exif_types import block
from tests.unit.codecs.test_header_blocks import jpeg, raw
from tests.unit.codecs.test_iptc import record
from tests.unit.codecs.test_png_chunks import chunk, png

GPS, PLACE, OTHER = "gps", "location", "other"  # what a tag says: a coordinate, the name of a place, anything else
EXIF, IPTC_CORE = "http://ns.adobe.com/exif/1.0/", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
IPTC_EXT, PHOTOSHOP = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "http://ns.adobe.com/photoshop/1.0/"
DC, XMP = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/xap/1.0/"
RDF, DJI = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.dji.com/drone-dji/1.0/"
GEO, OWN, TERMS = "http://www.w3.org/2003/01/geo/wgs84_pos#", "http://example.com/own/", "http://purl.org/dc/terms/"

#: Properties of XMP: their vocabulary, name, and what they say.
PROPERTIES = [
    *((EXIF, name, GPS) for name in ("GPSLatitude", "GPSLongitude", "GPSAltitude", "GPSDestLatitude", "GPSMapDatum")),
    (DJI, "GpsLongtitude", GPS), (DJI, "LRFTargetLat", GPS),
    (DJI, "RelativeAltitude", GPS), (GEO, "lat", GPS),
    (GEO, "Point", GPS), ("http://www.georss.org/georss", "point", GPS),
    ("http://schema.org/", "latitude", GPS), (OWN, "geotag", GPS),
    (OWN, "cameraLongitude", GPS), (OWN, "HomeLat", GPS),
    (TERMS, "Point", GPS), ("http://pix4d.com/camera/1.0", "GPSXYAccuracy", GPS),
    *((PHOTOSHOP, name, PLACE) for name in ("City", "State", "Country")),
    (IPTC_CORE, "Location", PLACE), (IPTC_CORE, "CountryCode", PLACE), (IPTC_EXT, "LocationCreated", PLACE),
    (IPTC_EXT, "LocationShown", PLACE), (IPTC_EXT, "Sublocation", PLACE), (IPTC_EXT, "WorldRegion", PLACE),
    (IPTC_EXT, "ProvinceState", PLACE), (IPTC_EXT, "LocationName", PLACE), (DC, "coverage", PLACE),
    (TERMS, "spatial", PLACE), ("http://ns.adobe.com/xmp/1.0/DynamicMedia/", "shotLocation", PLACE),
    ("http://ns.iview-multimedia.com/mediapro/1.0/", "Location", PLACE), (OWN, "city", PLACE),
    (DC, "creator", OTHER), (DC, "title", OTHER), (DC, "rights", OTHER), (XMP, "CreatorTool", OTHER),
    (EXIF, "UserComment", OTHER), (EXIF, "LongExposureNote", OTHER), (PHOTOSHOP, "Credit", OTHER),
    (PHOTOSHOP, "Headline", OTHER), (IPTC_CORE, "CiAdrCity", OTHER), (IPTC_EXT, "Event", OTHER),
    ("http://ns.adobe.com/camera-raw-settings/1.0/", "Flat", OTHER), (OWN, "latency", OTHER),
    (OWN, "longest", OTHER), (OWN, "capacity", OTHER),
]  # fmt: skip
FORMS = ("attribute", "element", "items", "resource", "description", "shorthand", "default")
GPS_TAGS = [(1, 2), (2, 5), (3, 129), (4, 5), (6, 5), (7, 5), (18, 2), (27, 7), (28, 7), (29, 2), (28, 129), (77, 200)]
IMAGE_TAGS = [(0x010E, 129, OTHER), (0x010F, 2, OTHER), (0x013B, 129, OTHER), (0x8298, 2, OTHER), (0x0131, 2, OTHER),
              (33922, 7, GPS), (34737, 2, GPS), (42112, 2, GPS)]  # fmt: skip
DATASETS = [(90, PLACE), (92, PLACE), (95, PLACE), (100, PLACE), (101, PLACE), (26, PLACE), (27, PLACE), (80, OTHER),
            (116, OTHER), (25, OTHER), (105, OTHER), (118, OTHER), (120, OTHER)]  # fmt: skip
TEXTS = [("GPSLatitude", GPS), ("GPS Longitude", GPS), ("City", PLACE), ("Location", PLACE), ("Title", OTHER),
         ("Author", OTHER), ("Flat", OTHER)]  # fmt: skip


class Tree(NamedTuple):
    """What a file is made of; `values` are (text, what it says, where it stands) of each tag."""

    exif: bytes
    xmp: bytes
    iptc: bytes
    texts: list[tuple[str, str]]
    values: list[tuple[bytes, str, str]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Blocks of random tags, each with a value that is nowhere else."""
    number = draw(st.integers(100, 999))
    values: list[tuple[bytes, str, str]] = []

    def value(group: str, where: str, length: int = 24) -> bytes:
        text = f"{'Ge' if group != OTHER else 'Of'}{number}x{len(values):03}ü".encode().ljust(length, b"~")
        values.append((text, group, where))
        return text

    gps = [(tag, kind, value(GPS, "exif")) for tag, kind in draw(st.lists(st.sampled_from(GPS_TAGS), unique_by=_first))]
    chosen = draw(st.lists(st.sampled_from(IMAGE_TAGS), min_size=1, unique_by=_first))
    tags = [(tag, kind, value(group, "exif")) for tag, kind, group in chosen]
    note = value(OTHER, "note") * 3 if draw(st.booleans()) else b""
    picked = st.lists(st.tuples(st.sampled_from(PROPERTIES), st.sampled_from(FORMS)), max_size=12, unique_by=_property)
    packet = _packet([(space, name, form, value(group, "xmp").decode()) for (space, name, group), form in draw(picked)])
    records = draw(st.lists(st.sampled_from(DATASETS), max_size=6))
    block_of_iptc = b"".join(record(dataset, value(group, "iptc")) for dataset, group in records)
    texts = [(key, value(group, "text").decode()) for key, group in draw(st.lists(st.sampled_from(TEXTS), unique=True))]
    return Tree(_exif(tags, note, gps), packet, block_of_iptc, texts, values)


def _first(one: Sequence[object]) -> object:
    return one[0]


def _property(one: tuple[tuple[str, str, str], str]) -> tuple[str, str]:
    return one[0][:2]


def _exif(tags: list[tuple[int, int, bytes]], note: bytes, gps: list[tuple[int, int, bytes]]) -> bytes:
    """A block of tags, of a maker note, and of a GPS directory at its end, whose counts are of the type."""
    sizes = {5: 8, 200: 3}
    if not gps:
        return block(tags, note)
    plain = bytearray(block([*tags, (0x8825, 4, b"GPS_")], note))
    plain += bytes(len(plain) % 2)
    entry = plain.index(struct.pack("<HHI", 0x8825, 4, 4))
    struct.pack_into("<II", plain, entry + 4, 1, len(plain))
    start = len(plain) + 2 + 12 * len(gps) + 4
    entries = [struct.pack("<HHII", tag, kind, 24 // sizes.get(kind, 1), start + 24 * place)
               for place, (tag, kind, _) in enumerate(sorted(gps))]  # fmt: skip
    content = b"".join(value for _, _, value in sorted(gps))
    return bytes(plain) + struct.pack("<H", len(gps)) + b"".join(entries) + bytes(4) + content


def _packet(properties: list[tuple[str, str, str, str]]) -> bytes:
    spaces = sorted({space for space, *_ in properties})
    prefixes = {space: f"n{place}" for place, space in enumerate(spaces)}
    attributes, elements = "", ""
    for space, name, form, value in properties:
        full, text = f"{prefixes[space]}:{name}", escape(value)
        if form == "attribute":
            attributes += f"\n  {full}={quoteattr(value)}"
        elif form == "element":
            elements += f"<{full}>{text}</{full}>"
        elif form == "items":
            elements += f"<{full}><r:Bag><r:li>{text}</r:li><r:li>x</r:li></r:Bag></{full}>"
        elif form == "resource":
            elements += f"<{full} r:parseType='Resource'><p:a>{text}</p:a></{full}>"
        elif form == "description":
            elements += f"<p:b><r:Description><{full}>{text}</{full}></r:Description></p:b>"
        elif form == "shorthand":
            elements += f"<p:c {full}={quoteattr(value)}/>"
        else:
            elements += f"<{name} xmlns={quoteattr(space)}>{text}</{name}>"
    names = "".join(f" xmlns:{prefix}={quoteattr(space)}" for space, prefix in prefixes.items())
    head = f"<m:xmpmeta xmlns:m='adobe:ns:meta/'><r:RDF xmlns:r='{RDF}'>"
    body = f"<r:Description r:about='' xmlns:p='http://example.com/p/'{names}{attributes}>{elements}</r:Description>"
    return f"{head}{body}</r:RDF></m:xmpmeta>".encode()


def _sources(tree: Tree, second: bool) -> dict[str, bytes]:
    """The tree as a JPEG and as a PNG, with chunks and with texts; `second`: its EXIF comes behind a plain block."""
    plain = b"Exif\0\0" + block([(0x010F, 2, b"Example Camera\0")])
    segment = iptc.segment(tree.iptc)
    assert segment is not None
    exif = b"Exif\0\0" + tree.exif
    photo = jpeg(*([plain] if second else []), exif, b"http://ns.adobe.com/xap/1.0/\0" + tree.xmp)
    photo = photo[:2] + (segment if tree.iptc else b"") + photo[2:]
    texts = [chunk(b"iTXt", key.encode() + b"\0\1\0\0\0" + zlib.compress(text.encode())) for key, text in tree.texts]
    chunks = [chunk(b"eXIf", tree.exif), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + tree.xmp)]
    profiles = [raw("APP1", exif), raw("xmp", tree.xmp), *([raw("iptc", tree.iptc)] if tree.iptc else [])]
    return {"jpeg": photo, "chunks": png(*chunks, *profiles[2:], *texts), "profiles": png(*profiles, *texts)}


def _content(data: bytes) -> bytes:
    """All bytes of a file, and of a PNG what is packed or hexadecimal in it."""
    everything, at = [data], 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        if name in (b"zTXt", b"iTXt", b"iCCP"):
            for place in (match.end() for match in re.finditer(b"\0", content[:120])):
                try:
                    everything.append(zlib.decompress(content[place:]))
                except zlib.error:
                    continue
        at += 12 + length
    for text in everything[1:]:
        digits = re.sub(rb"\s", b"", text.partition(b"\n")[2].partition(b"\n")[2].partition(b"\n")[2])
        if re.fullmatch(rb"(?:[\da-f]{2})+", digits):
            everything.append(bytes.fromhex(digits.decode()))
    return b"\n".join(everything)


@pytest.fixture(autouse=True, scope="module")
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(1_000_000):
        yield


_IN_FOUR = {"jpeg", "png", "webp", "avif"}
HOLDS = {
    "exif": _IN_FOUR,
    "note": _IN_FOUR,
    "xmp": _IN_FOUR | {"tiff"},
    "iptc": {"jpeg", "png", "tiff"},
    "text": {"png"},
}


@settings(max_examples=60, deadline=None)
@given(trees(), st.sampled_from([GPS, PLACE]), st.sampled_from(FORMATS), st.booleans(), st.booleans())
def test_no_byte_of_a_secret_is_left_and_all_else_is(
    tree: Tree, word: str, format: str, rewrite: bool, second: bool
) -> None:
    secrets = {value for value, group, _ in tree.values if group == GPS or (group == PLACE and word == PLACE)}
    for name, data in _sources(tree, second).items():
        encoding = Encoding(strip=word, effort=0 if format in ("webp", "avif") else None)
        with codecs.open_image(data, "", 10**6) as opened:
            metadata = opened.metadata
            if rewrite and name == "jpeg":
                result = codecs.rewrite_metadata(data, encoding, opened)
                assert result is not None
            else:
                result = codecs.encode(opened.decode()[0], format, encoding, metadata, AnimationTiming())
        content = _content(result.data)
        for secret in secrets:
            wide = [secret.decode().encode(f"utf-16-{end}") for end in ("le", "be")]
            assert not any(spelling in content for spelling in (secret.rstrip(b"~\xbc\xc3"), *wide)), name
        places = {"exif", "xmp", "iptc", "note"} | ({"text"} if name != "jpeg" else set())
        places -= {"exif", "note"} if second and name == "jpeg" else set()
        for value, _, where in tree.values:
            if value not in secrets and where in places and result.format in HOLDS[where]:
                assert value in content or value.decode().encode("latin-1") in content, (name, where)


def test_the_sources_hold_every_value() -> None:
    """Else nothing would be tested."""
    values = [b"GeA" + b"~" * 21, b"GeB" + b"~" * 21]
    exif, packet = _exif([(0x010F, 2, values[0])], b"", [(2, 5, values[1])]), [(EXIF, "GPSLatitude", "items", "GeC")]
    tree = Tree(exif, _packet(packet), record(90, b"GeD"), [("City", "GeE")], [])
    for name, data in _sources(tree, False).items():
        content = _content(data)
        assert all(word in content for word in (*values, b"GeC", b"GeD")), name
        assert (b"GeE" in content) == (name != "jpeg")


def test_a_position_among_keywords_goes_with_the_others_left() -> None:
    items = "".join(f"<r:li>{word}</r:li>" for word in ("sea", "geo:lat=47.5512", "geo:lon=9.68", "geotagged", "sky"))
    packet = _packet([]).replace(
        b"></r:Description>", f"><d:subject xmlns:d='{DC}'><r:Bag>{items}</r:Bag></d:subject></r:Description>".encode()
    )
    records = b"".join(record(25, word) for word in (b"sea", b"geo:lat=47.5512", b"geo:lon=9.68", b"sky"))
    with codecs.open_image(jpeg(b"http://ns.adobe.com/xap/1.0/\0" + packet), "", 10**6) as opened:
        opened.metadata.iptc = records
        frames, metadata = list(opened.decode()[0]), opened.metadata
    for word in (GPS, PLACE):
        data = codecs.encode(frames, "jpeg", Encoding(strip=word), metadata, AnimationTiming()).data
        assert b"47.5512" not in data and b"9.68" not in data and b"geotagged" not in data
        assert data.count(b"sea") == data.count(b"sky") == 2
    data = codecs.encode(frames, "jpeg", Encoding(strip="artist"), metadata, AnimationTiming()).data
    assert data.count(b"47.5512") == 2


@pytest.mark.parametrize(("value", "goes"), [
    ("Lindau", False), ("47.5443, 9.6856", True), ("east=9.6856; north=47.5443", True), ("47°32'39\"N", True),
    ("geo:47.5,9.68", True), ("1900-1950", False), ("+47.5443+009.6856/", True),
])  # fmt: skip
@pytest.mark.parametrize("form", ["attribute", "element", "items", "description"])
def test_coverage_goes_with_gps_only_where_it_is_coordinates(value: str, goes: bool, form: str) -> None:
    for space, name in ((DC, "coverage"), (TERMS, "spatial")):
        packet = _packet([(space, name, form, value), (DC, "title", "element", "A title")])
        with codecs.open_image(jpeg(b"http://ns.adobe.com/xap/1.0/\0" + packet), "", 10**6) as opened:
            frames, metadata = list(opened.decode()[0]), opened.metadata
        for word in (GPS, PLACE):
            data = codecs.encode(
                [frame.copy() for frame in frames], "jpeg", Encoding(strip=word), metadata, AnimationTiming()
            ).data
            assert b"A title" in data
            written = quoteattr(value)[1:-1] if form == "attribute" else escape(value)
            assert (written.encode() in data) != (goes or word == PLACE)


def test_place_names_stay_with_gps_and_words_can_be_kept() -> None:
    packet = _packet([(PHOTOSHOP, "City", "attribute", "Lindau"), (EXIF, "GPSLatitude", "element", "47,32.6N")])
    exif = _exif([(0x010F, 2, b"Example\0")], b"", [(2, 5, b"Position" * 3)])
    with codecs.open_image(jpeg(b"Exif\0\0" + exif, b"http://ns.adobe.com/xap/1.0/\0" + packet), "", 10**6) as opened:
        frames, metadata = list(opened.decode()[0]), opened.metadata
    for strip, keep, city, position in (
        (GPS, None, True, False), (PLACE, None, False, False), (PLACE, GPS, False, True), (None, PLACE, True, True),
        (PLACE, "city", True, False), ("all", PLACE, True, True), ("photoshop:city", None, False, True),
    ):  # fmt: skip
        wish = Encoding(strip=strip, keep=keep)
        data = codecs.encode(frames, "jpeg", wish, metadata, AnimationTiming()).data
        found = (b"Lindau" in data, b"47,32.6N" in data, b"Position" * 3 in data)
        assert found == (city, position, position), (strip, keep)


def test_blocks_that_tags_of_exif_hold_go_with_what_they_say() -> None:
    packet = _packet([(EXIF, "GPSLatitude", "attribute", "47,32.6N")])
    records = record(92, b"Marienplatz") + record(80, b"Ada")
    resources = iptc.segment(records)
    assert resources is not None
    for tag, block_of_it, secret in (
        (0x02BC, packet, b"47,32.6N"), (0x02BC, packet.decode().encode("utf-16"), "47,32".encode("utf-16-le")),
        (0x83BB, records, b"Marienplatz"), (0x8649, resources[18:], b"Marienplatz"),
    ):  # fmt: skip
        exif = block([(0x010F, 2, b"Example\0"), (tag, 7, block_of_it)])
        with codecs.open_image(jpeg(b"Exif\0\0" + exif), "", 10**6) as opened:
            frames, metadata = list(opened.decode()[0]), opened.metadata
        stripped = codecs.encode(frames, "png", Encoding(strip=PLACE), metadata, AnimationTiming()).data
        assert secret not in stripped and b"Example" in stripped
        kept = codecs.encode(frames, "png", Encoding(strip="comment"), metadata, AnimationTiming()).data
        assert secret in kept
