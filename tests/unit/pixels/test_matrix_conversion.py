"""Is 16-bit color converted by what its profile says, to the last number? Against the same in 64-bit floats."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.pixels import profile_conversion
from imgbatch.pixels.color_spaces import color_space, icc_profile, matrix_conversion
from imgbatch.pixels.color_spaces.color_space import ColorSpace

SPACES = [
    color_space.ADOBE_RGB, color_space.ROMM_RGB,
    *map(color_space.of_code_points, (12, 9, 9, 1, 12, 9, 9, 1), (13, 1, 8, 4, 7, 16, 18, 9)),
]  # fmt: skip
Array = np.ndarray[Any, Any]


def samples(count: int = 40_000) -> list[Array]:
    chance = np.random.default_rng(7)
    return [chance.integers(0, 65536, (100, count // 100), dtype=np.uint16) for _ in range(3)]


def light_of(tag: bytes, values: Array) -> Array:
    if tag[:4] == b"para":
        kind, count = struct.unpack_from(">H", tag, 8)[0], (len(tag) - 12) // 4
        g, *rest = (number / 65536 for number in struct.unpack_from(f">{count}i", tag, 12))
        if kind == 0:
            return np.asarray(values**g)
        a, b, c, d = rest
        return np.asarray(np.where(values >= d, (a * values + b) ** g, c * values))
    table = np.frombuffer(tag, ">u2", offset=12) / 65535
    return np.asarray(np.interp(values, np.linspace(0, 1, len(table)), table))


def by_profile(bands: list[Array], icc: bytes) -> Array:
    """Numbers of sRGB, 0..65535, not rounded."""
    tags = icc_profile.tags_of(icc)
    light = np.stack(
        [light_of(tags[name], band / 65535) for name, band in zip((b"rTRC", b"gTRC", b"bTRC"), bands, strict=True)]
    )
    columns = np.array([struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T / 65536
    matrix = np.linalg.inv(np.array(icc_profile.matrix_to_d50(color_space.SRGB.primaries))) @ columns
    linear = np.tensordot(matrix, light, 1).clip(0, 1)
    return np.asarray(65535 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_it_is_right_to_the_last_number(space: ColorSpace) -> None:
    icc, bands = icc_profile.profile_of(space), samples()
    profile = matrix_conversion.matrix_profile(icc)
    assert profile is not None
    result = np.stack(matrix_conversion.to_srgb(bands, profile))
    assert np.abs(result - by_profile(bands, icc)).max() <= 1.01  # half a number is rounding


@pytest.mark.parametrize("space", SPACES[:4], ids=lambda space: space.name)
def test_it_agrees_with_little_cms(space: ColorSpace) -> None:
    icc, bands = icc_profile.profile_of(space), [(band >> 8) * np.uint16(257) for band in samples()]
    profile = matrix_conversion.matrix_profile(icc)
    image = Image.fromarray(np.stack([(band >> 8).astype(np.uint8) for band in bands], axis=2))
    other = profile_conversion.to_srgb(image, icc)
    assert profile is not None and other is not None
    result = np.stack(matrix_conversion.to_srgb(bands, profile), axis=2)
    assert np.abs(result / 257 - np.asarray(other)).max() < 1.6


@pytest.mark.parametrize(("curve", "number", "expected"), [
    (b"curv\0\0\0\0\0\0\0\0", 32768, 32768 / 65535),
    (b"curv\0\0\0\0\0\0\0\1\2\0", 32768, (32768 / 65535) ** 2),
    (b"curv\0\0\0\0\0\0\0\3\0\0\0\0\xff\xff", 49151, 0.5),
    (b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", 2 << 16), 32768, (32768 / 65535) ** 2),
    (b"para\0\0\0\0\0\1\0\0" + struct.pack(">3i", 1 << 16, 2 << 16, -(1 << 16)), 16384, 0.0),
    (b"para\0\0\0\0\0\1\0\0" + struct.pack(">3i", 1 << 16, 2 << 16, -(1 << 16)), 49151, 0.5),
    (b"para\0\0\0\0\0\2\0\0" + struct.pack(">4i", 1 << 16, 1 << 15, 0, 1 << 14), 32768, 0.5),
    (b"para\0\0\0\0\0\3\0\0" + struct.pack(">5i", 1 << 16, 1 << 16, 0, 1 << 15, 1 << 15), 16384, 0.125),
    (b"para\0\0\0\0\0\4\0\0" + struct.pack(">7i", 1 << 16, 1 << 15, 0, 1 << 15, 0, 1 << 14, 0), 32768, 0.5),
])  # fmt: skip
def test_all_kinds_of_curves(curve: bytes, number: int, expected: float) -> None:
    profile = matrix_conversion.matrix_profile(_with_curve(curve))
    assert profile is not None and profile.curves[:, number] == pytest.approx(expected, abs=3e-5)


def _with_curve(curve: bytes, *more: bytes) -> bytes:
    tags = icc_profile.tags_of(icc_profile.profile_of(color_space.ADOBE_RGB))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve) | dict.fromkeys(more, b"mft2")
    return icc_profile.profile_file(b"RGB ", tags)


@pytest.mark.parametrize("icc", [
    b"", bytes(500), icc_profile.profile_of(color_space.ADOBE_RGB, gray=True),
    _with_curve(b"para\0\0\0\0\0\5\0\0" + bytes(40)), _with_curve(b"para\0\0\0\0\0\3\0\0" + bytes(8)),
    _with_curve(b"para\0\0\0\0\0\1\0\0" + bytes(12)), _with_curve(b"curv\0\0\0\0\0\0\1\0\0\0"), _with_curve(b"curv"),
    _with_curve(b"curv\0\0\0\0\0\0\0\0", b"A2B0"), _with_curve(b"curv\0\0\0\0\0\0\0\0").replace(b"gXYZ", b"xXYZ"),
], ids=["none", "zeros", "gray", "kind", "short", "no slope", "short table", "no table", "tables", "no green"]
)  # fmt: skip
def test_profiles_that_are_no_formula(icc: bytes) -> None:
    assert matrix_conversion.matrix_profile(icc) is None
