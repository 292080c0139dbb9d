"""Does exactly what was named go, and is it said what went?"""

from __future__ import annotations

import pytest
from PIL import ExifTags, Image

from imgbatch.codecs import Metadata
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.block import TagValue
from imgbatch.codecs.metadata.strip import icc_policy, metadata_to_write, strip_metadata
from tests.unit.codecs.test_exif_tags import NOTE, block, read, small
from tests.unit.codecs.test_iptc import BLOCK as IPTC
from tests.unit.codecs.test_xmp import PACKET as XMP

SIZE = (64, 48)


def everything() -> Metadata:
    return Metadata(block("<", small()), b"profile", None, XMP, IPTC, b"a comment", {"Title": "A text"}, (240, 120))


def apply_strip(metadata: Metadata, strip: str | None = None, keep: str | None = None) -> tuple[Metadata, list[str]]:
    changes: list[str] = []
    return strip_metadata(metadata, strip, keep, changes), changes


def blocks(metadata: Metadata) -> set[str]:
    return {name for name in ("exif", "xmp", "iptc", "comment", "text", "resolution") if getattr(metadata, name)}


ALL = {"exif", "xmp", "iptc", "comment", "text", "resolution"}


def test_nothing_is_touched_where_nothing_is_named() -> None:
    source = everything()
    assert strip_metadata(source, None, None, []) is source


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_block_goes_or_stays_alone(name: str) -> None:
    result, changes = apply_strip(everything(), strip=name)
    assert blocks(result) == ALL - {name} and changes == [f"metadata removed: {name}"]
    result, changes = apply_strip(everything(), strip="all", keep=name)
    assert blocks(result) == {name}
    assert set(changes[0].removeprefix("metadata removed: ").split(", ")) >= ALL - {name}


def test_of_a_block_a_part_goes_and_that_is_said() -> None:
    source = everything()
    result, changes = apply_strip(source, strip="gps")
    assert changes == ["metadata removed: some exif, some xmp"] and blocks(result) == ALL
    assert result.exif is not None and "GPSLatitude" not in read(result.exif) and "Make" in read(result.exif)
    assert NOTE in result.exif and not exif_tags.has_thumbnail(result.exif)  # which may show another place, or the same
    assert result.xmp is not None and b"GPS" not in result.xmp and b"Rating" in result.xmp
    assert blocks(source) == ALL and source.exif == everything().exif
    assert apply_strip(result, strip="gps") == (result, [])


def test_one_tag_of_a_position_goes_or_stays_by_its_name() -> None:
    result, _ = apply_strip(Metadata(exif=block()), strip="gpslatitude")
    assert {name for name in read(result.exif) if name.startswith("GPSL")} == {"GPSLatitudeRef"}
    result, _ = apply_strip(Metadata(exif=block()), strip="all", keep="gpslatitude")
    assert {name for name in read(result.exif) if name not in ("GPSInfo", "ExifOffset")} == {"GPSLatitude"}


def test_a_maker_note_does_not_move_and_without_one_the_block_is_packed() -> None:
    raw = block("<")
    note, _ = apply_strip(Metadata(exif=raw), strip="artist")
    assert note.exif is not None and len(note.exif) == len(raw) and note.exif.find(NOTE) == raw.find(NOTE) > 0
    thumbnail, _ = apply_strip(Metadata(exif=block("<", small())), strip="artist,makernote")
    assert thumbnail.exif is not None and len(thumbnail.exif) == len(block("<", small()))
    neither, _ = apply_strip(Metadata(exif=raw), strip="artist,makernote")
    assert neither.exif is not None and len(neither.exif) < len(raw) - len(NOTE) and read(neither.exif)["Make"]


def test_an_xmp_packet_of_nothing_else_goes_without_being_called_unreadable() -> None:
    packet = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description exif:GPSLatitude='1'/></rdf:RDF></x:xmpmeta>"
    )
    for strip in ("gps", "xmp", "all"):
        result, changes = apply_strip(Metadata(xmp=packet), strip=strip)
        assert (result.xmp, changes) == (None, ["metadata removed: xmp"])
    for strip in ("gps", "artist"):  # of a damaged one nobody knows what it says
        result, changes = apply_strip(Metadata(xmp=packet[:-20]), strip=strip)
        assert result.xmp is None
        assert changes == ["xmp: removed whole, since it cannot be read", "metadata removed: xmp"]


