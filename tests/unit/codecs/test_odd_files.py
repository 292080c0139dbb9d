"""Files that are odd, and sound: what a corpus of 22,006 public files taught."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from imgbatch import Output, Recipe, Resize, check, run
from imgbatch.codecs.containers import mpo_index
from imgbatch.core.job import Outcome

OPS = {"resized": (Resize("50%"),), "as it is": ()}


def process(folder: Path, source: Path, *ops: Resize, **options: object) -> Outcome:
    (outcome,) = run(source, folder / "out", Recipe(ops, [Output(**options)]), workers=0).outcomes  # type: ignore[arg-type]
    return outcome


def frames(count: int = 2) -> list[Image.Image]:
    return [Image.new("RGB", (16, 12), (90 * place, 9, 9)) for place in range(count)]


@pytest.mark.parametrize("ops", OPS)
@pytest.mark.parametrize("loop", [65534, 65535, 70000])
@pytest.mark.parametrize("suffix", ["gif", "png"])
def test_an_animation_of_many_repeats_becomes_webp(tmp_path: Path, suffix: str, loop: int, ops: str) -> None:
    path = tmp_path / f"a.{suffix}"
    first, *others = frames()
    first.save(path, save_all=True, append_images=others, loop=min(loop, 65535) if suffix == "gif" else loop)
    outcome = process(tmp_path, path, *OPS[ops], format="webp")
    assert outcome.error is None
    with Image.open(tmp_path / "out" / "a.webp") as image:
        assert image.n_frames == 2 and image.info["loop"] >= 65534  # type: ignore[attr-defined]


@pytest.mark.parametrize("unit", [0, 4, 12291])
def test_a_tiff_with_a_unit_that_is_none_becomes_a_tiff(tmp_path: Path, unit: int) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (16, 12)).save(path, tiffinfo={296: unit, 282: 72.0, 283: 72.0})
    assert process(tmp_path, path, Resize("8")).error is None
    with Image.open(tmp_path / "out" / "a.tif") as image:
        assert image.tag_v2[296] == 1 and image.tag_v2[282] == 72  # type: ignore[attr-defined]


def lossless(names: bytes, jfif: bool) -> bytes:
    """A lossless JPEG (SOF3) in which nothing differs from what is foretold: gray."""
    count = len(names)
    frame = struct.pack(">BHHB", 8, 48, 64, count) + b"".join(bytes((name, 0x11, 0)) for name in names)
    scan = bytes((count,)) + b"".join(bytes((name, 0)) for name in names) + bytes((1, 0, 0))
    parts = [(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")] if jfif else []
    parts += [(0xC3, frame), (0xC4, b"\0" + bytes((1,) + (0,) * 15) + b"\0"), (0xDA, scan)]
    segments = b"".join(bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for marker, body in parts)
    return b"\xff\xd8" + segments + bytes(64 * 48 * count // 8) + b"\xff\xd9"


@pytest.mark.parametrize("size", ["20", "64"])
@pytest.mark.parametrize(("names", "jfif"), [(b"\1", True), (b"RGB", False), (b"\1\2\3", False)])
def test_a_lossless_jpeg_is_read_in_every_size(tmp_path: Path, names: bytes, jfif: bool, size: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(lossless(names, jfif))
    assert check(path, workers=0).outcomes[0].error is None
    assert process(tmp_path, path, Resize(size), format="png").error is None


def test_a_lossless_jpeg_in_ycbcr_has_no_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(lossless(b"\1\2\3", True))
    for outcome in (check(path, workers=0).outcomes[0], process(tmp_path, path, Resize("20"))):
        assert outcome.error is not None and outcome.error.kind == "unsupported" and "YCbCr" in outcome.error.message


@pytest.mark.parametrize(("extra", "kind"), [(200, "truncated"), (0, "truncated"), (None, None)])
def test_a_cut_mpo_is_found(tmp_path: Path, extra: int | None, kind: str | None) -> None:
    path = tmp_path / "a.jpg"
    first, second = (Image.effect_noise((64, 48), 60).convert("RGB") for _ in range(2))
    first.save(path, "MPO", save_all=True, append_images=[second])
    data = path.read_bytes()
    if extra is not None:
        path.write_bytes(data[: data.index(b"\xff\xd8", 4) + extra])
    (outcome,) = check(path, workers=0).outcomes
    assert (outcome.error and outcome.error.kind) == kind
    assert list(mpo_index.findings(data)) == []


@pytest.mark.parametrize("fill", [b"\xff\xff\xff", b"\xff"])
def test_fill_bytes_of_a_jpeg_keep_its_picture(tmp_path: Path, fill: bytes) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    Image.effect_noise((64, 48), 60).convert("RGB").save(path, exif=exif)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\xff\xdb", fill + b"\xff\xdb"))
    outcome = process(tmp_path, path, strip="all")
    assert "picture copied: only metadata are changed" in outcome.changes
    with Image.open(path) as before, Image.open(tmp_path / "out" / "a.jpg") as after:
        assert before.tobytes() == after.tobytes() and not after.getexif()


def test_a_jpeg_that_is_encoded_anew_for_its_metadata_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (64, 48)).save(path, comment=b"x")
    path.write_bytes(path.read_bytes()[:-2])  # no end mark
    assert (
        "picture encoded anew: its metadata cannot be changed around it" in process(tmp_path, path, strip="all").changes
    )


def opened_by_pillow(path: Path) -> dict[str, Any]:
    with Image.open(path) as image:
        image.load()
        return {str(key): value for key, value in image.info.items()}


@pytest.mark.parametrize("ops", OPS)
def test_a_text_that_is_too_large_is_not_passed_on(tmp_path: Path, ops: str) -> None:
    path, info = tmp_path / "a.png", PngImagePlugin.PngInfo()
    info.add_text("k", "A" * 2_000_000, zip=True)
    info.add_text("Title", "kept")
    Image.new("RGB", (16, 12)).save(path, pnginfo=info)
    outcome = process(tmp_path, path, *OPS[ops])
    assert outcome.error is None and outcome.warnings
    assert opened_by_pillow(tmp_path / "out" / "a.png")["Title"] == "kept"


@pytest.mark.parametrize("block", ["icc", "xmp"])
def test_a_block_that_is_too_large_for_png_is_not_written(tmp_path: Path, block: str) -> None:
    from imgbatch.pixels.profile_conversion import srgb_profile

    path = tmp_path / "a.webp"
    long = srgb_profile() + zlib.compress(bytes(10)) + bytes(1_600_000)
    options = {"icc_profile": len(long).to_bytes(4, "big") + long[4:]} if block == "icc" else {"xmp": b"<x/>" * 400_000}
    Image.new("RGB", (16, 12)).save(path, **options)  # type: ignore[arg-type]
    outcome = process(tmp_path, path, format="png")
    assert outcome.error is None and outcome.changes
    info = opened_by_pillow(tmp_path / "out" / "a.png")
    assert "xmp" not in info and len(info.get("icc_profile", b"")) < 1 << 20
