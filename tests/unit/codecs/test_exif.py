"""EXIF is carried byte for byte; only orientations are patched."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch.codecs.metadata import exif as metadata


def block(order: str, orientation: int, thumbnail: int | None, kind: int = 3) -> bytes:
    """Two directories, the first with an orientation between two other tags, and a maker note behind them."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *((orientation, 0xBEEF) if kind == 3 else (orientation,)))
    entries = [
        struct.pack(order + "HHI4s", 0x010F, 2, 3, b"ab\0\0"),
        struct.pack(order + "HHI", 0x0112, kind, 1) + value,
        struct.pack(order + "HHII", 0x927C, 7, 9, 200),
    ]
    first = struct.pack(order + "H", len(entries)) + b"".join(entries)
    second_at = 8 + len(first) + 4
    second = b""
    if thumbnail is not None:
        second = struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, thumbnail, 0, 0)
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    raw = head + first + struct.pack(order + "I", second_at if second else 0) + second
    return raw + b"\x7f" * (200 - len(raw)) + b"maker9876"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_upright_patches_both_directories_and_nothing_else(order: str, kind: int) -> None:
    assert metadata.with_upright_orientation(block(order, 6, 8, kind)) == block(order, 1, 1, kind)
    assert metadata.with_upright_orientation(block(order, 3, None)) == block(order, 1, None)


@pytest.mark.parametrize("order", ["<", ">"])
def test_without_upright_takes_the_tag_out_and_leaves_offsets_true(order: str) -> None:
    raw = block(order, 1, 1)
    result = metadata.without_orientation(raw)
    assert len(result) == len(raw) and result.endswith(raw[-109:])
    exif = Image.Exif()
    exif.load(result)
    assert 0x0112 not in exif and exif[0x010F] == "ab" and exif[0x927C] == b"maker9876"
    assert metadata.without_orientation(block(order, 6, 1)) == block(order, 6, 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@given(st.binary(max_size=120), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b""]))
def test_damaged_blocks_never_raise_and_keep_their_length(tail: bytes, head: bytes) -> None:
    raw = head + tail
    assert len(metadata.with_upright_orientation(raw)) == len(metadata.without_orientation(raw)) == len(raw)
    metadata.description_tags(raw)


@given(st.integers(0, 220), st.integers(1, 255))
def test_patching_a_bent_block_changes_at_most_values(at: int, by: int) -> None:
    raw = bytearray(block("<", 6, 8))
    raw[min(at, len(raw) - 1)] ^= by
    result = metadata.with_upright_orientation(bytes(raw))
    assert sum(one != other for one, other in zip(result, raw, strict=True)) <= 8


def open_with_exif(exif: bytes | None, name: str = "JPEG") -> Image.Image:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, name, **({"exif": b"Exif\0\0" + exif} if exif else {}))
    return Image.open(io.BytesIO(file.getvalue()))


def test_exif_of_is_what_stands_in_the_file() -> None:
    warnings: list[str] = []
    assert metadata.exif_of(open_with_exif(block("<", 6, 8)), warnings) == block("<", 6, 8)
    assert metadata.exif_of(open_with_exif(None), warnings) is None
    assert warnings == []


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("raw", [b"LoremIpsum dolor", b"II*\0\xff\xff\xff\x7f", b"II*\0\x08\0\0\0\xff\xff", b"II"])
def test_broken_exif_never_fails_the_picture(raw: bytes) -> None:
    warnings: list[str] = []
    image = open_with_exif(raw)
    assert metadata.orientation(image, warnings) == 1
    assert metadata.exif_of(image, warnings) is None
    assert any("exif is damaged" in text for text in warnings)
    image.load()


@pytest.mark.parametrize(("value", "orientation", "warns"), [(6, 6, 0), (0, 1, 0), (9, 1, 1)])
def test_orientations(value: int, orientation: int, warns: int) -> None:
    warnings: list[str] = []
    assert metadata.orientation(open_with_exif(block(">", value, None)), warnings) == orientation
    assert len(warnings) == warns


def test_described_drops_what_stores_the_picture() -> None:
    exif = Image.Exif()
    exif[0x0100], exif[0x0111], exif[0x010F], exif[0x0103] = 4000, 8, "Maker", 7
    exif[0x8825] = {1: "N"}
    description, groups = metadata.description_tags(exif.tobytes()[6:])
    assert description is not None and dict(description) == {0x010F: b"Maker"} and groups == {0x8825: {1: "N"}}
