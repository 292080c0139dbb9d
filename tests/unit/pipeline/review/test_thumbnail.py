"""Do the first pictures of a run bring a thumbnail of what was written, and is nothing else of them changed by it?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from imgbatch.core.job import Job, Outcome, ReviewOutcome, Source, Target
from imgbatch.operations import Blur, Grayscale, Resize
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import LocalContext
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.runs.batch import Batch

SIZES_AND_BLURS = (90, 9), (400, 0.3), (200, 9)
REPO = Path(__file__).parents[4]
PHOTO = REPO / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"


def make(place: Path, recipe: Recipe, source: Path = PHOTO, index: int = 0, thumbnails: int = 1) -> Outcome:
    targets = tuple(
        Target(number, str(place / f"{number}.{format}"), format, replace=True)
        for number, format in enumerate(output.format.replace("same", "jpeg") for output in recipe.outputs)
    )
    job = Job(index, Source(str(source), str(source.parent), source.name, source.stat().st_size), targets)
    return ImageTask(recipe, 10**8, thumbnails=thumbnails)(job, LocalContext())


def assert_shows(outcome: Outcome, path: Path) -> None:
    """The thumbnail is that of the file, but for rounding and the encoder."""
    assert isinstance(outcome, ReviewOutcome) and outcome.ssim is None
    small = Image.open(io.BytesIO(outcome.thumbnail))
    with Image.open(path) as image:
        expected = image.convert("RGB")
    expected.thumbnail((160, 112))
    assert abs(small.width - expected.width) <= 1 and abs(small.height - expected.height) <= 1
    difference = ImageChops.difference(small, expected.resize(small.size))
    assert max(ImageStat.Stat(difference).mean) < 6


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_thumbnail_shows_what_was_written(tmp_path: Path, format: Any) -> None:
    recipe = Recipe([Resize("500"), Grayscale()], [Output(format=format)])
    assert_shows(make(tmp_path, recipe), tmp_path / f"0.{format}")


def test_of_several_outputs_the_largest_is_shown(tmp_path: Path) -> None:
    outputs = [Output(format="png", ops=[Resize(str(size)), Blur(blur)]) for size, blur in SIZES_AND_BLURS]
    assert_shows(make(tmp_path, Recipe([], outputs)), tmp_path / "1.png")


def test_only_the_first_files_have_one(tmp_path: Path) -> None:
    recipe = Recipe([Resize("100")], [Output(format="png")])
    assert isinstance(make(tmp_path, recipe, index=3, thumbnails=4), ReviewOutcome)
    assert type(make(tmp_path, recipe, index=4, thumbnails=4)) is Outcome


def test_a_copy_has_none(tmp_path: Path) -> None:
    assert type(make(tmp_path, Recipe([], [Output()]))) is Outcome


def test_a_thumbnail_that_cannot_be_made_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("imgbatch.pipeline.review.thumbnail.as_jpeg", refuse)
    outcome = make(tmp_path, Recipe([Resize("100")], [Output(format="png")]))
    assert type(outcome) is Outcome and outcome.status == "ok"


@pytest.mark.parametrize("workers", [0, 1])
def test_thumbnails_stay_with_their_outcomes_through_a_run(tmp_path: Path, workers: int) -> None:
    from imgbatch.core.run_settings import Settings

    recipe = Recipe([Resize("100")], [Output(format="png")])
    batch = Batch([str(PHOTO.parents[2])], str(tmp_path / "out"), recipe, Settings(workers=workers))
    batch.thumbnails = 2
    assert sum(isinstance(outcome, ReviewOutcome) for outcome in batch.outcomes()) == 2
    assert [isinstance(outcome, ReviewOutcome) for outcome in batch.report.outcomes][:3] == [True, True, False]
    assert batch.report.exit_code == 0
