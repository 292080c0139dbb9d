"""What does an EXIF tag say, as people would write it?"""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from imgbatch.codecs.metadata.texts.exif_text import text_of, texts_of_block, texts_of_exif, texts_of_file

TEXT = "Straße am Fluß"
COMMENT, TIME, BIAS, F_NUMBER = 0x9286, 0x829A, 0x9204, 0x829D
UNICODE, ASCII, JIS = b"UNICODE\0", b"ASCII\0\0\0", b"JIS\0\0\0\0\0"


def block(*tags: tuple[int, int, int, bytes], order: str = "<") -> bytes:
    """An EXIF block of one directory; a tag is its number, type, count and value."""
    out, blob, at = struct.pack(order + "H", len(tags)), b"", 8 + 2 + 12 * len(tags) + 4
    for tag, kind, count, raw in sorted(tags):
        out += struct.pack(order + "HHI", tag, kind, count)
        if len(raw) <= 4:
            out += raw.ljust(4, b"\0")
        else:
            out += struct.pack(order + "I", at + len(blob))
            blob += raw + bytes(len(raw) % 2)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", 8) + out + bytes(4) + blob


@pytest.mark.parametrize("coding", ["utf-8", "cp1252"])
def test_text_is_utf_8_or_what_windows_had(coding: str) -> None:
    raw = TEXT.encode(coding) + b"\0"
    assert texts_of_block(block((0x010E, 2, len(raw), raw))) == {"ImageDescription": TEXT}


def test_a_comment_of_plain_bytes_is_a_text() -> None:
    raw = UNICODE + TEXT.encode("utf-16-le")  # as Pillow writes bytes
    assert texts_of_block(block((COMMENT, 1, len(raw), raw))) == {"UserComment": TEXT}


def test_text_of_a_program_is_taken_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = "山の道", TEXT
    assert texts_of_exif(exif) == {"ImageDescription": "山の道", "Artist": TEXT}


@pytest.mark.parametrize(
    ("raw", "order", "text"),
    [
        (UNICODE + TEXT.encode("utf-16-le"), "<", TEXT),
        (UNICODE + TEXT.encode("utf-16-be"), ">", TEXT),
        (UNICODE + TEXT.encode("utf-16-be"), "<", TEXT),
        (UNICODE + TEXT.encode("utf-16-le"), ">", TEXT),
        (UNICODE + TEXT.encode("utf-16"), ">", TEXT),
        (UNICODE + TEXT.encode(), "<", TEXT),
        (UNICODE + b"Hello, world", "<", "Hello, world"),
        (UNICODE + "山の上の白い雲".encode("utf-16-be"), "<", "山の上の白い雲"),
        (UNICODE + "Привет, мир".encode("utf-16-be"), "<", "Привет, мир"),
        (UNICODE + "中文".encode("utf-16-le"), "<", "中文"),
        (UNICODE + "x\0\0".encode("utf-16-le") + bytes(20), "<", "x"),
        (UNICODE + bytes(40), "<", ""),
        (ASCII + b"plain text\0\0\0", "<", "plain text"),
        (ASCII + TEXT.encode(), "<", TEXT),
        (bytes(8) + TEXT.encode(), "<", TEXT),
        (bytes(8) + TEXT.encode("cp1252"), "<", TEXT),
        (JIS + "山の道".encode("iso2022_jp"), "<", "山の道"),
        (JIS + "山の道".encode("euc_jp"), "<", "山の道"),
        (b"no code at all", "<", "no code at all"),
        (ASCII + b"   \n  ", "<", ""),
    ],
)
def test_user_comment(raw: bytes, order: str, text: str) -> None:
    assert text_of(COMMENT, raw, order) == text


@pytest.mark.parametrize("tag", range(0x9C9B, 0x9CA0))
def test_windows_writes_utf_16(tag: int) -> None:
    raw = TEXT.encode("utf-16-le") + b"\0\0"
    (text,) = texts_of_block(block((tag, 1, len(raw), raw))).values()
    assert text == TEXT == text_of(tag, tuple(raw)) == text_of(tag, raw)


@pytest.mark.parametrize(
    ("tag", "ratio", "text"),
    [
        (TIME, (1, 250), "1/250"), (TIME, (10, 2500), "1/250"), (TIME, (4, 1000), "1/250"), (TIME, (1, 8000), "1/8000"),
        (TIME, (1, 60), "1/60"), (TIME, (167, 10000), "1/60"), (TIME, (1, 4), "0.25"), (TIME, (5, 10), "0.5"),
        (TIME, (30, 1), "30"), (TIME, (13, 10), "1.3"), (TIME, (0, 1), "0"), (TIME, (1, 0), ""),
        (F_NUMBER, (28, 10), "2.8"), (F_NUMBER, (8, 1), "8"),
        (BIAS, (1, 3), "1/3"), (BIAS, (2, 3), "2/3"), (BIAS, (5, 10), "0.5"), (BIAS, (0, 3), "0"), (BIAS, (2, 1), "2"),
        (BIAS, (33, 100), "1/3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_are_written_as_people_do(tag: int, ratio: tuple[int, int], text: str, order: str) -> None:
    kind = 10 if tag == BIAS else 5
    exif = block((tag, kind, 1, struct.pack(order + ("ii" if kind == 10 else "II"), *ratio)), order=order)
    assert list(texts_of_block(exif).values()) == ([text] if text else [])


def test_a_bias_below_zero() -> None:
    assert list(texts_of_block(block((BIAS, 10, 1, struct.pack("<ii", -1, 3)))).values()) == ["-1/3"]


def test_several_numbers_and_lines_stand_in_one_line() -> None:
    lens = struct.pack("<8I", 24, 1, 70, 1, 28, 10, 28, 10)
    words = b"one\r\ntwo\0three\0"
    exif = block((0xA432, 5, 4, lens), (0x010E, 2, len(words), words), (0xA20C, 3, 2, struct.pack("<HH", 7, 9)))
    assert texts_of_block(exif) == {
        "ImageDescription": "one two three",
        "LensSpecification": "24 70 2.8 2.8",
        "SpatialFrequencyResponse": "7 9",
    }


def test_a_tiff_is_asked_itself() -> None:
    title, words = TEXT.encode("utf-16-le") + b"\0\0", TEXT.encode() + b"\0"
    data = block((0x9C9B, 1, len(title), title), (0x010E, 2, len(words), words))
    assert texts_of_file(None, data) == {"XPTitle": TEXT, "ImageDescription": TEXT}
    assert texts_of_file(block((0x013B, 2, 3, b"Jo\0")), b"\xff\xd8\xff") == {"Artist": "Jo"}
    assert texts_of_file(None, b"\xff\xd8\xff") == {}
