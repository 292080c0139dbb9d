"""Does ``imgbatch check`` list what is wrong, with the right exit code?"""

from __future__ import annotations

import json
import os
from pathlib import Path

from PIL import Image

from tests.cli.conftest import Run, damage, tree


def test_all_is_well(run: Run) -> None:
    done = run("check", "photos")
    assert done.returncode == 0
    assert done.stderr.startswith("3 ok")


def test_an_image_behind_the_name_of_another_kind_is_made_and_named(run: Run, place: Path) -> None:
    for number, name in enumerate(("x.pdf", "y.nef", "z.txt", "d.jpg.bak", "e.x-y")):
        Image.new("RGB", (9, 9 + number)).save(place / "photos" / name, "JPEG")
    done = run("check", "photos")
    assert done.returncode == 0 and done.stderr.count("warning:") == 3
    for name in ("x.pdf", "y.nef", "z.txt"):
        ending = name[1:]
        assert f"warning: photos/{name}: the name says {ending}, the content is jpeg; rename it to .jpg" in done.stderr
    assert run("run", "photos", "-o", "out", "--resize", "5").stderr.startswith("8 ok")
    assert {"x.jpg", "y.jpg", "z.jpg"} < set(tree(place / "out"))


def test_a_document_that_is_typed_is_unsupported(run: Run, place: Path) -> None:
    (place / "a.pdf").write_bytes(b"%PDF-1.4\n" + bytes(300))
    (place / "b.nef").write_bytes(b"II*\0\x08\0\0\0" + bytes(300))
    done = run("check", "a.pdf", "b.nef")
    assert done.returncode == 1
    assert "failed: ./a.pdf: unsupported in decode: .pdf is not a picture made of pixels" in done.stderr
    assert "failed: ./b.nef: unsupported in decode: camera raw cannot be developed here" in done.stderr
    assert "warning" not in done.stderr


def test_damage_and_wrong_names_are_listed(run: Run, place: Path) -> None:
    damage(place / "photos/trip/c.png")
    (place / "photos/a.jpg").rename(place / "photos/a.webp")
    done = run("check", "photos", "--failed-list", "bad.txt", "--json")
    assert done.returncode == 1
    assert "failed: photos/trip/c.png: truncated" in done.stderr
    assert "warning: photos/a.webp: the name says .webp, the content is jpeg" in done.stderr
    assert (place / "bad.txt").read_text().splitlines() == ["photos/trip/c.png"]
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["status"] for record in records if record["event"] == "file"].count("failed") == 1
    assert records[-1]["exit_code"] == 1
    assert run("check", "--files-from", "bad.txt").returncode == 1


def test_odd_files_count_when_asked(run: Run, place: Path) -> None:
    (place / "photos/a.jpg").rename(place / "photos/a.webp")
    assert run("check", "photos").returncode == 0
    assert run("check", "photos", "--fail-on", "warning").returncode == 1


def test_nothing_is_written(run: Run, place: Path) -> None:
    before = sorted(place.rglob("*"))
    run("check", "photos")
    assert sorted(place.rglob("*")) == before


def test_flags_of_other_commands_are_refused(run: Run) -> None:
    assert run("check", "photos", "--resize", "10").returncode == 2


def test_many_files_are_done_before_all_are_listed(run: Run, place: Path) -> None:
    Image.new("L", (1, 1)).save(place / "original.png")
    for number in range(2_300):  # of which the first 2,000 are listed at once
        folder = place / "many" / f"{number // 500}"
        folder.mkdir(parents=True, exist_ok=True)
        os.link(place / "original.png", folder / f"{number:04}.png")
    (place / "many" / "z.txt").write_text("no picture")
    (place / "many" / "zz.png").write_bytes(b"broken")
    checked = run("check", "many", "-v", "--report", "all.json")
    assert checked.returncode == 1
    assert checked.stderr.count("skipped: many/z.txt: not an image\n") == 1
    assert "\n2300 ok, 1 skipped, 1 failed (" in checked.stderr
    names = [record["source"] for record in json.loads((place / "all.json").read_text())[:-1]]
    assert names == sorted(names) and len(names) == 2_301
    again = run("check", "many", "--report", "all.json")  # a report that is no picture is none of the sources
    assert "\n2300 ok, 1 skipped, 1 failed (" in again.stderr
    for name in ("many/zz.png", "many/4/2299.png"):
        refused = run("check", "many", "--failed-list", name)
        assert refused.returncode == 2
        assert f"expected a file name of its own for a report, got the picture '{name}'" in refused.stderr
    assert (place / "many" / "zz.png").read_bytes() == b"broken"


def test_quality_is_a_warning_and_only_asked_for_wrong(run: Run, place: Path) -> None:
    """The plain pictures of the folder show nothing."""
    done = run("check", "photos", "--quality")
    assert done.returncode == 0 and done.stderr.count("quality: nothing to see") == 3
    assert run("check", "photos", "--quality", "--fail-on", "warning").returncode == 1
    assert "quality" not in run("check", "photos").stderr