def test_an_orientation_goes_only_when_it_is_named_or_says_nothing() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "Ada"
    for strip, left in (("all", {"Orientation"}), ("exif", {"Orientation"}), ("artist", {"Orientation"}),
                        ("orientation", {"Artist"})):  # fmt: skip
        result, _ = apply_strip(Metadata(exif=exif.tobytes()[6:]), strip=strip)
        assert set(read(result.exif)) == left, strip
    for orientation, strip, stays in ((1, "artist", False), (6, "artist,orientation", False), (6, "artist", True)):
        exif[ExifTags.Base.Orientation] = orientation
        for order in "<>":
            exif.endian = order
            result, changes = apply_strip(Metadata(exif=exif.tobytes()[6:]), strip=strip)
            assert (result.exif is not None, changes) == (stays, [f"metadata removed: {'some ' if stays else ''}exif"])


@pytest.mark.parametrize(
    ("strip", "keep", "policy"),
    [(None, None, "keep"), ("icc", None, "none"), ("all", None, "none"), (None, "artist", "none"),
     ("all", "icc", "keep"), ("gps", None, "keep")],
)  # fmt: skip
def test_a_profile_is_a_block_like_others(strip: str | None, keep: str | None, policy: str) -> None:
    assert icc_policy("keep", strip, keep) == policy


def test_what_is_written_has_the_numbers_of_the_new_picture() -> None:
    result = metadata_to_write(everything(), "gps", None, "srgb", SIZE, [])
    values = read(result.exif)
    assert (values["ExifImageWidth"], values["ExifImageHeight"], values["ImageWidth"]) == (64, 48, 64)
    assert values["ColorSpace"] == 1 and result.xmp is not None and b"PixelXDimension='64'" in result.xmp
    plain = metadata_to_write(everything(), None, None, "keep", SIZE, [])
    assert read(plain.exif)["ColorSpace"] == 65535 and read(plain.exif)["ImageWidth"] == 64
    without = Metadata(block("<", small()), None, xmp=XMP)
    assert read(metadata_to_write(without, None, None, "srgb", SIZE, []).exif)["ColorSpace"] == 65535
    assert metadata_to_write(Metadata(comment=b"a"), "gps", None, "srgb", SIZE, []) == Metadata(comment=b"a")


@pytest.mark.parametrize(
    ("icc", "has_profile", "number"), [("srgb", True, 1), ("keep", True, 65535), ("srgb", False, 65535)]
)
def test_an_xmp_packet_says_srgb_where_the_colors_became_that(icc: str, has_profile: bool, number: int) -> None:
    packet = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<r:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:ColorSpace='65535'/></r:RDF></x:xmpmeta>"
    )
    metadata = Metadata(None, b"a profile" if has_profile else None, xmp=packet)
    written = metadata_to_write(metadata, None, None, icc, SIZE, []).xmp
    assert written is not None and f"ColorSpace='{number}'".encode() in written


SAID = (
    "geo:47.1234,8.9876", "geo:lat=47.1", "geotagged;lake", "lake;geo:lon=8.9", "lake\nge:47.1,8.9",
    "+47.1234+008.9876/",
)  # fmt: skip


@pytest.mark.parametrize("word", ["gps", "location"])
@pytest.mark.parametrize("text", SAID)
def test_a_text_that_is_a_position_goes_wherever_it_stands(text: str, word: str) -> None:
    tags = Image.Exif()
    tags[0x010E], tags[0x013B] = text, "Ann"
    tags[0x9C9E] = text.encode("utf-16-le") + b"\0\0"
    tags.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-le")
    page = {
        270: TagValue(exif_tags.ASCII, len(text) + 1, text.encode() + b"\0"),
        40094: TagValue(exif_tags.BYTE, 2 * len(text), text.encode("utf-16-le")),
        285: TagValue(exif_tags.ASCII, 5, b"lake\0"),
    }
    source = Metadata(
        tags.tobytes()[6:], comment=text.encode(), text={"Comment": text, "Title": "geography: 3 lakes"}, pages=(page,)
    )
    result, changes = apply_strip(source, strip=word)
    assert result.exif is not None and dict(read(result.exif)) == {"Artist": "Ann"}
    assert result.comment is None and result.text == {"Title": "geography: 3 lakes"} and list(result.pages[0]) == [285]
    assert changes == ["metadata removed: some exif, comment, some text, tags of TIFF pages"]
    assert apply_strip(source, strip="serial")[0].comment == text.encode()
