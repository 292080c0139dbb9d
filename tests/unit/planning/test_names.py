"""What is a file called?"""

import datetime
import unicodedata
from typing import Any

import pytest

from imgbatch.codecs.encoder_options import FORMATS
from imgbatch.codecs.registry import CODECS
from imgbatch.core.errors import UsageError
from imgbatch.planning import names
from imgbatch.planning.names import fill_early, fill_late
from imgbatch.planning.recipe import DEFAULT_NAME, NAME_FIELDS

VALUES: dict[str, Any] = {
    "dir": "a/b", "stem": "IMG", "ext": "jpg", "name": "IMG.jpeg", "format": "jpeg", "n": 7, "recipe": "0123",
    "date": datetime.datetime(2024, 5, 6, 7, 8, 9),
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (DEFAULT_NAME, "a/b/IMG.jpg"),
        ("{n:04d}-{stem}.{ext}", "0007-IMG.jpg"),
        ("{date:%Y/%m}/{name}", "2024/05/IMG.jpeg"),
        ("{stem:_<6}{{x}}", "IMG___{x}"),
        ("plain", "plain"),
        ("{recipe:.2}-{format}", "01-jpeg"),
    ],
)
def test_early_fields(template: str, name: str) -> None:
    assert fill_early(template, VALUES) == name
    assert not names.is_late(template)


def test_late_fields_wait_and_braces_of_names_survive() -> None:
    text = fill_early("{stem}{{-}}{width:05d}x{height}-{hash:.4}.{ext}", {**VALUES, "stem": "{width} {} }{"})
    assert names.is_late("{width}")
    assert fill_late(text, 12, 34, "abcdef") == "{width} {} }{{-}00012x34-abcd.jpg"


def test_early_names_keep_their_braces() -> None:
    assert fill_early("{stem}.{ext}", {**VALUES, "stem": "{width}{0}"}) == "{width}{0}.jpg"


@pytest.mark.parametrize("template", ["{n:q}", "{stem:d}", "{width:q}", "{hash:d}", "{width:/>9}", "a\0b", "\ud800"])
def test_templates_that_no_file_can_have(template: str) -> None:
    with pytest.raises(UsageError, match=r"^expected a (format|name template)"):
        names.check_template(template)


def test_every_declared_field_can_be_filled() -> None:
    for word in NAME_FIELDS:
        names.check_template("{" + word + "}")
    assert set(names.example()) | names.LATE == set(NAME_FIELDS)


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.jpg", "a", ".jpg"),
        ("archive.tar.gz", "archive.tar", ".gz"),
        (".hidden", ".hidden", ""),
        (".hidden.jpg", ".hidden", ".jpg"),
        ("...jpg", "...jpg", ""),
        ("..jpg", "..jpg", ""),
        ("..a.jpg", "..a", ".jpg"),
        ("a.", "a.", ""),
        ("a", "a", ""),
        ("", "", ""),
    ],
)
def test_stem_and_suffix(name: str, stem: str, suffix: str) -> None:
    assert names.split_name(name) == (stem, suffix)


@pytest.mark.parametrize(
    ("suffix", "format", "ext"),
    [
        (".jpg", "jpeg", "jpg"),
        (".JPEG", "jpeg", "JPEG"),
        (".Tiff", "tiff", "Tiff"),
        (".png", "jpeg", "jpg"),
        (".jpg", "png", "png"),
        ("", "tiff", "tif"),
        (".mpo", "jpeg", "jpg"),
    ],
)
def test_extension(suffix: str, format: str, ext: str) -> None:
    assert names.extension(suffix, format) == ext


@pytest.mark.parametrize(
    ("suffix", "format", "ext"),
    [(".ppm", "png", "ppm.png"), (".PPM", "tiff", "PPM.tif"), ("", "png", "png"), (".png", "png", "png")],
)
def test_added_extension(suffix: str, format: str, ext: str) -> None:
    assert names.added_extension(suffix, format) == ext


def test_usual_extensions() -> None:
    assert [names.extension("", format) for format in FORMATS] == ["jpg", "png", "webp", "avif", "tif", "gif", "bmp"]
    assert set(CODECS) == set(FORMATS)


def test_numbered() -> None:
    assert names.numbered_name("a.b.jpg", 3) == "a.b-3.jpg"
    assert names.numbered_name(".hidden", 1) == ".hidden-1"


@pytest.mark.parametrize(
    ("name", "long"), [("a" * 255, False), ("a" * 256, True), ("ü" * 127, False), ("ü" * 128, True)]
)
def test_too_long(name: str, long: bool) -> None:
    assert names.too_long(name) is long


def test_bytes_that_are_no_text_count_once() -> None:
    assert not names.too_long("\udcff" * 255) and names.too_long("\udcff" * 256)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.JPG", "a.jpg"),
        ("É", "é"),
        (unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")),
        (unicodedata.normalize("NFD", "É"), unicodedata.normalize("NFC", "é")),
        ("straße", "STRASSE"),
        ("\u212a", "k"),  # the Kelvin sign
    ],
)
def test_same_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


def test_different_keys() -> None:
    assert len({names.key(name) for name in ("a", "b", "e", "é", "a/b", "\udcff", "\udcfe")}) == 7
