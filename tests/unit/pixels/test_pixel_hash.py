"""Is the hash of pixels that of what is shown, however it is stored?"""

from __future__ import annotations

import numpy
from PIL import Image

from imgbatch.pixels.deep import bands
from imgbatch.pixels.perception.pixel_hash import PixelHash

SAMPLES = numpy.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=numpy.uint8)
COLORS = Image.fromarray(SAMPLES)
GRAY = Image.fromarray(SAMPLES[:, :, 0])


def digest(*frames: Image.Image) -> str:
    result = PixelHash()
    for frame in frames:
        result.add(frame)
    return result.digest()


def deep(samples: numpy.typing.NDArray[numpy.uint16]) -> Image.Image:
    return bands.DeepImage([bands.to_band(samples[:, :, channel]) for channel in range(samples.shape[2])])


def test_how_pixels_are_stored_does_not_count() -> None:
    opaque = COLORS.copy()
    opaque.putalpha(255)
    assert digest(opaque) == digest(COLORS)
    assert digest(GRAY.convert("RGB")) == digest(GRAY.convert("RGBA")) == digest(GRAY.convert("LA")) == digest(GRAY)
    palette = COLORS.quantize(16)
    assert digest(palette) == digest(palette.convert("RGB"))
    bilevel = GRAY.convert("1")
    assert digest(bilevel) == digest(bilevel.convert("L"))


def test_what_is_shown_counts() -> None:
    assert len({digest(COLORS), digest(GRAY), digest(COLORS.rotate(180)), digest(COLORS, COLORS)}) == 4
    wide = Image.fromarray(SAMPLES.reshape(30, 20, 3))
    assert digest(wide) != digest(COLORS)
    other = SAMPLES.copy()
    other[19, 29, 2] ^= 1
    assert digest(Image.fromarray(other)) != digest(COLORS)


def test_colors_that_nobody_sees_do_not_count() -> None:
    one, other = COLORS.convert("RGBA"), COLORS.rotate(180).convert("RGBA")
    half = Image.new("L", COLORS.size, 255)
    half.paste(0, (0, 0, 15, 20))
    for image in (one, other):
        image.putalpha(half)
    other.paste(one.crop((15, 0, 30, 20)), (15, 0))
    assert one.tobytes() != other.tobytes() and digest(one) == digest(other) != digest(COLORS)


def test_16_bits_are_compared_as_16_bits() -> None:
    samples = SAMPLES.astype(numpy.uint16) * 257
    assert digest(deep(samples)) == digest(COLORS)
    finer = samples.copy()
    finer[0, 0, 0] ^= 1
    assert len({digest(deep(samples)), digest(deep(finer))}) == 2
    gray = Image.fromarray(samples[:, :, 0])
    assert gray.mode == "I;16" and digest(gray) == digest(GRAY)
    assert digest(Image.fromarray(finer[:, :, 0])) not in (digest(gray), digest(GRAY))


def test_ink_is_no_color() -> None:
    ink = COLORS.convert("CMYK")
    assert digest(ink) != digest(COLORS) and digest(ink) == digest(ink.copy())
