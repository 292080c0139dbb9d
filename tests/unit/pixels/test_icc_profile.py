"""Is a profile that says more than it holds kept from Little CMS, which would make room for what it says?"""

from __future__ import annotations

import struct

import pytest
from PIL import Image, ImageCms

from imgbatch.pixels import profile_conversion
from imgbatch.pixels.color_spaces import color_space, icc_profile

TAGS = icc_profile.tags_of(icc_profile.profile_of(color_space.ADOBE_RGB))
MUCH = 9_000_000


def with_tags(**contents: bytes) -> bytes:
    return icc_profile.profile_file(b"RGB ", TAGS | {name.encode(): content for name, content in contents.items()})


def name(count: int) -> bytes:
    text = "A name".encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", count, 12, b"en", b"US", len(text), 28) + text


def table(kind: bytes, steps: int, held: int) -> bytes:
    """A table of three colors from three bands, which says how many steps it has, and holds another number."""
    head = kind + bytes(4) + bytes((3, 3, steps, 0)) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    points = [(x, y, z) for x in range(held) for y in range(held) for z in range(held)]
    numbers = [round(value * 65535 / (held - 1)) for point in points for value in point]
    if kind == b"mft1":
        return head + bytes(range(256)) * 3 + bytes(number >> 8 for number in numbers) + bytes(range(256)) * 3
    if kind == b"mft2":
        ends = struct.pack(">6H", *[0, 65535] * 3)
        return head + struct.pack(">HH", 2, 2) + ends + struct.pack(f">{len(numbers)}H", *numbers) + ends
    curves = 3 * (b"curv" + bytes(8))
    places = struct.pack(">5I", 32, 0, 0, 68, 32)
    grid = bytes((steps,) * 3).ljust(16, b"\0") + b"\2\0\0\0" + struct.pack(f">{len(numbers)}H", *numbers)
    return b"mAB " + bytes(4) + bytes((3, 3, 0, 0)) + places + curves + grid


@pytest.mark.parametrize("kind", [b"mft1", b"mft2", b"mAB "])
def test_tables_are_measured(kind: bytes) -> None:
    assert icc_profile.is_whole(with_tags(A2B0=table(kind, 3, 3)))
    assert not icc_profile.is_whole(with_tags(A2B0=table(kind, 90, 3)))


def test_names_are_measured() -> None:
    assert profile_conversion.profile_name(with_tags(desc=name(1))) == "A name"
    assert not icc_profile.is_whole(with_tags(desc=name(MUCH)))


@pytest.mark.parametrize("tag", ["desc", "A2B0"])
def test_what_is_not_whole_does_not_come_to_little_cms(monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    def refuse(*words: object) -> None:
        raise AssertionError("Little CMS was asked")

    profile_conversion.srgb_profile()  # is made by it
    icc = with_tags(**{tag: name(MUCH) if tag == "desc" else table(b"mft1", 200, 3)})
    monkeypatch.setattr(ImageCms, "ImageCmsProfile", refuse)
    assert profile_conversion.profile_name(icc) == "a damaged profile"
    assert profile_conversion.to_srgb(Image.new("RGB", (2, 2)), icc) is None
