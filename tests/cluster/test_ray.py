"""Does the manual's adapter for Ray make what a run at home makes, also when a file ends its workers?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from tests.cluster.operations import Poison
from tests.cluster.pictures import RECIPE, make_calm
from tests.contracts.test_scheduling import tree
from tests.pages import blocks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run_on_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The manual's function, on a Ray of this machine with two workers."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (code,) = blocks("executors", "python")
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield namespace["run_on_ray"]
    ray.shutdown()


def test_the_adapter_of_the_manual(run_on_ray: Any, tmp_path: Path) -> None:
    calm = make_calm(tmp_path / "calm", 60)
    report = run_on_ray(calm.source, tmp_path / "out", RECIPE)
    assert report.counts["ok"] == 60, report.failed
    assert tree(tmp_path / "out") == calm.tree
    Image.new("RGB", (160, 120), (255, 0, 0)).save(calm.source / "red.png")
    recipe = ib.Recipe([*RECIPE.ops, Poison()], RECIPE.outputs)
    report = run_on_ray(calm.source, tmp_path / "poison", recipe)
    assert [outcome.source.relative for outcome in report.failed] == ["red.png"], report.failed
    assert (report.failed[0].status, report.failed[0].attempts) == ("crashed", 4)
    assert tree(tmp_path / "poison") == calm.tree
