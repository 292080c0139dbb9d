"""Names from what a picture says itself: ``{date}`` and ``{exif.Model}``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

import imgbatch as ib
from imgbatch.core.errors import UsageError
from imgbatch.core.job import Source
from imgbatch.planning import names
from imgbatch.planning.recipe import canonical_name
from imgbatch.storage.local import Local

MTIME_NS = 1_643_803_200_000_000_000  # 2022-02-02
MODEL, ARTIST, ORIGINAL = 0x0110, 0x013B, 0x9003


def exif_of(**tags: Any) -> Image.Exif:
    exif = Image.Exif()
    for name, value in tags.items():
        if name == "taken":
            exif.get_ifd(0x8769)[ORIGINAL] = value
        else:
            exif[{"model": MODEL, "artist": ARTIST}[name]] = value
    return exif


def picture(path: Path, **tags: Any) -> Path:
    """A picture that was modified on 2022-02-02, with these tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"exif": exif_of(**tags).tobytes()} if tags else {}
    Image.new("RGB", (32, 16), (9, 99, 200)).save(path, **options)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return path


def outputs(src: Path, template: str, **words: Any) -> list[str]:
    """The names of what is made below a folder, relative to it."""
    report = ib.run(src, src.parent / "out", ib.Recipe(outputs=[ib.Output(name=template)]), workers=0, **words)
    assert not report.failed
    return sorted(
        os.path.relpath(one.path, src.parent / "out") for outcome in report.outcomes for one in outcome.outputs
    )


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_date_is_when_the_picture_was_taken(tmp_path: Path, suffix: str) -> None:
    picture(tmp_path / "in" / f"a.{suffix}", taken="2014:05:06 07:08:09", model="X100")
    template = "{exif.Model}/{date:%Y-%m-%d}.{ext}"
    assert outputs(tmp_path / "in", template) == [f"X100/2014-05-06.{suffix}"]
    report = ib.run(tmp_path / "in", tmp_path / "out", ib.Recipe(outputs=[ib.Output(name=template)]), workers=0)
    assert [outcome.status for outcome in report.outcomes] == ["unchanged"]


def test_without_a_date_it_is_the_files(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.jpg")
    picture(tmp_path / "in" / "b.jpg", taken="0000:00:00 00:00:00")
    picture(tmp_path / "in" / "c.jpg", taken="2014:05:06 07:08:09")
    assert outputs(tmp_path / "in", "{date:%Y}-{mtime:%Y}-{stem}.{ext}") == [
        "2014-2022-c.jpg", "2022-2022-a.jpg", "2022-2022-b.jpg"
    ]  # fmt: skip


def test_metadata_behind_the_pixels_of_a_png_count(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Creation Time", "Tue, 06 May 2014 07:08:09 +0200")
    path = tmp_path / "in" / "a.png"
    path.parent.mkdir()
    Image.new("RGB", (32, 16)).save(path, pnginfo=info)
    data = path.read_bytes()
    start, end = (
        data.index(b"tEXt") - 4,
        data.index(b"tEXt") + 4 + len("Creation Time\0Tue, 06 May 2014 07:08:09 +0200") + 4,
    )
    last = data.index(b"IEND") - 4
    path.write_bytes(data[:start] + data[end:last] + data[start:end] + data[last:])
    assert outputs(tmp_path / "in", "{date:%Y-%m-%d}.{ext}") == ["2014-05-06.png"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Canon EOS 5D", "Canon EOS 5D"), ("a/b\\c:d", "a-b-c-d"), ("../../etc", "-..-etc"), ("..", ""),
        (".hidden", "hidden"),
        ("x\n\ty", "x y"), ("a\u202eb\u200b", "a b"), ('<"|?*>', "-"), ("Straße", "Straße"), ("ü" * 90, "ü" * 50),
        ("x. ", "x"), ("a" * 99 + ". .", "a" * 99),
    ],
)  # fmt: skip
def test_what_a_name_cannot_hold(text: str, name: str) -> None:
    assert names.safe(text) == name


def test_tags_in_names(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.jpg", model="../x/E-M1")
    picture(tmp_path / "in" / "b.jpg")
    assert outputs(tmp_path / "in", "{exif.Model}/{exif.Model:.4}-{stem}.{ext}") == [
        "-x-E-M1/-x-E-a.jpg", "unknown/unkn-b.jpg"
    ]  # fmt: skip


def test_a_field_that_is_no_tag() -> None:
    assert canonical_name("{exif.Model}-{mtime:%Y}") == "{exif.Model}-{mtime:%Y}"
    with pytest.raises(UsageError, match=r"exif\.Model|Model"):
        canonical_name("{exif.Modl}")
    with pytest.raises(UsageError):
        canonical_name("{exif.}")


def test_of_a_jpeg_the_head_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = picture(tmp_path / "a.jpg", taken="2014:05:06 07:08:09")
    path.write_bytes(path.read_bytes() + bytes(1 << 20))
    monkeypatch.setattr(Local, "read", lambda self, key: pytest.fail("the whole file is read"))
    source = Source(str(path), str(tmp_path), "a.jpg", 1, MTIME_NS)
    assert names.picture_values(source, {"date"})["date"].year == 2014


def test_a_head_that_is_longer_is_read_whole(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg", taken="2014:05:06 07:08:09")
    data = path.read_bytes()
    path.write_bytes(data[:2] + (b"\xff\xeb\xff\xff" + bytes(65533)) * 6 + data[2:])
    source = Source(str(path), str(tmp_path), "a.jpg", 1, MTIME_NS)
    assert names.picture_values(source, {"date"})["date"].year == 2014


def test_nothing_is_read_where_no_template_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "in" / "a.jpg", taken="2014:05:06 07:08:09")
    monkeypatch.setattr(names, "picture_values", lambda *_: pytest.fail("the picture is asked"))
    assert outputs(tmp_path / "in", "{mtime:%Y}-{stem}.{ext}") == ["2022-a.jpg"]


def test_a_damaged_file_fails_where_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(b"\xff\xd8\xff\xe1 no picture")
    recipe = ib.Recipe(outputs=[ib.Output(name="{date:%Y}-{exif.Model}.{ext}")])
    (outcome,) = ib.run(tmp_path / "in", tmp_path / "out", recipe, workers=0).outcomes
    assert outcome.status == "failed" and outcome.error is not None and outcome.error.phase == "decode"
