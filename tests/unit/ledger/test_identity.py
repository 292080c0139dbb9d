"""Is an output known by its content, where only its time is another, and a tree that was moved with its ledger?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.database import FILE
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.planning.names import STATE
from imgbatch.storage.local import Local

HALF = ib.Recipe([ib.Resize("50%")])
THIRD = ib.Recipe([ib.Resize("30%")])
OLD_S = 10**9


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with photos and what was made of them."""
    folder = tmp_path / "place"
    (folder / "photos").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png")):
        Image.effect_noise((40, 30), 50).convert("RGB").save(folder / "photos" / name)
        os.utime(folder / "photos" / name, (OLD_S + number, OLD_S + number))
    make(folder)
    return folder


def make(folder: Path, recipe: ib.Recipe = HALF, **settings: object) -> dict[str, int]:
    """A run from the photos of a folder to its outputs; how many files had which status."""
    report = ib.run([folder / "photos"], folder / "out", recipe, workers=0, **settings)  # type: ignore[arg-type]  # settings
    return {status: count for status, count in report.counts.items() if count}


def _touch(folder: Path, time_s: int = OLD_S) -> None:
    for path in folder.glob("*.png"):
        os.utime(path, (time_s, time_s))


def test_an_output_with_another_time_is_as_it_was_written(place: Path) -> None:
    _touch(place / "out")
    assert make(place) == {"unchanged": 2}
    assert make(place, THIRD) == {"ok": 2}


def test_an_output_is_read_only_where_its_time_is_another_and_once(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    fingerprint = Local.fingerprint

    def ask(store: Local, key: str) -> str:
        asked.append(key)
        return fingerprint(store, key)

    monkeypatch.setattr(Local, "fingerprint", ask)
    assert make(place) == {"unchanged": 2} and asked == []
    _touch(place / "out")
    assert make(place) == {"unchanged": 2} and len(asked) == 2
    assert make(place) == {"unchanged": 2} and len(asked) == 2  # the ledger has the new time


def test_an_output_of_the_same_size_with_other_bytes_was_changed(place: Path) -> None:
    data = bytearray((place / "out/a.png").read_bytes())
    data[-20] ^= 1
    (place / "out/a.png").write_bytes(data)
    with pytest.raises(ib.PlanError, match=r"a\.png was changed since"):
        make(place, THIRD)
    assert (place / "out/a.png").read_bytes() == data


def test_an_output_with_another_time_is_pruned_and_undone(place: Path) -> None:
    _touch(place / "out")
    (place / "photos/a.png").unlink()
    make(place, prune=True)
    assert not (place / "out/a.png").exists()
    assert len(ib.undo(place / "out").removed) == 1 and not (place / "out/b.png").exists()


def _move(place: Path) -> Path:
    return place.rename(place.parent / "copy")


def _copy(place: Path) -> Path:
    return shutil.copytree(place, place.parent / "copy")


def _copy_without_times(place: Path) -> Path:
    copy = shutil.copytree(place, place.parent / "copy", copy_function=shutil.copyfile)
    for folder in (copy / "photos", copy / "out"):
        _touch(folder, OLD_S + 99)  # not this very moment, whose times prove nothing
    return copy


@pytest.mark.parametrize("relocate", [_move, _copy, _copy_without_times])
def test_a_tree_that_was_moved_or_copied_with_its_ledger_is_believed(
    place: Path, relocate: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = relocate(place)  # type: ignore[operator]  # one of the three
    monkeypatch.setattr(ImageTask, "begin", None)  # nothing is encoded
    assert make(copy) == {"unchanged": 2}
    monkeypatch.setattr(Local, "fingerprint", None)  # nor read a second time
    with sqlite3.connect(copy / "out" / STATE / FILE) as connection:
        connection.execute("UPDATE written SET recorded_ns=recorded_ns+?", (10**9,))
    connection.close()
    assert make(copy) == {"unchanged": 2}


@pytest.mark.parametrize("relocate", [_move, _copy, _copy_without_times])
def test_in_a_tree_that_was_moved_a_run_goes_on_and_prunes_and_undoes(place: Path, relocate: object) -> None:
    copy = relocate(place)  # type: ignore[operator]  # one of the three
    assert make(copy, THIRD) == {"ok": 2}
    (copy / "photos/a.png").unlink()
    assert make(copy, THIRD, prune=True) == {"unchanged": 1}
    assert [path.name for path in (copy / "out").glob("*.png")] == ["b.png"]
    assert len(ib.undo(copy / "out").removed) == 1
    if place.exists():
        assert make(place) == {"unchanged": 2}


def test_a_picture_that_was_changed_after_its_tree_was_copied_is_made_again(place: Path) -> None:
    copy = _copy(place)
    Image.new("RGB", (90, 90)).save(copy / "photos/a.png")
    assert make(copy) == {"ok": 1, "unchanged": 1}


@pytest.mark.parametrize("remove", [False, True])
def test_another_picture_with_the_same_name_size_and_time_is_not_believed(place: Path, remove: bool) -> None:
    copy = place.parent / "copy"
    shutil.copytree(place / "out", copy / "out")
    (copy / "photos").mkdir()
    for path in (place / "photos").iterdir():
        data, info = bytearray(path.read_bytes()), path.stat()
        Image.open(path).transpose(Image.Transpose.ROTATE_180).save(copy / "photos" / path.name)
        other = (copy / "photos" / path.name).read_bytes()
        (copy / "photos" / path.name).write_bytes(other.ljust(len(data), b"\0")[: len(data)])
        os.utime(copy / "photos" / path.name, ns=(info.st_atime_ns, info.st_mtime_ns))
    if remove:
        shutil.rmtree(place)
    assert "unchanged" not in make(copy)


def test_outputs_alone_that_were_moved_belong_to_the_sources_where_they_were(place: Path) -> None:
    new = place.parent / "elsewhere"
    (place / "out").rename(new)
    for _ in range(2):
        assert ib.run([place / "photos"], new, HALF, workers=0).counts["unchanged"] == 2


def test_outputs_alone_that_were_moved_are_in_the_way_of_other_pictures(place: Path) -> None:
    other = place.parent / "other"
    (other / "photos").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(other / "photos/a.png")
    (place / "out").rename(other / "out")
    with pytest.raises(ib.PlanError, match=r"a\.png is in the way and was made from"):
        make(other)


def test_a_folder_that_is_reached_by_another_way_was_not_moved(place: Path) -> None:
    (place.parent / "link").symlink_to(place)
    for folder in (place.parent / "link", place):
        report = ib.run([place / "photos"], folder / "out", HALF, workers=0)
        assert report.counts["unchanged"] == 2


def test_a_copied_tree_s_outputs_get_the_same_numbers_again(place: Path) -> None:
    (place / "out/a.png").write_bytes(b"somebody else's")
    assert make(place, THIRD, rename=True) == {"ok": 2}
    names = sorted(path.name for path in (place / "out").glob("*.png"))
    copy = _copy(place)
    assert make(copy, HALF, rename=True) == {"ok": 2}
    assert sorted(path.name for path in (copy / "out").glob("*.png")) == names
