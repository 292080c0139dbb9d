"""Which folder keeps the originals, and what is refused where files are replaced by themselves?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.errors import PlanError, UsageError
from imgbatch.originals.in_place_rules import home_of, refuse_mixtures, within


def test_the_source_folder_keeps_them_or_one_above_that_has_kept_some(tmp_path: Path) -> None:
    trip = tmp_path / "photos/trip"
    trip.mkdir(parents=True)
    (trip / "a.jpg").touch()
    for paths in ([trip], [trip, tmp_path / "photos/trip"], [trip / "a.jpg"]):
        assert home_of(paths, None) == str(trip)
    assert home_of([trip, tmp_path / "photos"], None) == str(tmp_path / "photos")
    (tmp_path / "photos/.imgbatch").mkdir()
    assert home_of([trip], None) == str(trip)  # a ledger of outputs keeps no originals
    (tmp_path / "photos/.imgbatch/backup").mkdir()
    assert home_of([trip], None) == str(tmp_path / "photos")


def test_two_folders_and_none_are_refused(tmp_path: Path) -> None:
    for name in ("photos", "photos2"):
        (tmp_path / name).mkdir()
    with pytest.raises(PlanError, match=r"keeps the originals of one folder, got .*photos and .*photos2; run it once"):
        home_of([tmp_path / "photos", tmp_path / "photos2"], None)
    with pytest.raises(PlanError, match="got none"):
        home_of([], None)


def test_a_name_that_begins_alike_is_not_within() -> None:
    assert within("/a/b", "/a/b") and within("/a/b/c", "/a/b") and within("/a", os.sep)
    assert not within("/a/bc", "/a/b") and not within("/a", "/a/b")


@pytest.mark.parametrize(
    ("settings", "output", "ledger", "said"),
    [
        ({}, {}, True, ""),
        ({}, {}, False, "needs its ledger and its lock"),
        ({"lock": False}, {}, True, "needs its ledger and its lock"),
        ({}, {"format": "webp"}, True, "keeps each file's format, got webp"),
        ({}, {"name": "{stem}-small{ext}"}, True, "keeps each file's name"),
        ({}, {"dir": "below"}, True, "keeps each file's name"),
        ({"overwrite": True}, {}, True, "expected --in-place or --overwrite, got both"),
        ({"skip_existing": True}, {}, True, "expected --in-place or --skip-existing, got both"),
        ({"archive": "old"}, {}, True, "expected --in-place or --archive, got both"),
    ],
)
def test_what_has_no_meaning_in_place_is_refused(
    settings: dict[str, object], output: dict[str, str], ledger: bool, said: str
) -> None:
    recipe = ib.Recipe(outputs=[ib.Output(**output)])  # type: ignore[arg-type]  # words for fields
    words = ib.Settings(in_place=True, **settings)  # type: ignore[arg-type]  # words for fields
    if not said:
        refuse_mixtures(words, recipe, ledger)
        return
    with pytest.raises(UsageError, match=said):
        refuse_mixtures(words, recipe, ledger)


def test_one_file_is_made_of_each() -> None:
    with pytest.raises(UsageError, match="makes one file of each"):
        refuse_mixtures(ib.Settings(in_place=True), ib.Recipe(outputs=[ib.Output(), ib.Output()]), True)
