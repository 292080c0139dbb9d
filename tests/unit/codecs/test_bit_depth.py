"""Samples that Pillow takes for something else: mended, warned of or refused, never shown wrong without a word."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from imgbatch import codecs
from imgbatch.codecs.reading import limits
from imgbatch.codecs.reading.samples import bit_depth
from imgbatch.core.errors import ImageError

LIMIT = 1_000_000
Samples = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


def tiff(samples: Samples, bits: int, photometric: int = 1, kind: int = 1, content: bytes | None = None) -> bytes:
    """An uncompressed TIFF of one strip, in the byte order of `samples`; `content` stands in for their bytes."""
    order = ">" if samples.dtype.byteorder == ">" else "<"
    count = samples.shape[2] if samples.ndim == 3 else 1
    data = samples.tobytes() if content is None else content
    words = [
        (256, samples.shape[1]), (257, samples.shape[0]), (258, *[bits] * count), (259, 1), (262, photometric),
        (273, 0), (277, count), (278, samples.shape[0]), (279, len(data)), (339, *[kind] * count),
    ]  # fmt: skip
    spare = 8 + 2 + 12 * len(words) + 4
    pixels = spare + sum(2 * (len(word) - 1) for word in words if len(word) > 3)
    head, over = b"", b""
    for number, *values in words:
        values = [pixels] if number == 273 else values
        entry = b"".join(struct.pack(order + "H", value) for value in values)
        if len(entry) > 4:
            entry, over = struct.pack(order + "I", spare + len(over)), over + entry
        head += struct.pack(order + "HHI", number, 3, len(values)) + entry.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(words))
    return start + head + bytes(4) + over + data


def some(kind: str, *shape: int) -> Samples:
    """Samples over the whole range of an integer type."""
    info = np.iinfo(kind)
    return np.random.default_rng(3).integers(info.min, info.max, shape, endpoint=True, dtype=np.int64).astype(kind)


def decode_one(data: bytes) -> tuple[codecs.SourceImage, Image.Image]:
    picture = codecs.open_image(data, "", LIMIT)
    (frame,) = picture.decode()[0]
    return picture, frame


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImageError) as failure:
        decode_one(data)
    return failure.value.kind, str(failure.value)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [3, 4])
def test_sixteen_bit_colors_give_their_high_byte_and_a_note(order: str, count: int) -> None:
    samples = some(order + "u2", 5, 7, count)
    picture, frame = decode_one(tiff(samples, 16, 2 if count == 3 else 5))
    assert picture.changes == ["depth: 16 -> 8 bits"]
    assert frame.mode == ("RGB" if count == 3 else "CMYK")
    assert (np.asarray(frame) == samples >> 8).all()


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_gray_keeps_every_bit(order: str) -> None:
    samples = some(order + "u2", 5, 7)
    picture, frame = decode_one(tiff(samples, 16))
    assert not picture.changes and (np.asarray(frame) == samples).all()


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_sixteen_bit_negative_is_turned_around(compression: str | None) -> None:
    samples = some("<u2", 5, 7)
    data = tiff(samples, 16, photometric=0)
    if compression is not None:
        file = io.BytesIO()
        Image.fromarray(samples).save(file, "TIFF", compression=compression, tiffinfo={262: 0})
        data = file.getvalue()
    assert (np.asarray(decode_one(data)[1]) == 65535 - samples).all()


def test_twelve_bits_reach_from_black_to_white() -> None:
    content = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x01])  # 0, 4095, 2048, 1
    _, frame = decode_one(tiff(np.zeros((1, 4), "<u2"), 12, content=content))
    assert np.asarray(frame).tolist() == [[0, 65535, 2048 << 4 | 8, 16]]


def test_unsigned_numbers_do_not_become_negative() -> None:
    large = np.array([[0, 7, 2**31, 2**32 - 1]], "<u4")
    _, frame = decode_one(tiff(large, 32))
    assert frame.mode == "F" and np.asarray(frame).tolist() == large.astype(np.float32).tolist()
    small = np.array([[0, 7, 2**31 - 1]], "<u4")
    _, frame = decode_one(tiff(small, 32))
    assert frame.mode == "I" and np.asarray(frame).tolist() == small.tolist()


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_signed_numbers_stay_signed(bits: int) -> None:
    samples = some(f"<i{bits // 8}", 5, 7)
    _, frame = decode_one(tiff(samples, bits, kind=2))
    assert frame.mode == "I" and (np.asarray(frame) == samples).all()


@pytest.mark.parametrize(
    ("samples", "bits", "photometric", "kind", "words"),
    [
        (some("<u2", 2, 3, 2), 16, 1, 1, "2 x 16-bit samples (photometric 1)"),
        (np.zeros((2, 3, 4), "<f4"), 32, 2, 3, "4 x 32-bit float samples (photometric 2)"),
        (np.zeros((2, 3), "<f8"), 64, 1, 3, "1 x 64-bit float samples (photometric 1)"),
        (some(">u2", 2, 3), 16, 0, 1, "1 x 16-bit samples (photometric 0)"),
    ],
)
def test_samples_without_a_reader_are_named(
    samples: Samples, bits: int, photometric: int, kind: int, words: str
) -> None:
    kind_of_error, message = refusal(tiff(samples, bits, photometric, kind))
    assert kind_of_error == "unsupported" and words in message and "save it as" in message


def test_a_palette_that_is_missing_is_named() -> None:
    assert refusal(tiff(some("u1", 4, 4), 8, 3)) == ("corrupt", "the tiff header has no tag 320 (ColorMap)")


def test_a_psd_of_sixteen_bits_is_not_called_damaged() -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 2, 2, 16, 3) + bytes(12)
    assert refusal(head) == (
        "unsupported", "no reader here for a PSD of 16 bits a channel; save it as TIFF or PNG first"
    )  # fmt: skip


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def palette_png(entries: bytes | None) -> bytes:
    """Four pixels of the colors 0 to 3."""
    palette = b"" if entries is None else chunk(b"PLTE", entries)
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\1\2\3"))
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, 8, 3, 0, 0, 0))
    return head + palette + pixels + chunk(b"IEND", b"")


def test_a_palette_without_entries_fails_and_a_short_one_is_warned_of() -> None:
    for none in (None, b""):
        assert refusal(palette_png(none)) == ("corrupt", "the palette of the png has no entries")
    picture, frame = decode_one(palette_png(b"\xff\0\0\0\xff\0"))
    assert picture.warnings == ["pixels of color 3, but the palette ends at 1: shown black"]
    assert frame.convert("RGB").getpixel((3, 0)) == (0, 0, 0)
    picture, _ = decode_one(palette_png(bytes(12)))
    assert not picture.warnings


def gif(places: list[tuple[int, int, int, int]], canvas: tuple[int, int], palette: bool = True) -> bytes:
    """A GIF whose frames (x, y, width, height) are each of one color, whatever the canvas."""
    data = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x81 if palette else 0, 0, 0)
    data += bytes([9, 9, 9, 255, 0, 0, 0, 255, 0, 0, 0, 255]) if palette else b""
    for number, (x, y, width, height) in enumerate(places):
        file = io.BytesIO()
        Image.new("L", (width, height), number).save(file, "GIF", optimize=False)
        alone = file.getvalue()
        at = alone.index(struct.pack("<cHHHH", b",", 0, 0, width, height))
        start = at + 10 + (3 << (alone[at + 9] & 7) + 1 if alone[at + 9] & 0x80 else 0)
        data += b"\x21\xf9\x04\0\5\0\0\0" + struct.pack("<cHHHHB", b",", x, y, width, height, 0) + alone[start:-1]
    return data + b";"


def test_a_frame_that_is_larger_than_its_canvas_is_cut() -> None:
    picture = codecs.open_image(gif([(0, 0, 10, 8), (5, 5, 20, 20), (50, 50, 3, 3)], (10, 8)), "", LIMIT)
    frames = list(picture.decode()[0])
    assert [frame.size for frame in frames] == [(10, 8)] * 3
    assert picture.warnings == ["a frame of the GIF is larger than its canvas of 10x8 px: cut"] * 2
    assert [frames[1].convert("RGB").getpixel(place) for place in ((4, 4), (5, 5))] == [(9, 9, 9), (255, 0, 0)]


def test_a_first_frame_that_is_larger_than_its_canvas_is_shown_whole() -> None:
    picture, frame = decode_one(gif([(0, 0, 10, 8)], (4, 4)))
    assert frame.size == picture.size == (10, 8)
    assert picture.warnings == ["the first frame of the GIF is larger than its canvas of 4x4 px: 10x8"]


def test_a_gif_without_any_palette_is_warned_of() -> None:
    picture, frame = decode_one(gif([(0, 0, 4, 4)], (4, 4), palette=False))
    assert frame.mode == "L" and picture.warnings == ["the GIF has no palette: its numbers are shown as gray"]
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "GIF")
    assert not decode_one(file.getvalue())[0].warnings


@pytest.mark.parametrize("name", ["ppm", "sgi"])
def test_deep_colors_of_other_formats_are_noted(name: str) -> None:
    samples = some(">u2", 2, 3, 3)
    if name == "ppm":
        data = b"P6 3 2 65535\n" + samples.tobytes()
    else:
        head = struct.pack(">HBBHHHHII", 474, 0, 2, 3, 3, 2, 3, 0, 65535).ljust(512, b"\0")
        data = head + samples[::-1].transpose(2, 0, 1).tobytes()
    picture, frame = decode_one(data)
    assert picture.changes == ["depth: 16 -> 8 bits"]
    assert np.abs(np.asarray(frame).astype(int) - samples / 257).max() <= 1


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow has no JPEG 2000")
def test_deep_jpeg_2000_is_noted() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (20, 30, 40)).save(file, "JPEG2000")
    data = bytearray(file.getvalue())
    at = data.index(b"\xff\x4f\xff\x51") + 42
    for component in range(3):
        data[at + 3 * component] = 11  # 12 bits
    picture, _ = decode_one(bytes(data))
    assert picture.changes == ["depth: 12 -> 8 bits"] and not picture.warnings


@pytest.mark.parametrize(("darkest", "bits", "warns"), [(0, 16, True), (1, 16, False), (0, 8, False)])
def test_deep_jpeg_2000_is_warned_of_where_white_may_have_become_black(darkest: int, bits: int, warns: bool) -> None:
    warnings: list[str] = []
    frame: Any = Image.new("RGB", (2, 1), (darkest, 200, 255))
    bit_depth.check(frame, "jpeg2000", bits, warnings)
    assert bool(warnings) == warns
