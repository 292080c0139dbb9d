"""Does a run whose workers are shot at random end, with one outcome per image and nothing wrong in it?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.runs.batch import Batch
from tests.contracts.test_scheduling import tree
from tests.faults.killer import shoot_workers

RECIPE = ib.Recipe(ops=[ib.Resize("120"), ib.Unsharp(1.0)], outputs=[ib.Output(format="png")])


Calm = tuple[Path, dict[str, bytes]]


def make_calm(folder: Path, count: int) -> Calm:
    """So many pictures, and what comes of them when nobody shoots."""
    (folder / "in").mkdir()
    for number in range(count):
        noise = Image.effect_noise((300 + number % 7, 200), 60)
        Image.merge("RGB", (noise, noise.rotate(180), noise)).save(folder / "in" / f"{number:03}.jpg")
    ib.run([folder / "in"], folder / "calm", RECIPE, workers=2)
    return folder / "in", tree(folder / "calm")


def shot_at(source: Path, calm: dict[str, bytes], out: Path, seed: int) -> int:
    """One run under fire; how many workers were shot."""
    batch = Batch([source], out, RECIPE, ib.Settings(workers=2))
    with shoot_workers(lambda: batch.executor, every=0.05, seed=seed) as shot:
        outcomes = list(batch.outcomes())
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(calm)))
    failed = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert all(outcome.error is not None and "SIGKILL" in outcome.error.message for outcome in failed)
    made = tree(out)
    names = {os.path.splitext(outcome.source.relative)[0] + ".png" for outcome in outcomes if outcome.status == "ok"}
    assert names <= made.keys() <= calm.keys()  # no temporary file, no half file
    assert all(content == calm[name] for name, content in made.items())
    assert len(failed) <= len(shot)
    return len(shot)


def test_a_run_under_fire(tmp_path: Path) -> None:
    assert shot_at(*make_calm(tmp_path, 80), tmp_path / "out", seed=1) > 2


@pytest.mark.soak
def test_twenty_runs_under_fire(tmp_path: Path) -> None:
    calm = make_calm(tmp_path, 500)
    shots = [shot_at(*calm, tmp_path / f"out{seed}", seed) for seed in range(20)]
    print("\nworkers shot per run:", shots)
