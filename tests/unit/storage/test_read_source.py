"""Is a source read, and nothing that it was swapped for since it was found?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imgbatch.core.errors import ImageError
from imgbatch.core.job import Source
from imgbatch.planning.find import discover
from imgbatch.storage import read_source as module
from imgbatch.storage.read_source import read_source


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos, and a folder outside with the same names."""
    for name in ("photos/sub/a.jpg", "outside/sub/a.jpg", "outside/a.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.partition("/")[0].encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(argument: str) -> Source:
    (source,) = discover([argument])
    assert isinstance(source, Source)
    return source


def _swap(name: str, target: str) -> Callable[[Path], None]:
    def swap(place: Path) -> None:
        (place / name).rename(place / "away")
        (place / name).symlink_to(place / target)

    return swap


@pytest.mark.parametrize("argument", ["photos", "photos/sub", "photos/sub/a.jpg", "photos/*/a.jpg", "photos/**"])
@pytest.mark.parametrize(
    "swap",
    [
        _swap("photos/sub/a.jpg", "outside/a.jpg"), _swap("photos/sub", "outside/sub"), _swap("photos", "outside"),
    ],
    ids=["file", "folder", "root"],
)  # fmt: skip
def test_what_it_was_swapped_for_is_not_read(place: Path, argument: str, swap: Callable[[Path], None]) -> None:
    source = found(argument)
    assert read_source(source) == b"photos"
    swap(place)
    for _ in range(2):
        with pytest.raises(ImageError) as refused:
            read_source(source)
        assert refused.value.kind == "io"
        module._folder_and_store.cache_clear()  # as in a worker that has not begun


@pytest.mark.parametrize("argument", ["links", "links/a.jpg", "links/folder/a.jpg", "link*/folder/a.jpg", "through/*"])
def test_links_of_the_user_are_followed(place: Path, argument: str) -> None:
    (place / "links").mkdir()
    (place / "links/a.jpg").symlink_to(place / "outside/a.jpg")
    (place / "links/folder").symlink_to(place / "outside")
    (place / "through").symlink_to("outside")
    assert read_source(found(argument)) == b"outside"


def test_what_was_saved_anew_is_read(place: Path) -> None:
    source = found("photos")
    (place / "new").write_bytes(b"new")
    os.replace(place / "new", source.path)
    assert read_source(source) == b"new"
