"""HEIC and JPEG XL: read where their package is installed, else a failure that says how to install it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.cli.commands.guide import operations_and_formats
from imgbatch.codecs.containers import jxl_boxes
from imgbatch.codecs.reading import limits, optional_readers
from imgbatch.core.errors import ImageError

LIMIT = 1_000_000
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90)
JXL = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\0jxlc"


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(LIMIT):
        yield


def some(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return Image.fromarray(np.stack([x, y, x / 2 + y / 2, 255 - y / 3], -1).astype(np.uint8), "RGBA").convert(mode)


def exif(orientation: int) -> bytes:
    pillow_heif = Image.Exif()
    pillow_heif[0x0112], pillow_heif[0x010F] = orientation, "Maker"
    return pillow_heif.tobytes()


def decode_one(data: bytes) -> tuple[codecs.SourceImage, Image.Image]:
    picture = codecs.open_image(data, "", LIMIT)
    (frame,) = picture.decode()[0]
    return picture, frame


def refusal(data: bytes, limit: int = LIMIT) -> tuple[str, str]:
    with pytest.raises(ImageError) as failure:
        list(codecs.open_image(data, "", limit).decode()[0])
    return failure.value.kind, str(failure.value)


# -- without the packages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", optional_readers.EXTRAS)
def test_what_is_missing_is_named_with_its_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = optional_readers.EXTRAS[name].module
    monkeypatch.setitem(sys.modules, module, None)  # so that importing it fails
    monkeypatch.setattr(optional_readers, "is_installed", lambda _: False)
    kind, message = refusal(HEIC if name == "heif" else stream((1, 1), (7, 5), (1, 3), (1, 1)))
    assert kind == "unsupported" and f'pip install "imgbatch[{name}]"' in message and "\n" not in message
    lines = {line.name: line for line in codecs.describe_formats()}
    assert not lines[name].read and lines[name].advice == f'pip install "imgbatch[{name}]"'
    row = next(
        row
        for row in operations_and_formats.table([operations_and_formats._row(lines[name])]).splitlines()
        if row.startswith(name)
    )
    assert f'pip install "imgbatch[{name}]"' in row


def test_what_is_there_is_listed_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_readers, "is_installed", lambda _: True)
    lines = {line.name: line for line in codecs.describe_formats()}
    for name, extra in optional_readers.EXTRAS.items():
        assert lines[name].read and lines[name].write and not lines[name].advice
        assert lines[name].suffixes == extra.suffixes
        assert codecs.is_image(b"", extra.suffixes[0])


# -- the header of JPEG XL ---------------------------------------------------------------------------------------------


def stream(*fields: tuple[int, int]) -> bytes:
    """A bare codestream that begins with numbers of so many bits (count, value), from the lowest bit on."""
    exif_tags = at = 0
    for count, value in fields:
        exif_tags |= value << at
        at += count
    return b"\xff\x0a" + exif_tags.to_bytes(at // 8 + 1, "little") + bytes(8)


#: 48 x 64 px in eights, then 300 x 257 px
SMALL = ((1, 1), (5, 5), (3, 0), (5, 7))
LARGE = ((1, 0), (2, 0), (9, 299), (3, 0), (2, 1), (13, 256))


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ((*SMALL, (1, 1)), jxl_boxes.Header((64, 48))),
        ((*LARGE, (1, 1)), jxl_boxes.Header((257, 300))),
        (((1, 1), (5, 5), (3, 2), (1, 1)), jxl_boxes.Header((57, 48))),  # 12:10
        (((1, 0), (2, 3), (30, 2**30 - 1), (3, 7), (1, 1)), jxl_boxes.Header((2**31, 2**30))),
        ((*SMALL, (1, 0), (1, 0), (1, 0), (2, 0)), jxl_boxes.Header((64, 48), 8)),
        ((*SMALL, (1, 0), (1, 0), (1, 0), (2, 3), (6, 15)), jxl_boxes.Header((64, 48), 16)),
        ((*SMALL, (1, 0), (1, 0), (1, 1), (2, 0)), jxl_boxes.Header((64, 48), 32)),
        (
            (*SMALL, (1, 0), (1, 1), (3, 5), (1, 0), (1, 0), (1, 1)),
            jxl_boxes.Header((64, 48), is_animated=True, orientation=6),
        ),
        (
            (*SMALL, (1, 0), (1, 1), (3, 5), (1, 1), *LARGE, (1, 1), (1, 1), (2, 0), (3, 1), (1, 0), (1, 0), (2, 2)),
            jxl_boxes.Header((64, 48), 12, orientation=6),
        ),
    ],
)
def test_the_header_of_jpeg_xl(fields: tuple[tuple[int, int], ...], header: jxl_boxes.Header) -> None:
    data = stream(*fields)
    assert jxl_boxes.header(data) == header
    parts = JXL[:-8] + (12 + len(data)).to_bytes(4, "big") + b"jxlp" + bytes(4) + data
    assert jxl_boxes.header(parts) == header
    assert jxl_boxes.header(JXL + data) == header


def test_a_jpeg_xl_of_too_many_pixels_is_refused_before_its_reader_decodes_it() -> None:
    assert refusal(stream((1, 0), (2, 3), (30, 59_999), (3, 1), (1, 1)))[0] == "too_large"
    assert refusal(JXL + b"\xff\x0a")[0] == "truncated"
    assert refusal(JXL)[0] == "corrupt"


# -- with them ---------------------------------------------------------------------------------------------------------


def heic(*images: Image.Image, **options: object) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason='needs pip install "imgbatch[heif]"')
    file, exif_tags = io.BytesIO(), pillow_heif.from_pillow(images[0])
    for image in images[1:]:
        exif_tags.add_from_pillow(image)
    exif_tags.save(file, **options)
    return file.getvalue()


def jpeg_xl(image: Image.Image, **options: object) -> bytes:
    pytest.importorskip("pillow_jxl", reason='needs pip install "imgbatch[jxl]"')
    file = io.BytesIO()
    image.save(file, "JXL", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_heic_is_read(mode: str) -> None:
    picture, frame = decode_one(heic(some(mode), quality=-1, chroma=444, exif=exif(6)))
    assert (picture.format, frame.mode, picture.changes, picture.warnings) == ("heif", mode, [], [])
    # the writer turned the picture, as its EXIF says; the reader gives it upright
    upright = some(mode).transpose(Image.Transpose.ROTATE_270)
    assert picture.size == frame.size == upright.size and picture.orientation == 1
    assert np.abs(np.asarray(frame).astype(int) - np.asarray(upright)).mean() < 2
    assert picture.metadata.exif is not None and b"Maker" in picture.metadata.exif


def test_heic_of_ten_bits_or_several_pictures_is_noted() -> None:
    assert decode_one(heic(some(), some("RGB", (30, 30))))[0].changes == ["primary of 2 pictures kept: heif"]
    pillow_heif = pytest.importorskip("pillow_heif")
    deep = (np.asarray(some()).astype("<u2") * 257).tobytes()
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 48), deep).save(file, quality=-1, chroma=444)
    picture, frame = decode_one(file.getvalue())
    assert picture.changes == ["depth: 10 -> 8 bits"]
    assert np.abs(np.asarray(frame).astype(int) - np.asarray(some())).mean() < 2


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_jpeg_xl_is_read(mode: str) -> None:
    data = jpeg_xl(some(mode), lossless=True, use_container=True, exif=exif(6))
    picture, frame = decode_one(data)
    assert (picture.format, frame.mode, picture.changes, picture.warnings) == ("jxl", mode, [], [])
    assert (np.asarray(frame) == np.asarray(some(mode))).all()
    assert picture.orientation == 1, "its own header says the orientation, and its reader has applied it"
    exif_tags = Image.Exif()
    exif_tags.load(picture.metadata.exif or b"")
    assert (exif_tags[0x0112], exif_tags[0x010F]) == (1, "Maker")


def test_sixteen_bit_gray_jpeg_xl_keeps_every_bit() -> None:
    samples = np.random.default_rng(1).integers(0, 65536, (20, 30)).astype("<u2")
    picture, frame = decode_one(jpeg_xl(Image.fromarray(samples), lossless=True))
    assert frame.mode == "I;16" and (np.asarray(frame) == samples).all() and not picture.changes


@pytest.mark.parametrize("name", optional_readers.EXTRAS)
def test_damage_is_one_line(name: str) -> None:
    data = heic(some()) if name == "heif" else jpeg_xl(some())
    for cut in (70, len(data) // 2, len(data) - 5):
        kind, message = refusal(data[:cut])
        assert kind in ("truncated", "corrupt") and "\n" not in message and len(message) < 250
    assert refusal(data, limit=64 * 48 - 1)[0] == "too_large"
