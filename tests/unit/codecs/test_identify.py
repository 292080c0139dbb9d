"""What a file is by its first bytes and its suffix."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs.reading import identify
from imgbatch.codecs.reading.identify import PREFIX, format_of, is_image, looks_like


def start(pillow: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (20, 20)).save(file, pillow)
    return file.getvalue()[:PREFIX]


@pytest.mark.parametrize("one", codecs.all_codecs(), ids=lambda one: one.name)
def test_what_we_write_is_recognized_whatever_its_name(one: codecs.Codec) -> None:
    prefix = start(one.pillow)
    assert format_of(prefix) == one.name
    assert is_image(prefix, "") and is_image(prefix, ".dat")
    certain = one.name in ("jpeg", "png", "gif", "webp", "avif")
    assert is_image(prefix, ".svg") is is_image(prefix, ".NEF") is certain


@pytest.mark.parametrize(
    ("pillow", "mode", "name"),
    [("PPM", "RGB", "ppm"), ("ICO", "RGB", "ico"), ("SGI", "RGB", "sgi"), ("PCX", "RGB", "pcx"), ("XBM", "1", "xbm"),
     ("DDS", "RGB", "dds"), ("ICNS", "RGBA", "icns"), ("JPEG2000", "RGB", "jpeg2000"), ("QOI", "RGB", "qoi")],
)  # fmt: skip
def test_what_we_only_read_is_recognized(pillow: str, mode: str, name: str) -> None:
    prefix = start(pillow, mode)
    assert identify.other_format_of(prefix) == name and format_of(prefix) is None
    assert is_image(prefix, "")


@pytest.mark.parametrize(
    ("prefix", "name"),
    [(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf", "avif"), (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif"),
     (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", None), (b"\0\0\0\x18ftypisom\0\0\0\0mp42avc1", None),
     (b"II+\0\x08\0\0\0", "tiff"), (b"MM\0*\0\0\0\x08", "tiff"), (b"II*\0\x10\0\0\0CR\x02\0", None), (b"", None),
     (b"BMW is a car, not a bitmap", None), (b"GIF", None), (b"RIFF\0\0\0\0WAVE", None)],
)  # fmt: skip
def test_signatures(prefix: bytes, name: str | None) -> None:
    assert format_of(prefix) == name


@pytest.mark.parametrize("suffix", [".JPG", ".heic", ".jxl", ".tga", ".psd", ".tif"])
def test_an_images_suffix_is_enough(suffix: str) -> None:
    assert is_image(b"", suffix)


@pytest.mark.parametrize("suffix", [".txt", "", ".svg", ".pdf", ".eps", ".nef", ".dng", ".h5", ".py"])
def test_others_are_no_images(suffix: str) -> None:
    assert not is_image(b"hello, world\n", suffix)


@pytest.mark.parametrize("suffix", [".nef", ".DNG", ".cr2", ".arw"])
def test_camera_raw_is_no_image_though_it_is_tiff_inside(suffix: str) -> None:
    assert not is_image(start("TIFF"), suffix)


def test_heic_is_an_image_without_its_suffix() -> None:
    assert is_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "")


def test_no_suffix_stands_for_two_kinds() -> None:
    assert not identify.IMAGE_SUFFIXES & (identify.NOT_RASTER | identify.RAW_SUFFIXES)
    suffixes = [suffix for one in codecs.all_codecs() for suffix in one.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert codecs.suffix_fits(".JPEG", "jpeg") and not codecs.suffix_fits(".png", "jpeg")


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"hello\n", "text"), ("übung".encode(), "text"), (b"PK\x03\x04", "a zip archive"),
     (b"<!DOCTYPE html>", "an HTML page"), (b"\xef\xbb\xbf<html>", "an HTML page"),
     (b"<?xml version='1.0'?><svg>", "an SVG drawing"),
     (b"version https://git-lfs.github.com/spec/v1\n", "git LFS"), (b"\0" * 90, "only zero bytes"),
     (b"\x80\x81\x02", None)],
)  # fmt: skip
def test_what_other_data_look_like(data: bytes, words: str | None) -> None:
    answer = looks_like(data)
    assert answer is None if words is None else words in (answer or "")
