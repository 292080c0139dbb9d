"""Properties are cut out of XMP; every other byte stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgbatch.codecs.metadata import xmp

PACKET = (
    b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
   xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   tiff:Orientation="6" exif:GPSLatitude="12,34.5N" exif:PixelXDimension='4000' xmp:Rating="5">
  <exif:GPSLongitude>45,6.7W</exif:GPSLongitude>
  <dc:creator><rdf:Seq><rdf:li>Ada &gt; Example</rdf:li></rdf:Seq></dc:creator>
  <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">
    <xmp:image>AAAA</xmp:image></rdf:li></rdf:Alt></xmp:Thumbnails>
 </rdf:Description>
</rdf:RDF></x:xmpmeta>
"""
    + b" " * 2000
    + b'<?xpacket end="w"?>'
)


def gps(prefix: str, name: str, inside: bool) -> bool:
    return name.startswith("GPS")


def test_attributes_and_elements_are_cut_out_and_nothing_else() -> None:
    result = xmp.without(PACKET, gps)
    expected_packet = PACKET.replace(b' exif:GPSLatitude="12,34.5N"', b"")
    assert result == expected_packet.replace(b"<exif:GPSLongitude>45,6.7W</exif:GPSLongitude>", b"")
    assert result is not None and xmp.has_position(PACKET) and not xmp.has_position(result)


def test_what_is_inside_goes_with_a_property() -> None:
    result = xmp.without(PACKET, lambda prefix, name, inside: name == "Thumbnails")
    assert result is not None and b"AAAA" not in result and b"Thumbnails" not in result and b"Ada" in result


def test_only_one_property_can_stay() -> None:
    result = xmp.without(PACKET, lambda prefix, name, inside: not inside and (prefix, name) != ("dc", "creator"))
    assert result is not None and b"Ada &gt; Example" in result
    for word in (b"GPS", b"Rating", b"Thumbnails", b"Orientation"):
        assert word not in result
    assert xmp.without(PACKET, lambda *_: True) is None


def test_orientation_and_sizes_of_a_packet_follow_the_picture() -> None:
    result = xmp.with_size(xmp.with_upright_orientation(PACKET), (800, 600))
    assert result == PACKET.replace(b'Orientation="6"', b'Orientation="1"').replace(b"'4000'", b"'800'")
    element = b"<tiff:Orientation> 8 </tiff:Orientation><tiff:ImageLength>9</tiff:ImageLength>"
    assert (
        xmp.with_upright_orientation(element)
        == b"<tiff:Orientation>1</tiff:Orientation><tiff:ImageLength>9</tiff:ImageLength>"
    )
    assert b">600<" in xmp.with_size(element, (800, 600))
    sizes = b"<a tiff:ImageWidth='1' tiff:ImageLength='2' exif:PixelXDimension='3' exif:PixelYDimension='4'>"
    assert re.findall(rb"\d+", xmp.with_size(sizes, (800, 600))) == [b"800", b"600", b"800", b"600"]


def test_padding_is_given_up() -> None:
    assert len(xmp.without_padding(PACKET)) < len(PACKET) - 1990 and xmp.without_padding(PACKET).endswith(
        b'\n<?xpacket end="w"?>'
    )


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-8"])
def test_packets_are_brought_to_utf_8(coding: str) -> None:
    text = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>ö</x:xmpmeta>"
    assert xmp.to_utf8(text.encode(coding)) == text.encode()


@pytest.mark.parametrize("packet", [b"\xff\xfe\x00\xd8<", b"\xff\xfe\0\0\0\0\x11\0", b"<\0\0"], ids=["16", "32", "odd"])
def test_a_packet_that_is_no_text_stays_as_it_is(packet: bytes) -> None:
    assert xmp.to_utf8(packet) == packet


def test_entities_are_not_unfolded() -> None:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 30))
    bomb = b'<!DOCTYPE x [<!ENTITY l0 "ha">' + laughs + b"]><x:xmpmeta xmlns:x='a'>&l29;</x:xmpmeta>"
    assert xmp.without(bomb, gps) is None


@given(st.integers(0, len(PACKET) - 2100), st.binary(min_size=1, max_size=3))
def test_bent_packets_never_raise(at: int, by: bytes) -> None:
    result = xmp.without(PACKET[:at] + by + PACKET[at + len(by) :], gps)
    assert result is None or len(result) <= len(PACKET)


@pytest.mark.parametrize(("text", "position"), [
    (b"<a exif:GPSLatitude='1'/>", True), (b"<geo:lat>1</geo:lat>", True), (b"<a s:longitude = '1'/>", True),
    (b"<latitude>1</latitude>", True), (b"<a xmlns:lat='b' xmlns:gpslat='c'/>", False), (b"<a>a latitude</a>", False),
    (b"<a b:latency='1' c:longest='2'/>", False), (b"<a>platitude</a>", False),
])  # fmt: skip
def test_a_position_is_seen_in_any_vocabulary(text: bytes, position: bool) -> None:
    assert xmp.has_position(text) == position


def test_vocabularies_are_known_by_their_names_and_not_by_their_prefixes() -> None:
    asked: list[tuple[str, str, bool]] = []

    def ask(prefix: str, name: str, inside: bool) -> bool:
        asked.append((prefix, name, inside))
        return False

    packet = (
        b"<y:xmpmeta xmlns:y='adobe:ns:meta/'><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<r:Description r:about='' xmlns:rdf='http://ns.adobe.com/exif/1.0/' rdf:GPSLatitude='1'"
        b" xmlns:o='urn:own' o:p='2'>"
        b"<City xmlns='http://ns.adobe.com/photoshop/1.0/'>a</City><e:a xmlns:e='http://purl.org/dc/elements/1.1/'>"
        b"<e:b/></e:a></r:Description></r:RDF></y:xmpmeta>"
    )
    assert xmp.without(packet, ask) == packet
    assert asked == [("exif", "GPSLatitude", False), ("o", "p", False), ("photoshop", "City", False),
                     ("dc", "a", False), ("dc", "b", True)]  # fmt: skip
