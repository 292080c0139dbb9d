"""Do output bytes, names, counters and records depend on the number of workers or the size of chunks? They must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import imgbatch as ib

SAMPLES = Path(__file__).parents[2] / "sample_images"
RECIPE = ib.Recipe(
    ops=[ib.Resize("200"), ib.Unsharp(1.0)],
    outputs=[ib.Output(dir="same"), ib.Output(dir="webp", format="webp", frames="first", ops=[ib.Grayscale()])],
)


def tree(folder: Path) -> dict[str, bytes]:
    """All files with their bytes, but the ledger's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".imgbatch" not in path.parts
    }


def records(report: ib.Report) -> list[dict[str, Any]]:
    """The records without what may differ: times."""
    made: list[dict[str, Any]] = json.loads(report.to_json())
    for record in made:
        record.pop("ms", None)
        record.pop("seconds", None)
    return made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """What one process makes."""
    folder = tmp_path_factory.mktemp("alone")
    report = ib.run([SAMPLES], folder, RECIPE, workers=0)
    assert report.counts["ok"] == 29 and report.counts["failed"] == 4
    return tree(folder), records(report)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunksize", [1, 16, "auto"])
def test_the_same_tree_and_the_same_records(
    workers: int, chunksize: int | str, tmp_path: Path, alone: tuple[dict[str, bytes], list[dict[str, Any]]]
) -> None:
    report = ib.run([SAMPLES], tmp_path / "out", RECIPE, workers=workers, chunksize=chunksize)
    made = tree(tmp_path / "out")
    assert made.keys() == alone[0].keys()
    assert made == alone[0]
    assert records(report) == alone[1]
    assert report.exit_code == ib.ExitCode.FAILURES
