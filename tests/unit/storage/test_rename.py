"""Do files get their names together, or none of them?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.storage.rename import rename_all


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[list[str], list[str]]:
    """Names of three files, and where they go; the second place is taken."""
    names = [str(tmp_path / f"new-{number}") for number in range(3)]
    for name in names:
        Path(name).write_text("new")
    paths = [str(tmp_path / f"{number}.txt") for number in range(3)]
    Path(paths[1]).write_text("there before")
    return names, paths


def test_nothing_is_kept_where_one_is_in_the_way(pairs: tuple[list[str], list[str]]) -> None:
    names, paths = pairs
    with pytest.raises(PlanError, match=r"1\.txt has appeared meanwhile; nothing was kept"):
        rename_all(names, paths, replace=False)
    assert [os.path.exists(path) for path in paths] == [False, True, False]
    assert Path(paths[1]).read_text() == "there before"


def test_what_is_in_the_way_is_replaced(pairs: tuple[list[str], list[str]]) -> None:
    names, paths = pairs
    rename_all(names, paths, replace=True)
    assert [Path(path).read_text() for path in paths] == ["new"] * 3
    assert not any(map(os.path.exists, names))
