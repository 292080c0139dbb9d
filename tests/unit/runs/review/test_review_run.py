"""Are the files of a run looked at again in the order in which they are wanted, and only as long as time allows?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.core.errors import HostError
from imgbatch.core.job import Failure, Outcome, ReviewOutcome, Source, Written
from imgbatch.core.report import ExitCode
from imgbatch.core.run_settings import Settings
from imgbatch.reporters.files.json_csv import JsonFile
from imgbatch.reporters.page import pictures
from imgbatch.reporters.page.pictures import Candidates, Look, Wish, looks
from imgbatch.reporters.page.run_page import RunPage
from imgbatch.runs.check import CheckRun
from imgbatch.runs.review.review_run import ReviewRun, lend_review, review


def outcome_of(folder: Path, name: str, size: int = 100, pixels: int = 60) -> Outcome:
    """A file and its output, both there."""
    for place in (folder / "in", folder / "out"):
        place.mkdir(exist_ok=True)
        Image.linear_gradient("L").resize((pixels, pixels)).save(place / name)
    source = Source(str(folder / "in" / name), str(folder / "in"), name, size)
    return Outcome(0, source, "ok", (Written(0, str(folder / "out" / name), "png", pixels, pixels, size),))


def run_of(folder: Path, workers: int = 0) -> CheckRun:
    return CheckRun([str(folder)], Settings(workers=workers))


def seen(items: list[Look]) -> list[tuple[int, bool, float | None]]:
    return [(look.row, bool(look.thumbnail), look.ssim and round(look.ssim, 3)) for look in items]


@pytest.mark.parametrize("workers", [0, 2])
def test_thumbnails_and_likenesses_come_for_their_rows(tmp_path: Path, workers: int) -> None:
    one = outcome_of(tmp_path, "a.png")
    lost = outcome_of(tmp_path, "lost.png")
    os.remove(lost.outputs[0].path)
    wishes = [Wish(7, one, one.outputs[0]), Wish(8, lost, lost.outputs[0]), Wish(9, one, None)]
    wishes.append(Wish(7, one, one.outputs[0], compares=True))
    items = seen(list(review(run_of(tmp_path, workers), wishes, 60)))
    assert sorted(items, key=str) == [(7, False, 1.0), (7, True, None), (8, False, None), (9, True, None)]


def test_nothing_is_begun_when_the_time_is_over(tmp_path: Path) -> None:
    one = outcome_of(tmp_path, "a.png", pixels=300)
    wishes = [Wish(row, one, one.outputs[0]) for row in range(2000)]
    assert len(list(review(run_of(tmp_path), wishes, 0.05))) < 2000


def test_it_ends_with_the_run(tmp_path: Path) -> None:
    one = outcome_of(tmp_path, "a.png")
    run = run_of(tmp_path)
    count = 0
    for _ in review(run, [Wish(row, one, one.outputs[0]) for row in range(50)], 60):
        count += 1
        run.fail("enough")
    assert count < 3


def test_nobody_looks_at_a_run_that_was_ended(tmp_path: Path) -> None:
    one = outcome_of(tmp_path, "a.png")
    run = run_of(tmp_path)
    run.report.stopped = ExitCode.INTERRUPTED
    assert list(review(run, [Wish(0, one, one.outputs[0])], 60)) == []


def test_only_reporters_that_show_pictures_get_some(tmp_path: Path) -> None:
    reporters = [RunPage("r.html"), JsonFile("r.json")]
    lend_review(run_of(tmp_path), reporters)
    assert [reporter.review is None for reporter in reporters] == [False, True]


def test_a_host_without_workers_has_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise HostError("no process")

    monkeypatch.setattr(ReviewRun, "_work", refuse)
    one = outcome_of(tmp_path, "a.png")
    assert list(review(run_of(tmp_path), [Wish(0, one, one.outputs[0])], 60)) == []


def test_failures_and_the_first_files_are_wanted_then_how_good_the_suspects_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_FIRST", 2)
    monkeypatch.setattr(pictures, "MOST_FAILURES", 1)
    monkeypatch.setattr(pictures, "MOST_SUSPECTS", 2)
    candidates = Candidates()
    failure = Failure("truncated", "decode", "it ends")
    for row, size in enumerate([900, 0, 500, 700, 20, 0, 30]):
        outcome = outcome_of(tmp_path, f"{row}.png", size)
        candidates.add(row, outcome if size else Outcome(row, outcome.source, "failed", error=failure))
    wishes = candidates.wishes()
    assert [(wish.row, wish.compares) for wish in wishes] == [
        (1, False), (0, False), (2, False), (4, False), (6, False), (4, True), (6, True), (0, True), (2, True),
    ]  # fmt: skip
    assert wishes[0].output is None and wishes[1].output is not None


def test_rows_that_came_with_a_thumbnail_need_no_look(tmp_path: Path) -> None:
    one = outcome_of(tmp_path, "a.png")
    values = {name: getattr(one, name) for name in Outcome.__match_args__}
    candidates = Candidates()
    candidates.add(3, ReviewOutcome(**values, thumbnail=b"picture"))
    assert [(wish.row, wish.compares) for wish in candidates.wishes()] == [(3, True)]
    assert list(looks(None, candidates, 1.0)) == [[3, "data:image/jpeg;base64,cGljdHVyZQ==", None]]


def test_looking_takes_a_small_share_of_the_time_of_the_run(tmp_path: Path) -> None:
    one = outcome_of(tmp_path, "a.png")
    candidates = Candidates()
    candidates.add(0, one)
    times: list[float] = []

    def look(wishes: object, seconds: float) -> list[Look]:
        times.append(seconds)
        return [Look(0, b"picture", None), Look(0, b"", 0.98765), Look(1, b"", None)]

    for seconds in (1.0, 100.0, 100_000.0):
        items = list(looks(look, candidates, seconds))
        assert items == [[0, "data:image/jpeg;base64,cGljdHVyZQ==", None], [0, "", 0.9877]]
    assert times == [0.5, 2.0, 30.0]
    assert list(looks(None, candidates, 1.0)) == list(looks(look, Candidates(), 1.0)) == []
