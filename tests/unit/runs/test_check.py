"""Is damage found, and is nothing sound called damaged?"""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.containers import integrity, jpeg_scans
from imgbatch.core.errors import UsageError
from imgbatch.core.job import Outcome
from tests import accompanied

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "images"


def picture(format: str, mode: str = "RGB", size: tuple[int, int] = (160, 120), **options: Any) -> bytes:
    """The bytes of a picture with detail, drawn from a fixed seed."""
    noise = numpy.random.default_rng(5).integers(0, 256, (size[1] // 8, size[0] // 8, 3), numpy.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def outcome_of(folder: Path, name: str, data: bytes) -> Outcome:
    (folder / name).write_bytes(data)
    (outcome,) = ib.check(folder / name, workers=0).outcomes
    return outcome


def kind(outcome: Outcome) -> str | None:
    return None if outcome.error is None else outcome.error.kind


SOUND = [
    ("a.jpg", picture("JPEG")),
    ("gray.jpg", picture("JPEG", "L")),
    ("ink.jpg", picture("JPEG", "CMYK")),
    ("progressive.jpg", picture("JPEG", progressive=True)),
    ("restart.jpg", picture("JPEG", restart_marker_rows=1)),
    ("tiny.jpg", picture("JPEG", size=(8, 8))),
    ("a.png", picture("PNG")),
    ("a.gif", picture("GIF", "P")),
    ("a.webp", picture("WEBP")),
    ("lossless.webp", picture("WEBP", lossless=True)),
    ("a.avif", picture("AVIF")),
    ("a.tif", picture("TIFF")),
    ("a.bmp", picture("BMP")),
]


@pytest.mark.parametrize(("name", "data"), SOUND, ids=[name for name, _ in SOUND])
def test_a_sound_file_is_left_in_peace(tmp_path: Path, name: str, data: bytes) -> None:
    outcome = outcome_of(tmp_path, name, data)
    assert (outcome.status, outcome.warnings) == ("ok", ())


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "a.gif", "a.webp", "a.avif", "a.tif", "a.bmp"])
def test_a_file_that_ends_early_is_truncated(tmp_path: Path, name: str) -> None:
    data = dict(SOUND)[name]
    outcome = outcome_of(tmp_path, name, data[: len(data) * 2 // 3])
    assert outcome.status == "failed"
    assert kind(outcome) in ("truncated", "corrupt")
    assert name.endswith(".tif") or kind(outcome) == "truncated"


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "a.gif", "a.webp", "lossless.webp", "a.avif"])
def test_zeros_in_place_of_the_end_are_a_truncation_and_said(tmp_path: Path, name: str) -> None:
    data = dict(SOUND)[name]
    assert len(data) > 2 * integrity.ZEROS
    zeroed = data[: len(data) // 2].ljust(len(data), b"\0")
    outcome = outcome_of(tmp_path, name, zeroed)
    assert kind(outcome) in ("truncated", "corrupt")
    assert "zeros" in " ".join([outcome.error.message if outcome.error else "", *outcome.warnings])


def even(corner: bool = False) -> bytes:
    """A lossy WebP so large and of one color that its data end with zeros; or with something in a corner."""
    image = Image.new("RGB", (2600, 2600), "white")
    if corner:
        image.paste(Image.open(io.BytesIO(picture("PNG"))), (0, 0))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80)
    return file.getvalue()


def animation(webp: bytes) -> bytes:
    """A still WebP as the only frame of an animation."""
    with Image.open(io.BytesIO(webp)) as image:
        size = b"".join(struct.pack("<I", side - 1)[:3] for side in image.size)
    frame = bytes(6) + size + b"\x64\0\0\0" + webp[12:]
    chunks = (b"VP8X", b"\x02\0\0\0" + size), (b"ANIM", bytes(6)), (b"ANMF", frame)
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(content)) + content for name, content in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("data", [even(), animation(even()), even(corner=True)], ids=["still", "animation", "corner"])
def test_zeros_that_a_webp_needs_are_no_damage(tmp_path: Path, data: bytes) -> None:
    assert integrity.zeros_from(data) is not None
    outcome = outcome_of(tmp_path, "a.webp", data)
    assert (outcome.status, outcome.warnings) == ("ok", ())


