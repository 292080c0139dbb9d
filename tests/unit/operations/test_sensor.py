"""Do flat fields, dark frames and match_levels histograms follow their formulas, at every depth?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgbatch.core.errors import ImageError
from imgbatch.operations import DarkFrame, FlatField, MatchHistogram, apply_all
from imgbatch.planning.reference_files import ReferenceFiles
from imgbatch.runs.apply import apply
from tests.contracts.test_operations import picture

SIZE = (40, 300)


def save(image: Image.Image, path: Path) -> str:
    image.save(path)
    return str(path)


def vignette(top: int) -> Any:
    row, column = np.mgrid[-1 : 1 : SIZE[1] * 1j, -1 : 1 : SIZE[0] * 1j]
    return top * (0.9 - 0.3 * (row**2 + column**2))


@pytest.mark.parametrize("kind", ["L", "I;16"])
def test_an_even_scene_becomes_even(tmp_path: Path, kind: str) -> None:
    top, dtype = (255, np.uint8) if kind == "L" else (65535, np.uint16)
    frame = save(Image.fromarray(vignette(top).astype(dtype)), tmp_path / "flat.png")
    scene = Image.fromarray((vignette(top) * 0.5).astype(dtype))
    result = apply(scene, FlatField(frame))
    assert result.mode == kind
    values = np.asarray(result).astype(float)
    assert np.ptp(values) <= 0.01 * top and values.mean() == pytest.approx(np.asarray(scene).mean(), rel=0.02)


def test_flat_field_by_definition_with_colors_limit_and_alpha(tmp_path: Path) -> None:
    flat = picture("RGB", SIZE, 3)
    frame = save(flat, tmp_path / "flat.png")
    image = picture("RGBA", SIZE)
    result = np.asarray(apply(image, FlatField(frame, limit=3)))
    white = np.asarray(flat).astype(float)
    factor = np.minimum(white.mean(axis=(0, 1)) / np.maximum(white, 1e-9), 3)
    reference = (np.asarray(image)[..., :3] * factor).clip(0, 255)
    assert np.abs(result[..., :3] - reference).max() <= 0.52
    assert np.array_equal(result[..., 3], np.asarray(image)[..., 3])


@pytest.mark.parametrize("kind", ["L", "RGB", "LA", "I;16", "I;16B", "P"])
def test_dark_frames_by_definition(tmp_path: Path, kind: str) -> None:
    dark = picture("L", SIZE, 5).point([level // 4 for level in range(256)])
    image = picture(kind, SIZE)
    result = apply(image, DarkFrame(save(dark, tmp_path / "dark.png"), amount=1.5))
    plain = image.convert("RGB") if kind == "P" else image
    values = np.asarray(plain).astype(float)
    bands = values.reshape(*values.shape[:2], -1)
    scale = 257 if kind.startswith("I") else 1
    reference = (bands - 1.5 * scale * np.asarray(dark)[..., None]).clip(0)
    if kind == "LA":
        reference[..., 1] = bands[..., 1]
    assert result.mode == plain.mode
    assert np.abs(np.asarray(result).reshape(bands.shape) - reference).max() <= 0.52


def test_a_sixteen_bit_frame_serves_eight_bit_pictures(tmp_path: Path) -> None:
    deep = Image.fromarray((np.asarray(picture("L", SIZE, 5)).astype(np.uint16) // 4) * 257)
    flat8 = save(picture("L", SIZE, 5).point([level // 4 for level in range(256)]), tmp_path / "8.png")
    image = picture("RGB", SIZE)
    deep_result = apply(image, DarkFrame(save(deep, tmp_path / "16.png")))
    assert deep_result.tobytes() == apply(image, DarkFrame(flat8)).tobytes()


@pytest.mark.parametrize("cls", [FlatField, DarkFrame])
def test_other_sizes_and_colors_on_deep_gray_fail(tmp_path: Path, cls: type[FlatField] | type[DarkFrame]) -> None:
    frame = save(picture("RGB", SIZE), tmp_path / "f.png")
    with pytest.raises(ImageError, match=r"needs pictures of the frame's size: 40x300 px, this one has 41x300"):
        apply(picture("RGB", (41, 300)), cls(frame))
    with pytest.raises(ImageError, match="its frame has colors; use a gray one") as error:
        apply(picture("I;16", SIZE), cls(frame))
    assert error.value.kind == "mode"
    assert apply(picture("L", SIZE), cls(frame)).mode == "RGB"


def match_levels(have: Any, reference: Any) -> Any:
    """As scikit-image's match_histograms has it."""
    _, places, counts = np.unique(have.ravel(), return_inverse=True, return_counts=True)
    levels, others = np.unique(reference.ravel(), return_counts=True)
    return np.interp(np.cumsum(counts) / have.size, np.cumsum(others) / reference.size, levels)[places].reshape(
        have.shape
    )


def test_histograms_are_matched_band_by_band(tmp_path: Path) -> None:
    like = picture("RGB", (50, 60), 4).point([level // 2 + 60 for level in range(256)] * 3)
    op = MatchHistogram(save(like, tmp_path / "like.png"))
    image = picture("RGB", SIZE)
    result = np.asarray(apply(image, op))
    for band in range(3):
        reference = match_levels(np.asarray(image)[..., band], np.asarray(like)[..., band])
        assert np.abs(result[..., band] - reference).max() <= 0.51
    itself = MatchHistogram(save(image, tmp_path / "itself.png"))
    assert apply(image, itself).tobytes() == image.tobytes()


def test_gray_and_deep_pictures_and_references(tmp_path: Path) -> None:
    like = picture("L", (50, 60), 4).point([level // 2 + 60 for level in range(256)])
    op = MatchHistogram(save(like, tmp_path / "like.png"))
    deep = apply(picture("I;16", SIZE), op)
    assert deep.mode == "I;16"
    reference = match_levels(np.asarray(picture("I;16", SIZE)), np.asarray(like).astype(int) * 257)
    assert np.abs(np.asarray(deep) - reference).max() <= 1
    colors = np.asarray(apply(picture("RGB", SIZE), op))
    assert np.abs(colors.reshape(-1, 3).mean(axis=0) - np.asarray(like).mean()).max() < 3
    in_color = MatchHistogram(save(picture("RGB", (50, 60), 4), tmp_path / "rgb.png"))
    assert apply(picture("L", SIZE), in_color).mode == "L"


def test_frames_of_an_animation_are_measured_together(tmp_path: Path) -> None:
    op = MatchHistogram(save(picture("L", (50, 60), 4), tmp_path / "like.png"))
    frames = [picture("L", (30, 20), seed) for seed in range(3)]
    for frame in frames:
        frame.putpixel((0, 0), 77)
    with ReferenceFiles([op]).lend([op], "nobody") as ops:
        result = list(apply_all(ops, frames))
    assert len({frame.getpixel((0, 0)) for frame in result}) == 1
