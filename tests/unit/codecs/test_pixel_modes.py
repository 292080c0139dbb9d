"""What a writer is given: the same pixels without a header, and nobody else's pixels when it changes them."""

from __future__ import annotations

import pytest
from PIL import Image

from imgbatch import codecs
from imgbatch.codecs.writing import pixel_modes


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
def test_a_picture_with_a_header_is_given_without_it_and_stays_as_it_is(mode: str) -> None:
    image = Image.effect_mandelbrot((40, 30), (-2, -1.5, 1, 1.5), 60).convert(mode)
    image.info["dpi"] = (72, 72)
    before = image.tobytes()
    (result,), _ = pixel_modes.fit([image], codecs.codec("png"), "white", None, [])
    assert (result.info, result.mode, result.tobytes()) == ({}, mode, before)
    result.paste(Image.new(mode, (9, 9)), (3, 3))
    if mode == "P":
        result.putpalette(bytes(range(256)) * 3)
    assert result.tobytes() != before
    assert (image.tobytes(), image.info) == (before, {"dpi": (72, 72)})
