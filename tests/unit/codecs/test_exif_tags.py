"""Tags are taken out of an EXIF block in place: what stays does not move, what goes leaves nothing behind."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from imgbatch.codecs.metadata import exif_tags
from imgbatch.codecs.metadata.exif_tags import Entry
from imgbatch.codecs.metadata.privacy import exif_compaction

BASE, GPS = ExifTags.Base, ExifTags.GPS
NOTE = b"maker note with offsets of its own"


def small() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 12)).save(file, "JPEG")
    return file.getvalue()


def block(order: str = "<", thumbnail: bytes | None = None) -> bytes:
    """A block as a camera writes it: 4 directories, a maker note, GPS, and a thumbnail at its end."""
    exif = Image.Exif()
    exif.endian = order
    exif[BASE.Make], exif[BASE.Artist], exif[BASE.ImageWidth] = "A maker of cameras", "Ada Example", 4000
    exif[ExifTags.IFD.Exif] = {
        BASE.DateTimeOriginal: "2024:01:02 03:04:05", BASE.MakerNote: NOTE, BASE.ExifImageWidth: 4000,
        BASE.ExifImageHeight: 70000, BASE.ColorSpace: 65535,
    }  # fmt: skip
    exif[ExifTags.IFD.GPSInfo] = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (12.0, 34.0, 56.0)}
    raw = exif.tobytes()[6:]
    if thumbnail is None:
        return raw
    first = struct.unpack_from(order + "I", raw, 4)[0]
    count = struct.unpack_from(order + "H", raw, first)[0]
    raw += bytes(len(raw) % 2)
    entries = ((0x0103, 3, 6), (0x0201, 4, len(raw) + 42), (0x0202, 4, len(thumbnail)))
    second = struct.pack(order + "H", 3) + b"".join(struct.pack(order + "HHII", tag, kind, 1, value) if kind == 4 else
             struct.pack(order + "HHIH2x", tag, kind, 1, value) for tag, kind, value in entries) + bytes(4)  # fmt: skip
    result = bytearray(raw + second + thumbnail)
    struct.pack_into(order + "I", result, first + 2 + 12 * count, len(raw))
    return bytes(result)


def read(raw: bytes | None) -> dict[str, Any]:
    """What Pillow reads of a block: name -> value."""
    assert raw is not None
    exif = Image.Exif()
    exif.load(raw)
    names = {tag: exif.get_ifd(tag) for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)}
    values = {BASE(tag).name: value for tag, value in exif.items() if tag not in names}
    values |= {BASE(tag).name: value for tag, value in names[ExifTags.IFD.Exif].items()}
    return values | {GPS(tag).name: value for tag, value in names[ExifTags.IFD.GPSInfo].items()}


ORDERS = pytest.mark.parametrize("order", ["<", ">"])


@ORDERS
def test_every_tag_is_found(order: str) -> None:
    directories = exif_tags.directories(block(order, small()))
    assert sorted(one.name for one in directories) == ["exif", "gps", "image", "thumbnail"]
    assert exif_tags.has_position(block(order)) and exif_tags.has_thumbnail(block(order, small()))
    assert exif_tags.thumbnail(block(order, small())) == small()


@ORDERS
def test_gps_and_thumbnail_leave_nothing_behind_and_the_note_stays(order: str) -> None:
    raw = block(order, small())
    result = exif_tags.without(raw, lambda tags: [entry for entry in tags if entry.directory in ("gps", "thumbnail")])
    assert result is not None and len(result) < len(raw) - len(small())
    assert result.index(NOTE) == raw.index(NOTE)
    assert small()[:20] not in result and struct.pack(order + "II", 56, 1) not in result
    before, after = read(raw), read(result)
    assert after == {name: value for name, value in before.items() if not name.startswith("GPS")}
    assert not exif_tags.has_position(result) and not exif_tags.has_thumbnail(result)
    exif = Image.Exif()
    exif.load(result)
    assert ExifTags.IFD.GPSInfo not in exif and exif.get_ifd(ExifTags.IFD.IFD1) == {}


@ORDERS
def test_one_tag_goes_with_its_value(order: str) -> None:
    raw = block(order, small())
    result = exif_tags.without(raw, lambda tags: [entry for entry in tags if entry.tag == BASE.Artist])
    assert result is not None and len(result) == len(raw) and b"Ada" not in result
    assert read(result) == {name: value for name, value in read(raw).items() if name != "Artist"}
    assert exif_tags.thumbnail(result) == small()


def test_what_is_empty_is_no_block_and_what_stays_is_the_same() -> None:
    raw = block("<", small())
    assert exif_tags.without(raw, list) is None
    assert exif_tags.without(raw, lambda tags: []) is raw


@ORDERS
def test_a_value_that_two_tags_share_is_kept_for_the_other(order: str) -> None:
    text = b"shared by two tags\0"
    entries = [struct.pack(order + "HHII", tag, 2, len(text), 38) for tag in (BASE.Make, BASE.Artist)]
    raw = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, 2) + b"".join(entries) + bytes(4) + text
    assert read(exif_tags.without(raw, lambda tags: [entry for entry in tags if entry.tag == BASE.Artist])) == {
        "Make": "shared by two tags"
    }


@ORDERS
def test_compact_keeps_the_values_and_loses_the_slack(order: str) -> None:
    raw = block(order)
    result = exif_tags.without(
        raw, lambda tags: [entry for entry in tags if entry.tag == BASE.MakerNote or entry.tag == BASE.Make]
    )
    assert result is not None
    compact = exif_compaction.compact(result)
    assert compact is not None and read(compact) == read(result) and len(compact) < len(result)


@ORDERS
def test_sizes_and_color_space(order: str) -> None:
    raw = block(order)
    values = read(exif_tags.with_size(raw, (800, 600)))
    assert (values["ImageWidth"], values["ExifImageWidth"], values["ExifImageHeight"]) == (800, 800, 600)
    assert read(exif_tags.with_size(raw, (100_000, 1)))["ExifImageWidth"] == 100_000, "a short becomes a long"
    assert read(exif_tags.with_srgb(raw)) == read(raw) | {"ColorSpace": 1}


@ORDERS
@pytest.mark.parametrize("length", [5, 4000])
def test_another_thumbnail(order: str, length: int) -> None:
    raw, other = block(order, small()), b"\xff\xd8" + bytes(range(256)) * 16
    result = exif_tags.with_thumbnail(raw, other[:length])
    assert exif_tags.thumbnail(result) == other[:length]
    assert read(result) == read(raw) and result.index(NOTE) == raw.index(NOTE)
    longer = raw + b"more behind"
    assert exif_tags.thumbnail(exif_tags.with_thumbnail(longer, other[:length])) == other[:length]
    assert b"more behind" in exif_tags.with_thumbnail(longer, other[:length])


def test_a_camera_without_a_fix_says_no_position() -> None:
    raw = bytearray(block())
    (place,) = (one for one in exif_tags.entries(bytes(raw)) if one.directory == "gps" and one.tag == GPS.GPSLatitude)
    raw[place.start : place.start + place.length] = bytes(place.length)
    assert exif_tags.has_position(block()) and not exif_tags.has_position(bytes(raw))


def some(tags: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in tags if (entry.tag + entry.at) % 3 != 0]


@given(st.binary(max_size=160), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b""]))
def test_damaged_blocks_never_raise(tail: bytes, head: bytes) -> None:
    raw = head + tail
    for select in (some, list):
        result = exif_tags.without(raw, select)
        assert result is None or len(result) <= len(raw)
    assert exif_tags.with_thumbnail(raw, b"x") is not None and len(exif_tags.with_size(raw, (1, 2))) == len(raw)
    compact = exif_compaction.compact(raw)
    assert compact is None or len(compact) < 2 * len(raw) + 100


def test_values_that_overlap_do_not_grow() -> None:
    """5,000 tags that all claim the same 60,000 bytes."""
    entries = b"".join(struct.pack("<HHII", number, 7, 60_000, 8) for number in range(5_000))
    raw = b"II*\0" + struct.pack("<IH", 8, 5_000) + entries + bytes(4)
    assert len(raw) > 60_000 and exif_compaction.compact(raw) is None


def test_a_directory_outside_of_the_block_is_not_packed() -> None:
    raw = bytearray(block())
    (pointer,) = (entry for entry in exif_tags.entries(bytes(raw)) if entry.tag == exif_tags.GPS_IFD)
    struct.pack_into("<I", raw, pointer.at + 8, len(raw) + 50)
    assert exif_compaction.has_unknown_directory(bytes(raw)) and not exif_compaction.has_unknown_directory(block())
    compact = exif_compaction.compact(bytes(raw))
    assert compact is not None and not exif_compaction.has_unknown_directory(compact)
    assert read(compact) == {name: value for name, value in read(block()).items() if not name.startswith("GPS")}


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), min_size=1, max_size=4), st.sampled_from("<>"))
def test_bent_blocks_never_raise_or_grow(bends: list[tuple[int, int]], order: str) -> None:
    raw = bytearray(block(order, small()))
    for at, by in bends:
        raw[at % len(raw)] ^= by
    result = exif_tags.without(bytes(raw), some)
    assert result is None or len(result) <= len(raw)
    if result is not None:
        compact = exif_compaction.compact(result)
        assert compact is None or len(compact) < 2 * len(result) + 100


def test_the_related_picture_is_the_picture_itself() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {0x0001: "R98", 0x1001: 4000, 0x1002: 3000}
    block = exif_tags.with_size(exif.tobytes()[6:], (640, 480))
    found = {
        entry.tag: int.from_bytes(
            block[entry.start : entry.start + entry.length], "little" if block[:2] == b"II" else "big"
        )
        for entry in exif_tags.entries(block)
        if entry.directory == "interop"
    }
    assert (found[0x1001], found[0x1002]) == (640, 480)


def test_a_value_that_would_lie_far_outside_takes_no_memory() -> None:
    """One that goes is measured up to the next value, which a damaged block may place gigabytes away."""
    far, head = 64 << 20, b"II*\0\x08\0\0\0" + struct.pack("<H", 3)
    tags = struct.pack("<HHII", 1, 0, 9, 52) + struct.pack("<HHII", 2, 0, 9, far) + struct.pack("<HHII", 3, 3, 1, 7)
    tracemalloc.start()
    try:
        result = exif_tags.without(head + tags + bytes(40), lambda entries: [one for one in entries if one.tag == 1])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [entry.tag for entry in exif_tags.entries(result or b"")] == [2, 3]
    assert most < far / 64
