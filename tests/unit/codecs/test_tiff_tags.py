"""Does each page of a TIFF keep what it says of itself, and is what is not kept named?"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence
from PIL.TiffImagePlugin import AppendingTiffWriter, ImageFileDirectory_v2

import imgbatch as ib
from imgbatch.codecs.containers.tiff_tags import _directories, page_directories
from imgbatch.codecs.metadata.block import TagValue
from imgbatch.codecs.writing.tiff_directories import with_page_tags
from tests.faults.soak.worst import overlapping_directories
from tests.unit.codecs.test_exif_text import block

DESCRIPTION, NAME, DOCUMENT, SOFTWARE, ARTIST, COPYRIGHT, DATE = 270, 285, 269, 305, 315, 33432, 306
SCALE, TIEPOINT, KEYS, ASCII = 33550, 33922, 34735, 34737
GEO: dict[int, Any] = {
    SCALE: (10.0, 10.0, 0.0), TIEPOINT: (0.0, 0.0, 0.0, 440720.0, 3751320.0, 0.0),
    KEYS: (1, 1, 0, 1, 1024, 0, 1, 1), ASCII: "UTM Zone 11N|",
}  # fmt: skip


def directory(tags: Mapping[int, Any], order: bytes = b"II") -> ImageFileDirectory_v2:
    result = ImageFileDirectory_v2(b"II*\0\0\0\0\0" if order == b"II" else b"MM\0*\0\0\0\0")
    for tag, value in tags.items():
        if tag in (SCALE, TIEPOINT):
            result.tagtype[tag] = 12
        if tag == KEYS:
            result.tagtype[tag] = 3
        result[tag] = value
    return result


def pages_of(path: Path, *pages: tuple[int, Mapping[int, Any]]) -> Path:
    """A TIFF of pages with these resolutions and tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with AppendingTiffWriter(str(path), True) as writer:
        for dpi, tags in pages:
            image = Image.new("RGB", (60, 40), (9, 99, 200))
            image.save(writer, "TIFF", tiffinfo=directory(tags), dpi=(dpi, dpi))
            writer.newFrame()
    return path


def tags_of(path: Path, *numbers: int) -> list[tuple[Any, ...]]:
    """Of each page its resolution, and the values of these tags."""
    with Image.open(path) as image:
        return [
            (round(float(page.info.get("dpi", (0,))[0])), *(page.tag_v2.get(number) for number in numbers))  # type: ignore[attr-defined]
            for page in ImageSequence.Iterator(image)
        ]


def made(path: Path, *ops: ib.Operation, **options: Any) -> tuple[Path, tuple[str, ...]]:
    """What is made of a file, and the changes."""
    (outcome,) = ib.run(path, path.parent / "out", ib.Recipe(ops, [ib.Output(**options)]), workers=0).outcomes
    assert outcome.ok, outcome.error
    return Path(outcome.outputs[0].path), outcome.changes


TWO = (
    (
        300,
        {DESCRIPTION: "the cover", NAME: "Cover", DOCUMENT: "Atlas", SOFTWARE: "scanner", DATE: "2001:01:01 00:00:00"},
    ),
    (150, {DESCRIPTION: "Rückseite", NAME: "Back", ARTIST: "Jo", COPYRIGHT: "(c) Jo", DATE: "2002:02:02 00:00:00"}),
)


@pytest.mark.parametrize("op", [ib.Rotate(180), ib.Resize("30"), ib.Grayscale(), ib.Blur(1)])
def test_each_page_keeps_its_own(tmp_path: Path, op: ib.Operation) -> None:
    path = pages_of(tmp_path / "a.tif", *TWO, (72, {}))
    before = tags_of(path, DESCRIPTION, NAME, DOCUMENT, SOFTWARE, ARTIST, COPYRIGHT, DATE)
    result, changes = made(path, op)
    assert tags_of(result, DESCRIPTION, NAME, DOCUMENT, SOFTWARE, ARTIST, COPYRIGHT, DATE) == before
    assert not any("not kept" in change or "not written" in change for change in changes)


