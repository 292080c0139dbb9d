"""Several EXIF blocks or XMP packets in one file, or in a PNG's texts: one counts, the others are named."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch import Output, Recipe, Resize, codecs, run
from imgbatch.codecs.metadata import header_blocks, iptc
from imgbatch.codecs.reading import limits
from tests.unit.codecs.test_exif_tags import BASE, block, read
from tests.unit.codecs.test_iptc import BLOCK as IPTC
from tests.unit.codecs.test_png_chunks import chunk, png
from tests.unit.codecs.test_xmp import PACKET as XMP

PLACE = struct.pack("<IIIIII", 12, 1, 34, 1, 56, 1)  # the position in `block()`
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(1_000_000):
        yield


def plain(orientation: int = 1, order: str = "<") -> bytes:
    exif = Image.Exif()
    exif.endian = order
    exif[BASE.Make], exif[BASE.Orientation] = "Example", orientation
    return exif.tobytes()[6:]


def jpeg(*contents: bytes) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(file, "JPEG")
    segments = [b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content for content in contents]
    return b"".join([file.getvalue()[:2], *segments, file.getvalue()[2:]])


def raw_text(content: bytes, name: str = "exif", line: int = 72) -> str:
    digits = content.hex()
    lines = [digits[at : at + line] for at in range(0, len(digits), line)]
    return "\n".join([f"\n{name}\n{len(content):8}", *lines, ""])


def raw(kind: str, content: bytes, chunk_name: bytes = b"zTXt") -> bytes:
    text = raw_text(content, kind).encode()
    body = {b"zTXt": b"\0" + zlib.compress(text), b"tEXt": text, b"iTXt": b"\0\0\0\0" + text}[chunk_name]
    return chunk(chunk_name, f"Raw profile type {kind}".encode() + b"\0" + body)


HOW = [Output(strip="gps"), Output(format="webp"), Output(format="png"), Output(format="avif"), Output(format="tiff"),
       Output(strip="gps", format="webp"), Output(strip="gps", format="png"), Output(strip="gps", format="gif"),
       Output(strip="artist"), Output(keep="exif")]  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("output", HOW, ids=lambda output: f"{output.format}-{output.strip}-{output.keep}")
def test_a_second_block_is_not_written_and_that_is_said(output: Output, order: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(_EXIF + plain(order=order), _EXIF + block()))
    for ops in ([], [Resize("32")]):
        (outcome,) = run([tmp_path / "a.jpg"], tmp_path / f"out{len(ops)}", Recipe(ops, [output]), workers=0).outcomes
        assert outcome.status == "ok"
        data = (tmp_path / f"out{len(ops)}" / outcome.outputs[0].path).read_bytes()
        assert PLACE not in data and b"second exif block not kept" in "; ".join(outcome.changes).encode()


def test_a_copy_keeps_both_and_says_nothing_but_the_position(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(_EXIF + plain(), _EXIF + block()))
    report = run([tmp_path / "a.jpg"], tmp_path / "out", workers=0)
    (outcome,) = report.outcomes
    assert outcome.changes == ("bytes copied: nothing to change",)
    assert (tmp_path / "out/a.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()
    with codecs.open_image((tmp_path / "a.jpg").read_bytes(), ".jpg", 10**6) as opened:
        assert opened.metadata.has_position


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_the_first_that_can_be_read_counts() -> None:
    for first in (b"", b"II*\0\xff\xff\xff\xff", b"nothing of the kind"):
        with codecs.open_image(jpeg(_EXIF + first, _EXIF + plain(6)), ".jpg", 10**6) as opened:
            assert opened.metadata.exif == plain(6) and opened.orientation == 6
    with codecs.open_image(jpeg(_EXIF + plain(6), _EXIF + plain(8)), ".jpg", 10**6) as opened:
        assert opened.metadata.exif == plain(6) and opened.orientation == 6
        assert opened.metadata.others == (("second exif block", plain(8)),)
    with codecs.open_image(jpeg(_EXIF + plain(6), _EXIF + _EXIF + plain(6)), ".jpg", 10**6) as opened:
        assert opened.metadata.exif == plain(6) and opened.metadata.others == ()


def test_a_block_that_goes_on_in_further_segments_stays_one() -> None:
    long = plain() + bytes(range(256)) * 600
    pieces = [long[at : at + 65000] for at in range(0, len(long), 65000)]
    with codecs.open_image(jpeg(*(_EXIF + piece for piece in pieces), _EXIF + block()), ".jpg", 10**6) as opened:
        assert opened.metadata.exif == long and opened.metadata.others == (("second exif block", block()),)


def test_a_second_packet_of_xmp_is_named() -> None:
    other = XMP.replace(b"Ada", b"Eve")
    with codecs.open_image(jpeg(_XMP + XMP, _XMP + other, _XMP + other), ".jpg", 10**6) as opened:
        assert opened.metadata.xmp == other and opened.metadata.others == (("second xmp packet", XMP),)


def test_segments_that_nobody_reads_are_named_where_the_file_is_not_copied(tmp_path: Path) -> None:
    data = jpeg(b"FLIR\0\1", b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40)
    more = {0xEC: [b"Ducky\0\1", b"Ducky\0\2"], 0xEB: [b"\0\1"], 0xFE: [b"first", b"last"],
            0xED: [b"Photoshop 3.0\x008BIM\x04\x24\0\0\0\0\0\4abcd"], 0xE2: [b"MPF\0"], 0xE0: [b"JFXX\0"]}  # fmt: skip
    for marker, contents in more.items():
        for content in contents:
            data = data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content + data[2:]
    (tmp_path / "a.jpg").write_bytes(data)
    wanted = {"APP12 segment Ducky not kept", "APP11 segment not kept", "APP0 segment JFXX not kept",
              "APP1 segment FLIR not kept", "second comment not kept", "photoshop's resources not kept"}  # fmt: skip
    for number, recipe in enumerate((Recipe([Resize("32")]), Recipe([], [Output(strip="gps")]), Recipe([]))):
        (outcome,) = run([tmp_path / "a.jpg"], tmp_path / f"out{number}", recipe, workers=0).outcomes
        named = {change for change in outcome.changes if change.endswith(" not kept") and "extended" not in change}
        assert named == (wanted if number < 2 else set()), outcome.changes


@pytest.mark.parametrize("chunk_name", [b"zTXt", b"tEXt", b"iTXt"])
@pytest.mark.parametrize("behind", [False, True])
def test_raw_profiles_of_a_png_are_read(chunk_name: bytes, behind: bool) -> None:
    resources = iptc.segment(IPTC)
    assert resources is not None
    triples: list[tuple[str, str, str]]
    triples = [("exif", "xmp", "iptc"), ("APP1", "xmp", "8bim"), ("exif", "APP1", "iptc"), ("EXIF", "XMP", "IPTC")]
    for kinds in triples:
        exif = _EXIF + plain(6)
        packet = (_XMP if kinds[1] == "APP1" else b"") + XMP
        records = {"8bim": resources[4:], "IPTC": resources[18:]}.get(kinds[2], IPTC)
        contents = zip(kinds, (exif, packet, records), strict=True)
        data = png(*(raw(kind, content, chunk_name) for kind, content in contents), behind=behind)
        with codecs.open_image(data, ".png", 10**6) as opened:
            assert opened.orientation == 6 and opened.metadata.exif == plain(6)
            assert opened.metadata.xmp == XMP and opened.metadata.iptc == IPTC
            assert opened.warnings == opened.changes == [] and opened.metadata.text == {}


def test_an_orientation_in_raw_xmp_turns_the_picture() -> None:
    with codecs.open_image(png(raw("xmp", XMP)), ".png", 10**6) as opened:
        assert opened.orientation == 6


def test_chunks_come_before_texts_and_others_are_named() -> None:
    extra = (raw("exif", plain(6)), raw("APP1", _EXIF + block()), chunk(b"eXIf", plain(3)), raw("iptc", IPTC),
             raw("8bim", IPTC[:-8]), raw("xmp", XMP), raw("APP1 ", b"abc"), raw("icc", b"profile"),
             chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP.replace(b"Ada", b"Eve")))  # fmt: skip
    with codecs.open_image(png(*extra), ".png", 10**6) as opened:
        assert opened.metadata.exif == plain(3) and opened.orientation == 3
        assert opened.metadata.xmp is not None and b"Eve" in opened.metadata.xmp and opened.metadata.iptc == IPTC
        names = [name for name, _ in opened.metadata.others]
    assert sorted(names) == ["raw profile APP1 ", "raw profile icc", "second exif block", "second exif block",
                             "second iptc block", "second xmp packet"]  # fmt: skip


@pytest.mark.parametrize("mark", [b"", b"Photoshop 3.0\0"])
def test_resources_in_a_raw_profile_that_nobody_reads_are_named(mark: bytes) -> None:
    resources = mark + b"8BIM\x04\x22\0\0" + len(plain(6)).to_bytes(4, "big") + plain(6)
    with codecs.open_image(png(raw("8bim", resources), raw("iptc", IPTC)), ".png", 10**6) as opened:
        assert opened.metadata.others == (("photoshop's resources", b""),) and opened.metadata.iptc == IPTC


@pytest.mark.parametrize("output", [Output(), Output(format="jpeg"), Output(format="webp", strip="title")])
def test_what_raw_profiles_say_is_written_and_stripped_like_any_other(output: Output, tmp_path: Path) -> None:
    profiles = (raw("APP1", _EXIF + block()), raw("xmp", XMP), raw("iptc", IPTC))
    (tmp_path / "a.png").write_bytes(png(*profiles))
    report = run([tmp_path / "a.png"], tmp_path / "out", Recipe([Resize("5")], [output]), workers=0)
    (outcome,) = report.outcomes
    with codecs.open_image((tmp_path / "out" / outcome.outputs[0].path).read_bytes(), "", 10**6) as opened:
        assert opened.metadata.has_position and read(opened.metadata.exif)["Make"] == "A maker of cameras"
        assert opened.metadata.xmp is not None and b"Ada" in opened.metadata.xmp
    stripped = Recipe([], [Output(strip="gps")])
    run([tmp_path / "a.png"], tmp_path / "stripped", stripped, workers=0)
    with codecs.open_image((tmp_path / "stripped/a.png").read_bytes(), "", 10**6) as opened:
        assert not opened.metadata.has_position and read(opened.metadata.exif)["Make"] == "A maker of cameras"


@pytest.mark.parametrize(
    "text", ["", "\nexif\n  100\nabcd\n", "\nexif\n 2\nabc\n", "\nexif\n 2\nxxxx\n", "ab cd", "\n" * 99]
)
def test_a_text_that_is_no_profile_is_none(text: str) -> None:
    assert header_blocks.raw_profile(text) is None
    data = png(chunk(b"tEXt", b"Raw profile type exif\0" + text.encode()))
    with codecs.open_image(data, ".png", 10**6) as opened:
        assert opened.metadata.exif is None
        assert opened.warnings == ["raw profile exif of a png is damaged, not kept"]


@given(st.binary(max_size=200), st.integers(1, 80).map(lambda half: 2 * half))
def test_a_profile_is_read_as_it_was_written(content: bytes, line: int) -> None:
    assert header_blocks.raw_profile(raw_text(content, line=line)) == content
    assert header_blocks.raw_profile(iptc.hexadecimal(content)) == content


@given(st.text("\n 0a:", max_size=60))
def test_texts_never_raise(text: str) -> None:
    found = header_blocks.raw_profile(text)
    assert found is None or len(found) <= len(text) // 2


def test_a_profile_that_nobody_reads_is_named_where_it_stands_alone() -> None:
    with codecs.open_image(png(raw("apple", b"abc")), ".png", 10**6) as opened:
        assert opened.metadata.others == (("raw profile apple", b""),)


@pytest.mark.parametrize("behind", [False, True])
def test_chunks_that_nobody_reads_are_named_where_the_file_is_not_copied(behind: bool, tmp_path: Path) -> None:
    time = struct.pack(">HBBBBB", 2024, 1, 2, 3, 4, 5)
    extra = [chunk(b"tIME", time), chunk(b"prVt", b"abc"), chunk(b"prVt", b"d"), chunk(b"tEXt", b"Title\0one"),
             chunk(b"tEXt", b"Title\0two"), chunk(b"tEXt", b"Author\0Ada"), chunk(b"tEXt", b"date:create\x002024"),
             chunk(b"1234", b"")]  # fmt: skip
    (tmp_path / "a.png").write_bytes(png(*extra, behind=behind))
    wanted = {"tIME chunk not kept", "prVt chunk not kept", "nameless chunk not kept",
              "second text of a keyword not kept", "ImageMagick's texts not kept"}  # fmt: skip
    for number, recipe in enumerate((Recipe([Resize("5")]), Recipe([], [Output(format="webp")]), Recipe([]))):
        (outcome,) = run([tmp_path / "a.png"], tmp_path / f"out{number}", recipe, workers=0).outcomes
        assert {change for change in outcome.changes if "not kept" in change} == (wanted if number < 2 else set())
    known = (chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"pHYs", struct.pack(">IIB", 3000, 3000, 1)))
    with codecs.open_image(png(*known, chunk(b"tEXt", b"Title\0one")), ".png", 10**6) as opened:
        assert opened.metadata.others == ()
    many = [chunk(bytes((97 + number, 97, 97, 97)), b"") for number in range(26)]
    with codecs.open_image(png(*many), ".png", 10**6) as opened:
        assert len(opened.metadata.others) == 8
