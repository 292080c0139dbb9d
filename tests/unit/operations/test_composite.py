"""Is one picture laid over another as the W3C's formulas say?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.core.errors import ImageError
from imgbatch.memory.array_holder import LocalArray
from imgbatch.operations import Watermark
from imgbatch.operations.file_backed import FileContent
from imgbatch.operations.support.composite import BLENDS, composite
from tests.contracts.test_operations import picture

OP = Watermark("x.png")


def one(mode: str, cb: float, cs: float) -> float:
    """B(Cb, Cs), as the specification prints it."""
    if mode == "overlay":
        return one("hard-light", cs, cb)
    if mode == "hard-light":
        return one("multiply", cb, 2 * cs) if cs <= 0.5 else one("screen", cb, 2 * cs - 1)
    if mode == "soft-light":
        d = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else cb**0.5
        return cb - (1 - 2 * cs) * cb * (1 - cb) if cs <= 0.5 else cb + (2 * cs - 1) * (d - cb)
    if mode == "color-dodge":
        return 0 if cb == 0 else 1 if cs == 1 else min(1, cb / (1 - cs))
    if mode == "color-burn":
        return 1 if cb == 1 else 0 if cs == 0 else 1 - min(1, (1 - cb) / cs)
    return {
        "normal": cs, "multiply": cb * cs, "screen": cb + cs - cb * cs, "darken": min(cb, cs),
        "lighten": max(cb, cs), "difference": abs(cb - cs), "exclusion": cb + cs - 2 * cb * cs,
    }[mode]  # fmt: skip


def noise(seed: int, size: tuple[int, int] = (16, 12)) -> Any:
    result = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    result[:3, :, 3] = 0
    result[3:6, :, 3] = 255
    result[6, :, :3] = [0, 255, 128]
    return result


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_blend(blend: str, mode: str) -> None:
    below, above = noise(1), noise(2)
    result = np.asarray(composite(OP, Image.fromarray(below[..., : len(mode)]), above, (0, 0), 0.7, blend))
    for row in range(12):
        for column in range(16):
            cb, cs = below[row, column, :3] / 255, above[row, column, :3] / 255
            ab, share = (below[row, column, 3] / 255 if mode == "RGBA" else 1), above[row, column, 3] / 255 * 0.7
            ao = share + ab * (1 - share)
            if ao == 0:
                continue
            mixture = [(1 - ab) * s + ab * one(blend, b, s) for b, s in zip(cb, cs, strict=True)]
            reference = (share * np.array(mixture) + ab * cb * (1 - share)) / ao * 255
            assert np.abs(result[row, column, :3] - reference).max() <= 0.51
            assert mode == "RGB" or abs(result[row, column, 3] - ao * 255) <= 0.51


@pytest.mark.parametrize("corner", [(-5, -3), (30, 20), (0, 0), (35, -2)])
def test_what_sticks_out_is_cut(corner: tuple[int, int]) -> None:
    mark = noise(3)
    mark[..., 3] = 255
    base = picture("RGB", (40, 30))
    result = composite(OP, base, mark, corner)
    reference = base.copy()
    reference.paste(Image.fromarray(mark).convert("RGB"), corner)
    assert result.tobytes() == reference.tobytes()
    assert composite(OP, base, mark, (40, 0)) is base and composite(OP, base, mark, (0, -12)) is base


def test_gray_stays_gray_under_a_gray_mark_and_becomes_rgb_under_colors() -> None:
    gray = np.repeat(noise(4)[..., :1], 4, axis=2)
    assert composite(OP, picture("L", (40, 30)), gray, (3, 3)).mode == "L"
    assert composite(OP, picture("LA", (40, 30)), gray, (3, 3)).mode == "LA"
    assert composite(OP, picture("L", (40, 30)), noise(4), (3, 3)).mode == "RGB"
    assert composite(OP, picture("LA", (40, 30)), noise(4), (3, 3)).mode == "RGBA"


@pytest.mark.parametrize("kind", ["I;16", "I;16B"])
def test_sixteen_bits(kind: str) -> None:
    mark = np.full((8, 8, 4), 100, np.uint8)
    mark[..., 3] = 51
    image = picture(kind, (40, 30))
    result = np.asarray(composite(OP, image, mark, (4, 4))).astype(float)
    values = np.asarray(image).astype(float)
    reference = values[4:12, 4:12] * 0.8 + 100 * 257 * 0.2
    assert np.abs(result[4:12, 4:12] - reference).max() <= 0.6
    assert np.array_equal(result[:4], values[:4])
    with pytest.raises(ImageError, match="use a gray mark") as error:
        composite(OP, image, noise(1), (0, 0))
    assert error.value.kind == "mode"


def test_a_transparent_level_stays_transparent_and_no_other_becomes_so() -> None:
    values = np.full((6, 6), 1000, np.uint16)
    values[0, 0] = 2000
    image = Image.fromarray(values)
    image.info["transparency"] = 2000
    mark = np.full((6, 6, 4), 0, np.uint8)
    mark[..., :3] = 8
    mark[..., 3] = 255
    image.info["transparency"] = 8 * 257
    values[0, 0] = 8 * 257
    image = Image.fromarray(values)
    image.info["transparency"] = 8 * 257
    result = np.asarray(composite(OP, image, mark, (0, 0)))
    assert result[0, 0] == 8 * 257 and (result.ravel()[1:] == 8 * 257 - 1).all()


def test_large_marks_have_no_seams() -> None:
    base = picture("RGBA", (5, 600))
    mark = np.random.default_rng(5).integers(0, 256, (600, 5, 4), dtype=np.uint8)
    whole = np.asarray(composite(OP, base, mark, (0, 0), 0.5, "overlay"))
    lower = np.asarray(composite(OP, base.crop((0, 250, 5, 600)), mark[250:], (0, 0), 0.5, "overlay"))
    assert np.array_equal(whole[250:], lower)


def test_the_holder_is_what_gives_the_array() -> None:
    assert FileContent(LocalArray(np.zeros((1, 2, 4)))).array.shape == (1, 2, 4)
