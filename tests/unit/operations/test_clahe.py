"""Is CLAHE what Zuiderveld describes, in every depth, with alpha, and without flicker?"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imgbatch.operations import Clahe, apply_all
from tests.contracts.test_operations import picture


def zuiderveld(values: NDArray[np.int64], limit: float, tiles: int) -> NDArray[np.float64]:
    """One pixel after the other: each tile's clipped table, blended bilinearly between the centers of four tiles."""
    height, width = values.shape
    curves, ys, xs = {}, [], []
    for row in range(tiles):
        for column in range(tiles):
            top, bottom = height * row // tiles, height * (row + 1) // tiles
            left, right = width * column // tiles, width * (column + 1) // tiles
            tile = values[top:bottom, left:right]
            counts = np.bincount(tile.ravel(), minlength=256).astype(float)
            over = np.maximum(counts - limit * tile.size / 256, 0).sum()
            counts = np.minimum(counts, limit * tile.size / 256) + over / 256
            curves[row, column] = 255 * (np.cumsum(counts) - counts / 2) / tile.size
            if column == 0:
                ys.append((top + bottom) / 2)
            if row == 0:
                xs.append((left + right) / 2)
    result = np.zeros(values.shape)
    for y in range(height):
        row = max(0, min(int(np.searchsorted(ys, y + 0.5, "right")) - 1, tiles - 2))
        down = min(max((y + 0.5 - ys[row]) / (ys[row + 1] - ys[row]), 0), 1)
        for x in range(width):
            column = max(0, min(int(np.searchsorted(xs, x + 0.5, "right")) - 1, tiles - 2))
            across = min(max((x + 0.5 - xs[column]) / (xs[column + 1] - xs[column]), 0), 1)
            for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
                share = (down if dy else 1 - down) * (across if dx else 1 - across)
                result[y, x] += share * curves[row + dy, column + dx][values[y, x]]
    return result


@pytest.mark.parametrize(("limit", "tiles"), [(2, 2), (3, 4), (40, 3)])
def test_is_zuidervelds(limit: float, tiles: int) -> None:
    image = picture("L", (37, 29)).point([level // 2 + 40 for level in range(256)])
    result = np.asarray(Clahe(limit, tiles).apply(image))
    assert np.abs(result - zuiderveld(np.asarray(image).astype(int), limit, tiles)).max() <= 0.51


def test_contrast_is_raised_in_the_dark_part_and_hardly_in_a_flat_one() -> None:
    random = np.random.default_rng(1)
    values = np.full((128, 128), 30.0)
    values[:, 64:] = 200
    values += random.normal(0, 4, values.shape)
    values[32:96, 16:48] += 12  # a faint square in the dark
    result = np.asarray(Clahe(4, tiles=2).apply(Image.fromarray(values.astype(np.uint8)))).astype(float)
    assert result[40:88, 24:40].mean() - result[8:24, 24:40].mean() > 25


def test_evenly_spread_tones_stay() -> None:
    even = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    assert Clahe(2, tiles=1).apply(even).tobytes() == even.tobytes()


def test_sixteen_bits_stay_finer_than_eight() -> None:
    values = np.linspace(20000, 22000, 64 * 64).reshape(64, 64).astype(np.uint16)
    result = Clahe(4, tiles=2).apply(Image.fromarray(values))
    assert result.mode == "I;16"
    assert len(np.unique(np.asarray(result))) > 1000 and np.ptp(np.asarray(result)) > 1.5 * np.ptp(values)
    eight = np.asarray(Clahe(4, 2).apply(picture("L", (40, 40)))).astype(float)
    wide = Image.fromarray(np.asarray(picture("L", (40, 40))).astype(np.uint16) * 257)
    assert np.abs(np.asarray(Clahe(4, 2).apply(wide)) / 257 - eight).max() <= 0.51


def test_colors_move_with_their_luma_and_alpha_stays() -> None:
    image = picture("RGBA", (40, 30))
    image.putalpha(255)
    result = Clahe().apply(image)
    before, after = np.asarray(image).astype(int), np.asarray(result).astype(int)
    shift = np.asarray(Clahe().apply(image.convert("L"))).astype(int) - np.asarray(image.convert("L"))
    inside = (after[..., :3] > 0).all(axis=2) & (after[..., :3] < 255).all(axis=2)
    assert inside.any() and np.abs((after - before)[..., :3][inside] - shift[inside][:, None]).max() <= 1
    assert np.array_equal(after[..., 3], before[..., 3])


def test_transparent_pixels_do_not_count() -> None:
    image = picture("LA", (40, 30))
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (10, 5, 25, 20))
    part = image.copy()
    part.paste(Image.new("LA", (15, 15), (255, 0)), (10, 5))
    other = part.copy()
    other.paste(Image.new("LA", (15, 15), (3, 0)), (10, 5))
    visible = np.asarray(part)[..., 1] > 0
    one, two = np.asarray(Clahe(4).apply(part)), np.asarray(Clahe(4).apply(other))
    assert np.array_equal(one[visible], two[visible])


def test_frames_do_not_flicker() -> None:
    frames = [picture("L", (40, 30), seed) for seed in range(3)]
    for frame in frames:
        frame.paste(100, (0, 0, 12, 12))
    result = [np.asarray(frame)[:6, :6] for frame in apply_all([Clahe(3, tiles=2)], frames)]
    assert all(np.array_equal(result[0], frame) for frame in result)
