"""Does a run do what --explain says of it: file by file, for plain and odd recipes, planned and not?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs.metadata.block import AnimationTiming
from imgbatch.codecs.reading.decode import SourceImage
from imgbatch.core.run_settings import Settings
from imgbatch.pipeline.decisions import decode_plan
from imgbatch.runs.batch import Batch
from imgbatch.runs.preview.explain import explain, total_savings

SAMPLES = Path(__file__).parents[3] / "sample_images"
NAME = "{dir}/{name}-{width}x{height}.{ext}"  # so that a path tells the size, too
WIDTHS = tuple(ib.Output(name=NAME, ops=[ib.Resize(f"{width}x")]) for width in (64, 320, 128, 2000))

RECIPES = {
    "nothing": ib.Recipe([], [ib.Output(name=NAME)]),
    "fitted": ib.Recipe([ib.Resize("90")], [ib.Output(name=NAME)]),
    "cropped, turned": ib.Recipe([ib.Crop("150x100"), ib.Resize("60"), ib.Rotate(90)], [ib.Output(name=NAME)]),
    "tone before": ib.Recipe([ib.Brightness(1.2), ib.Resize("70x70", fit="cover")], [ib.Output(name=NAME)]),
    "blur before": ib.Recipe([ib.Blur(2), ib.Resize("70")], [ib.Output(name=NAME)]),
    "widths": ib.Recipe([], WIDTHS),
    "widths of gray": ib.Recipe([ib.Grayscale()], WIDTHS),
    "not upright": ib.Recipe([], WIDTHS, auto_orient=False),
    "after a resize": ib.Recipe([ib.Resize("200")], [
        ib.Output(name=NAME, dir="a"), ib.Output(name=NAME, dir="b", ops=[ib.Resize("50x50", fit="cover"), ib.Flip()]),
    ]),
    "one copy": ib.Recipe([], [
        ib.Output(name=NAME, dir="a"), ib.Output(name=NAME, dir="b", format="png", ops=[ib.Resize("40"), ib.Blur(1)]),
    ]),
    "a copy and a frame": ib.Recipe([], [
        ib.Output(name=NAME, dir="a"), ib.Output(name=NAME, dir="b", frames="first", ops=[ib.Resize("40")]),
    ]),
    "large enough": ib.Recipe([ib.Resize("700")], [ib.Output(name=NAME, format="jpeg", frames="first")]),
    "several into one": ib.Recipe([ib.Resize("60")], [ib.Output(name=NAME, format="bmp")]),
    "stripped": ib.Recipe([], [ib.Output(name=NAME, strip="exif,xmp")]),
    "small files": ib.Recipe([], [ib.Output(name=NAME, optimize=True)]),
    "one frame": ib.Recipe([ib.Resize("60")], [ib.Output(name=NAME, frames="first", format="jpeg")]),
}  # fmt: skip


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What a run does, as it does it: sizes that are decoded, outputs that are made from others."""
    events: list[tuple[str, Any]] = []
    decode, from_larger = SourceImage.decode, decode_plan.ops_from_larger

    def decode_and_note(self: SourceImage, *args: Any, **words: Any) -> tuple[Iterator[Image.Image], AnimationTiming]:
        frames, motion = decode(self, *args, **words)

        def note_frames() -> Iterator[Image.Image]:
            for frame in frames:
                events.append(("frame", (frame.size, frame.mode)))
                yield frame

        return note_frames(), motion

    def note_and_make(plan: decode_plan.DecodePlan, output: int) -> decode_plan.Ops:
        events.append(("from", output))
        return from_larger(plan, output)

    monkeypatch.setattr(SourceImage, "decode", decode_and_note)
    monkeypatch.setattr(decode_plan, "ops_from_larger", note_and_make)
    return events


UNPLANNED = ("cropped, turned", "widths", "one copy")  # a plan of nothing is the same for all


@pytest.mark.parametrize(
    ("recipe", "plan"),
    [
        *(pytest.param(recipe, True, id=f"{name}-planned") for name, recipe in RECIPES.items()),
        *(pytest.param(RECIPES[name], False, id=f"{name}-unplanned") for name in UNPLANNED),
    ],
)
def test_a_run_does_what_is_said(recipe: ib.Recipe, plan: bool, steps: list[tuple[str, Any]], tmp_path: Path) -> None:
    odd = tmp_path / "odd.jpg"  # sides that no scale divides
    Image.effect_noise((1021, 677), 40).convert("RGB").save(odd)
    depth = tmp_path / "depth.pfm"  # becomes TIFF: PNG has no floats
    Image.new("F", (90, 60), 0.5).save(depth)
    batch = Batch([SAMPLES, odd, depth], tmp_path / "out", recipe, Settings(no_plan=not plan, workers=0))
    batch.prepare()
    explanations = {one.job.index: one for one in explain(batch)}
    assert not any((tmp_path / "out").rglob("*.*g"))
    assert len(explanations) == len(batch.todo) > 30
    steps.clear()
    for outcome in batch.outcomes():
        one, did = explanations[outcome.index], steps[:]
        steps.clear()
        if one.error is not None:
            assert (outcome.error and outcome.error.kind) == one.error.kind
            continue
        if outcome.error is not None:  # damage that only decoding finds
            assert outcome.source.relative.startswith("broken/") or outcome.error.kind == "mode"
            continue
        frames, modes = zip(*(value for kind, value in did if kind == "frame"), strict=True)
        assert ("YCbCr" in modes) == one.halved
        assert len(frames) == one.frames
        assert sorted(frames[0]) == sorted(one.decoded)
        assert (frames[0] == one.decoded) or one.turned == "after"
        reduced = {output for kind, output in did if kind == "from"}
        assert reduced == {making.number for making in one.outputs if making.source is not None}
        copies = {change for change in outcome.changes if change.startswith("bytes copied")}
        if plan and recipe is not RECIPES["stripped"]:
            assert bool(copies) == any(making.copied == "file" for making in one.outputs)
        is_copy = any("bytes kept" in change for change in outcome.changes)
        assert not is_copy or any(making.savings for making in one.outputs)
        paths = {file.path for file in outcome.outputs}
        assert {making.path for making in one.outputs if not making.late} <= paths
        if not any(making.late for making in one.outputs):
            assert {making.path for making in one.outputs} == paths


def test_the_sum_counts_pixels_and_ways(tmp_path: Path) -> None:
    Image.effect_noise((1000, 500), 40).convert("RGB").save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"")
    batch = Batch([tmp_path], tmp_path / "out", ib.Recipe([], [
        ib.Output(dir="a", ops=[ib.Resize("200")]), ib.Output(dir="b", ops=[ib.Resize("100")]),
    ]))  # fmt: skip
    batch.prepare(hold=False)
    sums = total_savings(explain(batch))
    assert sums == {
        "files": 1, "pixels": 500_000, "decoded": 250 * 125, "outputs": 2, "copied": 0, "from_larger": 1,
    }  # fmt: skip