def test_a_single_page_of_several_keeps_its_own(tmp_path: Path) -> None:
    result, _ = made(pages_of(tmp_path / "a.tif", *TWO), ib.Blur(1), frames="first")
    assert tags_of(result, DESCRIPTION, NAME, DOCUMENT) == [(300, "the cover", "Cover", "Atlas")]


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_a_place_on_earth_stays_where_the_geometry_does(tmp_path: Path, order: bytes) -> None:
    path = tmp_path / "a.tif"
    Image.new("L", (60, 40), 99).save(path, tiffinfo=directory(GEO))
    if order == b"MM":
        path.write_bytes(big_endian(path.read_bytes()))
    turns = (ib.Flip(), ib.Rotate(90), ib.Flip(), ib.Rotate(90))  # together they change no place
    for number, ops in enumerate(((ib.Brightness(1.1),), (ib.Blur(1),), (ib.Gamma(2),), (ib.Crop("60x40"),), turns)):
        result, changes = made(path, *ops, dir=str(number))
        assert tags_of(result, *GEO)[0][1:] == tuple(GEO.values())
        assert not any("not kept" in change for change in changes)
    for number, op in enumerate(
        (ib.Flip(), ib.Flop(), ib.Rotate(90), ib.Resize("30"), ib.Crop("30x20"), ib.Pad("80x80")), 9
    ):
        result, changes = made(path, op, dir=str(number))
        assert tags_of(result, *GEO)[0][1:] == (None,) * 4
        assert any("GeoTIFF" in change and "not kept" in change for change in changes)


