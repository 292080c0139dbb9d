"""Which of the color boxes of a file counts? That of the primary picture, of what it is made of, or of the sequence."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from imgbatch.codecs.containers import color_blocks, color_boxes
from imgbatch.codecs.containers.color_boxes import ColorBox
from imgbatch.pixels.color_spaces import color_space
from tests import color_files as files


def box(name: bytes, content: bytes, *more: bytes) -> bytes:
    whole = content + b"".join(more)
    return struct.pack(">I4s", 8 + len(whole), name) + whole


def nclx(primaries: int) -> bytes:
    return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, 13, 1, 128))


P3, BT2020, OTHER = nclx(12), nclx(9), box(b"ispe", bytes(12))


def meta(owners: bytes, *properties: bytes, primary: int = 2, large: bool = False, references: bytes = b"") -> bytes:
    """A HEIC's box of items.

    Parameters
    ----------
    owners : bytes
        The content of the box that gives the items their properties.
    *properties : bytes
    primary : int
        Which item is shown.
    large : bool
        Whether items have numbers of 32 bits.
    references : bytes
        Boxes of them.
    """
    identity = bytes((int(large), 0, 0, 0)) + primary.to_bytes(4 if large else 2, "big")
    parts = box(b"iprp", box(b"ipco", *properties), box(b"ipma", owners))
    return box(b"meta", bytes(4), box(b"pitm", identity), parts, box(b"iref", bytes(4), references))


@pytest.mark.parametrize("data", [
    meta(struct.pack(">IIHBBHBBB", 0, 2, 1, 1, 1, 2, 2, 3, 0x82), P3.replace(b"\0\x0c", b"\0\x01"), P3, OTHER),
    meta(struct.pack(">IIHBHHBH", 1, 2, 1, 1, 1, 2, 1, 0x8002), BT2020, P3),  # properties of 15 bits
    meta(struct.pack(">IIIBB", 1 << 24, 1, 70_000, 1, 2), BT2020, P3, primary=70_000, large=True),
    box(b"free", bytes(9)) + meta(struct.pack(">IIHBB", 0, 1, 2, 1, 1), P3) + box(b"mdat", bytes(40)),
    struct.pack(">I4sQ", 1, b"free", 16) + meta(struct.pack(">IIHBB", 0, 1, 2, 1, 1), P3),
    # A picture of tiles, whose numbers stand with the first of them.
    meta(struct.pack(">IIHBBHBB", 0, 2, 2, 1, 2, 7, 1, 1), P3, OTHER,
         references=box(b"thmb", struct.pack(">3H", 9, 1, 2)) + box(b"dimg", struct.pack(">4H", 2, 2, 7, 8))),
    # A sequence without a still picture.
    box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", box(b"stsd", bytes(8),
        box(b"av01", bytes(78), OTHER, P3))))))),
], ids=["several", "wide", "large", "others", "64 bits", "tiles", "sequence"])  # fmt: skip
def test_the_box_of_the_primary_picture_counts(data: bytes) -> None:
    assert color_boxes.of_heif(data) == ColorBox(code_points=(12, 13))


@pytest.mark.parametrize("data", [
    b"", bytes(100), meta(struct.pack(">IIHBB", 0, 1, 1, 1, 1), P3), meta(b"", P3),
    meta(struct.pack(">IIHBB", 0, 1, 2, 1, 9), P3), meta(struct.pack(">IIHBB", 0, 1, 2, 1, 1), P3[:-8]),
    meta(struct.pack(">IIHBB", 0, 1, 2, 1, 1), box(b"colr", b"prof" + bytes(200))),
    struct.pack(">I4s", 4, b"meta"), struct.pack(">I4sQ", 1, b"meta", 3), struct.pack(">I4s", 1 << 31, b"meta"),
], ids=range(10))  # fmt: skip
def test_no_box_counts_where_none_is_the_picture_s(data: bytes) -> None:
    assert color_boxes.of_heif(data) is None


@pytest.mark.parametrize(("color", "expected"), [
    (b"\1\0\0" + struct.pack(">I", 21), ColorBox(jp2_number=21)), (b"\2\0\0profile", ColorBox(icc=b"profile")),
    (b"\3\0\0profile", ColorBox(icc=b"profile")), (b"\5\0\0\0\x0c\0\x0d", ColorBox(code_points=(12, 13))),
    (b"\4\0\0vendor", ColorBox(jp2_method=4)), (b"\1\0\0\0", None),
])  # fmt: skip
def test_boxes_of_jpeg_2000(color: bytes, expected: ColorBox | None) -> None:
    assert color_boxes.of_jpeg2000(files.jp2(Image.new("RGB", (8, 8)), color)) == expected


def test_the_first_box_that_says_something_counts() -> None:
    head = box(b"jp2h", box(b"colr", b"\4\0\0vendor"), box(b"colr", b"\2\0\0icc"), box(b"colr", b"\1\0\0\0\0\0\x10"))
    assert color_boxes.of_jpeg2000(head) == ColorBox(icc=b"icc")
    assert color_boxes.of_jpeg2000(box(b"jp2c", b"") + head) is None  # no head stands behind the picture


@pytest.mark.parametrize("data", [
    b"GIF89a", b"GIF89a\x21\xff\x0bICCRGBG1012", b"GIF89a\x21\xff\x0bICCRGBG1012\0;",
    b"GIF89a\x21\xff\x0bICCRGBG1012" + (b"\xff" + bytes(255)) * 20_000,
], ids=["none", "cut", "empty", "too large"])  # fmt: skip
def test_gifs_without_a_profile_that_is_read(data: bytes) -> None:
    assert color_blocks.profile_of_gif(data) is None


@pytest.mark.parametrize(("kind", "numbers"), [
    (b"BGRs", bytes(48)), (bytes(4), bytes(48)), (bytes(4), struct.pack("<9i3I", *[1 << 28] * 9, 1, 9 << 16, 1)),
], ids=["srgb", "zeros", "powers that differ"])  # fmt: skip
def test_bmps_that_measure_nothing(kind: bytes, numbers: bytes) -> None:
    assert color_blocks.chromaticities_of_bmp(files.bmp(Image.new("RGB", (8, 8)), kind, numbers)) is None


def test_a_bmp_s_endpoints_are_its_primaries() -> None:
    numbers = files.bmp_numbers(color_space.ADOBE_RGB.primaries, 2.2)
    primaries, gamma = color_blocks.chromaticities_of_bmp(files.bmp(Image.new("RGB", (8, 8)), bytes(4), numbers)) or (
        (),
        0,
    )
    assert primaries == pytest.approx(color_space.ADOBE_RGB.primaries, abs=1e-6) and gamma == pytest.approx(
        2.2, abs=1e-4
    )
    assert color_blocks.profile_of_bmp(files.bmp(Image.new("RGB", (8, 8)), b"DEBM", icc=b"icc")) == b"icc"
    assert color_blocks.profile_of_bmp(files.bmp(Image.new("RGB", (8, 8)), b"DEBM", icc=b"icc")[:-1]) is None