def test_zeros_in_an_animation_are_a_truncation(tmp_path: Path) -> None:
    """Its frame is short of data, and its decoder does not mind."""
    sound = animation(picture("WEBP"))
    assert outcome_of(tmp_path, "a.webp", sound).status == "ok"
    data = sound[: len(sound) // 2].ljust(len(sound), b"\0")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    assert kind(outcome_of(tmp_path, "a.webp", data)) == "truncated"


def test_jpeg_data_that_end_before_the_picture_are_found(tmp_path: Path) -> None:
    data = picture("JPEG")
    ((start, stop),), _ = integrity.jpeg_scans(data)
    with Image.open(io.BytesIO(data[: (start + stop) // 2] + b"\xff\xd9")) as image:
        image.load()  # Pillow says nothing
    outcome = outcome_of(tmp_path, "a.jpg", data[: (start + stop) // 2] + b"\xff\xd9")
    assert kind(outcome) == "truncated"
    assert outcome.error is not None and "before the picture is complete" in outcome.error.message


@pytest.mark.parametrize("number", range(10))
def test_a_scan_of_a_progressive_jpeg_that_is_short_is_found(tmp_path: Path, number: int) -> None:
    data = picture("JPEG", progressive=True)
    found, _ = integrity.jpeg_scans(data)
    start, stop = found[number]
    outcome = outcome_of(tmp_path, "a.jpg", data[: (start + stop) // 2] + data[stop:])
    assert kind(outcome) == "truncated"
    assert outcome.error is not None and "data of a scan end" in outcome.error.message


def test_nothing_is_said_of_arithmetic_coding() -> None:
    data = picture("JPEG")
    assert jpeg_scans.findings(data) == []
    assert jpeg_scans.findings(data.replace(b"\xff\xc0", b"\xff\xc9", 1)) is None


def test_jpeg_data_that_go_on_after_the_picture_are_found(tmp_path: Path) -> None:
    data = picture("JPEG")
    ((_, stop),), _ = integrity.jpeg_scans(data)
    outcome = outcome_of(tmp_path, "a.jpg", data[:stop] + b"\x5a" * 2 * jpeg_scans.SPARE + data[stop:])
    assert kind(outcome) == "corrupt"
    assert outcome.error is not None and "after the picture is complete" in outcome.error.message


def test_fill_bytes_before_the_end_mark_are_no_damage(tmp_path: Path) -> None:
    data = picture("JPEG")
    assert outcome_of(tmp_path, "a.jpg", data[:-2] + b"\xff" * 500 + data[-2:]).status == "ok"
    ((start, stop),), _ = integrity.jpeg_scans(data)
    cut = data[: (start + stop) // 2] + b"\xff" * 500 + data[-2:]
    assert kind(outcome_of(tmp_path, "cut.jpg", cut)) == "truncated"


def test_a_gray_picture_is_not_taken_for_missing_data(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (200, 200), (128, 128, 128)).save(file, "JPEG")
    assert outcome_of(tmp_path, "gray.jpg", file.getvalue()).status == "ok"


def test_restart_markers_out_of_order_are_found(tmp_path: Path) -> None:
    data = picture("JPEG", restart_marker_rows=1)
    assert kind(outcome_of(tmp_path, "a.jpg", data.replace(b"\xff\xd1", b"\xff\xd5", 1))) == "corrupt"


def chunk(word: bytes, body: bytes, checksum: int | None = None) -> bytes:
    right = zlib.crc32(word + body)
    return struct.pack(">I", len(body)) + word + body + struct.pack(">I", right if checksum is None else checksum)


def test_a_wrong_checksum_is_a_damage_only_where_the_pixels_are(tmp_path: Path) -> None:
    data = picture("PNG")
    text = chunk(b"tEXt", b"Comment\0hello", checksum=1)
    outcome = outcome_of(tmp_path, "text.png", data[:-12] + text + data[-12:])
    assert outcome.status == "ok"
    assert "wrong checksum of the PNG chunk tEXt" in outcome.warnings[0]
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at], "big")
    end = at + 4 + length
    broken = data[:end] + bytes(4) + data[end + 4 :]
    outcome = outcome_of(tmp_path, "idat.png", broken)
    assert kind(outcome) == "corrupt"
    assert outcome.error is not None and "IDAT" in outcome.error.message


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.bmp"])
def test_data_after_the_end_are_worth_a_warning(tmp_path: Path, name: str) -> None:
    outcome = outcome_of(tmp_path, name, dict(SOUND)[name] + b"PK\3\4" * 10)
    assert outcome.status == "ok"
    assert any("after the end" in text for text in outcome.warnings)


@pytest.mark.parametrize("make", [accompanied.micro_video, accompanied.samsung, accompanied.depth_photo])
def test_a_film_or_sound_behind_a_jpeg_is_no_complaint(tmp_path: Path, make: Callable[[], bytes]) -> None:
    data = make()
    assert outcome_of(tmp_path, "a.jpg", data).warnings == ()
    plain = accompanied.jpeg(accompanied.ramp())
    lines = [finding.message for finding in codecs.findings(plain + accompanied.film() + b"PK\3\4" * 10, ".jpg")]
    assert lines == ["40 bytes after the end of the jpeg picture"]


def test_a_missing_end_mark_is_worth_a_warning(tmp_path: Path) -> None:
    for name in ("a.gif", "a.jpg"):
        data = dict(SOUND)[name]
        lines = codecs.findings(data[: -1 if name == "a.gif" else -2], Path(name).suffix)
        assert [finding.kind for finding in lines] == [None]
        assert "no end mark" in lines[0].message


def test_a_wrong_suffix_names_both_and_decides_for_neither(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, "a.png", picture("JPEG"))
    assert outcome.status == "ok"
    assert outcome.warnings == ("the name says .png, the content is jpeg; rename it to .jpg, or replace it",)


def test_a_later_frame_that_is_damaged_is_found(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), (40 * number, 0, 0)) for number in range(4)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], duration=100)
    data = bytearray(file.getvalue())
    at = data.rindex(b"fcTL")
    struct.pack_into(">I", data, at + 4, 99)
    length = int.from_bytes(data[at - 4 : at], "big")
    struct.pack_into(">I", data, at + 4 + length, zlib.crc32(data[at : at + 4 + length]))
    with Image.open(io.BytesIO(bytes(data))) as image:
        image.load()  # the first frame is fine
    assert outcome_of(tmp_path, "a.png", bytes(data)).status == "failed"


def test_what_makes_the_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "odd.png").write_bytes(picture("JPEG"))
    assert ib.check(tmp_path, workers=0).exit_code == 0
    assert ib.check(tmp_path, workers=0, fail_on="warning").exit_code == 1
    (tmp_path / "text.jpg").write_text("no picture")
    assert ib.check(tmp_path, workers=0, fail_on="truncated").exit_code == 0
    assert ib.check(tmp_path, workers=0).exit_code == 1
    (tmp_path / "cut.jpg").write_bytes(picture("JPEG")[:2000])
    assert ib.check(tmp_path, workers=0, fail_on="truncated").exit_code == 1
    assert ib.check(tmp_path, workers=0, fail_on="none").exit_code == 0


def test_workers_find_the_same(tmp_path: Path) -> None:
    for number, (_, data) in enumerate(SOUND):
        (tmp_path / f"{number}.jpg").write_bytes(data[: len(data) * 2 // 3] if number % 2 else data)
    there = ib.check(tmp_path, workers=2)
    here = ib.check(tmp_path, workers=0)
    assert [(one.status, one.error) for one in there.outcomes] == [(one.status, one.error) for one in here.outcomes]
    assert there.failed and len(there.failed) < len(there.outcomes)


def test_a_setting_without_meaning_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="setting"):
        ib.check(tmp_path, force=True)  # type: ignore[call-arg]  # the very mistake


def test_sample_images_are_called_what_they_are() -> None:
    report = ib.check(ROOT / "sample_images", workers=0)
    assert {outcome.source.relative.split("/")[0] for outcome in report.failed} <= {"broken"}
    assert report.failed


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of public test images is not beside the repository")
@pytest.mark.soak
def test_public_images_are_called_what_they_are() -> None:
    expected = {
        entry["file"]: entry["expect"]
        for entry in map(json.loads, (SHARED / "expected.jsonl").read_text().splitlines())
    }
    report = ib.check(SHARED, workers=2)
    wrong = {os.path.relpath(outcome.source.path, SHARED) for outcome in report.failed}
    assert not [name for name in wrong if expected.get(name) == "ok" and not name.startswith("bad/")]
    assert not [name for name, expect in expected.items() if expect == "ok" and name in wrong and "uber" not in name]
    assert {"bad/silent/corrupt-huffman.jpg", "bad/silent/premature-end.jpg", "bad/silent/xcsn0g01.png"} <= wrong
