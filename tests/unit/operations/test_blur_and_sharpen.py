"""Do filters give the pixels that their formulas say, with alpha, at the edge and in every mode?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from imgbatch.operations import Blur, BoxBlur, Median, Operation, Sharpen, Sharpness, Unsharp
from imgbatch.operations.base import apply_operation
from imgbatch.pixels.alpha import apply_to_colors, apply_to_premultiplied_colors, to_straight_alpha
from imgbatch.pixels.planes import PlanarImage
from tests.contracts.test_operations import picture

ALL: list[Operation] = [Blur(1.5), BoxBlur(2), Unsharp(2, 1.5), Sharpen(2), Median(3)]
each = pytest.mark.parametrize("operation", ALL, ids=lambda operation: str(operation.word))


def array(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image).astype(np.int64)


def red_on_nothing(mode: str = "RGBA") -> Image.Image:
    """An opaque red (or light gray) square in the middle of transparent pixels that hide green (or black)."""
    if mode == "LA":
        image = Image.merge("LA", (Image.new("L", (24, 24), 0), Image.new("L", (24, 24), 0)))
        image.paste(Image.merge("LA", (Image.new("L", (12, 12), 200), Image.new("L", (12, 12), 255))), (6, 6))
        return image
    image = Image.new("RGBA", (24, 24), (0, 255, 0, 0))
    image.paste((200, 0, 0, 255), (6, 6, 18, 18))
    return image


@pytest.mark.parametrize("operation", [Blur(2), BoxBlur(3), Median(5)], ids=str)
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_bleed_no_color_and_darken_nothing(operation: Operation, mode: str) -> None:
    result = array(operation.apply(red_on_nothing(mode)))
    visible = result[..., -1] > 0
    alpha = result[..., -1][visible]
    worst = np.abs(result[..., 0][visible] - 200)
    assert np.all(worst <= 1 + 2 * 255 // alpha), "colors of visible pixels moved by more than 8-bit weighting explains"
    if mode == "RGBA":
        assert not result[..., 1][visible].any(), "the hidden green shows"
    if not isinstance(operation, Median):
        assert len(np.unique(alpha)) > 3, "alpha was not blurred"


@pytest.mark.parametrize("operation", [Unsharp(2, 3), Sharpen(3)], ids=str)
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_sharpening_gives_soft_edges_no_fringe(operation: Operation, mode: str) -> None:
    soft = Blur(1.5).apply(red_on_nothing(mode))
    result, before = array(operation.apply(soft)), array(soft)
    assert np.array_equal(result[..., -1], before[..., -1])
    solid = before[..., -1] >= 64
    assert np.abs(result[..., 0][solid] - 200).max() <= 30
    assert not result[..., 1][solid].any() or mode == "LA"


def test_sharpening_far_from_anything_opaque_keeps_colors() -> None:
    lonely = Image.new("RGBA", (41, 41), (0, 0, 0, 0))
    lonely.putpixel((20, 20), (100, 120, 140, 255))
    result = Unsharp(12, 5).apply(lonely).getpixel((20, 20))
    assert isinstance(result, tuple)
    assert np.abs(np.subtract(result, (100, 120, 140, 255))).max() <= 6


@each
def test_opaque_alpha_changes_nothing(operation: Operation) -> None:
    plain = picture("RGB", (30, 20))
    result = operation.apply(to_straight_alpha(plain).convert("RGBA"))
    assert result.mode == "RGBA" and result.convert("RGB").tobytes() == operation.apply(plain).tobytes()
    gray = operation.apply(plain.convert("L").convert("LA"))
    assert gray.mode == "LA" and gray.convert("L").tobytes() == operation.apply(plain.convert("L")).tobytes()


@each
@pytest.mark.parametrize("kind", ["CMYK", "LAB", "RGB"])
def test_bands_are_filtered_alike(operation: Operation, kind: str) -> None:
    image = picture(kind, (30, 20))
    result = operation.apply(image)
    assert result.mode == kind
    for before, after in zip(image.split(), result.split(), strict=True):
        assert operation.apply(before).tobytes() == after.tobytes()


@each
@pytest.mark.parametrize("kind", ["1", "P", "P+t", "PA", "L+t", "YCbCr", "HSV"])
def test_other_modes_become_continuous_first(operation: Operation, kind: str) -> None:
    image = picture(kind, (30, 20))
    ready = image.convert("RGB") if kind in ("YCbCr", "HSV") else to_straight_alpha(image)
    assert ready.mode in ("L", "LA", "RGB", "RGBA")
    assert operation.apply(image).tobytes() == operation.apply(ready).tobytes()


@each
def test_a_flat_image_stays_flat(operation: Operation) -> None:
    flat = Image.new("RGB", (9, 7), (10, 128, 250))
    assert operation.apply(flat).tobytes() == flat.tobytes()


def test_blur_has_the_width_it_says() -> None:
    step = Image.new("L", (401, 1), 0)
    step.paste(255, (200, 0, 401, 1))
    for sigma in (1.0, 3.0, 20.0):
        slope = np.diff(array(Blur(sigma).apply(step))[0]).astype(np.float64) / 255
        at = np.arange(len(slope))
        mean = float((slope * at).sum())
        assert mean == pytest.approx(199, abs=0.6)
        assert float(np.sqrt((slope * (at - mean) ** 2).sum())) == pytest.approx(sigma, rel=0.05)


def test_box_blur_is_a_mean() -> None:
    image = picture("L", (20, 20))
    result = array(BoxBlur(2).apply(image))
    assert abs(result[10, 10] - array(image)[8:13, 8:13].mean()) <= 1


def test_median_is_a_median() -> None:
    image = picture("L", (20, 20))
    assert array(Median(5).apply(image))[10, 10] == np.median(array(image)[8:13, 8:13])


@pytest.mark.parametrize("kind", ["I;16", "I;16B", "I", "F"])
def test_median_keeps_deep_samples(kind: str) -> None:
    image = picture(kind, (9, 9))
    result = Median(3).apply(image)
    assert result.mode == kind
    assert np.asarray(result)[4, 4] == np.median(np.asarray(image)[3:6, 3:6])


def test_unsharp_agrees_with_pillow() -> None:
    image = Blur(1).apply(picture("RGB", (40, 30)))
    result = array(Unsharp().apply(image))
    assert np.array_equal(result, array(image.filter(ImageFilter.UnsharpMask(1, 100, 0))))
    result = array(Unsharp(2, 0.8, 5).apply(image))
    assert np.abs(result - array(image.filter(ImageFilter.UnsharpMask(2, 80, 5)))).max() <= 1


def test_unsharp_leaves_small_differences_alone() -> None:
    image = Image.new("L", (20, 1), 100)
    image.paste(104, (10, 0, 20, 1))
    assert Unsharp(1, 5, threshold=3).apply(image).tobytes() == image.tobytes()
    assert Unsharp(1, 5).apply(image).tobytes() != image.tobytes()


def test_sharpen_agrees_with_pillow() -> None:
    image = picture("RGB", (40, 30))
    assert Sharpen().apply(image).tobytes() == ImageEnhance.Sharpness(image).enhance(2.0).tobytes()


def widen(kind: str, image: Image.Image) -> Image.Image:
    """An 8-bit gray image at more depth: 255 becomes 65535."""
    wide = array(image).astype(np.float64) * 257
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "=i4", "F": "=f4"}[kind]
    return Image.frombytes(kind, image.size, wide.astype(dtype).tobytes())


@pytest.mark.parametrize("operation", ALL[:4], ids=str)
@pytest.mark.parametrize("kind", ["I;16", "I;16B", "I", "F"])
def test_deep_samples_keep_their_depth_and_agree_with_8_bits(operation: Operation, kind: str) -> None:
    plain = picture("L", (40, 30)).filter(ImageFilter.BoxBlur(2))  # gentle: 8 bits clip where 16 bits of I and F do not
    plain = plain.point(lambda level: level // 2 + 64)
    deep = widen(kind, plain)
    before = deep.tobytes()
    result = operation.apply(deep)
    assert result.mode == kind and result.size == plain.size and deep.tobytes() == before
    values = np.asarray(result).astype(np.float64)
    assert np.abs(values / 257 - array(operation.apply(plain))).max() <= 3  # Pillow rounds after each of six passes
    assert len(np.unique(values)) > 256  # more than 8 bits could tell apart


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_weighting_and_back_is_nearly_lossless(mode: str) -> None:
    image = picture(mode, (60, 60))
    image.info["dpi"] = (72, 72)
    result = apply_to_premultiplied_colors(image, lambda layer: layer.copy())
    before, after = array(image), array(result)
    assert result.mode == mode and result.info == image.info
    assert np.array_equal(before[..., -1], after[..., -1])
    some = before[..., -1] > 0
    error = np.abs(before - after)[..., :-1].max(axis=-1)[some]
    assert np.all(error <= 1 + 128 // before[..., -1][some])


def test_weighting_happens_once() -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 50, 64))
    result = apply_to_premultiplied_colors(image, lambda layer: layer.resize((4, 4), Image.Resampling.BILINEAR))
    assert np.abs(array(result)[..., :3] - (200, 100, 50)).max() <= 2


def test_changed_colors_keep_alpha_and_header() -> None:
    for kind in ("RGBA", "LA", "RGB", "L"):
        image = picture(kind)
        result = apply_to_colors(image, lambda colors: colors.point(lambda level: 255 - level))
        assert result.mode == kind and result.info == image.info
        if "A" in kind:
            assert result.getchannel("A").tobytes() == image.getchannel("A").tobytes()
        assert result.tobytes() != image.tobytes()


FRACTIONS = [Unsharp(1, amount=0.8), Unsharp(2, amount=0.3), Unsharp(1), Sharpen(0.3), Sharpness(1.7), Sharpness(0.4)]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "LAB", "YCbCr"])
@pytest.mark.parametrize("operation", FRACTIONS)
def test_a_picture_gets_neither_darker_nor_lighter(operation: Operation, mode: str) -> None:
    """Each sample is rounded: fractions that are cut off would be half a level."""
    random = np.random.default_rng(4)
    count = len(Image.new(mode, (1, 1)).getbands())
    bands = [Image.fromarray(random.integers(60, 190, (500, 700), np.uint8)) for _ in range(count)]
    image = bands[0] if mode == "L" else Image.merge(mode, bands)
    if mode == "YCbCr":
        image = PlanarImage(image.getchannel(0), (image.getchannel(1).reduce(2), image.getchannel(2).reduce(2)), {})
    result = apply_operation(operation, image)
    assert result.mode == mode
    for before, after in zip(image.split(), result.split(), strict=True):
        assert abs(np.asarray(after, float).mean() - np.asarray(before, float).mean()) <= 0.06
