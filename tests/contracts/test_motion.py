"""Animations through whole runs: what was shown is shown, as long and as often, whatever a frame's disposal."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import imgbatch as ib
from imgbatch import codecs
from imgbatch.codecs.reading import limits
from tests.other_readers import needs_imagemagick

SAMPLES = Path(__file__).parents[2] / "sample_images" / "animated"
CORPUS = Path(__file__).parents[2].parent / "shared" / "images" / "good" / "animated"
ANIMATIONS = sorted(
    path for folder in (SAMPLES, CORPUS) if folder.exists() for path in folder.iterdir()
    if path.suffix in (".gif", ".apng", ".png", ".webp", ".avif")
)  # fmt: skip
Frames = list[np.ndarray[Any, Any]]  # RGBA


def playback(path: Path) -> tuple[Frames, codecs.AnimationTiming]:
    """What a player shows, and how."""
    with limits.pixel_limit(50_000_000), codecs.open_image(path.read_bytes(), path.suffix, 50_000_000) as opened:
        frames, motion = opened.decode()
        return [np.asarray(frame.convert("RGBA")) for frame in frames], motion


def run(source: Path, folder: Path, **options: Any) -> tuple[Path, ib.Outcome]:
    recipe = ib.Recipe(ops=[ib.Flop()], outputs=[ib.Output(name="{name}.{ext}", **options)])
    (outcome,) = ib.run([source], folder, recipe, workers=0).outcomes
    assert outcome.ok, outcome.error
    return Path(outcome.outputs[0].path), outcome


def alike(one: Frames, other: Frames, most: float) -> bool:
    """Whether frames differ by `most` of 255 on average, colors that nobody sees aside."""
    pairs = zip(one, other, strict=True)
    return all(np.abs(visible(first) - visible(second)).mean() <= most for first, second in pairs)


def visible(frame: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    made = frame.astype(float)
    made[..., :3] *= made[..., 3:] / 255
    return made


@pytest.mark.parametrize("format", ["png", "webp", "avif"])
@pytest.mark.parametrize("source", ANIMATIONS, ids=lambda path: path.name)
def test_frames_durations_and_loops_are_kept(tmp_path: Path, source: Path, format: str) -> None:
    exact = format != "avif"
    made, outcome = run(source, tmp_path, format=format, lossless=exact, quality=None if exact else 95)
    (before, played), (after, plays) = playback(source), playback(made)
    assert len(after) == len(before) == outcome.outputs[0].frames > 1
    assert np.abs(np.subtract(plays.durations, played.durations)).max() <= (0 if exact else 1)  # AVIF counts otherwise
    assert plays.loop == played.loop or f"loop count not written: {format}" in outcome.changes
    assert alike([frame[:, ::-1] for frame in before], after, 0 if exact else 6)


@needs_imagemagick
@pytest.mark.parametrize("source", [path for path in ANIMATIONS if path.suffix == ".gif"], ids=lambda path: path.name)
def test_another_player_shows_the_same_frames_of_a_gif(tmp_path: Path, source: Path) -> None:
    made, _ = run(source, tmp_path, format="gif")

    def coalesced(path: Path) -> Frames:
        words = ["convert", str(path), "-coalesce", "-depth", "8", "rgba:-"]
        done = subprocess.run(words, capture_output=True, check=True)
        with Image.open(path) as image:
            shape = (-1, image.height, image.width, 4)
        return list(np.frombuffer(done.stdout, np.uint8).reshape(shape))

    assert alike([frame[:, ::-1] for frame in playback(source)[0]], coalesced(made), 0)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("format", ["gif", "png", "webp"])
def test_what_a_frame_leaves_behind_is_as_its_disposal_says(tmp_path: Path, format: str, disposal: int) -> None:
    """A square that wanders over nothing: alone where it is disposed of, else with those before it."""
    layers = [Image.new("RGBA", (40, 20)) for _ in range(4)]
    for place, layer in enumerate(layers):
        ImageDraw.Draw(layer).rectangle((10 * place, 4, 10 * place + 5, 12), fill=(250, 60 * place, 0, 255))
    source = tmp_path / "wander.gif"
    layers[0].save(source, save_all=True, append_images=layers[1:], duration=[50, 100, 150, 200], disposal=disposal)
    reference, _ = playback(source)
    squares = [len(np.unique(frame[frame[..., 3] > 0], axis=0)) for frame in reference]
    assert squares == ([1, 2, 3, 4] if disposal < 2 else [1, 1, 1, 1])
    made, _ = run(source, tmp_path / "out", format=format, lossless=True)
    after, motion = playback(made)
    assert motion.durations == [50, 100, 150, 200] and motion.loop == 1
    assert alike([frame[:, ::-1] for frame in reference], after, 0)


@pytest.mark.parametrize("exact", [[33] * 30, [75] * 20, [16, 17] * 12, [3, 14, 16, 0]])
def test_a_gif_plays_as_long_though_its_durations_are_rounded(tmp_path: Path, exact: list[int]) -> None:
    frames = [Image.new("L", (4, 4), 8 * level) for level in range(len(exact))]
    source = tmp_path / "exact.png"
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=exact)
    made, outcome = run(source, tmp_path / "out", format="gif")
    _, motion = playback(made)
    assert "durations: rounded to 10 ms" in outcome.changes
    assert abs(sum(motion.durations) - sum(exact)) <= 5
    assert all(bool(rounded) == bool(wanted) for rounded, wanted in zip(motion.durations, exact, strict=True))


@pytest.mark.parametrize("format", ["jpeg", "bmp"])
@pytest.mark.parametrize("source", ANIMATIONS, ids=lambda path: path.name)
def test_several_frames_to_a_still_format_fail_unless_frames_are_chosen(
    tmp_path: Path, source: Path, format: Any
) -> None:
    plain = ib.Recipe(outputs=[ib.Output(format=format)])
    (outcome,) = ib.run([source], tmp_path / "all", plain, workers=0).outcomes
    assert outcome.error is not None and outcome.error.kind == "frames" and "--frames first" in outcome.error.message
    assert not outcome.outputs
    made, _ = run(source, tmp_path / "first", format=format, frames="first", quality=95)
    (first, *_), _ = playback(source)
    assert playback(made)[0][0].shape == first.shape
