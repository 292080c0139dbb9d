"""Is a state folder that strangers may have made refused, and how is it trusted?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.cli.precedence import load
from imgbatch.core.errors import PlanError, RecipeError
from imgbatch.ledger.history import past_runs
from imgbatch.originals.undo import undo
from tests.permissions import plain_user

as_root = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root gives files away")
SOURCE = Path(__file__).parents[3] / "sample_images/travel/2023/desert/dunes.jpg"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the outputs of one run."""
    run(tmp_path)
    return tmp_path


def run(place: Path, trust_state: bool = False) -> ib.Report:
    return ib.run(SOURCE, place / "out", ib.Recipe([ib.Resize("20")]), workers=0, force=True, trust_state=trust_state)


def test_a_state_folder_that_is_a_link_is_refused_unless_it_is_trusted(place: Path) -> None:
    os.rename(place / "out/.imgbatch", place / "elsewhere")
    (place / "out/.imgbatch").symlink_to("../elsewhere")
    for refused in (lambda: run(place), lambda: past_runs(place / "out"), lambda: undo(place / "out")):
        with pytest.raises(PlanError, match="is a link.*--trust-state"):
            refused()
    assert run(place, trust_state=True).ok
    assert len(past_runs(place / "out", trust_state=True)) == 2
    assert undo(place / "out", trust_state=True).removed


@pytest.mark.parametrize("name", ["lock", "reserve", "ledger.sqlite", "ledger.sqlite-wal", "backup", "reports"])
@pytest.mark.parametrize("trust", [False, True])
def test_a_link_in_a_state_folder_is_never_followed(tmp_path: Path, name: str, trust: bool) -> None:
    outside = tmp_path / "diary"
    outside.write_bytes(b"private")
    (tmp_path / "out/.imgbatch").mkdir(parents=True)
    (tmp_path / "out/.imgbatch" / name).symlink_to("../../diary")
    with pytest.raises(PlanError, match=f"{name} in the state folder .* is a link"):
        run(tmp_path, trust_state=trust)
    assert outside.read_bytes() == b"private"


def test_who_moved_the_originals_behind_a_link_is_told_to_bring_them_back(tmp_path: Path) -> None:
    """Removing the link would cost the undo; to look needs no originals."""
    photos, disk = tmp_path / "photos", tmp_path / "disk"
    photos.mkdir()
    original = (photos / "a.jpg", SOURCE.read_bytes())
    original[0].write_bytes(original[1])
    assert ib.run(photos, None, ib.Recipe([ib.Resize("20")]), workers=0, in_place=True).ok
    os.rename(photos / ".imgbatch/backup", disk)
    (photos / ".imgbatch/backup").symlink_to(disk)
    for trust in (False, True):
        with pytest.raises(PlanError, match="backup .* is a link.*; move the originals that it leads to"):
            undo(photos, trust_state=trust)
    assert len(past_runs(photos)) == 1
    (photos / ".imgbatch/backup").unlink()
    os.rename(disk, photos / ".imgbatch/backup")
    assert undo(photos).restored and original[0].read_bytes() == original[1]


@as_root
def test_another_user_s_state_folder_is_looked_at_and_not_written_to(place: Path) -> None:
    state = place / "out/.imgbatch"
    os.chown(state, 61001, 61001)
    with pytest.raises(PlanError, match="belongs to another user.*--trust-state"):
        run(place)
    with pytest.raises(PlanError, match="belongs to another user"):
        undo(place / "out")
    assert len(past_runs(place / "out")) == 1 and undo(place / "out", dry_run=True).removed
    state.chmod(0o775)
    with pytest.raises(PlanError, match="belongs to another user"):
        run(place)
    os.chown(state, 61001, os.getegid())  # one that the group shares
    assert run(place).ok
    state.chmod(0o755)
    assert run(place, trust_state=True).ok


@as_root
def test_root_s_state_folder_is_believed(place: Path) -> None:
    with plain_user():
        assert len(past_runs(place / "out")) == 1


def test_a_recipe_cannot_say_that_a_state_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[run]\ntrust_state = true\n")
    with pytest.raises(RecipeError, match="trust_state"):
        load(str(tmp_path / "r.toml"))
