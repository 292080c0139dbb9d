"""Do sources that come while a run is at work get what they would get from a plan?"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.runs.stream.arrivals import WINDOW

RECIPE = ib.Recipe(outputs=[ib.Output(format="png")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some small pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (8, 6), "teal").save(folder / name)
    return folder


@pytest.mark.parametrize("workers", [0, 1])
def test_work_begins_before_the_second_path_is_there(folder: Path, tmp_path: Path, workers: int) -> None:
    first_is_done = threading.Event()

    def paths() -> Iterator[Path]:
        yield folder / "a.png"
        first_is_done.wait()
        yield folder / "b.png"

    outcomes = ib.process(paths(), tmp_path / "out", RECIPE, stream=True, workers=workers)
    assert next(outcomes).source.relative == "a.png"
    assert (tmp_path / "out" / "a.png").exists()
    first_is_done.set()
    assert [one.source.relative for one in outcomes] == ["b.png"]


def test_a_producer_is_never_more_than_a_window_ahead(folder: Path, tmp_path: Path) -> None:
    asked = 0

    def paths() -> Iterator[str]:
        nonlocal asked
        for number in range(5 * WINDOW):
            asked = number + 1
            yield str(folder / f"missing{number}.png")

    most = 0
    for done, _ in enumerate(ib.process(paths(), tmp_path / "out", RECIPE, stream=True, workers=0), 1):
        most = max(most, asked - done)
    assert asked == 5 * WINDOW
    assert most <= WINDOW + 2  # what the thread has in hand, and what is done here


def test_the_first_has_the_name(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a.png", folder / "a.jpeg")
    names = [folder / "a.png", folder / "a.jpeg", folder / "a.png", folder / "b.png"]
    report = ib.run(iter(names), tmp_path / "out", RECIPE, stream=True, workers=0)
    first, second, third = report.outcomes
    assert [first.status, second.status, third.status] == ["ok", "failed", "ok"]
    assert second.error is not None and second.error.kind == "exists" and "came first" in second.error.message
    assert report.counts["skipped"] == 1  # what was named before


def test_renditions_collide_file_by_file(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a.png", folder / "a.jpeg")
    recipe = ib.Recipe(outputs=list(ib.Output(format="png").renditions((2, 4))))
    report = ib.run(iter([folder / "a.png", folder / "a.jpeg"]), tmp_path / "out", recipe, stream=True, workers=0)
    first, second = report.outcomes
    assert first.ok and second.error is not None and second.error.kind == "exists"


def test_what_a_run_wrote_is_no_source_of_it(folder: Path) -> None:
    recipe = ib.Recipe(outputs=[ib.Output(format="bmp")])

    def paths() -> Iterator[str]:
        yield str(folder / "a.png")
        yield str(folder / "a.bmp")

    outcomes = ib.process(paths(), folder, recipe, stream=True, workers=0)
    assert [one.source.relative for one in outcomes if one.ok] == ["a.png"]


def test_a_foreign_file_is_the_failure_of_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("mine")
    report = ib.run(iter([folder / "a.png", folder / "b.png"]), tmp_path / "out", RECIPE, stream=True, workers=0)
    first, second = report.outcomes
    assert first.error is not None and first.error.kind == "exists" and second.ok
    assert (tmp_path / "out" / "a.png").read_text() == "mine"
    skips = ib.run(
        iter([folder / "a.png", folder / "b.png"]), tmp_path / "out", RECIPE, stream=True, workers=0, skip_existing=True
    )
    assert [one.status for one in skips.outcomes] == ["skipped", "unchanged"]
    names = ib.run(iter([folder / "a.png"]), tmp_path / "out", RECIPE, stream=True, workers=0, rename=True)
    assert [Path(one.path).name for one in names.outcomes[0].outputs] == ["a-1.png"]


def test_a_second_run_does_nothing_again(folder: Path, tmp_path: Path) -> None:
    for status in ("ok", "unchanged"):
        report = ib.run(iter([folder]), tmp_path / "out", RECIPE, stream=True, workers=0)
        assert [one.status for one in report.outcomes] == [status] * 3
    plan = ib.run([folder], tmp_path / "out", RECIPE, workers=0)
    assert [one.status for one in plan.outcomes] == ["unchanged"] * 3


def test_a_renamed_source_is_copied(folder: Path, tmp_path: Path) -> None:
    ib.run(iter([folder]), tmp_path / "out", RECIPE, stream=True, workers=0)
    (folder / "a.png").rename(folder / "z.png")
    report = ib.run(iter([folder / "z.png"]), tmp_path / "out", RECIPE, stream=True, workers=0)
    assert [one.changes[0].partition(":")[0] for one in report.outcomes] == ["renamed"]


def test_what_an_iterator_raises_is_raised_when_what_came_before_is_done(folder: Path, tmp_path: Path) -> None:
    def paths() -> Iterator[Path]:
        yield folder / "a.png"
        raise RuntimeError("the camera is off")

    outcomes = ib.process(paths(), tmp_path / "out", RECIPE, stream=True, workers=0)
    assert next(outcomes).ok
    with pytest.raises(RuntimeError, match="the camera is off"):
        next(outcomes)
    again = ib.run([folder / "a.png"], tmp_path / "out", RECIPE, workers=0)
    assert [one.status for one in again.outcomes] == ["unchanged"]


def test_a_source_that_vanishes_is_a_failure(folder: Path, tmp_path: Path) -> None:
    from imgbatch.planning.find import discover
    from imgbatch.runs.stream.stream_batch import StreamBatch

    candidates = list(discover([folder]))
    (folder / "b.png").unlink()
    batch = StreamBatch(candidates, tmp_path / "out", RECIPE, ib.Settings(stream=True, workers=0))
    errors = [outcome.error and outcome.error.kind for outcome in batch.outcomes()]
    assert errors == [None, "io", None]


def test_a_limit_of_files_ends_the_stream(folder: Path, tmp_path: Path) -> None:
    def endless() -> Iterator[Path]:
        number = 0
        while True:
            number += 1
            shutil.copy(folder / "a.png", folder / f"copy{number}.png")
            yield folder / f"copy{number}.png"

    report = ib.run(endless(), tmp_path / "out", RECIPE, stream=True, workers=0, max_files=3)
    assert report.counts["ok"] == 3 and report.exit_code == 0 and "--max-files" in report.reason


def test_a_closed_iterator_lets_the_producer_go(folder: Path, tmp_path: Path) -> None:
    def endless() -> Iterator[Path]:
        while True:
            yield folder / "a.png"

    outcomes = ib.process(endless(), tmp_path / "out", RECIPE, stream=True, workers=0)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert not [thread for thread in threading.enumerate() if thread.name == "imgbatch-arrivals"]


def test_nothing_comes_and_nothing_is_left(tmp_path: Path) -> None:
    report = ib.run(iter([]), tmp_path / "out", RECIPE, stream=True, workers=0)
    assert report.exit_code == 0 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"in_place": True}, "leave --stream out"),
        ({"prune": True}, "prune in a run without --stream"),
        ({"overwrite": True}, "use --rename or --skip-existing"),
        ({"shard": "0/2"}, "give each run a list of its own"),
        ({"max_failures": "5%"}, "nobody knows of how many"),
        ({"executor": "dask"}, "leave one of them out"),
    ],
)
def test_what_cannot_be_streamed_is_refused_in_a_sentence(words: dict[str, object], sentence: str) -> None:
    with pytest.raises(ib.UsageError, match=sentence):
        ib.Settings(stream=True, **words)  # type: ignore[arg-type]  # the fields of Settings
