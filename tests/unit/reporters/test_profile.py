"""Does the profile add up, and does it name the right limit?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Cost, Failure, Outcome, Source
from imgbatch.core.report import Report
from imgbatch.reporters.profile import Profile, Tally, limit

SAMPLES = Path(__file__).parents[3] / "sample_images"


def outcome(ms: dict[str, float], cost: Cost | None = None, index: int = 0) -> Outcome:
    return Outcome(index, Source("/p/a.jpg", "p", "a.jpg"), "ok", ms=ms, cost=cost)


def profile_lines(outcomes: list[Outcome], seconds: float, workers: int = 2) -> list[str]:
    lines: list[str] = []
    report = Report(seconds=seconds)
    for one in outcomes:
        report.add(one)
    Profile(lines.append, workers, cpu=lambda: 0.0).finish(report)
    return lines


def test_tables_add_up() -> None:
    lines = profile_lines([
        outcome({"read": 10, "decode": 200, "ops": 90}, Cost("jpeg", 4 * 10**6, {"resize": 60, "blur": 20}, 300, 0)),
        outcome({"read": 10, "decode": 100, "ops": 90}, Cost("png", 2 * 10**6, {"resize": 90}, 200, 0)),
    ], 0.25)  # fmt: skip
    assert lines[0] == "profile: 2 files, 6.0 MPix, 0.25 s, 24.0 MPix/s, 2 workers"
    cells = [line.split() for line in lines]
    assert ["decode", "0.30", "60%", "150.00"] in cells
    assert ["ops", "0.18", "36%", "90.00"] in cells
    assert ["jpeg", "1", "4.0", "300.00", "13.3"] in cells
    assert ["png", "1", "2.0", "200.00", "10.0"] in cells
    assert ["resize", "0.15", "30%", "75.00"] in cells
    assert ["blur", "0.02", "4%", "20.00"] in cells
    assert lines[-1] == "  limit: the processors, in decode (60% of the workers' time)"


@pytest.mark.parametrize(
    ("ms", "cpu", "seconds", "parent", "words"),
    [
        ({"read": 100, "decode": 900}, 950, 0.55, 0.1, "the processors, in decode (90%"),
        ({"read": 500, "decode": 400, "write": 100}, 450, 0.55, 0.1, "the disk: reading and writing took 60%"),
        ({"decode": 900, "encode": 100}, 300, 0.55, 0.1, "waiting for a processor or for memory: workers computed 30%"),
        ({"decode": 100}, 100, 1.0, 0.2, "start-up and waiting for work: workers were busy 5%"),
        ({"decode": 100}, 100, 1.0, 0.9, "the parent process, which was busy 90%"),
    ],
)
def test_the_limit(ms: dict[str, float], cpu: float, seconds: float, parent: float, words: str) -> None:
    assert limit(Tally([outcome(ms, Cost("jpeg", 1, {}, cpu, 0))]), seconds, 2, parent).startswith(words)


def test_pixels_that_no_decoder_has_seen_are_no_throughput() -> None:
    """A header of a broken file may promise 100 MPix; they were done in no time."""
    bomb = outcome({"read": 1, "decode": 1}, Cost("jpeg", 10**8, {}, 2, 0))
    late = outcome({"read": 1, "decode": 98, "encode": 1}, Cost("jpeg", 10**7, {}, 98, 0))
    lines = profile_lines([
        replace(bomb, status="failed", error=Failure("too_large", "decode", "")),
        replace(late, status="failed", error=Failure("target", "encode", "")),
    ], 0.1)  # fmt: skip
    assert lines[0] == "profile: 2 files, 10.0 MPix, 0.10 s, 100.0 MPix/s, 2 workers"
    assert ["jpeg", "2", "10.0", "51.00", "98.0"] in [line.split() for line in lines]


def test_lost_files_are_not_taken_for_idle_workers() -> None:
    lost = replace(outcome({}), status="timeout")
    done = outcome({"decode": 10}, Cost("jpeg", 1, {}, 10, 0))
    assert profile_lines([lost, lost], 1.0) == [
        "profile: nothing was finished; not counted: 2 files that timed out or crashed"
    ]
    assert profile_lines([done, lost], 1.0)[-1] == "  not counted: 1 file that timed out or crashed"


def test_a_run_without_work_says_so() -> None:
    assert profile_lines([], 0.1) == ["profile: nothing was done"]


@pytest.mark.parametrize("workers", [0, 1])
def test_outcomes_say_what_they_cost_only_when_asked(workers: int, tmp_path: Path) -> None:
    picture = SAMPLES / "orientation" / "orientation-6.jpg"
    recipe = ib.Recipe([ib.Resize("64"), ib.Blur(1), ib.Blur(2)])
    (plain,) = ib.run([picture], tmp_path / "a", recipe, workers=workers).outcomes
    (profiled,) = ib.run([picture], tmp_path / "b", recipe, workers=workers, profile=True).outcomes
    assert plain.cost is None
    cost = profiled.cost
    assert cost is not None
    with Image.open(picture) as image:
        assert (cost.format, cost.pixels) == ("jpeg", image.width * image.height)
    assert sorted(cost.steps) == ["blur", "resize"]
    assert 0 < sum(cost.steps.values()) <= profiled.ms["ops"]
    assert cost.cpu_ms > 0
    assert cost.memory > 10**6
    assert set(profiled.record()) == set(plain.record())
    assert (tmp_path / "a/orientation-6.jpg").read_bytes() == (tmp_path / "b/orientation-6.jpg").read_bytes()


def test_frames_count_and_a_broken_file_costs_something(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), (40 * n, 0, 0)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    whole, broken = ib.run([tmp_path], tmp_path / "out", workers=0, profile=True, no_plan=True).outcomes
    assert whole.cost is not None
    assert (whole.cost.format, whole.cost.pixels) == ("gif", 600)
    assert broken.status == "failed"
    assert broken.cost is not None
    assert (broken.cost.format, broken.cost.pixels) == ("", 0)
