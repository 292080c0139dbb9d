"""Do tone operations give the levels that their formulas say, keep alpha, and keep 16 bits?"""

from __future__ import annotations

import inspect
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from imgbatch.core.errors import ImageError, UsageError
from imgbatch.operations import (
    Autocontrast,
    Brightness,
    Contrast,
    Equalize,
    Flatten,
    Gamma,
    Grayscale,
    Invert,
    Operation,
    Saturation,
    apply_all,
)
from tests.contracts.test_operations import picture

POINTS: list[Operation] = [Brightness(1.5), Contrast(1.5), Gamma(2), Invert()]
ALL: list[Operation] = [*POINTS, Saturation(2), Autocontrast(1), Equalize(), Grayscale()]
each = pytest.mark.parametrize("operation", ALL, ids=lambda operation: str(operation.word))
each_point = pytest.mark.parametrize("operation", POINTS, ids=lambda operation: str(operation.word))
CMYK_HINT = "leave the operation away or convert the file to sRGB first"


def array(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image).astype(np.int64)


def ramp(top: int = 255) -> Image.Image:
    """Every level once, 0..255 or 0..65535."""
    levels = np.arange(top + 1).reshape(-1, 256)
    return Image.fromarray(levels.astype(np.uint8 if top == 255 else np.uint16))


@pytest.mark.parametrize("top", [255, 65535])
@pytest.mark.parametrize(
    ("operation", "reference"),
    [
        (Brightness(1.5), lambda x: x * 1.5),
        (Brightness(0), lambda x: x * 0),
        (Contrast(2), lambda x: (x - 0.5) * 2 + 0.5),
        (Contrast(0), lambda x: x * 0 + 0.5),
        (Gamma(2.2), lambda x: x ** (1 / 2.2)),
        (Gamma(0.5), lambda x: x**2),
        (Invert(), lambda x: 1 - x),
    ],
    ids=lambda value: value.__name__ if inspect.isfunction(value) else str(value),
)
def test_each_level_is_the_one_of_the_formula(operation: Operation, reference: object, top: int) -> None:
    assert callable(reference)
    image = ramp(top)
    levels = np.clip(reference(array(image) / top), 0, 1) * top
    result = operation.apply(image)
    assert result.mode == image.mode
    assert np.abs(array(result) - levels).max() <= 0.5 + 1e-6


@each
@pytest.mark.parametrize("kind", ["LA", "RGBA", "PA", "P+t", "L+t", "RGB+t"])
def test_alpha_is_kept(operation: Operation, kind: str) -> None:
    image = picture(kind, (20, 20))
    alpha = image.convert("RGBA").getchannel("A")
    assert operation.apply(image).convert("RGBA").getchannel("A").tobytes() == alpha.tobytes()


@each
def test_opaque_alpha_changes_nothing(operation: Operation) -> None:
    plain = picture("RGB", (20, 20))
    result = operation.apply(plain.convert("RGBA"))
    assert result.convert("RGB").tobytes() == operation.apply(plain).convert("RGB").tobytes()


@each
@pytest.mark.parametrize("kind", ["CMYK", "LAB"])
def test_other_color_spaces_are_refused(operation: Operation, kind: str) -> None:
    with pytest.raises(ImageError, match=f"^{operation.word} cannot work on {kind} pixels; .*{CMYK_HINT}$") as error:
        operation.apply(picture(kind))
    assert error.value.kind == "mode"


@pytest.mark.parametrize("operation", [*POINTS, Autocontrast(), Equalize()], ids=str)
@pytest.mark.parametrize("kind", ["I", "F"])
def test_32_bits_are_refused(operation: Operation, kind: str) -> None:
    with pytest.raises(ImageError, match=f"^{operation.word} cannot work on {kind} pixels; 32-bit samples"):
        operation.apply(picture(kind))


@each_point
def test_both_byte_orders_give_the_same(operation: Operation) -> None:
    little, big = operation.apply(picture("I;16")), operation.apply(picture("I;16B"))
    assert big.mode == "I;16B" and np.array_equal(array(little), array(big))


