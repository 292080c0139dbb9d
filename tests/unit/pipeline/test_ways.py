"""Decisions that pictures of one kind share: each picture's record and bytes are those that it has alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

import imgbatch as ib
from imgbatch import Output, Recipe, Resize
from imgbatch.codecs import SourceImage
from imgbatch.pipeline import steps
from imgbatch.pipeline.decisions.memory_demand import memory_demand

NOISE = Image.effect_noise((40, 30), 90)


def write_pictures(folder: Path) -> None:
    """Pictures of one size and several modes; the last file of each is larger than the others."""
    gray = NOISE.resize((40, 30))
    for name, image in (("a", gray.point(lambda level: level // 64 * 64)), ("b", gray), ("c", gray.rotate(180))):
        image.save(folder / f"{name}.png")
        Image.merge("RGB", (image, image, gray)).save(folder / f"color-{name}.png")
    Image.merge("RGBA", (gray,) * 4).save(folder / "color-d.png")
    gray.save(folder / "e.png", dpi=(72, 72))


def results(folder: Path, only: str, output: Path, recipe: Recipe) -> dict[str, Any]:
    """What is told of each file, and the bytes of its outputs."""
    report = ib.run(folder, output, recipe, filters=ib.Filters(include=(only,)), workers=0)
    records = {outcome.source.relative: outcome.record(str(output)) for outcome in report.outcomes}
    for record in records.values():
        record.pop("ms")
    data = {
        one["path"]: (output / one["path"]).read_bytes() for one in sum((r["outputs"] for r in records.values()), [])
    }
    return {"records": records, "data": data}


def profile(folder: Path) -> str:
    path = folder / "assumed.icc"
    path.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return str(path)


@pytest.mark.parametrize(
    "wishes",
    [
        [{"format": "png"}],
        [{}, {"format": "jpeg", "dir": "jpeg"}],
        [{"format": "png", "max_bytes": 900}],
        [{"set": {"title": "one"}}],
        [{"format": "png", "icc": "srgb", "assume_icc": True}],
        [{"format": "png", "min_savings": "5%", "optimize": True}],
        [{"format": "png", "colors": 4}, {"format": "gif", "dir": "gif"}],
        [{"format": "tiff", "depth": "16"}],
    ],
)
@pytest.mark.parametrize("ops", [[], [Resize("20")]])
def test_a_picture_becomes_what_it_becomes_alone(
    wishes: list[dict[str, Any]], ops: list[ib.operations.Operation], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_pictures(folder)
    outputs = [
        Output(**{**wish, **({"assume_icc": profile(tmp_path)} if "assume_icc" in wish else {})}) for wish in wishes
    ]
    recipe = Recipe(ops=ops, outputs=outputs)
    together = results(folder, "*", tmp_path / "together", recipe)
    for file in sorted(folder.iterdir()):
        alone = results(folder, file.name, tmp_path / f"alone-{file.name}", recipe)
        assert alone["records"][file.name] == together["records"][file.name]
        assert alone["data"].items() <= together["data"].items()


def test_pictures_of_one_kind_are_decided_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(tmp_path)
    sizes = []

    def demand(picture: SourceImage, *rest: Any) -> int:
        sizes.append(picture.size)
        return memory_demand(picture, *rest)

    monkeypatch.setattr(steps, "memory_demand", demand)
    report = ib.run(tmp_path, tmp_path / "out", Recipe(ops=[Resize("20")]), workers=0)
    assert len(report.outcomes) == 8 and report.ok
    # once for gray and for colors; alpha and a resolution are more than plain pixels
    assert len(sizes) == 4
