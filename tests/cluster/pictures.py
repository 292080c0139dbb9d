"""Pictures: many small JPEGs, and what a run at home makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PIL import Image

import imgbatch as ib
from imgbatch.pixels.statistics import Statistics
from imgbatch.runs.batch import Batch
from tests.contracts.test_scheduling import tree

RECIPE = ib.Recipe(ops=[ib.Resize("64")], outputs=[ib.Output(format="png")])


class Calm(NamedTuple):
    """The pictures, and what comes of them when nobody disturbs: the files, and their figures."""

    source: Path
    tree: dict[str, bytes]
    figures: str


def make_calm(folder: Path, count: int, recipe: ib.Recipe = RECIPE) -> Calm:
    """So many pictures of noise, no two alike."""
    source = folder / "in"
    source.mkdir(parents=True)
    noise = Image.effect_noise((160, 120), 60)
    for number in range(count):
        bands = noise, noise.rotate(number % 360), noise.point([value ^ number % 251 for value in range(256)])
        Image.merge("RGB", bands).save(source / f"{number:05}.jpg")
    batch = Batch([source], folder / "calm", recipe, ib.Settings(workers=2), stats=True)
    assert all(outcome.ok for outcome in batch.outcomes())
    return Calm(source, tree(folder / "calm"), figures(batch.statistics()))


def figures(statistics: Statistics) -> str:
    """Statistics to the last bit."""
    return statistics.to_json()
