"""Does ``imgbatch dupes`` say what is there twice, and touch nothing?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Run, damage, tree

DUNES = ROOT / "sample_images/travel/2023/desert/dunes.jpg"


@pytest.fixture
def copies(place: Path) -> Path:
    """Beside the plain pictures a photo, its copy, and a smaller one; all older than the store's clock is coarse."""
    photos = place / "photos"
    shutil.copy(DUNES, photos / "dunes.jpg")
    shutil.copy(DUNES, photos / "trip/a copy\n.jpg")
    with Image.open(DUNES) as image:
        image.resize((480, 320)).save(photos / "small.jpg")
    for path in photos.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return photos


@pytest.mark.parametrize("workers", ["0", "2"])
def test_groups_are_text_on_stdout(run: Run, copies: Path, place: Path, workers: str) -> None:
    before = tree(copies)
    done = run("dupes", "photos", "--state", "state", "-j", workers)
    assert done.returncode == 0
    kilobytes = f"{(copies / 'small.jpg').stat().st_size / 1000:.1f} kB"
    assert done.stdout.splitlines()[:3] == [
        "stays         photos/dunes.jpg  1600x1067, 123 kB",
        "same bytes    photos/trip/a copy\\n.jpg  1600x1067, 123 kB",
        f"near (1)      photos/small.jpg  480x320, {kilobytes}",
    ]
    assert "2 files of 1 group could go: " in done.stdout and "6 ok, 1 skipped" in done.stderr
    again = run("dupes", "photos", "--state", "state", "-j", workers)
    assert again.stdout == done.stdout and "0 ok, 6 unchanged" in again.stderr
    assert tree(copies) == before


def test_without_state_it_lies_in_the_users_folder(run: Run, copies: Path, place: Path) -> None:
    home = str(place / "home")
    run("dupes", "photos", XDG_STATE_HOME=home)
    assert [path.name for path in Path(home).rglob("*.sqlite")] == ["fingerprints.sqlite"]
    assert "6 unchanged" in run("dupes", "photos", XDG_STATE_HOME=home).stderr
    assert "6 ok" in run("dupes", "photos/trip", "photos", XDG_STATE_HOME=home).stderr  # another search


def test_print0_names_what_could_go_so_that_it_can_be_deleted(run: Run, copies: Path, place: Path) -> None:
    done = run("dupes", "photos", "--print0", "--likeness", "bytes", "-Q", "--state", "state")
    assert (done.stdout, done.stderr) == ("photos/trip/a copy\n.jpg\0", "")
    assert not (place / "state").exists()  # bytes are compared in no time
    done = run("dupes", "photos", "--print0", "--state", "state")
    subprocess.run(["xargs", "-0", "rm"], input=done.stdout.encode(), cwd=place, check=True)
    assert {path.name for path in copies.rglob("*.*")} == {"a.jpg", "b.jpg", "c.png", "dunes.jpg", "notes.txt"}
    done = run("dupes", "photos", "--state", "state")
    assert done.stdout == "no duplicates among 4 files\n"


def test_a_name_that_is_no_text_is_printed_byte_for_byte(run: Run, copies: Path, place: Path) -> None:
    shutil.copy(DUNES, copies / os.fsdecode(b"\xff.jpg"))
    done = run("dupes", "photos", "--print0", "--likeness", "bytes")
    assert os.fsencode(done.stdout) == b"photos/trip/a copy\n.jpg\0photos/\xff.jpg\0"
    assert "\\udcff.jpg" in run("dupes", "photos", "--likeness", "bytes").stdout
    assert "\\\\udcff.jpg" in run("dupes", "photos", "--likeness", "bytes", "--json").stdout


def test_json_is_one_object_a_line(run: Run, copies: Path) -> None:
    damage(copies / "a.jpg")
    done = run("dupes", "photos", "--json", "--state", "state")
    assert done.returncode == 1
    group, failure, sums = map(json.loads, done.stdout.splitlines())
    assert (group["event"], group["likeness"]) == ("group", "near")
    assert [one["likeness"] for one in group["others"]] == ["bytes", "near"]
    assert (failure["event"], failure["source"], failure["error"]["kind"]) == ("file", "a.jpg", "truncated")
    assert (sums["event"], sums["files"], sums["failed"], sums["groups"], sums["spare"]) == ("duplicates", 6, 1, 1, 2)
    assert "failed: photos/a.jpg" in done.stderr


