"""Do the steps of one image keep no more of it than later outputs need, and what do they know of its name?"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

import imgbatch as ib
from imgbatch.core.job import Job, Source, Target
from imgbatch.pipeline import steps
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import FileContext, LocalContext
from tests.pages import page

SAMPLES = Path(__file__).parents[3] / "sample_images"


def reductions_during(
    outputs: list[ib.Output], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[int, int | None], list[tuple[int, set[int | None]]]]:
    """From which output each is made, and whose reductions are there while each is encoded."""
    sources: dict[int, int | None] = {}
    present: list[tuple[int, set[int | None]]] = []

    def watch(image: steps.ImageContext, one: steps.OutputContext) -> None:
        sources[one.decision.output] = one.decision.source
        present.append((one.decision.output, set(image.reductions)))

    monkeypatch.setattr(steps, "OUTPUT_STEPS", (steps.operate, watch, steps.encode, steps.write))
    path = str(SAMPLES / "color" / "wide-gamut.jpg")
    targets = tuple(Target(number, str(folder / f"{number}.jpg"), "jpeg") for number in range(len(outputs)))
    job = Job(0, Source(path, str(SAMPLES), "wide-gamut.jpg", 1, 1), targets)
    outcome = ImageTask(ib.Recipe([], outputs), 100_000_000)(job, LocalContext())
    assert outcome.ok, outcome.error
    return sources, present


def test_of_outputs_from_which_none_is_made_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = [ib.Output(ops=[ib.Resize("40"), ib.Blur(radius)]) for radius in (1, 2, 3)]
    outputs += [ib.Output(ops=[ib.Blur(2)]), ib.Output(ops=[ib.Resize("20x20", fit="cover")])]
    sources, present = reductions_during(outputs, tmp_path, monkeypatch)
    for output, kept in present:
        assert kept <= {source for source in sources.values() if source is not None}, (output, sources)


def test_reductions_go_when_the_last_output_is_made_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = [ib.Output(ops=[ib.Resize(f"{width}x")]) for width in (200, 150, 100, 75, 50, 30)]
    sources, present = reductions_during(outputs, tmp_path, monkeypatch)
    assert len({source for source in sources.values() if source is not None}) > 2  # else this shows nothing
    order = [output for output, _ in present]
    for place, (output, kept) in enumerate(present):
        assert kept <= {sources[later] for later in order[place:]}, (output, sources)


def test_the_readme_names_the_steps_in_their_order() -> None:
    before, each = (
        ", ".join(step.__name__ for step in several)
        for several in ((*steps.DECISION_STEPS, *steps.DECODE_STEPS), steps.OUTPUT_STEPS)
    )
    assert f"pipeline/steps: {before}; per output: {each}\n" in page("architecture")


@pytest.mark.parametrize("name", ["a.PNG", "a.b.Jpeg", ".png", "..png", "...a.png", "a", "a.", ".a.png", "a\udcff.TIF"])
def test_a_suffix_is_what_os_path_says(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "folder.d" / name)
    context = SimpleNamespace(job=Job(0, Source(path, ".", name), ()))
    assert FileContext.suffix.__get__(context) == os.path.splitext(path)[1].lower()