@pytest.mark.parametrize("operation", [*POINTS, Brightness(10), Autocontrast(), Equalize()], ids=str)
@pytest.mark.parametrize("key", [0, 30000, 65535])
def test_a_transparent_16_bit_level_stays_alone(operation: Operation, key: int) -> None:
    samples = np.array([[0, 100, 5000, 29999, 30000, 30001, 40000, 65534, 65535]], np.uint16)
    image = Image.fromarray(samples)
    image.info["transparency"] = key
    result = operation.apply(image)
    assert result.info["transparency"] == key
    assert np.array_equal(array(result) == key, samples == key)


def test_grayscale_is_the_luma_of_pillow() -> None:
    image = picture("RGB", (20, 20))
    assert Grayscale().apply(image).tobytes() == image.convert("L").tobytes()
    result = Grayscale().apply(picture("RGBA"))
    assert result.mode == "LA" and Grayscale().apply(picture("P+t")).mode == "LA"
    assert Grayscale().apply(picture("P")).mode == "L" and Grayscale().apply(picture("HSV")).mode == "L"


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
def test_saturation_agrees_with_pillow(factor: float) -> None:
    image = picture("RGB", (20, 20))
    assert Saturation(factor).apply(image).tobytes() == ImageEnhance.Color(image).enhance(factor).tobytes()


def test_a_bilevel_negative_stays_bilevel() -> None:
    image = picture("1", (20, 20))
    result = Invert().apply(image)
    assert result.mode == "1" and np.array_equal(np.asarray(result), ~np.asarray(image))
    assert Invert().apply(picture("1+t", (20, 20))).mode == "LA"


def test_inverting_twice_is_nothing() -> None:
    for kind in ("L", "RGBA", "I;16", "I;16B"):
        image = picture(kind, (20, 20))
        assert Invert().apply(Invert().apply(image)).tobytes() == image.tobytes()


@pytest.mark.parametrize("cutoff", [0, 2, 20])
def test_autocontrast_agrees_with_pillow(cutoff: float) -> None:
    image = Brightness(0.4).apply(picture("RGB", (40, 40)))
    result, reference = array(Autocontrast(cutoff).apply(image)), array(ImageOps.autocontrast(image, cutoff))
    assert np.abs(result - reference).max() <= 1  # Pillow rounds down
    assert result.min() == 0 and result.max() == 255


@pytest.mark.parametrize("kind", ["L", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("operation", [Autocontrast(), Equalize()], ids=str)
def test_tones_reach_both_ends(kind: str, operation: Operation) -> None:
    image = Brightness(0.5).apply(picture(kind, (64, 64)))
    result = operation.apply(image)
    colors = array(result)[..., :3] if kind == "RGBA" else array(result)
    assert result.mode == kind and colors.max() == (65535 if kind == "I;16" else 255)
    assert colors.min() == 0


@pytest.mark.parametrize("operation", [Autocontrast(), Equalize(), Autocontrast(49)], ids=str)
def test_one_level_stays(operation: Operation) -> None:
    for image in (Image.new("RGB", (5, 5), (7, 80, 200)), Image.new("I;16", (5, 5), 1234), Image.new("LA", (3, 3))):
        assert operation.apply(image).tobytes() == image.tobytes()


def test_equalized_levels_are_equally_frequent() -> None:
    dark = Gamma(0.4).apply(ramp().resize((256, 64)))
    result = array(Equalize().apply(dark))
    shares = [(result <= level).mean() for level in (63, 127, 191)]
    assert shares == pytest.approx([0.25, 0.5, 0.75], abs=0.1)


@pytest.mark.parametrize("operation", [Autocontrast(), Equalize()], ids=str)
def test_hidden_pixels_do_not_count(operation: Operation) -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 255, 0))
    image.paste((90, 90, 90, 255), (0, 0, 5, 5))
    image.paste((110, 110, 110, 255), (5, 5, 10, 10))
    result = operation.apply(image)
    assert result.getpixel((0, 0)) == (0, 0, 0, 255) and result.getpixel((9, 9)) == (255, 255, 255, 255)


