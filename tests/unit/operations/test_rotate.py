"""Is a picture turned clockwise around its center, exactly by quarters, and without fringes by any other angle?"""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from PIL import Image

from imgbatch.core.errors import ImageError
from imgbatch.operations.geometry.rotate import Rotate, rotate_image


def ramp(width: int = 4, height: int = 3) -> Image.Image:
    """Gray: 10 * row + column."""
    return Image.fromarray(numpy.add.outer(10 * numpy.arange(height), numpy.arange(width)).astype(numpy.uint8))


def rows(image: Image.Image) -> list[list[int]]:
    result: list[list[int]] = numpy.asarray(image).tolist()
    return result


def test_quarters_are_exact() -> None:
    image = ramp(3, 2)
    assert rows(Rotate(90).apply(image)) == [[10, 0], [11, 1], [12, 2]]
    assert rows(Rotate(-90).apply(image)) == [[2, 12], [1, 11], [0, 10]]
    assert rows(Rotate(-180).apply(image)) == [[12, 11, 10], [2, 1, 0]]
    assert Rotate(360).apply(image) is image
    assert rows(Rotate(90, "black", expand=False).apply(ramp(4, 2))) == [[0, 11, 1, 0], [0, 12, 2, 0]]


@pytest.mark.parametrize("angle", [1, 30, 45, -60, 135, 200, 271.5])
@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("mode", "color"),
    [("L", 255), ("RGB", (255, 255, 255)), ("CMYK", (0, 0, 0, 0)), ("I;16", 65535), ("I;16B", 65535), ("F", 1.0)],
)
def test_white_turned_on_white_shows_no_edge(
    mode: str, color: float | tuple[int, ...], kernel: Any, angle: float
) -> None:
    image = Image.new(mode, (21, 13), color)
    result = Rotate(angle, "white", kernel=kernel).apply(image)
    samples = numpy.asarray(result)
    assert numpy.allclose(samples, samples.reshape(-1, samples[0, 0].size)[0], atol=0.0)
    assert numpy.allclose(samples[0, 0], color, atol=1e-6)


@pytest.mark.parametrize("angle", [1, 30, -45.5, 117])
def test_colors_do_not_change_along_turned_edges(angle: float) -> None:
    result = numpy.asarray(Rotate(angle).apply(Image.new("RGBA", (30, 20), (200, 100, 50, 255))))
    visible = result[result[..., 3] > 40]  # fainter ones cannot hold their color in 8 premultiplied bits
    assert (numpy.abs(visible[:, :3].astype(int) - (200, 100, 50)) <= 3).all()
    assert abs(angle) < 2 or result[0, 0].tolist() == [0, 0, 0, 0]
    coverage = result[..., 3].sum() / 255
    assert abs(coverage - 600) < 5  # px: as much area as before, nothing is cut off


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I", "F"])
def test_deep_gray_is_turned_like_eight_bits(mode: str) -> None:
    gray = Image.linear_gradient("L").resize((40, 30))
    samples = numpy.asarray(gray).astype(numpy.int64) * 257
    dtype, scale = {"I": "<i4", "F": "<f4", "I;16B": ">u2"}.get(mode, "<u2"), 65535 if mode == "F" else 1
    deep = Image.frombytes(mode, (40, 30), (samples / scale).astype(dtype).tobytes())
    whole = Rotate(20, "black").apply(deep)
    result = numpy.frombuffer(whole.tobytes(), dtype).reshape(whole.size[::-1]).astype(float)
    plain = numpy.asarray(Rotate(20, "black").apply(gray)).astype(numpy.int64) * 257
    assert numpy.abs(result * scale - plain).max() <= 2 * 257


def test_turning_is_clockwise_and_around_the_center() -> None:
    image = Image.new("L", (41, 41), 0)
    image.paste(255, (18, 2, 23, 7))  # at twelve o'clock, 18 px from the center
    result = numpy.asarray(Rotate(45, "black", expand=False).apply(image)).astype(float)
    y, x = (float((result * axis).sum() / result.sum()) for axis in numpy.indices(result.shape))
    assert abs(x - (20 + 16 * 0.5**0.5)) < 0.1 and abs(y - (20 - 16 * 0.5**0.5)) < 0.1
    assert result.shape == (41, 41)


@pytest.mark.parametrize(("angle", "size"), [(0, (40, 30)), (90, (30, 40)), (180, (40, 30)), (45, (50, 50))])
def test_the_size_that_holds_a_turned_picture(angle: float, size: tuple[int, int]) -> None:
    assert rotate_image((40, 30), angle) == size


def test_a_huge_result_is_refused() -> None:
    with pytest.raises(ImageError, match="rotate would make .* px, more than the 1000 megapixels") as error:
        Rotate(45).apply(Image.new("1", (60_000, 60)))
    assert error.value.kind == "too_large"
