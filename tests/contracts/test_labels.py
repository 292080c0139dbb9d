"""Do texts that are set stand in each block of each format, however the file is made, and does exiftool read them?"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import optional_readers
from tests import label_readers

LABELS: dict[str, Any] = {
    "artist": "Änne & <Bob> 😀",
    "copyright": '© 2024 "Me"',
    "title": "שלום עולם",
    "description": "first line\nsecond: 山",
    "keywords": ["sea", "b, c", "山"],
}
TEXTS = {word: list(text) if isinstance(text, list) else [text] for word, text in LABELS.items()}
#: What each block has a place for.
WORDS = {
    "exif": ("artist", "copyright", "description"),
    "xmp": tuple(LABELS),
    "iptc": tuple(LABELS),
    "text": ("artist", "copyright", "title", "description"),
}
PLACES = {
    "jpeg": ("exif", "xmp", "iptc"),
    "png": ("exif", "xmp", "text"),
    "webp": ("exif", "xmp"),
    "avif": ("exif", "xmp"),
    "tiff": ("exif", "xmp", "iptc"),
    "heif": ("exif", "xmp"),
    "jxl": ("exif", "xmp"),
}
FORMATS = [
    pytest.param(name, marks=pytest.mark.skipif(
        name in optional_readers.EXTRAS and not optional_readers.is_installed(name), reason="the extra is missing"
    ))
    for name in PLACES
]  # fmt: skip
EXIFTOOL = shutil.which("exiftool")


def expected(name: str, texts: Mapping[str, list[str]] = TEXTS) -> dict[str, dict[str, list[str]]]:
    """What each block of a format says."""
    return {block: {word: texts[word] for word in WORDS[block] if word in texts} for block in PLACES[name]}


def picture() -> Image.Image:
    return Image.effect_noise((48, 32), 60).convert("RGB")


def make(folder: Path, source: bytes, suffix: str, *ops: ib.Operation, **options: Any) -> tuple[bytes, ib.Outcome]:
    """The output of a file's bytes, and what is said of it."""
    path = folder / f"in{suffix}"
    path.write_bytes(source)
    report = ib.run([path], folder / "out", ib.Recipe(ops, [ib.Output(**options)]), workers=0, force=True)
    (outcome,) = report.outcomes
    assert outcome.error is None, outcome.error
    return Path(outcome.outputs[0].path).read_bytes(), outcome


def source_of(folder: Path, name: str) -> tuple[bytes, str]:
    """A picture without metadata in a format, and its suffix."""
    file = io.BytesIO()
    picture().save(file, "PNG")
    if name == "png":
        return file.getvalue(), ".png"
    data, outcome = make(folder / "source", file.getvalue(), ".png", format=name)
    return data, Path(outcome.outputs[0].path).suffix


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path


def read(data: bytes, name: str) -> dict[str, dict[str, list[str]]]:
    """What a file says, by a reader that knows the format."""
    if name in optional_readers.EXTRAS:
        metadata, file = codecs.read_metadata(data, ""), io.BytesIO()
        assert metadata is not None
        picture().save(file, "WEBP", exif=metadata.exif or b"", xmp=metadata.xmp or b"")
        data = file.getvalue()
    return label_readers.read(data)


def pixels(data: bytes, name: str) -> list[bytes]:
    if name in optional_readers.EXTRAS:
        with optional_readers.open_optional(name, data, 10**6) as image:
            return [image.convert("RGBA").tobytes()]
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("name", FORMATS)
def test_an_encoded_file_says_them_in_each_block(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, "png")
    data, outcome = make(folder, source, suffix, ib.Resize("50%"), format=name, set=LABELS)
    assert read(data, name) == expected(name)
    assert outcome.changes == ("metadata set: artist, copyright, title, description, keywords",)


@pytest.mark.parametrize("name", FORMATS)
def test_a_copied_file_says_them_around_the_same_picture(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, name)
    data, outcome = make(folder, source, suffix, format=name, set=LABELS)
    assert read(data, name) == expected(name)
    assert pixels(data, name) == pixels(source, name)
    assert outcome.changes == (
        "picture copied: only metadata are changed",
        "metadata set: artist, copyright, title, description, keywords",
    )
    again, outcome = make(folder, data, suffix, format=name, set=LABELS)
    assert again == data
    assert outcome.changes == ("bytes copied: nothing to change",)


@pytest.mark.parametrize("name", FORMATS)
def test_other_texts_take_their_place_and_empty_ones_take_them_out(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, name)
    first, _ = make(folder, source, suffix, format=name, set=LABELS)
    data, outcome = make(folder, first, suffix, format=name, set={"artist": "Zoë", "title": "", "keywords": ()})
    texts = {"artist": ["Zoë"], "copyright": TEXTS["copyright"], "description": TEXTS["description"]}
    assert read(data, name) == expected(name, texts)
    assert "Änne".encode() not in data
    assert "שלום".encode() not in data
    assert outcome.changes[1:] == ("metadata set: artist", "metadata removed: title, keywords")
    data, outcome = make(folder, data, suffix, format=name, set=dict.fromkeys(LABELS, ""))
    assert read(data, name) == {}
    assert pixels(data, name) == pixels(source, name)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_set_is_written_after_stripping(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, name)
    first, _ = make(folder, source, suffix, format=name, set=LABELS)
    data, _ = make(folder, first, suffix, format=name, strip="all", set={"artist": "Zoë"})
    assert read(data, name) == expected(name, {"artist": ["Zoë"]})


