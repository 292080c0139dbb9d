"""Does a placeholder follow from a file's bytes alone, for every mode, and never cost a file that has none?"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.core.job import Outcome, Source, Written
from imgbatch.pipeline.previews.placeholder import complete, placeholder_of, with_placeholders

MOST = 10**7


def encoded(image: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    image.save(file, format)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3), (250, 150)])
def test_every_mode_and_shape_has_one(mode: str, size: tuple[int, int]) -> None:
    image = Image.new("L", size, 255).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.new("I;16", size, 65535)
    text = placeholder_of(encoded(image, "TIFF" if mode == "CMYK" else "PNG"), MOST)
    assert text.endswith(" #ffffff")


def test_a_picture_is_looked_at_as_it_is_shown() -> None:
    image = Image.radial_gradient("L").resize((40, 20)).crop((0, 0, 25, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    turned = encoded(image.transpose(Image.Transpose.ROTATE_270), "PNG")
    assert placeholder_of(file.getvalue(), MOST) == placeholder_of(turned, MOST)


def test_the_narrowest_file_of_each_picture_is_looked_at() -> None:
    files = [
        Written(0, "wide", "png", 80, 40, 1), Written(1, "small", "png", 20, 10, 1),
        Written(2, "square", "png", 9, 9, 1),
    ]  # fmt: skip
    red, blue = (encoded(Image.new("RGB", (9, 9), color), "PNG") for color in ("red", "blue"))
    result = with_placeholders(files, {"small": red, "square": blue}.__getitem__, MOST)
    assert [one.placeholder.partition(" ")[2] for one in result] == ["", "#ff0000", "#0000ff"]
    assert with_placeholders(result, dict[str, bytes]().__getitem__, MOST) == result


def test_a_file_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    output = Written(0, str(tmp_path / "gone.png"), "png", 8, 8, 1)
    outcome = Outcome(0, Source("/a.png", "/", "a.png"), "unchanged", (output,))
    assert complete(outcome, MOST) == outcome
    (tmp_path / "gone.png").write_text("no picture")
    assert complete(outcome, MOST) == outcome
    assert placeholder_of(encoded(Image.new("RGBA", (5, 5)), "PNG"), MOST) == ""  # nothing to see
