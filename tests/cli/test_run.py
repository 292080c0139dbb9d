"""Does ``imgbatch run`` do what INTERFACE.md promises: files, streams, exit codes?"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from imgbatch.storage.lock import Lock
from tests.cli.conftest import Run, damage, tree


@pytest.fixture
def run(cold_run: Run) -> Run:
    """The command as a shell starts it: these show what everybody does first."""
    return cold_run


def test_a_folder_is_mirrored(run: Run, place: Path) -> None:
    done = run("run", "photos", "-o", "web", "--resize", "40", "-f", "webp")
    assert (done.returncode, done.stdout) == (0, "")
    assert list(tree(place / "web")) == ["a.webp", "trip/b.webp", "trip/c.webp"]
    with Image.open(place / "web/a.webp") as image:
        assert image.size == (40, 30)
    assert done.stderr.startswith("3 ok, 1 skipped (")
    assert "(1 skipped: not an image; -v lists them)" in done.stderr


def test_sources_are_untouched_and_a_second_run_is_unchanged(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    words = ("run", "photos", "-o", "web", "--resize", "40")
    run(*words)
    times = {path: path.stat().st_mtime_ns for path in (place / "web").rglob("*.jpg")}
    again = run(*words)
    assert again.stderr.startswith("0 ok, 3 unchanged")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert tree(place / "photos") == before


def test_flags_and_sources_in_any_order(run: Run, place: Path) -> None:
    one = run("run", "--resize", "40", "photos/a.jpg", "-f", "png", "--grayscale", "photos/trip/b.jpg", "-o", "x")
    two = run("run", "photos/a.jpg", "photos/trip/b.jpg", "-o", "y", "-f", "png", "--resize", "40", "--grayscale")
    assert one.returncode == two.returncode == 0
    assert tree(place / "x") == tree(place / "y") != {}


def test_several_formats_and_jpg_as_a_spelling(run: Run, place: Path) -> None:
    assert run("run", "photos/trip", "-o", "out", "-f", "webp,jpg,tif", "--flat").returncode == 0
    made = list(tree(place / "out"))
    assert made == sorted(f"{stem}.{ext}" for stem in "bc" for ext in ("jpg", "tif", "webp"))


def test_a_failed_file_is_one_line_and_exit_code_1(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    done = run("run", "photos", "-o", "out", "--resize", "40")
    assert done.returncode == 1
    failed = [line for line in done.stderr.splitlines() if line.startswith("failed")]
    assert len(failed) == 1
    assert failed[0].startswith("failed: photos/a.jpg: truncated in decode: ")
    assert "2 ok" in done.stderr
    assert "1 failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_fail_on_none_and_fail_fast(run: Run, place: Path) -> None:
    for name in ("a.jpg", "trip/b.jpg", "trip/c.png"):
        damage(place / "photos" / name)
    assert run("run", "photos", "-o", "out", "--resize", "9", "--fail-on", "none").returncode == 0
    stopped = run("run", "photos", "-o", "out", "--resize", "9", "--fail-fast", "--retry-failed")
    assert stopped.returncode == 4
    assert "stopped: " in stopped.stderr
    assert "2 remaining" in stopped.stderr
    assert "run the same command again to go on" in stopped.stderr


def test_profile_comes_after_the_summary_on_stderr(run: Run, place: Path) -> None:
    done = run("run", "photos", "-o", "out", "--resize", "40", "--profile", "--json")
    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith("3 ok")
    assert any(line.startswith("profile: 3 files, 0.0 MPix, ") and line.endswith(", in this process") for line in lines)
    assert lines[-1].startswith("  limit: ")
    assert all("cost" not in json.loads(line) for line in done.stdout.splitlines())
    again = run("run", "photos", "-o", "out", "--resize", "40", IMGBATCH_PROFILE="1")
    assert "profile: nothing was done" in again.stderr
    assert "profile" not in run("run", "photos", "-o", "out2", "--profile=false", IMGBATCH_PROFILE="1").stderr


def test_quiet_says_only_errors_and_verbose_also_skips_and_changes(run: Run, place: Path) -> None:
    assert run("run", "photos", "-o", "out", "-Q").stderr == ""
    said = run("run", "photos", "-o", "out", "-v").stderr
    assert "skipped: photos/notes.txt: not an image" in said
    assert "unchanged: photos/a.jpg" in said
    damage(place / "photos/a.jpg")
    done = run("run", "photos", "-o", "out2", "-Q", "--resize", "40")
    assert done.stderr.startswith("failed: photos/a.jpg: ")
    assert done.stderr.count("\n") == 1


def test_an_estimate_goes_to_stdout_and_writes_nothing(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    done = run("run", "photos", "-o", "out", "--resize", "40", "--estimate")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("3 files, ")
    assert [line.split()[0] for line in lines[1:]] == ["output", "time", "memory", "failures"]
    assert lines[-1] == "failures 1 of 3 files"
    assert done.stderr.startswith("failed: photos/a.jpg: truncated in decode: ")
    assert done.stderr.endswith("estimate: nothing was written\n")
    assert not (place / "out").exists()
    record = json.loads(run("run", "photos", "-o", "out", "--resize", "40", "--estimate", "--json", "-Q").stdout)
    assert (record["event"], record["files"], record["failures"]) == ("estimate", 3, [1, 1, 1])
    (place / "out").mkdir()
    (place / "out/a.jpg").write_text("foreign")
    refused = run("run", "photos", "-o", "out", "--resize", "40", "--estimate")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_an_explanation_goes_to_stdout_and_writes_nothing(run: Run, place: Path) -> None:
    (place / "photos/a.jpg").write_bytes(b"")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (800, 400), "red").save(place / "photos/trip/b.jpg", exif=turned)
    words = ("run", "photos", "-o", "out", "--widths", "50,100,300", "-f", "same", "--explain")
    done = run(*words, IMGBATCH_RESAMPLER="numpy")  # that of imgbatch[fast] takes whole colors
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "photos/trip/b.jpg: jpeg 400x800; decoded whole; turned upright after the resize; its colors at half size",
        "  out/trip/b-300w.jpg: resize to 300x600, encoded as jpeg",
        "  out/trip/b-100w.jpg: from out/trip/b-300w.jpg, resize to 100x200, encoded as jpeg",
        "  out/trip/b-50w.jpg: from out/trip/b-100w.jpg, resize to 50x100, encoded as jpeg",
        "photos/trip/c.png: png 82x60; decoded whole",
        "  out/trip/c-82w.png: the bytes of the source",
        "  out/trip/c-82w.png: the same file",
        "  out/trip/c-50w.png: resize to 50x37, encoded as png",
        "2 files: 0.3 of 0.3 MPix decoded (100%); of 6 outputs 2 made from a larger one, 2 copied",
    ]
    assert done.stderr == (
        "failed: photos/a.jpg: truncated in read: the file is empty (0 bytes)\nexplain: nothing was written\n"
    )
    assert not (place / "out").exists()
    *records, total = map(json.loads, run(*words, "--json", "-Q").stdout.splitlines())
    assert [record["event"] for record in (*records, total)] == ["explanation"] * 3 + ["explained"]
    assert (records[0]["error"]["kind"], records[1]["error"]) == ("truncated", None)
    assert [output["from"] for output in records[1]["outputs"]] == ["trip/b-100w.jpg", "trip/b-300w.jpg", None]
    assert (total["files"], total["outputs"], total["copied"], total["from_larger"]) == (2, 6, 2, 2)
    less = run("run", "photos/trip/b.jpg", "-o", "out", "--crop", "200x200", "--resize", "50", "--explain", "-Q").stdout
    assert less.splitlines()[0] == (
        "photos/trip/b.jpg: jpeg 400x800; decoded as 200x400, 25% of the pixels; turned upright after the resize; "
        "crop and resize in one step to 50x50"
    )
    assert "decoded whole" in run("run", "photos/trip/b.jpg", "-o", "out", "--no-plan", "--explain").stdout
    idle = run("run", "photos/trip/c.png", "-o", "out", "--resize", "2000", "-f", "jpeg", "--explain").stdout
    assert idle.startswith("photos/trip/c.png: png 82x60; decoded whole; resize: nothing to do\n")


def test_a_dry_run_prints_the_plan_and_writes_nothing(run: Run, place: Path) -> None:
    before = tree(place)
    done = run(
        "run", "photos", "-o", "web", "-f", "webp,png", "-n", "--report", "r.json", "--failed-list", "f.txt",
        "--save-recipe", "r.toml",
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"photos/{stem}.{suffix} -> web/{stem}.{ext}"
        for stem, suffix in (("a", "jpg"), ("trip/b", "jpg"), ("trip/c", "png"))
        for ext in ("webp", "png")
    ]
    note = "note: r.toml is not written: -n writes nothing\n"
    assert done.stderr == f"{note}6 to write from 3 files, 1 skipped; dry run: nothing was written\n"
    assert tree(place) == before
    assert sorted(os.listdir(place)) == ["photos"]


def test_a_dry_run_shows_late_fields_and_what_is_unchanged(run: Run) -> None:
    late = run("run", "photos/a.jpg", "-o", "web", "--name", "{stem}-{width:04d}.{ext}", "-n")
    assert late.stdout == "photos/a.jpg -> web/a-{width}.jpg\n"
    run("run", "photos/a.jpg", "-o", "web")
    again = run("run", "photos/a.jpg", "-o", "web", "-nv")
    assert again.stdout == "unchanged: photos/a.jpg\n"
    assert "0 to write" in again.stderr


def test_json_lines_are_the_only_stdout(run: Run, place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    done = run("run", "photos", "-o", "web", "--resize", "40", "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["event"] for record in records] == ["file"] * 3 + ["summary"]
    assert {record["source"]: record["status"] for record in records[:-1]} == {
        "a.jpg": "ok", "trip/b.jpg": "failed", "trip/c.png": "ok",
    }  # fmt: skip
    assert records[-1]["exit_code"] == done.returncode == 1
    assert (records[-1]["ok"], records[-1]["failed"], records[-1]["skipped"]) == (2, 1, 1)


def test_reports_are_in_source_order_whatever_the_workers(run: Run, place: Path) -> None:
    for workers in ("0", "2"):
        run("run", "photos", "-o", f"w{workers}", "-j", workers, "--resize", "40", "--report", f"{workers}.json")
    held = [json.loads((place / f"{workers}.json").read_bytes()) for workers in ("0", "2")]
    for records in held:
        for record in records:
            record.pop("ms", None)
            record.pop("seconds", None)
    assert held[0] == held[1]
    assert [record["source"] for record in held[0][:-1]] == ["a.jpg", "trip/b.jpg", "trip/c.png"]
    assert tree(place / "w0") == tree(place / "w2")


def test_the_csv_has_a_row_a_file_and_the_failed_list_its_path(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    run("run", "photos", "-o", "web", "--resize", "40", "--report", "r.csv", "--failed-list", "failed.txt")
    with open(place / "r.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["status"], row["source"], row["error_kind"]) for row in rows] == [
        ("failed", "a.jpg", "truncated"), ("ok", "trip/b.jpg", ""), ("ok", "trip/c.png", ""),
    ]  # fmt: skip
    assert (place / "failed.txt").read_text() == "photos/a.jpg\n"
    Image.new("RGB", (20, 20)).save(place / "photos/a.jpg")
    again = run("run", "--files-from", "failed.txt", "-o", "web", "--resize", "40", "--failed-list", "failed.txt")
    assert again.returncode == 0
    assert (place / "failed.txt").read_text() == ""
    assert (place / "web/a.jpg").exists()


def test_files_from_stdin_with_nul(run: Run, place: Path) -> None:
    odd = place / "photos/new\nline.jpg"
    Image.new("RGB", (20, 20)).save(odd)
    done = run("run", "--files-from", "-", "-0", "-o", "out", input="photos/new\nline.jpg\0photos/a.jpg\0")
    assert done.returncode == 0
    assert set(tree(place / "out")) == {"new\nline.jpg", "a.jpg"}
    nothing = run("run", "--files-from", "-", "-o", "out", input="")
    assert nothing.returncode == 0
    assert "0 ok" in nothing.stderr


def test_names_that_are_no_text_are_reported(run: Run, place: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    (place / "photos" / name).write_bytes((place / "photos/a.jpg").read_bytes()[:300])
    (place / "photos" / "esc\x1b[31m\n.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    done = run("run", "photos", "-o", "out", "--resize", "40", "--json", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "caf\\udce9.jpg" in done.stderr
    assert "esc\\x1b[31m\\n.jpg" in done.stderr
    sources = {json.loads(line).get("source") for line in done.stdout.splitlines()}
    assert {"caf\\udce9.jpg", "esc\x1b[31m\n.jpg"} <= sources


def test_only_what_the_filters_leave_is_made(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "out", "-E", "trip/**")
    assert list(tree(place / "out")) == ["a.jpg"]
    run("run", "photos", "-o", "out2", "--no-recursive")
    assert list(tree(place / "out2")) == ["a.jpg"]
    run("run", "photos", "-o", "out3", "--include", "*.png")
    assert list(tree(place / "out3")) == ["trip/c.png"]


def test_a_lock_that_the_environment_denies_can_be_asked_for(run: Run, place: Path) -> None:
    held = Lock(str(place / "out/.imgbatch"))
    assert run("run", "photos", "-o", "out").returncode == 75
    assert run("run", "photos", "-o", "out", "--lock", IMGBATCH_LOCK="no").returncode == 75
    assert run("run", "photos", "-o", "out", IMGBATCH_LOCK="no").returncode == 0
    assert run("run", "photos", "-o", "out", "--no-lock").returncode == 0
    held.release()


def test_a_flag_wins_over_the_environment_and_that_over_the_recipe(run: Run, place: Path) -> None:
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n[run]\nflat = false\n')
    by_recipe = ("run", "-r", "r.toml", "-n", "-o", "out")
    assert "out/trip/b.jpg" in run(*by_recipe).stdout
    assert "out/b.jpg" in run(*by_recipe, IMGBATCH_FLAT="yes").stdout
    assert "out/trip/b.jpg" in run(*by_recipe, "--flat=false", IMGBATCH_FLAT="yes").stdout
    wrong = run(*by_recipe, IMGBATCH_MAX_PIXELS="lots")
    assert wrong.returncode == 2
    assert "for IMGBATCH_MAX_PIXELS, got 'lots'" in wrong.stderr


def test_the_flag_wins_over_another_way_with_files_in_the_way(run: Run, place: Path) -> None:
    (place / "out").mkdir()
    (place / "out/a.jpg").write_text("mine")
    words = ("run", "photos/a.jpg", "-o", "out")
    assert run(*words).returncode == 2
    assert run(*words, "--skip-existing", IMGBATCH_OVERWRITE="1").returncode == 0
    assert (place / "out/a.jpg").read_text() == "mine"
    assert run(*words, IMGBATCH_OVERWRITE="1").returncode == 0
    assert (place / "out/a.jpg").read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["photos", "-o", "out", "--rezise", "9"], "unknown flag --rezise; did you mean --resize? See imgbatch run"),
        (["photos"], "expected -o DIR"),
        (["-o", "out"], "expected SRC"),
        (["nowhere", "-o", "out"], "nowhere"),
        (["photos", "-o", "out", "--report", "r.xml"], "ending in .json, .csv, .html, .prom for --report, got 'r.xml'"),
        (["photos", "-o", "out", "--failed-list", "photos"], "got the folder 'photos'"),
        (["-o", "out", "--failed-list", "photos/a.jpg", "photos"], "got the picture 'photos/a.jpg'"),
        (["photos", "-o", "out", "-r", "none.toml"], "cannot read the recipe 'none.toml'"),
        (["-o", "out", "--files-from", "none.txt"], "cannot read --files-from 'none.txt': No such file or directory"),
        (["photos", "-o", "out", "--overwrite", "--rename"], "one of overwrite, skip-existing and rename"),
    ],
)
def test_usage_errors_are_one_line_and_write_nothing(run: Run, place: Path, words: list[str], said: str) -> None:
    before = tree(place)
    done = run("run", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("imgbatch: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert done.stdout == ""
    assert tree(place) == before
    assert not (place / "out").exists()


def test_an_empty_folder_is_fine(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    done = run("run", "empty", "-o", "out")
    assert done.returncode == 0
    assert "no images" in done.stderr


def test_a_report_that_cannot_be_written_is_said(run: Run, place: Path) -> None:
    (place / "file").write_text("no folder")
    done = run("run", "photos", "-o", "out", "--report", "file/r.json")
    assert done.returncode == 4
    assert "the report file/r.json could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert (place / "out/a.jpg").exists()
