"""Are edges and reliefs what Sobel's derivatives say?"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgbatch.operations import Edges, Emboss
from tests.contracts.test_operations import picture


def step(mode: str = "L") -> Image.Image:
    """Black on the left, white on the right."""
    image = Image.new("L", (10, 8), 0)
    image.paste(255, (5, 0, 10, 8))
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_step_from_black_to_white_is_white(mode: str) -> None:
    result = np.asarray(Edges().apply(step(mode)).convert("L"))
    assert (result[:, 4:6] == 255).all() and not result[:, :4].any() and not result[:, 6:].any()
    assert (np.asarray(Edges(0.5).apply(step()))[:, 4:6] == 128).all()


def test_edges_by_definition() -> None:
    image = picture("L", (9, 7))
    wide = np.pad(np.asarray(image).astype(float), 1, mode="edge")
    result = np.asarray(Edges(0.7).apply(image))
    for row in range(7):
        for column in range(9):
            around = wide[row : row + 3, column : column + 3]
            dx = (around[:, 2] - around[:, 0]) @ [1, 2, 1] / 4
            dy = (around[2] - around[0]) @ [1, 2, 1] / 4
            assert result[row, column] == pytest.approx(min(0.7 * np.hypot(dx, dy), 255), abs=0.51)


def test_light_from_the_left_brightens_what_rises_to_the_right() -> None:
    left = np.asarray(Emboss(angle=270).apply(step()))
    assert (left[:, 4:6] == 255).all() and (left[:, :4] == 128).all()
    assert (np.asarray(Emboss(angle=90).apply(step()))[:, 4:6] == 0).all()
    assert (np.asarray(Emboss(angle=0).apply(step())) == 128).all(), "no slope from the top down"
    down = np.asarray(Emboss(0.5, angle=0).apply(step().transpose(Image.Transpose.ROTATE_270)))
    assert (down[4:6] == 191).all(), "0.5 + 0.5 / 2, light from the top on what rises downward"


def test_hidden_colors_do_not_show_and_alpha_stays() -> None:
    image = Image.new("RGBA", (12, 12), (0, 255, 0, 0))
    image.paste((0, 200, 0, 0), (6, 0, 12, 12))
    result = np.asarray(Edges(10).apply(image))
    assert not result.any()


@pytest.mark.parametrize("kind", ["I;16", "I;16B"])
def test_sixteen_bits_have_slopes_of_sixteen_bits(kind: str) -> None:
    values = np.zeros((6, 8), ">u2" if kind == "I;16B" else "<u2")
    values[:, 4:] = 1000
    result = Edges().apply(Image.fromarray(values))
    assert result.mode == kind and set(np.unique(np.asarray(result))) == {0, 1000}


def test_large_pictures_have_no_seams() -> None:
    tall = picture("RGB", (5, 700))
    result = Edges().apply(tall)
    for top in (250, 255, 260, 511):
        part = Edges().apply(tall.crop((0, top - 3, 5, top + 4)))
        assert part.crop((0, 3, 5, 4)).tobytes() == result.crop((0, top, 5, top + 1)).tobytes()
