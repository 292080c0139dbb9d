"""Is what comes done, once it is whole, and nothing lost when a folder goes away?"""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Outcome
from imgbatch.runs.watch.watch import Watch

RECIPE = ib.Recipe(outputs=[ib.Output(format="png")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture."""
    folder = tmp_path / "photos"
    folder.mkdir()
    put(folder / "a.png")
    return folder


def put(path: Path, color: str = "teal") -> None:
    """A picture that is there at once, and has been for long."""
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (8, 6), color).save(path.parent.parent / "new.png")
    os.utime(path.parent.parent / "new.png", (10**9, 10**9))
    (path.parent.parent / "new.png").rename(path)


def watching(folder: Path, out: Path, **words: bool) -> tuple[Watch, Iterator[Outcome]]:
    settings = ib.Settings(workers=0, **words)  # type: ignore[arg-type]  # switches
    watch = Watch(folder, out, RECIPE, settings, ib.Filters(settle=0.02), poll=0.01)
    return watch, watch.outcomes()


def test_what_is_there_is_done_and_then_what_comes(folder: Path, tmp_path: Path) -> None:
    outcomes = ib.watch(folder, tmp_path / "out", RECIPE, filters=ib.Filters(settle=0.02), poll=0.01, workers=0)
    assert next(outcomes).source.relative == "a.png"
    put(folder / "sub" / "b.png")
    assert next(outcomes).source.relative == "sub/b.png"
    put(folder / "a.png", "red")
    os.utime(folder / "a.png", (10**9 + 1, 10**9 + 1))
    again = next(outcomes)
    assert again.ok and again.source.relative == "a.png"
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.getpixel((0, 0)) == (255, 0, 0)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert ib.run(folder, tmp_path / "out", RECIPE, workers=0).counts["unchanged"] == 2


def test_the_state_folder_is_held_all_the_time(folder: Path, tmp_path: Path) -> None:
    _, outcomes = watching(folder, tmp_path / "out")
    next(outcomes)
    with pytest.raises(ib.LockedError):
        ib.run(folder, tmp_path / "out", RECIPE, workers=0)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert ib.run(folder, tmp_path / "out", RECIPE, workers=0).exit_code == 0


def test_a_name_that_is_taken_is_the_failure_of_one(folder: Path, tmp_path: Path) -> None:
    _, outcomes = watching(folder, tmp_path / "out")
    next(outcomes)
    shutil.copy(folder / "a.png", folder / "a.jpeg")
    failure = next(outcomes)
    assert failure.error is not None and failure.error.kind == "exists"


def test_renamed_files_are_copied_and_their_old_outputs_go(folder: Path, tmp_path: Path) -> None:
    _, outcomes = watching(folder, tmp_path / "out", prune=True)
    next(outcomes)
    (folder / "a.png").rename(folder / "b.png")
    assert next(outcomes).changes[0].startswith("renamed")
    put(folder / "c.png")
    next(outcomes)
    put(folder / "d.png")
    next(outcomes)  # what was gone before it came is pruned by now
    assert not (tmp_path / "out" / "a.png").exists() and (tmp_path / "out" / "b.png").exists()


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_folder_that_is_away_has_lost_nothing(folder: Path, tmp_path: Path, is_empty: bool) -> None:
    watch, outcomes = watching(folder, tmp_path / "out", prune=True)
    words: list[str] = []
    away = threading.Event()

    def hear(text: str) -> None:
        words.append(text)
        away.set()

    watch.on_word = hear
    next(outcomes)
    folder.rename(tmp_path / "elsewhere")
    if is_empty:
        folder.mkdir()  # the place where it was mounted
    reader = threading.Thread(target=lambda: words.append(next(outcomes).source.relative))
    reader.start()
    away.wait()
    if is_empty:
        folder.rmdir()
    put(tmp_path / "elsewhere" / "b.png")
    (tmp_path / "elsewhere").rename(folder)
    reader.join()
    assert "not there now" in words[0] and "is back" in words[1] and words[2] == "b.png"
    assert (tmp_path / "out" / "a.png").exists()


@pytest.mark.parametrize("is_swapped", [False, True])
def test_it_stops_where_the_output_folder_goes_away(folder: Path, tmp_path: Path, is_swapped: bool) -> None:
    watch, outcomes = watching(folder, tmp_path / "out")

    def go_away() -> None:
        (tmp_path / "out").rename(tmp_path / "elsewhere")
        if is_swapped:
            (tmp_path / "out").mkdir()  # the place where it was mounted
        put(folder / "b.png")

    watch.on_round = go_away
    assert [outcome.source.relative for outcome in outcomes] == ["a.png"]
    assert watch.report.exit_code == ib.ExitCode.STOPPED
    assert f"out is {'another one' if is_swapped else 'gone'} since the run began" in watch.report.reason
    assert (os.listdir(tmp_path / "out") == []) if is_swapped else not (tmp_path / "out").exists()


def test_a_file_that_grows_is_not_whole(folder: Path, tmp_path: Path) -> None:
    from imgbatch.planning.find import discover
    from imgbatch.runs.watch.folder_state import FolderState

    state = FolderState([str(folder)], lambda path: discover([path]), 3600.0)
    assert [file.relative for file in state.look()] == ["a.png"]
    put(folder / "b.png")  # with an old time, as rsync gives it
    assert list(state.look()) == [] and state.due_s is not None and state.due_s > 3000
    state = FolderState([str(folder)], lambda path: discover([path]), 0.0)
    assert len(list(state.look())) == 2


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nobody says which files are open")
def test_rounds_leave_no_descriptors(folder: Path, tmp_path: Path) -> None:
    gc.disable()  # as in a command, which seldom has it look for what is left
    try:
        _, outcomes = watching(folder, tmp_path / "out")
        counts = []
        for number in range(5):
            assert next(outcomes).ok
            counts.append(len(os.listdir("/proc/self/fd")))
            put(folder / f"{number}.png")
        outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    finally:
        gc.enable()
    assert max(counts[1:]) <= counts[1]


@pytest.mark.parametrize("word", ["in_place", "overwrite", "stream"])
def test_what_cannot_be_watched_is_refused(folder: Path, tmp_path: Path, word: str) -> None:
    with pytest.raises(ib.UsageError, match="expected a watch without"):
        watching(folder, tmp_path / "out", **{word: True})


def test_a_setting_that_is_none_is_refused_as_by_a_run(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ib.UsageError, match="unknown setting 'worker'; did you mean 'workers'"):
        ib.watch(folder, tmp_path / "out", RECIPE, poll=1, worker=0)  # type: ignore[call-arg]  # it is none


@pytest.mark.parametrize("word", ["archive", "quarantine"])
@pytest.mark.parametrize("pattern", ["", "**/*.png"])
def test_no_source_is_moved_to_where_it_would_come_again(folder: Path, tmp_path: Path, word: str, pattern: str) -> None:
    settings = ib.Settings(workers=0, **{word: str(folder)})  # type: ignore[arg-type]  # one of two names
    sources = [str(tmp_path / "x.png"), str(folder / pattern)]
    put(tmp_path / "others" / "x.png")
    (tmp_path / "others" / "x.png").rename(sources[0])
    with pytest.raises(ib.UsageError, match=f"expected a folder of its own for {word}"):
        next(Watch(sources, tmp_path / "out", RECIPE, settings, poll=0.01).outcomes())
    assert [path.name for path in folder.iterdir()] == ["a.png"]


def test_without_watchfiles_the_way_on_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "watchfiles", None)
    with pytest.raises(ib.UsageError, match=r"imgbatch\[watch\].*--poll 2s"):
        Watch(folder, tmp_path / "out", RECIPE)


def test_watchfiles_tells_of_what_comes(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("watchfiles", reason="imgbatch[watch] is not installed")
    outcomes = ib.watch(folder, tmp_path / "out", RECIPE, filters=ib.Filters(settle=0.02), workers=0)
    assert next(outcomes).ok
    put(folder / "sub" / "b.png")
    assert next(outcomes).source.relative == "sub/b.png"
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
