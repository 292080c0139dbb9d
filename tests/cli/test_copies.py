"""Are bytes copied where nothing is to be changed, and only there?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, damage, tree


@pytest.mark.parametrize("words", [(), ("--resize", "900"), ("-f", "same"), ("--resize", "100%", "-p")])
def test_nothing_to_change_is_a_copy(run: Run, place: Path, words: tuple[str, ...]) -> None:
    done = run("run", "photos", "-o", "out", *words, "--json")
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
    assert [record["changes"] for record in records] == [["bytes copied: nothing to change"]] * 3
    originals = tree(place / "photos")
    assert tree(place / "out") == {name: originals[name] for name in ("a.jpg", "trip/b.jpg", "trip/c.png")}


@pytest.mark.parametrize("words", [("-q", "82"), ("--flip",), ("--optimize",), ("--no-plan",), ("--effort", "3")])
def test_what_asks_for_encoding_is_encoded(run: Run, place: Path, words: tuple[str, ...]) -> None:
    done = run("run", "photos", "-o", "out", *words, "--json")
    assert done.returncode == 0
    assert "bytes copied" not in done.stdout


def test_a_damaged_file_is_no_copy(run: Run, place: Path) -> None:
    for name in ("a.jpg", "trip/c.png"):
        damage(place / "photos" / name)
    done = run("run", "photos", "-o", "out")
    assert done.returncode == 1
    assert list(tree(place / "out")) == ["trip/b.jpg"]
