"""Does a resize give exactly the size that was asked for, and the right pixels in every mode?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgbatch.core.errors import ImageError, UsageError
from imgbatch.core.parameters import from_words, to_words
from imgbatch.operations.geometry.resize import Resize
from imgbatch.operations.support.fit import FITS, KERNELS, fit_size, geometry
from tests.resamplers import resizing_engine

__all__ = ["resizing_engine"]  # a fixture
SIDES = st.integers(1, 3000)
SIZES = st.tuples(SIDES, SIDES)
SMALL_SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
SIXTEEN = {"I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2"}


def canvas_of(source: tuple[int, int], size: str, fit: str = "inside", upscale: bool = False) -> tuple[int, int]:
    return fit_size(source, geometry(size), fit, upscale).canvas


@pytest.mark.parametrize(
    ("size", "spelling"),
    [
        ("1600", "1600"),
        (" 1600 X 1200 ", "1600x1200"),
        ("0016x9", "16x9"),
        ("1600x", "1600x"),
        ("x1200", "x1200"),
        ("50%", "50%"),
        ("33.30%x025%", "33.3%x25%"),
        ("0.000001%", "0.000001%"),
        ("12mp", "12MP"),
        (".5MP", "0.5MP"),
    ],
)
def test_a_size_has_one_spelling(size: str, spelling: str) -> None:
    assert Resize(size).size == spelling
    assert Resize(spelling).size == spelling


@pytest.mark.parametrize(
    "size", ["", "x", "0", "0x5", "0%", "0MP", "-5", "5.5", "1600x1200x3", "12MP!", "!", "1e3", "٣x٣", "50%%", "a4"]
)
def test_no_size(size: str) -> None:
    with pytest.raises(UsageError, match=r"^expected a size such as 1600 .* for resize size, got '"):
        Resize(size)


def test_a_side_is_limited() -> None:
    Resize("1000000x")
    with pytest.raises(UsageError, match="expected a side of at most 1000000 px, got '1000001'"):
        Resize("1000001x")


def test_suffixes_stand_for_fits() -> None:
    assert Resize("30x20!") == Resize("30x20", "fill")
    assert Resize("30x20^") == Resize("30x20", "outside")
    assert from_words(Resize, "30x20!,fit=fill") == Resize("30x20", "fill")
    with pytest.raises(UsageError, match=r"resize size '30x20!' means fit=fill, which contradicts fit=cover"):
        from_words(Resize, "30x20!,fit=cover")


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
@pytest.mark.parametrize("size", ["300", "300x", "x300", "2MP"])
def test_a_box_needs_both_sides(fit: Any, size: Any) -> None:
    with pytest.raises(UsageError, match=rf"both sides, such as 300x200, for resize size with fit={fit}, got '{size}'"):
        Resize(size, fit)


def test_sentences_name_the_nearest_word() -> None:
    with pytest.raises(UsageError, match=r"unknown resize fit 'covr'; did you mean 'cover'\?"):
        from_words(Resize, "30x20,fit=covr")
    with pytest.raises(UsageError, match=r"unknown resize kernel 'lanzcos'; did you mean 'lanczos'\?"):
        Resize("30", kernel="lanzcos")  # type: ignore[arg-type]  # a slip
    with pytest.raises(UsageError, match=r"unknown parameter of resize 'gravty'; did you mean 'gravity'\?"):
        from_words(Resize, "30,gravty=north")


def test_words_read_naturally() -> None:
    result = from_words(Resize, "1600x1200,fit=cover,gravity=north,upscale,background=white")
    assert result == Resize("1600x1200", "cover", "north", upscale=True, background="#ffffff")
    assert from_words(Resize, to_words(result)) == result
    assert Resize(1600) == Resize("1600")


@pytest.mark.parametrize(
    ("source", "size", "fit", "upscale", "result"),
    [
        ((4000, 3000), "1600", "inside", False, (1600, 1200)),
        ((3000, 4000), "1600", "inside", False, (1200, 1600)),
        ((3000, 4000), "1600", "outside", False, (1600, 2133)),
        ((4000, 3000), "1600x", "inside", False, (1600, 1200)),
        ((4000, 3000), "x1600", "inside", False, (2133, 1600)),
        ((4000, 3000), "x1600", "outside", False, (2133, 1600)),
        ((4000, 3000), "50%", "inside", False, (2000, 1500)),
        ((4000, 3000), "50%x25%", "inside", False, (1000, 750)),
        ((4000, 3000), "50%x25%", "fill", False, (2000, 750)),
        ((4000, 3000), "200%", "inside", False, (4000, 3000)),
        ((4000, 3000), "200%", "inside", True, (8000, 6000)),
        ((8000, 6000), "12MP", "inside", False, (4000, 3000)),
        ((2000, 1500), "12MP", "inside", False, (2000, 1500)),
        ((2000, 1500), "12MP", "inside", True, (4000, 3000)),
        ((1, 1000), "320x320", "inside", False, (1, 320)),
        ((3, 2), "10%", "inside", False, (1, 1)),
        ((1000, 14), "10%", "inside", False, (100, 1)),
        ((1000, 667), "320", "inside", False, (320, 213)),
        ((5, 5), "50%", "inside", False, (3, 3)),  # halves upward
        ((100, 80), "320", "inside", False, (100, 80)),
        ((100, 80), "320", "inside", True, (320, 256)),
        ((100, 400), "200x200", "outside", False, (100, 400)),
        ((4000, 3000), "300x300", "cover", False, (300, 300)),
        ((200, 900), "300x300", "cover", False, (200, 300)),
        ((200, 900), "300x300", "cover", True, (300, 300)),
        ((100, 80), "300x200", "contain", False, (300, 200)),
        ((200, 900), "300x300", "fill", False, (200, 300)),
        ((200, 900), "300x300", "fill", True, (300, 300)),
    ],
)
def test_how_large_the_result_is(
    source: tuple[int, int], size: str, fit: str, upscale: bool, result: tuple[int, int]
) -> None:
    assert canvas_of(source, size, fit, upscale) == result


@given(SIZES, SIZES, st.booleans())
def test_inside_never_exceeds_the_box_and_keeps_the_aspect(
    source: tuple[int, int], box: tuple[int, int], upscale: bool
) -> None:
    width, height = canvas_of(source, f"{box[0]}x{box[1]}", "inside", upscale)
    assert 1 <= width <= box[0] and 1 <= height <= box[1]
    scale = min(Fraction(box[0], source[0]), Fraction(box[1], source[1]))
    scale = scale if upscale else min(scale, Fraction(1))
    assert abs(width - source[0] * scale) < 1 and abs(height - source[1] * scale) < 1
    assert upscale or (width <= source[0] and height <= source[1])


@given(SIZES, SIZES)
def test_outside_covers_the_box(source: tuple[int, int], box: tuple[int, int]) -> None:
    width, height = canvas_of(source, f"{box[0]}x{box[1]}", "outside", upscale=True)
    assert width >= box[0] and height >= box[1]
    assert width == box[0] or height == box[1]
    scale = max(Fraction(box[0], source[0]), Fraction(box[1], source[1]))
    assert abs(width - source[0] * scale) < 1 and abs(height - source[1] * scale) < 1


@given(SIZES, SIZES, st.sampled_from(["cover", "contain", "fill"]))
def test_a_box_is_met_exactly(source: tuple[int, int], box: tuple[int, int], fit: str) -> None:
    result = fit_size(source, geometry(f"{box[0]}x{box[1]}"), fit, upscale=True)
    assert result.canvas == box
    left, top, right, bottom = result.box
    assert 0 <= left < right <= source[0] and 0 <= top < bottom <= source[1]
    if fit == "cover":
        assert Fraction(right - left, bottom - top) == Fraction(box[0], box[1])  # the aspect of the crop is exact


@given(SIZES, st.sampled_from(FITS), SIZES)
def test_nothing_is_enlarged_unless_asked(source: tuple[int, int], fit: str, box: tuple[int, int]) -> None:
    result = fit_size(source, geometry(f"{box[0]}x{box[1]}"), fit)
    assert 1 <= result.size[0] <= source[0] and 1 <= result.size[1] <= source[1]


@given(SIZES, st.integers(1, 9_000_000))
def test_megapixels_are_a_limit(source: tuple[int, int], area: int) -> None:
    width, height = canvas_of(source, f"{area / 1e6:.6f}MP", upscale=True)
    assert width * height <= max(area, width, height)  # a side is at least 1 px
    exact = math.sqrt(area * source[0] / source[1])
    assert width == max(1, math.floor(exact + 1e-9))


@given(SMALL_SIZES, SMALL_SIZES, st.sampled_from(FITS), st.booleans(), st.sampled_from(KERNELS))
def test_apply_gives_what_was_computed(
    source: tuple[int, int], box: tuple[int, int], fit: Any, upscale: bool, kernel: Any
) -> None:
    resize = Resize(f"{box[0]}x{box[1]}", fit, kernel=kernel, upscale=upscale)
    assert resize.apply(Image.new("RGB", source)).size == resize.placement(source).canvas


@pytest.mark.usefixtures("resizing_engine")
@pytest.mark.parametrize("mode", ["1", "P", "PA", "I;16", "RGB"])
def test_nothing_to_do_gives_the_same_object(mode: str) -> None:
    image = Image.new(mode, (40, 30))
    assert Resize("40").apply(image) is image
    assert Resize("400x400").apply(image) is image
    assert Resize("100%").apply(image) is image


@pytest.mark.usefixtures("resizing_engine")
@pytest.mark.parametrize("kernel", KERNELS)
def test_transparent_colors_do_not_bleed(kernel: Any) -> None:
    pixels = numpy.zeros((8, 8, 4), numpy.uint8)
    pixels[:, :4] = (255, 0, 0, 255)
    pixels[:, 4:] = (0, 255, 0, 0)  # green, but nobody may see it
    result = numpy.asarray(Resize("3x3!", kernel=kernel).apply(Image.fromarray(pixels)))
    visible = result[result[..., 3] > 0]
    assert (visible[:, 0] >= 250).all() and (visible[:, 1] == 0).all()


@pytest.mark.usefixtures("resizing_engine")
@pytest.mark.parametrize(
    ("mode", "result_mode"),
    [
        ("1", "L"),
        ("L", "L"),
        ("LA", "LA"),
        ("P", "RGB"),
        ("PA", "RGBA"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("CMYK", "CMYK"),
        ("LAB", "LAB"),
        ("I;16", "I;16"),
        ("I;16L", "I;16L"),
        ("I;16B", "I;16B"),
        ("I", "I"),
        ("F", "F"),
    ],
)
def test_a_mode_that_can_be_averaged_stays(mode: str, result_mode: str) -> None:
    image = Image.new(mode, (12, 9))
    assert Resize("4").apply(image).mode == result_mode
    assert Resize("4", kernel="nearest").apply(image).mode == mode
    result = Resize("30x30", "contain").apply(image)
    assert (result.size, image.size) == ((30, 30), (12, 9))


@pytest.mark.usefixtures("resizing_engine")
def test_a_transparent_palette_color_becomes_alpha() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.info["transparency"] = 0
    image.paste(0, (4, 0, 8, 8))
    result = Resize("4").apply(image)
    assert (result.mode, result.getpixel((0, 0)), "transparency" in result.info) == ("RGBA", (0, 0, 255, 255), False)


@pytest.mark.usefixtures("resizing_engine")
@pytest.mark.parametrize("mode", SIXTEEN)
@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if kernel != "nearest"])
def test_sixteen_bits_are_exact(mode: str, kernel: Any) -> None:
    samples = numpy.random.default_rng(1).integers(0, 65536, (20, 30))
    image = Image.frombytes(mode, (30, 20), samples.astype(SIXTEEN[mode]).tobytes())
    result = Resize("15x10", kernel=kernel).apply(image)
    exact = Image.fromarray(samples.astype(numpy.float32)).resize((15, 10), Image.Resampling[kernel.upper()])
    values = numpy.frombuffer(result.tobytes(), SIXTEEN[mode]).reshape(10, 15)
    assert numpy.abs(values - numpy.asarray(exact).clip(0, 65535)).max() <= 0.51


@pytest.mark.usefixtures("resizing_engine")
@pytest.mark.parametrize(("gravity", "level"), [("north", 0), ("center", 100), ("south", 200), ("northeast", 0)])
def test_cover_keeps_the_part_at_gravity(gravity: Any, level: int) -> None:
    column = numpy.repeat(numpy.array([0, 100, 200], numpy.uint8), 20)[:, None]
    result = Resize("10x10", "cover", gravity, "box").apply(Image.fromarray(numpy.repeat(column, 20, axis=1)))
    assert result.size == (10, 10) and result.getextrema() == (level, level)


@pytest.mark.usefixtures("resizing_engine")
def test_contain_pads_with_the_background() -> None:
    image = Image.new("RGB", (20, 10), "red")
    result = Resize("10x10", "contain", "south", background="blue").apply(image)
    assert [result.getpixel((3, y)) for y in (0, 4, 5, 9)] == [(0, 0, 255)] * 2 + [(255, 0, 0)] * 2
    plain = Resize("10x10", "contain").apply(image)
    assert (plain.mode, plain.getpixel((0, 0))) == ("RGB", (255, 255, 255))
    clear = Resize("10x10", "contain").apply(image.convert("RGBA"))
    assert clear.getpixel((0, 0)) == (0, 0, 0, 0)
    assert Resize("10x10", "contain", background="transparent").apply(image).getpixel((0, 0)) == (0, 0, 0, 0)


def test_a_huge_result_is_refused_before_it_is_made() -> None:
    with pytest.raises(ImageError, match="resize would make 1000000x1000000 px, more than the 1000 mega") as error:
        Resize("1000000x1000000!", upscale=True).apply(Image.new("L", (2, 2)))
    assert error.value.kind == "too_large"
