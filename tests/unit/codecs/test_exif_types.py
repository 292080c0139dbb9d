"""Texts of the type UTF-8 (EXIF 3.0), types that nobody knows, and values that are cut off: nothing is torn or left."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs import FORMATS, AnimationTiming, Encoding, Metadata
from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.privacy import exif_compaction
from imgbatch.codecs.metadata.strip import strip_metadata

Tag = tuple[int, int, bytes]  # number, type, value
UTF_8, UNKNOWN = 129, 200
TITLE, ARTIST, MAKE = "Grüße vom See\0".encode(), "Renée Geheim\0".encode(), b"Example Camera\0"
NOTE = b"MakerCo\0" + bytes(range(40))
PLAIN: list[Tag] = [(0x010E, UTF_8, TITLE), (0x010F, 2, MAKE), (0x013B, UTF_8, ARTIST)]


def block(tags: Sequence[Tag], note: bytes = b"", order: str = "<") -> bytes:
    """A block of `tags` in its first directory, and a maker note in its second."""
    count, blob, entries = len(tags) + bool(note), b"", b""
    at = 8 + 2 + 12 * count + 4
    for tag, kind, value in sorted(tags):
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", at + len(blob))
        entries += struct.pack(order + "HHI", tag, kind, len(value)) + place
        blob += value + bytes(len(value) % 2) if len(value) > 4 else b""
    if note:
        entries += struct.pack(order + "HHII", 0x8769, 4, 1, at + len(blob))
        inner = struct.pack(order + "HHHII", 1, 0x927C, 7, len(note), at + len(blob) + 18) + bytes(4)
        blob += inner + note
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, count)
    return head + entries + bytes(4) + blob


def values(exif: bytes | None) -> dict[int, bytes]:
    assert exif is not None
    return {one.tag: exif[one.start : one.start + one.length] for one in exif_tags.entries(exif) if one.tag != 0x8769}


def strip(exif: bytes, words: str) -> bytes | None:
    return strip_metadata(Metadata(exif=exif), words, None, []).exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("note", [b"", NOTE])
def test_one_tag_goes_and_texts_in_utf_8_stay_whole(order: str, note: bytes) -> None:
    rest = {0x010E: TITLE, 0x013B: ARTIST} | ({0x927C: note} if note else {})
    assert values(strip(block(PLAIN, note, order), "camera")) == rest
    left = strip(block(PLAIN, note, order), "artist")
    assert left is not None and b"Geheim" not in left and TITLE in left and MAKE in left and note in left


@pytest.mark.parametrize("note", [b"", NOTE])
def test_a_value_of_an_unknown_type_goes_to_its_end_and_stays_where_it_is(note: bytes) -> None:
    odd: list[Tag] = [(0x010E, UNKNOWN, TITLE), (0x010F, 2, MAKE), (0x013B, UNKNOWN, ARTIST)]
    raw = block(odd, note)
    left = strip(raw, "artist")
    assert left is not None and b"Geheim" not in left
    assert left.index(TITLE) == raw.index(TITLE) and MAKE in left and note in left
    left = strip(raw, "camera")
    assert left is not None and MAKE not in left and left.index(ARTIST) == raw.index(ARTIST)
    assert strip(raw, "description,camera,artist") == (None if not note else strip(raw, "description,camera,artist"))


def test_a_number_of_an_unknown_type_is_no_place_of_others_values() -> None:
    raw = bytearray(block([(0x010E, UNKNOWN, TITLE), (0x010F, 2, MAKE)]))
    struct.pack_into("<I", raw, 10 + 8, raw.index(MAKE) + 3)  # what it says lies in the midst of another value
    assert values(strip(bytes(raw), "description")) == {0x010F: MAKE}


@pytest.mark.parametrize("note", [b"", NOTE])
def test_a_value_that_is_cut_off_goes_and_keeps_nothing_from_going(note: bytes) -> None:
    raw = bytearray(block(PLAIN, note))
    struct.pack_into("<I", raw, 10 + 24 + 4, 60_000)  # the artist
    left = strip(bytes(raw), "artist")
    assert left is not None and b"Geheim" not in left and TITLE in left and MAKE in left and note in left
    raw = bytearray(block(PLAIN, note))
    struct.pack_into("<I", raw, 10 + 4, 60_000)  # the title, which comes first
    left = strip(bytes(raw), "artist")
    assert left is not None and b"Geheim" not in left and MAKE in left and note in left


def test_a_value_goes_that_lies_partly_in_another() -> None:
    raw = bytearray(block([(0x010F, 2, MAKE), (0x013B, 2, ARTIST)], NOTE))
    struct.pack_into("<I", raw, 10 + 4, len(MAKE) + 8)  # the make goes on into the name
    left = strip(bytes(raw), "artist")
    assert left is not None and b"Geheim" not in left and NOTE in left and MAKE in left


@pytest.mark.parametrize("small", [False, True])
def test_what_others_left_behind_goes_unless_a_maker_note_may_need_it(small: bool) -> None:
    raw = block(PLAIN)
    if small:  # a second directory with a small picture, which stays where it is
        second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, len(raw) + 30, 0x0202, 4, 1, 5, 0)
        raw = raw[: 10 + 36] + struct.pack("<I", len(raw)) + raw[10 + 40 :] + second + b"small"
    assert exif_compaction.without_slack(raw) is raw
    left = strip(raw + b"an old position", "gps,icc" if not small else "icc")
    assert left is not None and b"old position" not in left and left.startswith(raw)
    assert strip(block(PLAIN, NOTE) + b"an old position", "gps") == block(PLAIN, NOTE) + b"an old position"
    odd = block([(0x010E, UNKNOWN, TITLE), (0x010F, 2, MAKE)])
    assert exif_compaction.without_slack(odd) is odd


def test_what_cannot_be_measured_is_not_copied() -> None:
    compact = exif_compaction.compact(block([(0x010E, UNKNOWN, TITLE), (0x010F, 2, MAKE)]))
    assert values(compact) == {0x010F: MAKE} and compact is not None and TITLE not in compact
    assert exif_compaction.compact(block([(0x010E, UNKNOWN, TITLE)])) is None


@pytest.mark.parametrize("where", ["image", "thumbnail"])
def test_directories_that_nobody_follows_are_not_carried_on(where: str) -> None:
    secret = block([(0x010F, 2, MAKE), (0x013B, 2, ARTIST)])
    at = len(secret)
    hidden = struct.pack("<HHHIII", 1, 0x8825, 4, 1, 0, 0) + b"hidden"
    second = struct.pack("<HHHIHHI", 1, 0x0103, 3, 1, 6, 0, at + 18)
    raw = bytearray(secret + (second + hidden if where == "thumbnail" else b"") + hidden)
    struct.pack_into("<I", raw, 10 + 24, at if where == "thumbnail" else 0)
    if where == "image":
        raw = bytearray(block([(0x010F, 2, MAKE), (0x014A, 4, b"abcdefgh")]) + hidden)
    assert exif_compaction.has_unknown_directory(bytes(raw))
    left = strip(bytes(raw), "gps")
    assert left is not None and MAKE in left and b"hidden" not in left


@pytest.mark.parametrize("format", [name for name in FORMATS if codecs.codec(name).exif])
def test_texts_are_written_as_they_were(format: str) -> None:
    for exif in (block(PLAIN), block([(tag, 2, value) for tag, _, value in PLAIN])):
        image = Image.new("RGB", (16, 12), "teal")
        encoded = codecs.encode([image], format, Encoding(), Metadata(exif=exif), AnimationTiming())
        for value in (TITLE, MAKE, ARTIST):
            assert value.rstrip(b"\0") in encoded.data, "not as question marks"
        with codecs.open_image(encoded.data, "", 10**6) as opened:
            found = values(opened.metadata.exif)
        assert {tag: found[tag] for tag in (0x010E, 0x010F, 0x013B)} == {0x010E: TITLE, 0x010F: MAKE, 0x013B: ARTIST}


@pytest.mark.parametrize("text", [ARTIST, b"Li\0"])
@pytest.mark.parametrize("group", [0, 0x8769])
def test_a_tiff_whose_texts_are_in_utf_8_keeps_them(text: bytes, group: int) -> None:
    tag = 0x013B if group == 0 else 0xA430
    exif = block([(tag, 2, text)]) if group == 0 else block(PLAIN[1:2], text.ljust(5, b"\0"))
    exif = exif.replace(struct.pack("<HH", 0x927C, 7), struct.pack("<HH", tag, 2))
    image = Image.new("RGB", (16, 12), "teal")
    data = codecs.encode([image], "tiff", Encoding(), Metadata(exif=exif), AnimationTiming()).data
    entry = struct.pack("<HH", tag, 2)
    assert data.count(entry) == 1
    with codecs.open_image(data.replace(entry, struct.pack("<HH", tag, UTF_8)), ".tif", 10**6) as opened:
        assert values(opened.metadata.exif)[tag].rstrip(b"\0") == text[:-1]
