"""Colors as words, modes that can be averaged, profiles that become sRGB."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgbatch.pixels import color, profile_conversion

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swap_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged: converting turns red to green."""
    raw = bytearray(SRGB)
    count = int.from_bytes(raw[128:132], "big")
    at = {bytes(raw[entry : entry + 4]): entry + 4 for entry in range(132, 132 + 12 * count, 12)}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    raw[red : red + 8], raw[green : green + 8] = raw[green : green + 8], raw[red : red + 8]
    raw[84:100] = bytes(16)
    return bytes(raw)


def close(one: object, other: tuple[int, ...]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= 2 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("word", "spelling"),
    [("white", "#ffffff"), ("#F80", "#ff8800"), ("rgb(255,136,0)", "#ff8800"), ("#ff8800ff", "#ff8800"),
     ("transparent", "#00000000"), ("#00000080", "#00000080"), (" red ", "#ff0000")],
)  # fmt: skip
def test_a_color_has_one_spelling(word: str, spelling: str) -> None:
    assert color.canonical_color(word) == spelling
    assert color.canonical_color(spelling) == spelling


def test_no_color() -> None:
    with pytest.raises(ValueError, match="unknown color"):
        color.canonical_color("blurple")


def test_importing_and_defaults_do_not_load_pillow() -> None:
    code = (
        "import sys, imgbatch.codecs as c, imgbatch.pixels.color; c.Encoding(); c.is_image(b'', '.jpg');"
        "sys.exit(any(name in sys.modules for name in ('PIL', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_real_srgb_is_srgb() -> None:
    assert profile_conversion.is_srgb(SRGB)
    assert not profile_conversion.is_srgb(swap_profile())
    assert not profile_conversion.is_srgb(b"nonsense" * 40)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_to_srgb_converts_colors_and_keeps_mode_and_alpha(mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    image.putpixel((1, 1), (255, 0, 0, 77))
    image = image.convert("RGB").quantize(4) if mode == "P" else image.convert(mode)
    result = profile_conversion.to_srgb(image, swap_profile())
    assert result is not None and result.mode == mode
    assert close(result.convert("RGB").getpixel((0, 0)), (0, 255, 0))
    if mode == "RGBA":
        assert result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    if mode == "P":
        assert result.tobytes() == image.tobytes(), "the indices stay, the palette changes"
    assert close(image.convert("RGB").getpixel((0, 0)), (255, 0, 0)), "the argument was changed"


def test_a_transparent_color_becomes_alpha_before_its_value_changes() -> None:
    image = Image.new("RGB", (2, 1), (255, 0, 0))
    image.putpixel((0, 0), (0, 0, 9))
    image.info["transparency"] = (0, 0, 9)
    result = profile_conversion.to_srgb(image, swap_profile())
    assert result is not None and result.getchannel("A").tobytes() == b"\x00\xff"


def test_srgb_is_the_same_object_and_a_wrong_profile_is_none() -> None:
    image = Image.new("RGB", (2, 2))
    assert profile_conversion.to_srgb(image, SRGB) is image
    assert profile_conversion.to_srgb(Image.new("L", (2, 2)), SRGB) is None
    assert profile_conversion.to_srgb(image, b"acsp" * 64) is None
    profile = SRGB[:128] + bytes(len(SRGB) - 128)
    assert profile_conversion.to_srgb(image, profile) is None
    assert profile_conversion.profile_name(
        b"x" * 200
    ) == "a damaged profile" and "sRGB" in profile_conversion.profile_name(SRGB)


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_give_their_high_byte(mode: str) -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], dtype="<u2" if mode == "I;16" else ">u2")
    image = Image.fromarray(values)
    assert image.mode == mode
    assert color.to_eight_bits(image).tobytes() == bytes([0, 0, 1, 128, 255])
    assert profile_conversion.to_rgb(image).getpixel((3, 0)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 128.0, 255.0], [0, 128, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([float("nan"), 1.0], [0, 255]),
        ([0, 32896, 65535], [0, 128, 255]),
        ([0, 7, 255], [0, 7, 255]),
        ([5, 100005], [0, 255]),
    ],
)
def test_floats_and_integers_are_scaled_by_their_range(values: list[float], levels: list[int]) -> None:
    array = np.array([values], np.float32 if isinstance(values[0], float) else np.int32)
    assert list(color.to_eight_bits(Image.fromarray(array)).tobytes()) == levels


def test_lab_and_cmyk_become_rgb() -> None:
    lab = Image.new("LAB", (1, 1), (255, 128, 128))  # white: L 100, a 0, b 0
    assert close(profile_conversion.to_rgb(lab).getpixel((0, 0)), (255, 255, 255))
    assert profile_conversion.to_rgb(Image.new("CMYK", (1, 1), (0, 0, 0, 0)), b"damaged").getpixel((0, 0)) == (
        255,
        255,
        255,
    )


def test_what_stands_for_averaging() -> None:
    gray = Image.new("L", (2, 1), 9)
    gray.info["transparency"] = 9
    assert color.to_continuous_tone(gray).mode == "LA"
    assert color.to_continuous_tone(Image.new("1", (1, 1))).mode == "L"
    assert color.to_continuous_tone(Image.new("P", (1, 1))).mode == "RGB"
    plain = Image.new("RGB", (1, 1))
    assert color.to_continuous_tone(plain) is plain


@pytest.mark.parametrize("mode", ["LAB", "CMYK"])
def test_what_becomes_rgb_carries_no_profile_of_its_own(mode: str) -> None:
    assert "icc_profile" not in profile_conversion.to_rgb(Image.new(mode, (2, 2)), None).info
