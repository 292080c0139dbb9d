"""A second pass over our own lossless output changes nothing: no pixel, profile, depth, frame or duration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

import imgbatch as ib
from imgbatch.codecs.metadata import exif
from imgbatch.codecs.reading import limits

SAMPLES = Path(__file__).parents[2] / "sample_images"
CORPUS = Path(__file__).parents[2].parent / "shared" / "images" / "good"
SOURCES = [
    folder for folder in (SAMPLES, *(CORPUS / name for name in ("color", "depth", "palette", "animated", "alpha")))
    if folder.exists()
]  # fmt: skip


def content(path: Path) -> list[Any]:
    """All that a picture is: mode, size, pixels, profile and duration of each frame, how often it plays."""
    with Image.open(path) as image:
        found: list[Any] = [image.info.get("loop"), exif.orientation(image, [])]
        for frame in ImageSequence.Iterator(image):
            held = frame.convert("RGBA").tobytes() if frame.mode in ("P", "PA") else frame.tobytes()
            found.append((frame.mode, frame.size, held, frame.info.get("icc_profile"), frame.info.get("duration")))
    return found


def run_pass(source: Path, output: Path, recipe: ib.Recipe) -> None:
    report = ib.run([source], output, recipe, workers=0, no_plan=True, filters=ib.Filters(exclude=("broken/**",)))
    assert all(outcome.error is None or outcome.error.kind == "frames" for outcome in report.outcomes)


@pytest.mark.parametrize("source", SOURCES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("format", ["png", "tiff", "webp"])
@pytest.mark.parametrize("icc", ["keep", "srgb", "none"])
def test_a_second_pass_changes_nothing(tmp_path: Path, source: Path, format: Any, icc: Any) -> None:
    output = ib.Output(format=format, icc=icc, lossless=True, effort=0, name="{dir}/{name}.{ext}")
    recipe = ib.Recipe(ops=[ib.Resize("60")], outputs=[output])
    run_pass(source, tmp_path / "one", recipe)
    again = ib.Recipe(ops=recipe.ops, outputs=[ib.Output(format=format, icc=icc, lossless=True, effort=0)])
    run_pass(tmp_path / "one", tmp_path / "two", again)
    found = sorted((tmp_path / "one").rglob("*.*"))
    made = [path for path in found if path.is_file() and ".imgbatch" not in path.parts]
    assert made
    with limits.pixel_limit(1_000_000):
        for path in made:
            assert content(tmp_path / "two" / path.relative_to(tmp_path / "one")) == content(path), path
