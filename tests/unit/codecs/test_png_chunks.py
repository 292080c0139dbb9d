"""Metadata of a PNG that unfold without end cost a warning, not the picture, and no memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch.codecs import contents, open_image
from imgbatch.codecs.containers import png_chunks
from imgbatch.codecs.reading import limits

MB = 1 << 20


@pytest.fixture(autouse=True)
def within_limits() -> Iterator[None]:
    with limits.pixel_limit(1_000_000):
        yield


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*extra: bytes, behind: bool = False) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((9, 9)).save(file, "PNG")
    at = -12 if behind else 33
    return file.getvalue()[:at] + b"".join(extra) + file.getvalue()[at:]


def zeros(length: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MB)) for _ in range(length // MB)) + packer.flush()


BOMB = zeros(64 * MB)
BOMBS = {
    "icc": chunk(b"iCCP", b"name\0\0" + BOMB),
    "text": chunk(b"zTXt", b"Comment\0\0" + BOMB),
    "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + BOMB),
}


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_left_out_and_the_picture_read(name: str, behind: bool) -> None:
    data = png(BOMBS[name], chunk(b"tEXt", b"Title\0kept"), behind=behind)
    with open_image(data, ".png", 1_000_000) as picture:
        assert picture.warnings == [f"{name} ignored: more than 1 MB"] and picture.length == len(data)
        (frame,) = picture.decode()[0]
        assert frame.tobytes() == Image.linear_gradient("L").resize((9, 9)).tobytes()
        assert picture.metadata.text == {"Title": "kept"} and picture.metadata.icc is None


def test_many_texts_together_are_limited_too() -> None:
    many = [chunk(b"zTXt", b"key %d\0\0" % number + zeros(MB)) for number in range(40)]
    with open_image(png(*many), ".png", 1_000_000) as picture:
        assert picture.warnings == ["text ignored: more than 17 MB"]
        assert len(picture.metadata.text) == 16


def test_large_plain_texts_are_left_out() -> None:
    plain = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * (MB + 1))
    assert png_chunks.without_heavy_chunks(png(plain))[1] == ["xmp ignored: more than 1 MB"]


def test_what_is_light_stays_as_it_is() -> None:
    data = png(chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b")), chunk(b"iCCP", b"name\0\0" + zeros(MB)))
    assert png_chunks.without_heavy_chunks(data) == (data, []) and png_chunks.without_heavy_chunks(data)[0] is data


@pytest.mark.parametrize(("gamma", "more", "changes"), [
    (100_000, b"", ["icc: gray, linear by gAMA"]), (45_455, b"", []),
    (100_000, chunk(b"sRGB", b"\0"), []),
])  # fmt: skip
def test_a_gamma_that_is_not_srgb_becomes_a_profile(gamma: int, more: bytes, changes: list[str]) -> None:
    with open_image(png(chunk(b"gAMA", struct.pack(">I", gamma)), more), ".png", 1_000_000) as picture:
        assert picture.changes == changes


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in /proc")
def test_a_bomb_of_a_gigabyte_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(chunk(b"iCCP", b"name\0\0" + zeros(1024 * MB))))
    code = (
        "import sys\nfrom pathlib import Path\nimport imgbatch as ib\n"
        "recipe = ib.Recipe(outputs=[ib.Output(strip='gps')])\n"
        "(outcome,) = ib.run([sys.argv[1]], sys.argv[2], recipe, workers=0).outcomes\n"
        "peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2]\n"  # ru_maxrss knows the parent's, too
        "print(outcome.status, outcome.warnings, int(peak.split()[0]) // 1024 < 120)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "a.png"), str(tmp_path / "out")]
    process = subprocess.run(words, capture_output=True, text=True, check=True)
    assert process.stdout == "ok ('icc ignored: more than 1 MB',) True\n"


@pytest.mark.parametrize("format", ["WEBP", "TIFF", "AVIF"])
def test_xmp_of_50_mb_is_left_with_a_warning(format: str) -> None:
    packet = b"<x>" + b"A" * 50_000_000 + b"</x>"
    file = io.BytesIO()
    options = {"tiffinfo": {700: packet}} if format == "TIFF" else {"xmp": packet}
    Image.new("RGB", (8, 8)).save(file, format, **options)
    with open_image(file.getvalue(), "", 1_000_000) as picture:
        assert picture.metadata.xmp is None and picture.warnings == ["xmp ignored: 50.0 MB, more than 4.2 MB"]


@pytest.mark.parametrize("format", ["WEBP", "TIFF"])
def test_exif_of_50_mb_is_left_with_a_warning(format: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "A" * 50_000_000
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, format, exif=exif)
    with open_image(file.getvalue(), "", 1_000_000) as picture:
        assert picture.metadata.exif is None and picture.warnings == ["exif ignored: 50.0 MB, more than 4.2 MB"]


@given(st.binary(max_size=60), st.sampled_from([b"iCCP", b"zTXt", b"iTXt", b"tEXt"]))
def test_damaged_chunks_never_raise(content: bytes, name: bytes) -> None:
    for data in (png(chunk(name, content)), png()[:40] + content, content):
        assert png_chunks.without_heavy_chunks(data) == (data, [])


CHUNKS = [
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"cICP", b"acTL", b"fcTL",
    b"fdAT", b"gAMA", b"cHRM", b"pHYs", b"tIME", b"prVt", b"\0\0\0\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(CHUNKS), max_size=6), st.binary(max_size=20), st.integers(0, 30))
def test_in_a_bare_picture_every_walk_finds_nothing(names: list[bytes], content: bytes, cut: int) -> None:
    data = b"".join([b"\x89PNG\r\n\x1a\n", *(chunk(name, content) for name in names)])
    data = data[: max(0, len(data) - cut)]
    whole = {name for name, _, _ in png_chunks.chunks(data)}
    ends = [end for name, _, end in png_chunks.chunks(data) if name == b"IEND"]
    has_rest = bool(ends) and len(data) - ends[0] > 1
    if not has_rest:
        assert png_chunks.is_bare(data) == whole.issubset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
    assert not (has_rest and png_chunks.is_bare(data))
    if png_chunks.is_bare(data):
        assert png_chunks.without_heavy_chunks(data) == (data, []) and png_chunks.metadata_only(data) is None
        assert contents.strangers(data, "png") == png_chunks.light_levels(data) == [] and png_chunks.cicp(data) is None


@pytest.mark.parametrize("extra", [chunk(b"tEXt", b"Title\0a"), chunk(b"cICP", b"\x09\x10\0\1"), chunk(b"prVt", b"a")])
def test_one_chunk_beside_the_picture_is_looked_at(extra: bytes) -> None:
    for behind in (False, True):
        assert not png_chunks.is_bare(png(extra, behind=behind))
    with open_image(png(extra), ".png", 1_000_000) as picture:
        metadata = picture.metadata
        assert metadata.text or metadata.icc or metadata.others
