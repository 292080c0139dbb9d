"""Texts that are set take the place of those that are there, in whatever block, and leave everything else alone."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin

import imgbatch as ib
from imgbatch.codecs.formats.rewrites import jxl_metadata
from imgbatch.codecs.metadata import exif_tags, iptc
from imgbatch.codecs.metadata.labels import exif_labels, iptc_labels, xmp_labels
from imgbatch.codecs.metadata.labels.label_words import WORDS
from tests import accompanied, label_readers
from tests.contracts.test_labels import EXIFTOOL, make, pixels
from tests.unit.codecs.test_exif_tags import NOTE, block, small
from tests.unit.pipeline.test_accompany import assert_true

BASE = ExifTags.Base
OLD = "Old Name"
ARTIST = {"artist": "Zoë"}


def labels(**texts: Any) -> Any:
    return ib.Output(set=texts).set


def packet(inner: str, spaces: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{spaces}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def record(dataset: int, value: bytes, number: int = 2) -> bytes:
    return bytes((0x1C, number, dataset)) + struct.pack(">H", len(value)) + value


def photoshop(*resources: tuple[int, bytes]) -> bytes:
    """The segment of a JPEG that holds Photoshop's resources."""
    blocks = (b"8BIM" + struct.pack(">HHI", code, 0, len(raw)) + raw + bytes(len(raw) % 2) for code, raw in resources)
    return accompanied.segment(0xED, b"Photoshop 3.0\0" + b"".join(blocks))


# -- EXIF


@pytest.mark.parametrize("order", "<>")
def test_nothing_of_an_exif_block_moves_but_the_first_directory(order: str) -> None:
    before = block(order, small())
    after = exif_labels.with_labels(before, labels(artist="Zoë", copyright="©", title="x"))
    assert after is not None and b"Ada Example" not in after
    places = {entry.tag: entry.start for entry in exif_tags.entries(after)}
    for entry in exif_tags.entries(before):
        if entry.length > 4 and entry.tag != BASE.Artist:
            assert places[entry.tag] == entry.start
            assert before[entry.start : entry.start + entry.length] == after[entry.start : entry.start + entry.length]
    assert after.index(NOTE) == before.index(NOTE)
    assert exif_tags.thumbnail(after) == small()
    exif = Image.Exif()
    exif.load(after)
    assert (exif[BASE.Artist].encode("latin-1"), exif[BASE.Copyright].encode("latin-1")) == (
        "Zoë".encode(),
        "©".encode(),
    )
    assert exif[BASE.Make] == "A maker of cameras"
    assert exif_labels.with_labels(after, labels(artist="Zoë", copyright="©")) == after


def test_an_exif_block_does_not_grow_with_each_name() -> None:
    raw = exif_labels.with_labels(block(), labels(artist="A" * 40))
    lengths = set()
    for letter in "BCDEFG":
        raw = exif_labels.with_labels(raw, labels(artist=letter * 40))
        assert raw is not None
        lengths.add(len(raw))
    assert len(lengths) == 1


def test_texts_of_windows_follow_where_they_are() -> None:
    exif = Image.Exif()
    for tag in (BASE.XPAuthor, BASE.XPTitle, BASE.XPKeywords):
        exif[tag] = "old".encode("utf-16-le") + b"\0\0"
    raw = exif_labels.with_labels(
        exif.tobytes()[6:], labels(artist="Zoë", title="", keywords=["a", "b"], description="d")
    )
    after = Image.Exif()
    after.load(raw or b"")
    texts = {tag: bytes(after[tag]).decode("utf-16-le") for tag in (BASE.XPAuthor, BASE.XPKeywords)}
    assert texts == {BASE.XPAuthor: "Zoë\0", BASE.XPKeywords: "a;b\0"}
    assert BASE.XPTitle not in after and BASE.XPComment not in after


def test_a_text_of_the_type_utf8_becomes_one_that_readers_know() -> None:
    raw = bytearray(block())
    entry = next(entry for entry in exif_tags.entries(bytes(raw)) if entry.tag == BASE.Artist)
    struct.pack_into("<H", raw, entry.at + 2, exif_tags.UTF_8)
    after = exif_labels.with_labels(bytes(raw), labels(artist="Ada Example"))
    (entry,) = (entry for entry in exif_tags.entries(after or b"") if entry.tag == BASE.Artist)
    assert entry.kind == exif_tags.ASCII