@pytest.mark.parametrize("operation", [Autocontrast(), Equalize()], ids=str)
def test_a_transparent_16_bit_level_does_not_count(operation: Operation) -> None:
    image = Image.fromarray(np.array([[20000, 40000, 65535]], np.uint16))
    image.info["transparency"] = 65535
    assert array(operation.apply(image)).tolist() == [[0, 65534, 65535]]


@pytest.mark.parametrize("operation", [Autocontrast(), Autocontrast(5), Equalize()], ids=str)
def test_frames_do_not_flicker(operation: Operation) -> None:
    dark = Brightness(0.5).apply(picture("RGB", (20, 20)))
    light = dark.copy()
    light.paste((255, 240, 230), (0, 0, 10, 20))
    first, second = apply_all([operation], [dark, light])
    same = (slice(None), slice(10, 20))
    assert np.array_equal(array(first)[same], array(second)[same]), "equal pixels differ from frame to frame"
    assert not np.array_equal(array(first), array(operation.apply(dark)))


@pytest.mark.parametrize("operation", [Autocontrast(), Equalize()], ids=str)
def test_frames_of_several_modes(operation: Operation) -> None:
    kinds = ("P", "RGBA", "L", "P+t", "LA")
    result = list(apply_all([operation], [picture(kind, (20, 20)) for kind in kinds]))
    assert [frame.mode for frame in result] == ["RGB", "RGBA", "RGB", "RGBA", "RGBA"]
    gray = list(apply_all([operation], [picture("L", (20, 20)), picture("1", (20, 20))]))
    assert [frame.mode for frame in gray] == ["L", "L"]
    deep = list(apply_all([operation], [picture("I;16", (20, 20), seed) for seed in (1, 2)]))
    assert [frame.mode for frame in deep] == ["I;16", "I;16"]
    frames = list(apply_all([operation], [picture("I;16", (20, 20)), picture("RGB", (20, 20))]))
    assert [frame.mode for frame in frames] == ["I;16", "RGB"]


@pytest.mark.parametrize(
    ("kind", "background", "mode"),
    [
        ("RGBA", "red", "RGB"),
        ("LA", "white", "L"),
        ("LA", "red", "RGB"),
        ("PA", "white", "RGB"),
        ("P+t", "white", "RGB"),
        ("1+t", "black", "L"),
        ("RGB+t", "red", "RGB"),
        ("I;16+t", "#808080", "I;16"),
    ],
)
def test_flatten(kind: str, background: str, mode: str) -> None:
    image = picture(kind)
    result = Flatten(background).apply(image)
    assert result.mode == mode and "transparency" not in result.info and result.info["dpi"] == (300, 300)
    if mode != "I;16":
        canvas = Image.new("RGBA", image.size, background)
        reference = Image.alpha_composite(canvas, image.convert("RGBA")).convert("RGB")
        assert np.abs(array(result.convert("RGB")) - array(reference)).max() <= 1
    else:
        was = np.asarray(image) == image.info["transparency"]
        assert was.any() and np.all(array(result)[was] == 0x80 * 257)
        assert np.array_equal(array(result)[~was], array(image)[~was])


@pytest.mark.parametrize("kind", ["1", "L", "P", "RGB", "CMYK", "LAB", "I;16", "I", "F"])
def test_flatten_leaves_opaque_images_alone(kind: str) -> None:
    image = picture(kind)
    assert Flatten().apply(image) is image


def test_flatten_wants_what_covers() -> None:
    with pytest.raises(UsageError, match="expected an opaque color .* for flatten background, got 'transparent'"):
        Flatten("transparent")
    with pytest.raises(ImageError, match="flatten cannot work on I;16 pixels; choose a gray background"):
        Flatten("red").apply(picture("I;16+t"))
    assert Flatten().background == "#ffffff"


def test_16_bits_survive_a_file() -> None:
    file = io.BytesIO()
    Brightness(0.5).apply(ramp(65535)).save(file, "PNG")
    assert np.array_equal(array(Image.open(file)).ravel(), (np.arange(65536) + 1) // 2)