def test_reports_show_the_groups(run: Run, copies: Path, place: Path) -> None:
    words = ["--report", "d.json", "--report", "d.html", "--report", "d.csv", "--state", "state"]
    assert run("dupes", "photos", *words).returncode == 0
    group, sums = json.loads((place / "d.json").read_text())
    assert group["event"] == "group" and sums["spare"] == 2
    page = (place / "d.html").read_text()
    assert "Content-Security-Policy" in page and "./photos/trip/a%20copy%0A.jpg" in page and "stays" in page
    assert (place / "d.csv").read_text().startswith("status,")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threshold", "17"], "expected a whole number from 0 to 16 for threshold, got 17"),
        (["--threshold", "near"], "expected a whole number of bits such as 8 for --threshold, got 'near'"),
        (["--likeness", "byte"], "did you mean 'bytes'?"), (["--json", "--print0"], "--json or --print0"),
        (["--report", "photos"], "folder"), (["--report", "x.txt"], ".html"), (["-o", "out"], "-o"),
        (["--report", "photos/a.jpg.html", "no-such-folder"], "no-such-folder"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(run: Run, place: Path, words: list[str], message: str) -> None:
    done = run("dupes", "photos", *words, "--state", "state")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr


def test_an_early_stop_prints_no_groups_and_loses_nothing(run: Run, copies: Path, place: Path) -> None:
    damage(copies / "a.jpg")
    done = run("dupes", "photos", "--fail-fast", "--state", "state", "--report", "d.json")
    assert (done.returncode, done.stdout) == (4, "") and "no groups" in done.stderr
    assert not (place / "d.json").exists()


def test_a_damaged_store_is_said_and_made_anew(run: Run, copies: Path, place: Path) -> None:
    run("dupes", "photos", "--state", "state")
    (file,) = (place / "state").rglob("*.sqlite")
    file.write_bytes(b"x" * 5000)
    done = run("dupes", "photos", "--state", "state")
    assert done.returncode == 0 and "6 ok" in done.stderr and "damaged" in done.stderr
    assert "6 unchanged" in run("dupes", "photos", "--state", "state").stderr


@pytest.mark.parametrize("words", [["photos"], ["linked", "photos"], ["photos/soft.jpg", "photos/dunes.jpg"]])
@pytest.mark.parametrize("likeness", ["bytes", "pixels", "near"])
def test_what_could_go_is_never_the_only_copy(
    run: Run, copies: Path, place: Path, words: list[str], likeness: str
) -> None:
    os.link(copies / "dunes.jpg", copies / "hard.jpg")
    (copies / "soft.jpg").symlink_to("dunes.jpg")
    (place / "linked").symlink_to("photos")
    content = DUNES.read_bytes()
    done = run("dupes", *words, "--print0", "--likeness", likeness, "--state", "state")
    assert "(links), and no group names it twice" in done.stderr
    subprocess.run(["xargs", "-0r", "rm"], input=done.stdout.encode(), cwd=place, check=True)
    assert any(path.exists() and path.read_bytes() == content for path in copies.rglob("*.jpg"))
    named = [path for path in words if path.endswith(".jpg")]
    assert done.stdout == "" if named else done.stdout.count("a copy") == 1
    assert "dunes.jpg" not in done.stdout and "hard.jpg" not in done.stdout


def test_a_link_gives_its_place_to_the_file_with_all_that_is_known_of_it(run: Run, place: Path) -> None:
    folder = place / "pixels"
    folder.mkdir()
    with Image.open(DUNES) as image:
        image.save(folder / "z.bmp")
        image.save(folder / "y.png")
    (folder / "a.bmp").symlink_to("z.bmp")
    done = run("dupes", "pixels", "--print0", "--likeness", "pixels", "--state", "state")
    assert done.stdout == "pixels/y.png\0"


def test_files_that_changed_places_are_looked_at_again(run: Run, place: Path) -> None:
    """Of one size and one time: their numbers say nothing, as where frames of a scan are renamed."""
    folder = place / "scans"
    folder.mkdir()
    with Image.open(DUNES) as image:
        for name, turn in (("1", 0), ("2", 0), ("3", 180)):
            image.rotate(turn).save(folder / f"{name}.bmp")
            os.utime(folder / f"{name}.bmp", (1_700_000_000, 1_700_000_000))
    words = ["dupes", "scans", "--print0", "--likeness", "pixels", "--state", "state"]
    assert run(*words).stdout == "scans/2.bmp\0"
    for name, other in (("2", "0"), ("3", "2"), ("0", "3")):
        os.rename(folder / f"{name}.bmp", folder / f"{other}.bmp")
    done = run(*words)
    assert done.stdout == "scans/3.bmp\0" and "2 ok, 1 unchanged" in done.stderr
