"""The manual's table of modes says what the code does, and depth, palettes and transparency pass through whole runs."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs import AnimationTiming, Encoding, Metadata
from imgbatch.codecs.reading import limits
from imgbatch.operations import Operation
from tests.contracts import modes
from tests.contracts.pictures import smooth
from tests.other_readers import needs_imagemagick
from tests.pages import page

PLAIN = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr", "HSV")


def test_the_manual_holds_the_tables() -> None:
    for topic, table in (("pixel-modes", modes.table()), ("deep", modes.deep_table())):
        assert table in page(topic), "paste what `python -m tests.contracts.modes` prints"


def run_one(path: Path, output: Path, *ops: Operation, **options: object) -> tuple[Image.Image, ib.Outcome]:
    """The picture that a whole run makes of a file, and its record."""
    recipe = ib.Recipe(ops=list(ops), outputs=[ib.Output(**options)])  # type: ignore[arg-type]  # words as given
    report = ib.run([path], output, recipe, workers=0, force=True)
    (outcome,) = report.outcomes
    assert outcome.ok, outcome.error
    with Image.open(outcome.outputs[0].path) as opened:
        opened.load()
        return opened, outcome


def deep_png(samples: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    """A PNG of 16-bit RGB, which Pillow does not write; `samples` are (row, column, channel), big-endian."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, _ = samples.shape
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


DEEP = [
    ib.Resize("50%"), ib.Crop("20x10"), ib.Rotate(90), ib.Rotate(10), ib.Blur(1.5), ib.Levels(20, 230), ib.Flip(),
]  # fmt: skip


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("operation", DEEP, ids=str)
def test_sixteen_bit_gray_stays_so_through_a_run(tmp_path: Path, format: str, operation: Operation) -> None:
    x, y = np.meshgrid(np.arange(60), np.arange(40))
    samples = (x * 700 + y * 331).astype("<u2")  # a slope of less than 8 bits could say, on most of its pixels
    source = tmp_path / f"deep.{format}"
    Image.fromarray(samples).save(source)
    picture, outcome = run_one(source, tmp_path / "out", operation)
    assert picture.mode == "I;16" and not outcome.changes
    expected = np.asarray(operation.apply(Image.fromarray(samples))).astype(int)
    difference = np.abs(np.asarray(picture).astype(int) - expected)
    assert difference.max() <= 1  # of 65535
    assert len(np.unique(np.asarray(picture))) > 300 or isinstance(operation, ib.Crop)


def test_sixteen_bit_colors_are_cut_to_eight_with_a_note(tmp_path: Path) -> None:
    samples = np.random.default_rng(5).integers(0, 65536, (20, 30, 3)).astype(">u2")
    (tmp_path / "deep.png").write_bytes(deep_png(samples))
    picture, outcome = run_one(tmp_path / "deep.png", tmp_path / "out", ib.Flip(), depth="8")
    assert outcome.changes == ("depth: 16 -> 8 bits",)
    assert (np.asarray(picture)[::-1] == samples >> 8).all()


def test_a_palette_is_resized_in_full_color_and_made_again_on_request(tmp_path: Path) -> None:
    source = tmp_path / "few.png"
    smooth("P").save(source)
    picture, _ = run_one(source, tmp_path / "full", ib.Resize("50%"))
    assert picture.mode == "RGB"
    in_color = ib.Resize("50%").apply(smooth("P").convert("RGB"))
    assert (np.asarray(picture) == np.asarray(in_color)).all()
    picture, outcome = run_one(source, tmp_path / "few", ib.Resize("50%"), colors=16)
    assert picture.mode == "P" and len(picture.getcolors() or []) <= 16
    assert outcome.changes == ("colors: reduced to 16",)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_transparency_is_laid_on_the_background_for_jpeg(tmp_path: Path, mode: str) -> None:
    source = tmp_path / "clear.tiff"
    clear = smooth(mode)
    clear.putalpha(0)
    clear.save(source)
    picture, outcome = run_one(source, tmp_path / "out", format="jpeg", background="#3366cc")
    assert outcome.changes == ("alpha: flattened on #3366cc",)
    assert np.abs(np.asarray(picture).astype(int) - (0x33, 0x66, 0xCC)).max() <= 2


def test_shades_of_alpha_that_gif_cannot_hold_are_noted(tmp_path: Path) -> None:
    source = tmp_path / "soft.png"
    smooth("LA").save(source)
    picture, outcome = run_one(source, tmp_path / "out", format="gif")
    assert outcome.changes == ("alpha: reduced to transparent or opaque",)
    alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert (alpha == np.where(np.asarray(smooth("LA"))[..., 1] >= 128, 255, 0)).all()


def of_another_reader(data: bytes, format: str) -> bytes:
    """The picture as RGBA, by ImageMagick; nothing that it would warn of."""
    words = ["convert", f"{format}:-", "-depth", "8", "rgba:-"]
    done = subprocess.run(words, input=data, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return done.stdout


@needs_imagemagick
@pytest.mark.parametrize("format", ["png", "tiff", "gif", "bmp"])
@pytest.mark.parametrize("mode", [*PLAIN, "1+t", "L+t", "P+t", "RGB+t"])
def test_another_reader_sees_the_same(format: str, mode: str) -> None:
    mode, _, keyed = mode.partition("+")
    picture = smooth(mode)
    if keyed:
        picture.info["transparency"] = picture.getpixel((47, 31))
    with limits.pixel_limit(10_000):
        made = codecs.encode([picture], format, Encoding(), Metadata(), AnimationTiming())
        (frame,) = codecs.open_image(made.data, "", 10_000).decode()[0]
    seen, other = (
        np.frombuffer(samples, np.uint8).reshape(32, 48, 4).astype(int)
        for samples in (frame.convert("RGBA").tobytes(), of_another_reader(made.data, format))
    )
    assert (seen[..., 3] == other[..., 3]).all()
    assert (seen[..., 3] == 0).any() or not keyed or not codecs.codec(format).alpha
    visible = seen[..., 3] > 0
    assert np.abs(seen - other)[visible].max() <= 1
