"""Does ``imgbatch pack`` write one array and its index: whole or not at all, and nothing over anything?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import PlanError
from imgbatch.datasets.pack import PackRun
from tests.cli.conftest import COMMAND, Run, damage, environment, tree

COVER = ("--resize", "32x24,fit=cover")


def index(place: Path, name: str = "x.json") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((place / name).read_text())
    return read


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_array_and_its_index(run: Run, place: Path, workers: str) -> None:
    before = tree(place / "photos")
    done = run("pack", "photos", "-o", "x.npy", *COVER, "-j", workers)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("3 ok, 1 skipped (")
    images = numpy.load(place / "x.npy", mmap_mode="r")
    assert (images.shape, images.dtype) == ((3, 24, 32, 3), numpy.uint8)
    with ib.load(place / "photos", ib.Resize("32x24", fit="cover"), workers=0) as batch:
        assert numpy.array_equal(images, batch.images)
    assert index(place) == {
        "v": 1,
        "shape": [3, 24, 32, 3],
        "dtype": "uint8",
        "mode": "RGB",
        "images": [
            {"source": name, "root": "photos", "row": row, "valid": True}
            for row, name in enumerate(["a.jpg", "trip/b.jpg", "trip/c.png"])
        ],
        "failures": [],
    }
    assert sorted(os.listdir(place)) == ["photos", "x.json", "x.npy"]
    assert tree(place / "photos") == before


def test_a_failed_file_is_a_row_of_zeros_and_exit_code_1(run: Run, place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    done = run("pack", "photos", "-o", "deep/er/x.npy", *COVER, "--json")
    assert done.returncode == 1
    assert "failed: photos/trip/b.jpg: truncated in decode" in done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record.get("status") for record in records] == ["ok", "failed", "ok", None]
    assert records[-1]["exit_code"] == 1
    told = index(place, "deep/er/x.json")
    assert [image["valid"] for image in told["images"]] == [True, False, True]
    (failure,) = told["failures"]
    assert (failure["row"], failure["source"], failure["error"]["kind"]) == (1, "trip/b.jpg", "truncated")
    images = numpy.load(place / "deep/er/x.npy")
    assert [bool(image.any()) for image in images] == [True, False, True]
    assert run("pack", "photos", "-o", "y.npy", *COVER, "--fail-on", "none").returncode == 0


def test_pack_takes_lists_operations_modes_reports_and_filters_as_run_does(run: Run, place: Path) -> None:
    words = ("pack", "--files-from", "-", "-0", "-o", "x.npy", *COVER, "--flip", "--mode", "L", "--spill", "spill")
    done = run(*words, "--report", "r.csv", "-Q", input="photos/trip/c.png\0photos/a.jpg\0")
    assert (done.returncode, done.stderr) == (0, "")
    images = numpy.load(place / "x.npy")
    assert images.shape == (2, 24, 32, 1)
    assert [image["source"] for image in index(place)["images"]] == ["c.png", "a.jpg"]
    assert os.listdir(place / "spill") == []
    assert (place / "r.csv").read_text().count("\n") == 3
    run("pack", "photos", "-E", "trip/**", "-o", "y.npy", *COVER)
    assert index(place, "y.json")["shape"][0] == 1


def test_no_images_are_no_rows(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    done = run("pack", "empty", "-o", "x.npy", *COVER)
    assert done.returncode == 0
    assert "(no images were found)" in done.stderr
    assert numpy.load(place / "x.npy").shape == (0, 24, 32, 3)
    assert index(place)["images"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["photos", "-o", "x.npy"], "expected operations that give every image one size, such as Resize("),
        (["photos", "-o", "x.npy", "--resize", "300"], "got Resize(size='300')"),
        (["photos", *COVER], "expected -o OUT.npy: where the results go; see imgbatch pack --help"),
        (["-o", "x.npy", *COVER], "expected SRC: a file, a folder or a quoted glob; see imgbatch pack --help"),
        (["photos", "-o", "x.png", *COVER], "expected a file name ending in .npy"),
        (["photos", "-o", "x.npy", *COVER, "--mode", "CMYK"], "unknown mode 'CMYK'"),
        (["photos", "-o", "x.npy", *COVER, "-f", "webp"], "expected -o X.tar or X.parquet for --format"),
        (["photos", "-o", "x.npy", *COVER, "--moed", "L"], "did you mean --mode?"),
        (["fotos", "-o", "x.npy", *COVER], "no such file or folder; did you mean photos?"),
        (["photos", "-o", "x.npy", *COVER, "--failed-list", "photos/a.jpg"], "got the picture 'photos/a.jpg'"),
        (["photos", "-o", "x.npy", *COVER, "--report", "x.json"], "expected a file name of its own for a report"),
    ],
)
def test_wrong_words_write_nothing(run: Run, place: Path, words: list[str], said: str) -> None:
    done = run("pack", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(place) == ["photos"]


def test_nothing_is_overwritten_unless_asked(run: Run, place: Path) -> None:
    for name in ("x.npy", "x.json"):
        (place / name).write_text("mine")
        done = run("pack", "photos", "-o", "x.npy", *COVER)
        assert done.returncode == 2
        assert f"{name} is in the way; replace it with --overwrite, or choose another -o" in done.stderr
        assert (place / name).read_text() == "mine"
        (place / name).unlink()
    assert run("pack", "photos", "-o", "x.npy", *COVER).returncode == 0
    done = run("pack", "photos/a.jpg", "-o", "x.npy", *COVER, "--overwrite")
    assert done.returncode == 0
    assert index(place)["shape"] == list(numpy.load(place / "x.npy").shape) == [1, 24, 32, 3]
    (place / "x.npy").unlink()
    (place / "x.npy").mkdir()
    assert "x.npy is a folder" in run("pack", "photos", "-o", "x.npy", *COVER, "--overwrite").stderr


def test_a_source_is_never_overwritten(run: Run, place: Path) -> None:
    (place / "a.npy").write_bytes((place / "photos/a.jpg").read_bytes())
    (place / "b.npy").symlink_to("photos/a.jpg")
    before = (place / "photos/a.jpg").read_bytes()
    for name in ("a.npy", "b.npy"):
        done = run("pack", "a.npy", "photos", "-o", name, *COVER, "--overwrite")
        assert done.returncode == 2
        assert "is one of the sources, which are never overwritten" in done.stderr
        assert (place / name).read_bytes() == before


def test_what_appears_meanwhile_is_kept(place: Path) -> None:
    for name in ("x.npy", "x.json"):
        packing = PackRun([place / "photos"], [ib.Resize("32x24!")], place / "x.npy", settings=ib.Settings(workers=0))
        packing.prepare()
        outcomes = packing.outcomes()
        next(outcomes)
        (place / name).write_text("theirs")
        with pytest.raises(PlanError, match=f"{name} has appeared meanwhile"):
            list(outcomes)
        assert (place / name).read_text() == "theirs"
        (place / name).unlink()
        assert os.listdir(place) == ["photos"]


def test_a_disk_that_is_full_at_the_end_keeps_the_pair_that_was_there(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "x.npy").write_text("old")
    (place / "x.json").write_text("old")
    packing = PackRun(
        [place / "photos"], [ib.Resize("32x24!")], place / "x.npy", settings=ib.Settings(workers=0, overwrite=True)
    )
    packing.prepare()

    def full(index: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("imgbatch.datasets.pack._lines", full)
    with pytest.raises(OSError, match="No space"):
        list(packing.outcomes())
    assert tree(place).items() >= {"x.npy": b"old", "x.json": b"old"}.items()
    assert sorted(os.listdir(place)) == ["photos", "x.json", "x.npy"]


# -- signals -----------------------------------------------------------------------------------------------------------

SLOW = ["pack", "many", "-o", "x.npy", "--resize", "900x600!,upscale", "--median", "7", "--json"]


def start_pack(place: Path, workers: str) -> subprocess.Popen[bytes]:
    """A slow pack of sixty pictures that has had its first outcome."""
    (place / "many").mkdir(exist_ok=True)
    Image.effect_noise((300, 200), 80).save(place / "many/0.png")
    for number in range(1, 60):
        (place / f"many/{number:02}.png").write_bytes((place / "many/0.png").read_bytes())
    started = subprocess.Popen(
        [*COMMAND, *SLOW, "-j", workers], cwd=place, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert started.stdout is not None
    assert started.stdout.readline()
    return started


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_behind(place: Path, number: signal.Signals, code: int, workers: str) -> None:
    started = start_pack(place, workers)
    assert [name for name in os.listdir(place) if name.endswith(".tmp")]
    started.send_signal(number)
    out, said = started.communicate(timeout=90)
    assert started.returncode == code
    assert b"nothing was written" in said
    assert b"Traceback" not in said
    assert json.loads(out.splitlines()[-1])["remaining"] > 0
    assert sorted(os.listdir(place)) == ["many", "photos"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_two_signals_end_at_once_and_leave_nothing_behind(place: Path, workers: str) -> None:
    started = start_pack(place, workers)
    started.send_signal(signal.SIGINT)
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(timeout=90)
    assert started.returncode in (130, 143)
    assert b"Traceback" not in said
    assert sorted(os.listdir(place)) == ["many", "photos"]


def test_a_stop_after_failures_writes_nothing(run: Run, place: Path) -> None:
    for name in ("a.jpg", "trip/b.jpg"):
        damage(place / "photos" / name)
    done = run("pack", "photos", "-o", "x.npy", *COVER, "--fail-fast")
    assert done.returncode == 4
    assert "nothing was written" in done.stderr
    assert os.listdir(place) == ["photos"]


def wait_until(until: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.02)
    return until()


def test_what_a_killed_pack_left_is_swept_by_the_next(run: Run, place: Path) -> None:
    started = start_pack(place, "2")
    started.kill()
    started.communicate()
    assert [name for name in os.listdir(place) if name.endswith(".tmp")]
    assert wait_until(lambda: run("pack", "photos", "-o", "y.npy", *COVER, "--overwrite").returncode == 0)
    assert sorted(os.listdir(place)) == ["many", "photos", "y.json", "y.npy"]


def test_help_names_what_pack_takes_and_no_more(run: Run) -> None:
    page = run("pack", "--help-all").stdout
    for flag in ("--resize", "--mode", "--spill", "-j, --workers", "-E, --exclude", "--files-from", "--overwrite"):
        assert flag in page
    for flag in ("--progressive", "--recipe", "--flat ", "--force", "--dry-run"):
        assert flag not in page
