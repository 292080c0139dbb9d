"""Does a run on executors of the caller's make what a run at home makes, whichever of their workers die?"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.report import ExitCode
from imgbatch.runs.batch import Batch
from tests.cluster.fleet import CONTEXT, Fleet
from tests.cluster.operations import Poison
from tests.cluster.pictures import RECIPE, Calm, figures, make_calm
from tests.contracts.test_scheduling import tree


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    return make_calm(tmp_path_factory.mktemp("calm"), 150)


@pytest.mark.parametrize("chunksize", [1, 64])
def test_kills_cost_no_file_double_no_sum_and_change_no_byte(calm: Calm, tmp_path: Path, chunksize: int) -> None:
    """A worker is killed again and again, each time with a call in hand."""
    kills = attempts = 0
    for number in range(4):
        out = tmp_path / f"out{number}"
        with Fleet(2) as fleet:
            settings = ib.Settings(chunksize=chunksize)
            batch = Batch([calm.source], out, RECIPE, settings, executor=fleet, stats=True)
            for count, outcome in enumerate(batch.outcomes()):
                assert outcome.ok, outcome.error
                attempts = max(attempts, outcome.attempts)
                if count % 25 == 3:
                    fleet.kill()
            kills += fleet.kills
        assert tree(out) == calm.tree
        assert figures(batch.statistics()) == calm.figures
    assert kills > 4 and attempts > 1


def poison_one(calm: Calm, folder: Path) -> Path:
    """The pictures, and one that is red."""
    folder.mkdir()
    for path in calm.source.iterdir():
        (folder / path.name).hardlink_to(path)
    Image.new("RGB", (160, 120), (255, 0, 0)).save(folder / "00077-red.png")
    return folder


@pytest.mark.parametrize("chunksize", [1, 16, "auto"])
def test_the_file_that_ends_its_workers_is_named_and_its_neighbors_are_made(
    calm: Calm, tmp_path: Path, chunksize: int | str
) -> None:
    sources = poison_one(calm, tmp_path / "in")
    recipe = ib.Recipe([*RECIPE.ops, Poison()], RECIPE.outputs)
    with Fleet(2) as fleet:
        report = ib.run(sources, tmp_path / "out", recipe, executor=fleet, chunksize=chunksize, retries=2)
    assert (report.counts["ok"], report.counts["crashed"], report.exit_code) == (150, 1, 1)
    (crashed,) = report.failed
    assert crashed.source.relative == "00077-red.png" and crashed.attempts == 3
    assert crashed.record()["attempts"] == 3
    assert tree(tmp_path / "out") == calm.tree


def _pool() -> concurrent.futures.Executor:
    return concurrent.futures.ProcessPoolExecutor(2, mp_context=CONTEXT)


def _loky() -> concurrent.futures.Executor:
    loky = pytest.importorskip("loky", reason="loky is not installed")
    pool: concurrent.futures.Executor = loky.ProcessPoolExecutor(2)
    return pool


@pytest.mark.parametrize("maker", [_pool, _loky])
def test_a_pool_that_broke_stops_the_run_and_the_next_one_goes_on(
    calm: Calm, tmp_path: Path, maker: Callable[[], concurrent.futures.Executor]
) -> None:
    """Nothing that was made is in its way, though nobody recorded what the dead workers had finished."""
    sources = poison_one(calm, tmp_path / "in")
    recipe = ib.Recipe([*RECIPE.ops, Poison(marker=str(tmp_path / "marker"))], RECIPE.outputs)
    with maker() as pool:
        report = ib.run(sources, tmp_path / "out", recipe, executor=pool, chunksize=16)
    assert (report.exit_code, report.counts["crashed"], report.counts["failed"]) == (ExitCode.STOPPED, 0, 0)
    assert "the executor broke with " in report.reason and "run again with a new one" in report.reason
    assert 0 < report.remaining < 151
    with maker() as pool:
        rest = ib.run(sources, tmp_path / "out", recipe, executor=pool)
    assert (rest.exit_code, rest.counts["ok"] + rest.counts["unchanged"]) == (0, 151), rest.failed
    assert rest.counts["ok"] == report.remaining
    out = tree(tmp_path / "out")
    out.pop("00077-red.png")
    assert out == calm.tree
