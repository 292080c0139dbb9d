"""Does each action of alpha do what ImageMagick's -alpha does?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.core.errors import ImageError
from imgbatch.operations import Alpha, Flatten
from imgbatch.operations.alpha import ACTIONS
from tests.contracts.test_operations import picture


def half() -> Image.Image:
    """Red: opaque, half transparent, and hidden."""
    image = Image.new("RGBA", (3, 1), (200, 0, 0, 255))
    image.putpixel((1, 0), (200, 0, 0, 128))
    image.putpixel((2, 0), (200, 0, 0, 0))
    return image


def pixels(image: Image.Image) -> list[object]:
    return [image.getpixel((x, 0)) for x in range(image.width)]


@pytest.mark.parametrize(
    ("action", "mode", "reference"),
    [
        ("remove", "RGB", [(200, 0, 0), (100, 0, 127), (0, 0, 255)]),
        ("off", "RGB", [(200, 0, 0)] * 3),
        ("on", "RGBA", [(200, 0, 0, 255), (200, 0, 0, 128), (200, 0, 0, 0)]),
        ("set", "RGBA", [(200, 0, 0, 255), (200, 0, 0, 128), (200, 0, 0, 0)]),
        ("opaque", "RGBA", [(200, 0, 0, 255)] * 3),
        ("transparent", "RGBA", [(200, 0, 0, 0)] * 3),
        ("extract", "L", [255, 128, 0]),
        ("copy", "RGBA", [(200, 0, 0, 60)] * 3),
        ("shape", "RGBA", [(0, 0, 255, 60)] * 3),
        ("background", "RGBA", [(200, 0, 0, 255), (200, 0, 0, 128), (0, 0, 255, 0)]),
    ],
)
def test_action(action: Any, mode: str, reference: list[object]) -> None:
    result = Alpha(action, background="#0000ff").apply(half())
    assert result.mode == mode and pixels(result) == reference


def test_every_action_is_tested_and_each_keeps_the_size() -> None:
    assert set(ACTIONS) == {mark for mark in ACTIONS if Alpha(mark).apply(half()).size == (3, 1)}


@pytest.mark.parametrize("kind", ["L", "RGB", "P", "1"])
def test_without_alpha(kind: str) -> None:
    image = picture(kind)
    for action in ("off", "remove"):
        assert Alpha(action).apply(image) is image
    opaque = Alpha("set").apply(image)
    assert opaque.mode in ("LA", "RGBA") and opaque.getchannel("A").getextrema() == (255, 255)
    assert opaque.convert("RGB").tobytes() == image.convert("RGB").tobytes()
    assert Alpha("extract").apply(image).getextrema() == (255, 255)


def test_a_transparent_color_in_the_header_is_alpha_too() -> None:
    image = picture("RGB+t")
    assert "transparency" not in Alpha("off").apply(image).info
    key = image.info["transparency"]
    reference = np.where((np.asarray(image) == key).all(axis=2), 0, 255)
    assert np.array_equal(np.asarray(Alpha("extract").apply(image)), reference)


def test_sixteen_bits() -> None:
    image = picture("I;16+t")
    assert Alpha("remove").apply(image).tobytes() == Flatten().apply(image).tobytes()
    values = np.asarray(image)
    result = Alpha("extract").apply(image)
    assert result.mode == "I;16" and np.array_equal(np.asarray(result), (values != image.info["transparency"]) * 65535)
    off = Alpha("off").apply(image)
    assert "transparency" not in off.info and off.tobytes() == image.tobytes() and "transparency" in image.info
    for action in ("copy", "shape", "transparent"):
        with pytest.raises(ImageError, match="convert to 8 bits first") as error:
            Alpha(action).apply(picture("I;16"))
        assert error.value.kind == "mode"
    with pytest.raises(ImageError, match="cannot work on CMYK pixels; no mode holds alpha beside them"):
        Alpha("set").apply(picture("CMYK"))
