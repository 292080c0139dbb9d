"""Is no color lost where ``-q keep`` meets a chroma sampling that cannot be written?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

import imgbatch as ib
from imgbatch.codecs.containers import jpeg_headers


def gray_jpeg(wide: int, high: int, chroma: tuple[int, int] = (1, 1), size: tuple[int, int] = (32, 32)) -> bytes:
    """A flat gray JPEG of three components with these sampling factors, whose blocks all are one code."""
    file = io.BytesIO()
    Image.new("RGB", size, (128, 128, 128)).save(file, "JPEG", subsampling="4:4:4")
    data = file.getvalue()
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    factors = (wide << 4 | high, chroma[0] << 4 | chroma[1], chroma[0] << 4 | chroma[1])
    for component, factor in enumerate(factors):
        at = frame + 11 + 3 * component
        data = data[:at] + bytes([factor]) + data[at + 1 :]
    count = -(-size[0] // (8 * wide)) * -(-size[1] // (8 * high))
    bits = ("001010" * (wide * high) + "0000" * (2 * chroma[0] * chroma[1])) * count
    bits += "1" * (-len(bits) % 8)
    pixels = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return data[: scan + 14] + pixels + b"\xff\xd9"


def result(folder: Path, data: bytes, subsampling: Any = "auto") -> tuple[int, ib.Outcome]:
    """The chroma sampling (Pillow's number) of what is made of a JPEG, and its Outcome."""
    (folder / "a.jpg").write_bytes(data)
    recipe = ib.Recipe([ib.Brightness(1.1)], [ib.Output(quality="keep", subsampling=subsampling)])
    (outcome,) = ib.run(folder / "a.jpg", folder / "out", recipe, workers=0).outcomes
    assert outcome.ok, outcome.error
    with Image.open(folder / "out" / "a.jpg") as image:
        assert isinstance(image, JpegImageFile)
        return get_sampling(image), outcome


@pytest.mark.parametrize(
    ("wide", "high", "name"), [(1, 2, "4:4:0"), (4, 1, "4:1:1"), (4, 2, "4:1:0"), (3, 1, "3x1, 1x1, 1x1")]
)
def test_a_sampling_that_cannot_be_written_becomes_444_and_is_said(
    tmp_path: Path, wide: int, high: int, name: str
) -> None:
    sampling, outcome = result(tmp_path, gray_jpeg(wide, high))
    assert sampling == 0
    assert f"sampling: {name} is not written, 4:4:4 in its place" in outcome.changes


@pytest.mark.parametrize(
    ("wide", "high", "chroma", "number"),
    [(1, 1, (1, 1), 0), (2, 1, (1, 1), 1), (2, 2, (1, 1), 2), (2, 1, (2, 1), 0), (2, 2, (1, 2), 1), (1, 2, (1, 2), 0)],
)
def test_one_that_can_be_is_kept_however_it_is_spelled(
    tmp_path: Path, wide: int, high: int, chroma: tuple[int, int], number: int
) -> None:
    sampling, outcome = result(tmp_path, gray_jpeg(wide, high, chroma))
    assert sampling == number
    assert not any("sampling" in change for change in outcome.changes)


def test_one_that_is_asked_for_is_written_without_a_word(tmp_path: Path) -> None:
    sampling, outcome = result(tmp_path, gray_jpeg(1, 2), subsampling="4:2:0")
    assert sampling == 2 and not any("sampling" in change for change in outcome.changes)


def test_a_jpeg_without_colors_has_none() -> None:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG")
    with Image.open(file) as image:
        tables = jpeg_headers.tables(image)
    assert tables is not None and tables.sampling is None