def test_blocks_in_tags_of_exif_that_say_something_else_go() -> None:
    exif = Image.Exif()
    exif[BASE.Make] = "maker"
    exif[700] = packet(f"<tiff:Artist>{OLD}</tiff:Artist>")
    exif[34377] = b"8BIM\4\4\0\0" + struct.pack(">I", 13) + record(80, OLD.encode()) + b"\0"
    raw = exif.tobytes()[6:]
    assert exif_labels.with_labels(raw, labels(title="x")) == raw
    after = exif_labels.with_labels(raw, labels(artist=""))
    assert after is not None and OLD.encode() not in after and b"maker" in after


# -- XMP

FORMS = {
    "attribute": packet("").replace(b"xmlns:dc", f'tiff:Artist="{OLD}" tiff:Make="m" xmlns:dc'.encode(), 1),
    "element": packet(f"<tiff:Artist>{OLD}</tiff:Artist><tiff:Make>m</tiff:Make>"),
    "sequence": packet(
        f"<dc:creator><rdf:Seq><rdf:li>{OLD}</rdf:li><rdf:li>{OLD} 2</rdf:li></rdf:Seq></dc:creator>"
        "<tiff:Make>m</tiff:Make>"
    ),
    "other prefix": packet(f"<tiff:Make>m</tiff:Make><d:creator>{OLD}</d:creator>", ' xmlns:d="http://purl.org/dc/elements/1.1/"'),
    "other names of RDF": packet(f"<tiff:Artist>{OLD}</tiff:Artist><tiff:Make>m</tiff:Make>")
    .replace(b"rdf:", b"r:").replace(b"xmlns:rdf", b"xmlns:r"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_same_in_every_form_of_xmp_is_replaced(form: str) -> None:
    changes: list[str] = []
    after = xmp_labels.with_labels(FORMS[form], labels(artist="Zoë & Co"), changes)
    assert after is not None and OLD.encode() not in after
    assert (b"tiff:Make" in after) and not changes
    assert label_readers.dublin(after) == {"artist": ["Zoë & Co"]}
    assert after.count("Zoë".encode()) == (2 if b"tiff:Artist" in FORMS[form] else 1), "where it was there"
    assert xmp_labels.with_labels(after, labels(artist="Zoë & Co"), changes) == after
    assert OLD.encode() not in (xmp_labels.with_labels(FORMS[form], labels(artist=""), changes) or b"")


def test_all_languages_of_a_text_go_and_other_properties_stay() -> None:
    before = packet(
        '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">a</rdf:li><rdf:li xml:lang="de">b</rdf:li>'
        "</rdf:Alt></dc:rights>"
        "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>stays</rdf:li></rdf:Alt></dc:title>"
    )
    after = xmp_labels.with_labels(before, labels(copyright="c"), [])
    assert label_readers.dublin(after or b"") == {"copyright": ["c"], "title": ["stays"]}


@pytest.mark.parametrize("damage", [b"<x:xmpmeta", b'<!DOCTYPE x><x:a xmlns:x="x"/>', b"no xml"])
def test_a_packet_that_cannot_be_read_is_replaced_and_that_is_said(damage: bytes) -> None:
    changes: list[str] = []
    after = xmp_labels.with_labels(damage, labels(artist="Zoë"), changes)
    assert label_readers.dublin(after or b"") == {"artist": ["Zoë"]}
    assert changes == ["xmp: replaced whole, since it cannot be read"]


# -- IPTC


def test_iptc_in_latin_becomes_utf8_with_its_mark() -> None:
    before = record(0, b"\0\2") + record(90, "Köln".encode("latin-1")) + record(80, b"Old") + record(80, b"Older")
    after = iptc_labels.with_labels(before, labels(artist="Zoë"), [])
    assert after == record(90, b"\x1b%G", 1) + record(0, b"\0\2") + record(90, "Köln".encode()) + record(
        80, "Zoë".encode()
    )
    assert iptc_labels.with_labels(after, labels(artist="Zoë"), []) == after
    assert iptc_labels.with_labels(after, labels(artist="", title=""), []) == after[: -len(record(80, "Zoë".encode()))]


def test_iptc_of_nothing_else_goes_whole() -> None:
    assert iptc_labels.with_labels(record(80, b"Old"), labels(artist=""), []) is None
    assert iptc_labels.with_labels(None, labels(artist=""), []) is None
    assert iptc_labels.with_labels(record(120, "Köln".encode("latin-1")), labels(artist=""), []) == record(
        120, "Köln".encode("latin-1")
    ), "what does not change keeps its coding"


def test_what_is_too_long_for_iptc_is_cut_between_letters_and_that_is_said(tmp_path: Path) -> None:
    data, outcome = make(tmp_path, accompanied.jpeg(accompanied.ramp()), ".jpg", set={"artist": "é" + "x" * 30 + "é"})
    blocks = label_readers.read(data)
    assert blocks["iptc"]["artist"] == ["é" + "x" * 30]
    assert blocks["exif"]["artist"] == blocks["xmp"]["artist"] == ["é" + "x" * 30 + "é"]
    assert outcome.changes[-1] == "artist cut to 32 bytes in iptc, which holds no more"


# -- JPEG

EXIF = Image.Exif()
EXIF[BASE.Artist], EXIF[BASE.Make] = OLD, "maker"
ONLY = {
    "exif": {"exif": EXIF.tobytes()},
    "xmp": {"xmp": FORMS["element"]},
    "iptc": {"extra": photoshop((0x0404, record(80, OLD.encode())))},
}


@pytest.mark.parametrize("way", ["copied", "encoded"])
@pytest.mark.parametrize("where", ONLY)
def test_one_block_that_holds_a_name_is_enough_to_change_all(tmp_path: Path, where: str, way: str) -> None:
    source = accompanied.jpeg(accompanied.ramp(), **ONLY[where])
    assert OLD.encode() in source
    data, _ = make(tmp_path, source, ".jpg", *([ib.Resize("50%")] if way == "encoded" else []), set=ARTIST)
    assert label_readers.read(data) == dict.fromkeys(("exif", "xmp", "iptc"), {"artist": ["Zoë"]})
    assert OLD.encode() not in data
    data, _ = make(tmp_path, source, ".jpg", set={"artist": ""})
    assert label_readers.read(data) == {} and OLD.encode() not in data


def test_other_segments_of_a_jpeg_stay(tmp_path: Path) -> None:
    path = b"a path of Photoshop's"
    more = b"".join((
        photoshop((0x07D0, path), (0x0404, record(80, OLD.encode())), (0x0425, b"digest of before")),
        accompanied.segment(0xEB, b"somebody's own"), accompanied.segment(0xFE, b"one"),
        accompanied.segment(0xFE, b"two"),
    ))  # fmt: skip
    source = accompanied.inserted(accompanied.jpeg(accompanied.ramp()), more)
    head = accompanied.segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\1\1abc")  # with a thumbnail of one pixel
    source = source[:2] + head + source[20:]
    data, outcome = make(tmp_path, source, ".jpg", set=ARTIST)
    assert outcome.changes == ("picture copied: only metadata are changed", "metadata set: artist")
    for stays in (head, path, b"somebody's own", b"\xff\xfe\0\5one", b"\xff\xfe\0\5two"):
        assert data.count(stays) == 1
    assert OLD.encode() not in data and b"digest" not in data
    assert pixels(data, "jpeg") == pixels(source, "jpeg")


def test_a_second_block_of_exif_goes_and_that_is_said(tmp_path: Path) -> None:
    first = Image.Exif()
    first[BASE.Make] = "first"
    source = accompanied.inserted(
        accompanied.jpeg(accompanied.ramp(), exif=first.tobytes()), accompanied.segment(0xE1, EXIF.tobytes())
    )
    data, outcome = make(tmp_path, source, ".jpg", set=ARTIST)
    assert OLD.encode() not in data and b"first" in data
    assert "second exif block not kept" in outcome.changes


def test_what_accompanies_a_jpeg_stays_where_it_is_said_to_be(tmp_path: Path) -> None:
    for source in (accompanied.ultra_hdr(), accompanied.apple(), accompanied.micro_video()):
        data, outcome = make(tmp_path, source, ".jpg", set={**ARTIST, "description": "d" * 3000})
        assert assert_true(data) == assert_true(source)
        assert not [change for change in outcome.changes if "not kept" in change]
        assert label_readers.read(data)["xmp"]["artist"] == ["Zoë"]


def test_a_picture_that_accompanies_another_says_the_same_where_it_said_something(tmp_path: Path) -> None:
    second = accompanied.jpeg(accompanied.ramp((32, 24)), exif=EXIF.tobytes())
    data, _ = make(
        tmp_path, accompanied.with_pictures(accompanied.jpeg(accompanied.ramp()), second), ".jpg", set=ARTIST
    )
    assert OLD.encode() not in data
    assert_true(data)
    assert data.count("Zoë".encode()) == 4, "EXIF, XMP and IPTC of the picture, EXIF of the second"


def test_a_block_without_room_keeps_everything_but_the_words(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[BASE.Make], exif[BASE.Artist] = "m" * 65_000, OLD
    source = accompanied.jpeg(accompanied.ramp(), exif=exif.tobytes())
    data, outcome = make(tmp_path, source, ".jpg", set={"artist": "Z" * 800})
    assert "artist not written to exif: no room in jpeg" in outcome.changes
    assert "exif not written: jpeg" not in outcome.changes
    blocks = label_readers.read(data)
    assert "exif" not in blocks and b"m" * 65_000 in data and OLD.encode() not in data
    assert blocks["xmp"]["artist"] == ["Z" * 800]


# -- PNG, WebP, GIF, TIFF, AVIF


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key.replace("__", ":").replace("_", " "), text, zip=key == "Author")
    file = io.BytesIO()
    accompanied.ramp().save(file, "PNG", pnginfo=info)
    return file.getvalue()


def test_all_texts_of_a_png_that_mean_the_same_are_replaced(tmp_path: Path) -> None:
    raw = EXIF.tobytes()
    profile = f"\nexif\n{len(raw):8}\n{raw.hex()}\n"
    source = png(Author=OLD, creator=OLD, exif__Artist=OLD, Raw_profile_type_exif=profile, Software="stays")
    data, _ = make(tmp_path, source, ".png", set=ARTIST)
    with Image.open(io.BytesIO(data)) as image:
        texts = {key: text for key, text in image.text.items() if "xmp" not in key}  # type: ignore[attr-defined]
    assert texts == {"Software": "stays", "creator": "Zoë", "Author": "Zoë"}
    assert label_readers.read(data)["exif"] == {"artist": ["Zoë"]} and b"maker" in data
    assert OLD.encode() not in data and OLD.encode().hex().encode() not in data


def test_a_text_that_comes_twice_comes_once(tmp_path: Path) -> None:
    source = png(Author="Zoë")
    from imgbatch.codecs.containers.png_chunks import chunk

    source = source[:33] + chunk(b"tEXt", b"Author\0" + OLD.encode()) + source[33:]
    data, _ = make(tmp_path, source, ".png", set=ARTIST)
    assert OLD.encode() not in data and label_readers.read(data)["text"] == {"artist": ["Zoë"]}


@pytest.mark.parametrize("kind", ["lossless with alpha", "lossy", "animation"])
def test_a_webp_of_each_kind_keeps_its_picture_and_one_block(tmp_path: Path, kind: str) -> None:
    image, file = accompanied.ramp(), io.BytesIO()
    if kind == "lossless with alpha":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(file, "WEBP", lossless=True)
    elif kind == "lossy":
        image.save(file, "WEBP")
    else:
        image.save(file, "WEBP", save_all=True, append_images=[image.rotate(180)], exif=EXIF.tobytes()[6:])
    source = file.getvalue()
    if kind == "animation":  # a second block
        extra = b"EXIF" + struct.pack("<I", len(EXIF.tobytes())) + EXIF.tobytes() + bytes(len(EXIF.tobytes()) % 2)
        source = b"RIFF" + struct.pack("<I", len(source) + len(extra) - 8) + source[8:] + extra
    data, _ = make(tmp_path, source, ".webp", set=ARTIST)
    assert pixels(data, "webp") == pixels(source, "webp")
    assert data[12:16] == b"VP8X" and bool(data[20] & 0x10) == ("alpha" in kind)
    assert data.count(b"EXIF") == data.count(b"XMP ") == 1 and OLD.encode() not in data
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_the_packet_of_a_gif_is_changed_where_there_is_one(tmp_path: Path) -> None:
    file = io.BytesIO()
    accompanied.ramp().quantize(16).save(file, "GIF")
    plain = file.getvalue()
    extension = b"\x21\xff\x0bXMP DataXMP" + FORMS["element"] + bytes((1, *range(255, -1, -1), 0)) + b"\0"
    source = plain[:-1] + extension + plain[-1:]
    data, outcome = make(tmp_path, source, ".gif", set=ARTIST)
    assert OLD.encode() not in data and data.count("Zoë".encode()) == 2
    assert pixels(data, "gif") == pixels(source, "gif")
    assert outcome.changes == ("picture copied: only metadata are changed", "metadata set: artist")
    data, _ = make(
        tmp_path, plain[:-1] + extension.replace(b"<tiff:Make>m</tiff:Make>", b"") + b";", ".gif", set={"artist": ""}
    )
    assert data == plain[:-1] + b"\0;" or data == plain


def test_what_restores_a_jpeg_from_a_jpeg_xl_goes_with_the_metadata_that_it_is_for() -> None:
    boxes = (
        (b"ftyp", b"jxl \0\0\0\0jxl "),
        (b"jbrd", b"restores"),
        (b"jxlc", b"\xff\x0a picture"),
        (b"x.y.", b"stays"),
    )
    source = b"\0\0\0\x0cJXL \r\n\x87\n" + b"".join(accompanied.box(*one) for one in boxes)
    data = jxl_metadata.with_labels(source, labels(artist="Zoë"))
    assert data is not None and b"jbrd" not in data and b"\xff\x0a picture" in data and b"stays" in data
    assert jxl_metadata.with_labels(data, labels(artist="Zoë")) == data
    assert jxl_metadata.with_labels(source, labels(artist="")) == source


def tiff(**options: Any) -> bytes:
    file = io.BytesIO()
    pages = [accompanied.ramp((size, 16)) for size in (32, 24, 16)]
    pages[1].encoderinfo = {"tiffinfo": {BASE.Artist: OLD, BASE.ImageDescription: "second"}}
    pages[2].encoderinfo = {"tiffinfo": {BASE.ImageDescription: "third"}}
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw", **options)
    return file.getvalue()


def pages_of(data: bytes) -> list[dict[str, str]]:
    with Image.open(io.BytesIO(data)) as image:
        rows = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            names = {BASE.Artist: "artist", BASE.ImageDescription: "description"}
            tags: Any = image.tag_v2  # type: ignore[attr-defined]
            rows.append({word: tags[tag].encode("latin-1").decode() for tag, word in names.items() if tag in tags})
        return rows


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("way", ["copied", "encoded"])
def test_pages_of_a_tiff_have_their_own_texts_changed(tmp_path: Path, big: bool, way: str) -> None:
    source = tiff(big_tiff=big)
    options: dict[str, Any] = {"compression": "deflate"} if way == "encoded" else {}
    data, outcome = make(tmp_path, source, ".tif", set=ARTIST, **options)
    assert pages_of(data) == [
        {"artist": "Zoë"}, {"artist": "Zoë", "description": "second"}, {"description": "third"},
    ]  # fmt: skip
    assert OLD.encode() not in data
    assert pixels(data, "tiff") == pixels(source, "tiff")
    assert (outcome.changes[0] == "picture copied: only metadata are changed") == (way == "copied")
    if way == "copied":
        for name in "ABC":
            data, _ = make(tmp_path, data, ".tif", set={"artist": name * 9})
        length = len(data)
        data, _ = make(tmp_path, data, ".tif", set={"artist": "Zoë's"})
        assert len(data) <= length


def test_a_tiff_in_the_order_of_motorola_with_resources(tmp_path: Path) -> None:
    resources = photoshop((0x0404, record(80, OLD.encode())), (0x07D0, b"path"))[4 + 14 :]
    entries = [
        (256, 4, 1, 2), (257, 4, 1, 2), (258, 3, 1, 8 << 16), (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16),
        (273, 4, 1, 8), (277, 3, 1, 1 << 16), (278, 4, 1, 2), (279, 4, 1, 4), (34377, 1, len(resources), 12),
    ]  # fmt: skip
    at = 12 + len(resources) + len(resources) % 2
    source = b"MM\0*" + struct.pack(">I", at) + b"\1\2\3\4" + resources.ljust(at - 12, b"\0")
    source += struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", *entry) for entry in entries) + bytes(4)
    data, _ = make(tmp_path, source, ".tif", set=ARTIST)
    assert pages_of(data) == [{"artist": "Zoë"}] and pixels(data, "tiff") == pixels(source, "tiff")
    assert OLD.encode() not in data and b"path" in data
    with Image.open(io.BytesIO(data)) as image:
        raw = image.tag_v2[34377]  # type: ignore[attr-defined]
    assert iptc.records_in_resources(raw) == iptc_labels.with_labels(None, labels(artist="Zoë"), [])


def test_a_black_pixel_at_the_end_of_a_tiff_is_no_padding(tmp_path: Path) -> None:
    entries = [
        (256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 143),
        (277, 3, 1, 1), (278, 3, 1, 1), (279, 3, 1, 1), (315, 2, 9, 134),
    ]  # fmt: skip
    source = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    source += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4) + OLD.encode() + b"\0"
    assert len(source) == 143
    data, _ = make(tmp_path, source + b"\0", ".tif", set=ARTIST)
    assert pixels(data, "tiff") == [b"\0\0\0\xff"] and pages_of(data) == [{"artist": "Zoë"}]


@pytest.mark.parametrize("with_blocks", [False, True])
def test_a_sequence_of_avif_says_it_in_its_track_too(tmp_path: Path, with_blocks: bool) -> None:
    image, file = accompanied.ramp(), io.BytesIO()
    options: dict[str, Any] = {"exif": EXIF.tobytes(), "xmp": FORMS["element"]} if with_blocks else {}
    image.save(file, "AVIF", save_all=True, append_images=[image.rotate(180), image.rotate(90)], **options)
    source = file.getvalue()
    data, outcome = make(tmp_path, source, ".avif", set=ARTIST)
    assert outcome.changes[0] == "picture copied: only metadata are changed"
    assert pixels(data, "avif") == pixels(source, "avif")
    assert label_readers.read(data) == dict.fromkeys(("exif", "xmp"), {"artist": ["Zoë"]})
    assert OLD.encode() not in data
    again, _ = make(tmp_path, data, ".avif", set=ARTIST)
    assert again == data
    bare, _ = make(tmp_path, data, ".avif", set=dict.fromkeys(WORDS, ""))
    assert label_readers.read(bare) == {} and pixels(bare, "avif") == pixels(source, "avif")


def test_a_file_whose_boxes_are_not_followed_is_encoded_anew(tmp_path: Path) -> None:
    file = io.BytesIO()
    accompanied.ramp().save(file, "AVIF")
    source = file.getvalue() + accompanied.box(b"moof", b"")
    data, outcome = make(tmp_path, source, ".avif", set=ARTIST)
    assert "picture encoded anew: its metadata cannot be changed around it" in outcome.changes
    assert label_readers.read(data)["xmp"] == {"artist": ["Zoë"]}


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is missing")
def test_what_exiftool_has_written_is_replaced_everywhere(tmp_path: Path) -> None:
    import json
    import subprocess

    path = tmp_path / "e.jpg"
    path.write_bytes(accompanied.jpeg(accompanied.ramp()))
    tags = ("EXIF:Artist", "EXIF:XPAuthor", "XMP-dc:Creator", "XMP-tiff:Artist", "XMP-pdf:Author", "IPTC:By-line")
    subprocess.run(
        [str(EXIFTOOL), "-q", "-overwrite_original", *(f"-{tag}={OLD}" for tag in tags), str(path)], check=True
    )
    data, outcome = make(tmp_path, path.read_bytes(), ".jpg", set=ARTIST)
    file = outcome.outputs[0].path
    output = subprocess.run([str(EXIFTOOL), "-G1", "-a", "-s", "-j", file], capture_output=True, check=True, text=True)
    found = {key: value for key, value in json.loads(output.stdout)[0].items() if value in (OLD, "Zoë")}
    names = ("IFD0:Artist", "IFD0:XPAuthor", "XMP-dc:Creator", "XMP-tiff:Artist", "XMP-pdf:Author", "IPTC:By-line")
    assert found == dict.fromkeys(names, "Zoë")
    assert OLD.encode() not in data and OLD.encode("utf-16-le") not in data