def big_endian(data: bytes) -> bytes:
    """A little-endian TIFF of one 8-bit page in the other order."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 7: 1, 12: 8}
    start, result = int.from_bytes(data[4:8], "little"), bytearray(data)
    result[:8] = b"MM\0*" + start.to_bytes(4, "big")
    (count,) = struct.unpack_from("<H", data, start)
    result[start : start + 2] = count.to_bytes(2, "big")
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from("<HHI", data, at)
        struct.pack_into(">HHI", result, at, tag, kind, number)
        size, parts = sizes[kind], number * (2 if kind == 5 else 1)
        place = at + 8
        if size * parts > 4:
            (place,) = struct.unpack_from("<I", data, at + 8)
            struct.pack_into(">I", result, at + 8, place)
        for value in range(place, place + size * parts, size):
            result[value : value + size] = data[value : value + size][::-1]
    return bytes(result)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_what_another_format_cannot_hold_is_named(tmp_path: Path, format: str) -> None:
    path = pages_of(tmp_path / "a.tif", (300, {NAME: "Cover", DOCUMENT: "Atlas", **GEO}))
    _, changes = made(path, format=format)
    (change,) = [change for change in changes if "PageName" in change]
    assert change.endswith(f"not written: {format}")
    assert all(name in change for name in ("DocumentName", "ModelTiepoint", "GeoKeyDirectory"))


def test_other_pages_of_an_animation_are_named(tmp_path: Path) -> None:
    _, changes = made(pages_of(tmp_path / "a.tif", *TWO), format="png")
    assert "tags of other pages not written: png" in changes


def test_tags_that_nobody_knows_are_named_and_those_of_storage_are_not(tmp_path: Path) -> None:
    path = pages_of(tmp_path / "a.tif", (300, {65000: "private", 34377: b"8BIM\x04\x0b\0\0\0\0\0\0"}))
    _, changes = made(path, ib.Blur(1))
    assert {"tiff tag 65000 not kept", "photoshop resources not kept"} <= set(changes)
    plain = pages_of(tmp_path / "b.tif", (300, {}))
    assert not any("not kept" in change for change in made(plain, ib.Blur(1))[1])


@pytest.mark.parametrize(
    ("words", "goes", "stays"),
    [
        ({"strip": "gps"}, (SCALE, KEYS), (NAME, DESCRIPTION)),
        ({"strip": "description"}, (DESCRIPTION,), (NAME, SCALE)),
        ({"strip": "pagename"}, (NAME,), (DESCRIPTION, SCALE)),
        ({"strip": "all"}, (NAME, DESCRIPTION, SCALE), ()),
        ({"keep": "description"}, (NAME, SCALE), (DESCRIPTION,)),
    ],
)
def test_strip_takes_tags_out_of_every_page(
    tmp_path: Path, words: dict[str, str], goes: tuple[int, ...], stays: tuple[int, ...]
) -> None:
    page = {NAME: "SECRET name", DESCRIPTION: "SECRET text", **GEO}
    result, _ = made(pages_of(tmp_path / "a.tif", (300, page), (150, page)), ib.Blur(1), **words)
    assert all(set(values[1:]) == {None} for values in tags_of(result, *goes))
    if stays:
        assert all(None not in values[1:] for values in tags_of(result, *stays))
    assert b"SECRET" not in result.read_bytes() or stays


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_of_exif_go_into_a_tiff_or_are_named(tmp_path: Path, order: str) -> None:
    title, rating = "Straße".encode("utf-16-le") + b"\0\0", struct.pack(order + "H", 4)
    exif = block(
        (40091, 1, len(title), title), (18246, 3, 1, rating), (65000, 2, 4, b"abc\0"),
        (50341, 7, 4, b"Prin"), order=order,
    )  # fmt: skip
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + exif)
    result, changes = made(tmp_path / "a.jpg", format="tiff")
    assert "exif tag 65000 not written: tiff" in changes
    assert not any("40091" in change or "18246" in change or "50341" in change for change in changes)
    again, _ = made(result, ib.Flip(), dir="2")
    for path in (result, again):
        with Image.open(path) as image:
            assert bytes(image.tag_v2[40091]) == title  # type: ignore[attr-defined]
            assert image.tag_v2[18246] == 4  # type: ignore[attr-defined]
    assert "XPTitle" not in "".join(changes)
    stripped, _ = made(tmp_path / "a.jpg", format="tiff", strip="title", dir="3")
    assert title not in stripped.read_bytes()


def test_a_directory_that_leads_in_a_circle_or_outside_ends() -> None:
    circle = (
        b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", NAME, 2, 3, 0x00436261) + struct.pack("<I", 8)
    )
    assert len(page_directories(circle).pages) == 1
    outside = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", NAME, 2, 900, 5000) + bytes(4)
    assert page_directories(outside) == ((), ("tag PageName",), (1,))
    assert page_directories(b"II*\0\xff\xff\xff\xff" + bytes(20)) == ((), (), ())


def test_entries_of_directories_that_overlap_are_read_once() -> None:
    data = overlapping_directories(100_000)
    assert sum(map(len, _directories(data))) <= len(data) // 12


@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize("kind", [1, 4, 7])
def test_iptc_of_a_tiff_is_read_whatever_its_type(tmp_path: Path, order: bytes, kind: int) -> None:
    records = b"\x1c\x02\x50\0\7Jo Poet" + b"\x1c\x02\x69\0\x08Headline"  # 12 and 13 bytes
    records += bytes(-len(records) % 4)
    Image.new("L", (8, 8)).save(tmp_path / "a.tif")
    value = TagValue(kind, len(records) // 4 if kind == 4 else len(records), records)
    data = with_page_tags((tmp_path / "a.tif").read_bytes(), [{33723: value}])
    if order == b"MM":
        turned = b"".join(records[at : at + 4][::-1] for at in range(0, len(records), 4)) if kind == 4 else records
        data = big_endian(data.replace(records, turned))
    (tmp_path / "a.tif").write_bytes(data)
    result, _ = made(tmp_path / "a.tif", ib.Blur(1), format="jpeg")
    assert b"Jo Poet" in result.read_bytes() and b"Headline" in result.read_bytes()
