"""Is what was made of a renamed source used again, and of nothing else?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger import renamed_sources
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.storage.base import Storage
from imgbatch.storage.local import Local
from imgbatch.storage.registry import storage_of

RECIPE = ib.Recipe([ib.Resize("9")], [ib.Output(format="webp"), ib.Output(format="png", dir="small", preserve=True)])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        Image.effect_noise((40, 30), 50).convert("RGB").save(folder / f"{number}.bmp")  # all of one size
    return folder


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were given to a worker."""
    calls: list[str] = []
    real = ImageTask.__call__

    def call(self: ImageTask, job: ib.Source, desk: object) -> ib.Outcome:
        calls.append(job.source.relative)  # type: ignore[attr-defined]  # a Job
        return real(self, job, desk)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(ImageTask, "__call__", call)
    return calls


def make(photos: Path, recipe: ib.Recipe = RECIPE, **words: object) -> ib.Report:
    return ib.run(photos, photos.parent / "out", recipe, workers=0, **words)  # type: ignore[arg-type]  # settings


def test_a_renamed_source_is_not_encoded_again(photos: Path, encodings: list[str]) -> None:
    make(photos)
    out = photos.parent / "out"
    before = {path.name: path.read_bytes() for path in out.rglob("1.*")}
    (photos / "trip").mkdir()
    (photos / "1.bmp").rename(photos / "trip" / "new.bmp")
    encodings.clear()
    report = make(photos)
    assert (report.counts["ok"], report.counts["unchanged"], encodings) == (1, 2, [])
    (outcome,) = [one for one in report.outcomes if one.status == "ok"]
    assert outcome.changes == (f"renamed: it was {photos}/1.bmp, and its outputs are copied",)
    assert [(one.path, one.width, one.format) for one in outcome.outputs] == [
        (str(out / "trip" / "new.webp"), 9, "webp"), (str(out / "small" / "trip" / "new.png"), 9, "png"),
    ]  # fmt: skip
    assert {"1" + path.suffix: path.read_bytes() for path in out.rglob("new.*")} == before
    mtime_before = (out / "small" / "trip" / "new.png").stat().st_mtime_ns
    assert mtime_before == (photos / "trip" / "new.bmp").stat().st_mtime_ns
    assert make(photos).counts["unchanged"] == 3
    make(photos, prune=True)
    assert not list(out.rglob("1.*")) and len(list(out.rglob("*.png"))) == 3


@pytest.mark.parametrize("why", ["content", "recipe", "edited", "output gone", "there", "force", "text"])
def test_all_else_is_made(photos: Path, encodings: list[str], why: str) -> None:
    recipe = RECIPE
    if why == "text":
        recipe = ib.Recipe([ib.Text("{name}")], [ib.Output(format="png")])
    make(photos, recipe)
    out = photos.parent / "out"
    encodings.clear()
    if why == "there":  # a copy: its source is not gone
        (photos / "new.bmp").write_bytes((photos / "1.bmp").read_bytes())
    else:
        (photos / "1.bmp").rename(photos / "new.bmp")
    if why == "content":
        Image.effect_noise((40, 30), 9).convert("RGB").save(photos / "new.bmp")
    if why == "recipe":
        recipe = ib.Recipe([ib.Resize("8")], RECIPE.outputs)
    if why == "edited":
        (out / "1.webp").write_bytes(b"x" * (out / "1.webp").stat().st_size)
    if why == "output gone":
        os.unlink(out / "small" / "1.png")
    report = make(photos, recipe, force=why == "force")
    assert not report.failed and "new.bmp" in encodings
    assert not any("renamed" in change for outcome in report.outcomes for change in outcome.changes)
    assert len({path.name for path in out.rglob("new.*")}) == len(recipe.outputs)


def test_what_cannot_be_copied_whole_is_left_to_a_worker(
    photos: Path, encodings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two outputs the second cannot be put there: the first is taken away, and the worker makes both."""
    make(photos)
    (photos / "1.bmp").rename(photos / "new.bmp")

    create = Local.create_exclusively

    def full(self: Local, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        if like is not None and not encodings:
            raise OSError("the disk says no")
        return create(self, key, data, like=like)

    encodings.clear()
    monkeypatch.setattr(Local, "create_exclusively", full)
    assert make(photos).counts["ok"] == 1 and encodings == ["new.bmp"]


def test_former_sources_of_one_size_are_looked_for_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras make thousands of files of one size: each new one need not ask after all the old ones again."""
    ib.run(photos, photos.parent / "out", RECIPE, workers=0)
    photos.rename(photos.parent / "moved")
    paths: list[str] = []

    def note(path: str) -> Storage:
        paths.append(path)
        return storage_of(path)

    monkeypatch.setattr(renamed_sources, "storage_of", note)
    ib.run(photos.parent / "moved", photos.parent / "out", RECIPE, workers=0)
    assert {paths.count(str(photos / f"{number}.bmp")) for number in range(3)} == {1}
