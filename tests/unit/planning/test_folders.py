"""Is what stands in a folder known as long as it is asked for, however many folders there are?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgbatch.planning import folders
from imgbatch.planning.folders import TargetFolders


@pytest.mark.parametrize("at_hand", [0, 7, 10**6])
def test_packed_names_are_known_again(at_hand: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_NAMES_AT_HAND", at_hand)
    odd = os.fsdecode(b"odd-\xff.png")
    for name in "abcde":
        (tmp_path / name / "folder").mkdir(parents=True)
        for file in ("x.png", odd):
            (tmp_path / name / file).touch()
    places = TargetFolders(str(tmp_path))
    first, _ = places.locate(str(tmp_path / "a/x.png"))
    for name in "abcdeabacada":
        place, file = places.locate(str(tmp_path / name / "x.png"))
        assert place.names
        assert [place.entry_kind(one) for one in (file, odd, "folder", "y.png")] == ["file", "file", "folder", ""]
    assert sum(bool(place.record) for place in places._places.values()) == {0: 4, 7: 3, 10**6: 0}[at_hand]
    assert first.entry_kind("x.png") == "file"  # also of one that was taken before others were looked at


def test_a_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_NAMES_AT_HAND", 1)
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").touch()
    places = TargetFolders(str(tmp_path))
    for name in "ab":
        places.locate(str(tmp_path / name / "x.png"))
    (tmp_path / "a/y.png").touch()
    place, name = places.locate(str(tmp_path / "a/y.png"))
    assert place.entry_kind(name) == ""
