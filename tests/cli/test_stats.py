"""Does ``imgbatch stats`` print, draw and write what was found, and nothing else?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run, damage, tree


def test_the_figures_are_text_on_stdout(run: Run) -> None:
    done = run("stats", "photos")
    assert done.returncode == 0
    assert "3 images" in done.stdout and "measured as RGB" in done.stdout
    for word in ("red", "green", "blue", "mean", "std", "width", "80 to 82 px, median 81", "jpeg (2), png (1)", "RGB"):
        assert word in done.stdout
    assert "3 ok, 1 skipped" in done.stderr


@pytest.mark.parametrize("workers", ["0", "1", "2", "4"])
def test_json_is_one_object_of_equal_bytes(run: Run, workers: str) -> None:
    alone = run("stats", "photos", "--json", "-j0").stdout
    done = run("stats", "photos", "--json", "-j", workers)
    assert done.stdout == alone and done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert (found["images"], found["failed"], found["pixels"]) == (3, 0, 60 * (80 + 81 + 82))
    assert "seconds" not in done.stdout


def test_a_file_that_fails_is_exit_1_and_in_the_json(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    done = run("stats", "photos", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["images"], found["failed"]) == (2, 1)
    assert found["failures"] == [
        {"status": "failed", "root": "photos", "source": "a.jpg", "error": found["failures"][0]["error"]}
    ]
    assert found["failures"][0]["error"]["kind"] == "truncated"
    assert run("stats", "photos", "--fail-on", "none").returncode == 0


def test_the_line_for_torch_and_nothing_else(run: Run) -> None:
    done = run("stats", "photos", "--normalize-for", "torch")
    assert done.stdout.startswith("transforms.Normalize(mean=[0.") and done.stdout.count("\n") == 1


def test_pictures_are_written_where_they_were_asked_for(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    done = run("stats", "photos", "--plot", "plot.png", "--mean-image", "mean.png", "--mode", "L")
    assert done.returncode == 0
    with Image.open(place / "plot.png") as plot, Image.open(place / "mean.png") as mean:
        assert (plot.size, mean.size, mean.mode) == ((960, 540), (256, 256), "L")
    run("stats", "photos", "--resize", "24x16,fit=cover", "--mean-image", "mean.png")
    with Image.open(place / "mean.png") as mean:
        assert mean.size == (24, 16)
    assert tree(place / "photos") == before
    assert {path.name for path in place.iterdir()} == {"photos", "plot.png", "mean.png"}


def test_operations_filters_and_lists(run: Run, place: Path) -> None:
    found = json.loads(run("stats", "photos", "--crop", "10x10", "-E", "*.png", "--json").stdout)
    assert (found["pixels"], found["formats"]) == (200, {"jpeg": 2})
    found = json.loads(run("stats", "--files-from", "-", "-0", "--json", input="photos/a.jpg\0photos/trip\0").stdout)
    assert found["images"] == 3


def test_weight_by_image(run: Run, place: Path) -> None:
    shutil.rmtree(place / "photos")
    (place / "photos").mkdir()
    Image.new("L", (30, 30), 0).save(place / "photos/large.png")
    Image.new("L", (2, 2), 255).save(place / "photos/small.png")
    assert json.loads(run("stats", "photos", "--weight", "image", "--json").stdout)["mean"] == [0.5] * 3
    assert json.loads(run("stats", "photos", "--json").stdout)["mean"] == [4 / 904] * 3


def test_reports_and_the_failed_list_are_as_in_a_run(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    run("stats", "photos", "--report", "r.json", "--failed-list", "bad.txt")
    assert "a.jpg" in (place / "bad.txt").read_text()
    assert [record["event"] for record in json.loads((place / "r.json").read_text())] == ["file"] * 3 + ["summary"]


def test_nothing_found_is_no_error(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    done = run("stats", "empty", "--plot", "plot.png")
    assert done.returncode == 0 and done.stdout.startswith("0 images") and (place / "plot.png").exists()


def test_stopped_early_prints_no_figures(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    done = run("stats", "photos", "--fail-fast", "--json", "--plot", "plot.png", "-j0")
    assert done.returncode == 4 and done.stdout == "" and not (place / "plot.png").exists()
    assert "no statistics" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["photos", "--mode", "HSV"], "unknown mode 'HSV'"),
        (["photos", "--weight", "size"], "unknown weight 'size'"),
        (["photos", "--plot", "x.jpg"], "ending in .png"),
        (["photos", "--plot", "photos/trip/c.png"], "got the picture"),
        (["photos", "--mean-image", "dir.png"], "got the folder"),
        (["photos", "--normalize-for", "caffe"], "unknown framework"),
        (["photos", "--normalize-for", "torch", "--json"], "got both"),
        (["photos", "-o", "out"], "unknown flag -o"),
        (["photos", "--quality", "3"], "unknown flag --quality"),
        (["nowhere"], "no such file or folder"),
        ([], "expected SRC"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, place: Path, words: list[str], said: str) -> None:
    (place / "dir.png").mkdir()
    before = tree(place)
    done = run("stats", *words)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert tree(place) == before


def test_help_shows_its_own_flags_only(run: Run) -> None:
    done = run("stats", "--help-all")
    assert done.returncode == 0
    assert "--mean-image" in done.stdout and "--timeout" in done.stdout
    assert "--quality" not in done.stdout and "--output" not in done.stdout
    assert "stats SRC..." in run("--help").stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_measures_what_it_writes_in_the_same_pass(run: Run, place: Path, workers: str) -> None:
    damage(place / "photos" / "a.jpg")
    words = ["photos", "-o", "out", "--resize", "40", "-f", "png", "--widths", "20,30", "-j", workers]
    done = run("run", *words, "--stats", "made.json")
    assert done.returncode == 1  # one of the photos is broken
    measured = json.loads(run("stats", "out", "--json", "-j", "0").stdout)
    said = json.loads((place / "made.json").read_text())
    assert len(said.pop("failures")) == said.pop("failed") == 1
    assert said["pixels"] and said.items() <= measured.items()


def test_what_a_run_left_alone_is_in_no_figure(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "out", "--resize", "40")
    run("run", "photos", "-o", "out", "--resize", "40", "--stats", "made.json")
    said = json.loads((place / "made.json").read_text())
    assert (said["images"], said["pixels"], said["mean"]) == (0, 0, [None] * 3)


def test_the_figures_of_a_run_replace_no_picture(run: Run, place: Path) -> None:
    assert "--stats" in run("run", "photos", "-o", "out", "--stats", "photos/a.jpg").stderr