@pytest.mark.parametrize("name", FORMATS[-1:])
def test_what_goes_from_a_jpeg_xl_is_named(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, name)
    first, _ = make(folder, source, suffix, format=name, set={"title": "in a container"})
    content = b"xml packed by Brotli"
    box = (8 + len(content)).to_bytes(4, "big") + b"brob" + content
    data, outcome = make(folder, first + box, suffix, format=name, set={"artist": "Ann"})
    assert content not in data and pixels(data, name) == pixels(source, name)
    assert outcome.changes[1:] == ("metadata set: artist", "compressed xml box not kept")


@pytest.mark.parametrize("name", ["gif", "bmp"])
def test_a_format_without_a_place_says_so(folder: Path, name: str) -> None:
    source, suffix = source_of(folder, name)
    for ops in ((), (ib.Resize("50%"),)):
        _, outcome = make(
            folder, source, suffix, *ops, format=name, set={"artist": "Ann", "title": "x", "keywords": ""}
        )
        assert outcome.changes[-2:] == (f"artist not written: {name}", f"title not written: {name}")
        assert outcome.changes[:-2] == (() if ops else ("bytes copied: nothing to change",))


def test_every_rendition_says_them(folder: Path) -> None:
    source, suffix = source_of(folder, "jpeg")
    (folder / f"in{suffix}").write_bytes(source)
    outputs = ib.Output(format="webp", set={"artist": "Ann"}).renditions([16, 24, 4000])
    report = ib.run([folder / f"in{suffix}"], folder / "out", ib.Recipe((), outputs), workers=0)
    files = list(report.outcomes[0].outputs)
    assert len(files) == 3
    for file in files:
        assert read(Path(file.path).read_bytes(), "webp") == expected("webp", {"artist": ["Ann"]})


def test_the_digest_tells_them_and_that_of_before_stays() -> None:
    def digest(**options: Any) -> str:
        return ib.Recipe((), [ib.Output(**options)]).output_digest(0)

    assert digest() == digest(set=None) == digest(set={})
    assert "set" not in ib.Recipe().canonical(0)["output"]
    assert len({digest(), digest(set={"artist": "A"}), digest(set={"artist": "B"}), digest(set={"artist": ""})}) == 4
    assert digest(set={"title": "x", "artist": "A"}) == digest(set={"artist": "A", "title": " x "})


def test_an_output_with_them_pickles_and_is_a_key() -> None:
    output = ib.Output(set={"Artist": " Ann ", "keywords": 'a,"b, c",a'})
    assert output.set == (("artist", "Ann"), ("keywords", ("a", "b, c")))
    assert hash(output) == hash(dataclasses.replace(output))
    assert dataclasses.replace(output) == output


_NAMES = {
    "artist": ("IFD0:Artist", "XMP-dc:Creator", "IPTC:By-line", "PNG:Author"),
    "copyright": ("IFD0:Copyright", "XMP-dc:Rights", "IPTC:CopyrightNotice", "PNG:Copyright"),
    "title": ("", "XMP-dc:Title", "IPTC:ObjectName", "PNG:Title"),
    "description": ("IFD0:ImageDescription", "XMP-dc:Description", "IPTC:Caption-Abstract", "PNG:Description"),
    "keywords": ("", "XMP-dc:Subject", "IPTC:Keywords", ""),
}


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is missing")
@pytest.mark.parametrize("way", ["encoded", "copied"])
@pytest.mark.parametrize("name", FORMATS)
def test_exiftool_reads_every_word_from_every_block(folder: Path, name: str, way: str) -> None:
    source, suffix = source_of(folder, name if way == "copied" else "png")
    ops = () if way == "copied" else (ib.Resize("50%"),)
    data, outcome = make(folder, source, suffix, *ops, format=name, set=LABELS)
    path = Path(outcome.outputs[0].path)
    output = subprocess.run(
        [str(EXIFTOOL), "-G1", "-a", "-s", "-j", str(path)], capture_output=True, check=True, text=True
    ).stdout
    (tags,) = json.loads(output)
    assert not [key for key in tags if key.endswith((":Warning", ":Error"))]
    for word, names in _NAMES.items():
        for block, tag in zip(("exif", "xmp", "iptc", "text"), names, strict=True):
            value = LABELS[word] if tag and block in PLACES[name] else None
            assert tags.get(tag) == value, (word, block)
    assert tags.get("IPTC:CodedCharacterSet") == ("UTF8" if "iptc" in PLACES[name] else None)
