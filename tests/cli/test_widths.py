"""Does --widths make what a srcset attribute needs, once, and does --srcset say so?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run, tree


@pytest.fixture(autouse=True)
def large(place: Path) -> None:
    for path in (place / "photos").rglob("*.*"):
        path.unlink()
    gradient = Image.linear_gradient("L").resize((1000, 500))
    Image.merge("RGB", (gradient, gradient, gradient)).save(place / "photos" / "a, b.jpg", quality=95)


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    made = {}
    for name in tree(folder):
        with Image.open(folder / name) as image:
            made[name] = image.size
    return made


def test_widths_above_the_sources_are_one_file_at_its_width(run: Run, place: Path) -> None:
    assert run("run", "photos", "-o", "out", "--widths", "320,640,1280,1920", "-f", "webp,jpeg").returncode == 0
    expected = {"320w": (320, 160), "640w": (640, 320), "1000w": (1000, 500)}
    assert sizes(place / "out") == {
        f"a, b-{width}.{ext}": size for ext in ("jpg", "webp") for width, size in expected.items()
    }


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(803, 601), (801, 600), (901, 1201)])
def test_a_picture_that_is_narrower_than_several_widths_is_one_file_whatever_its_way(
    run: Run, place: Path, size: tuple[int, int], orientation: int
) -> None:
    """The widths above its own are made in two ways: one is the largest that was asked for, one comes from another."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    bands = [Image.effect_noise(size, 90) for _ in range(3)]
    Image.merge("RGB", bands).save(place / "odd.jpg", exif=exif)
    done = run("run", "odd.jpg", "-o", "made", "--widths", "101,640,1280,1920")
    assert done.returncode == 0, done.stderr
    width = size[0] if orientation < 5 else size[1]
    wanted = {f"odd-{min(wish, width)}w.jpg" for wish in (101, 640, 1280)}
    assert {path.name for path in (place / "made").glob("*.jpg")} == wanted


def test_a_second_run_finds_all_widths_unchanged(run: Run, place: Path) -> None:
    words = ("run", "photos", "-o", "out", "--widths", "320,640,1280,1920", "--json", "--srcset")
    first = run(*words, "one.json")
    before = {path: path.stat().st_mtime_ns for path in (place / "out").glob("a*")}
    second = run(*words, "two.json")
    assert json.loads(first.stdout.splitlines()[0])["status"] == "ok"
    assert json.loads(second.stdout.splitlines()[0])["status"] == "unchanged"
    assert before == {path: path.stat().st_mtime_ns for path in (place / "out").glob("a*")}
    assert (place / "one.json").read_bytes() == (place / "two.json").read_bytes()


def test_another_list_of_widths_goes_over_its_own_files(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "out", "--widths", "320,640")
    assert run("run", "photos", "-o", "out", "--widths", "200,320,640,2000", "-q", "50").returncode == 0
    assert len(tree(place / "out")) == 4
    again = run("run", "photos", "-o", "out", "--widths", "200,320,640,2000", "-q", "50", "--json")
    assert json.loads(again.stdout.splitlines()[0])["status"] == "unchanged"


def test_a_rendition_that_was_lost_is_made_again(run: Run, place: Path) -> None:
    words = ("run", "photos", "-o", "out", "--widths", "320,640,1280,1920")
    run(*words)
    (place / "out" / "a, b-1000w.jpg").unlink()
    run(*words)
    assert len(tree(place / "out")) == 3


def test_a_foreign_file_under_a_late_name_is_kept(run: Run, place: Path) -> None:
    (place / "out").mkdir()
    (place / "out" / "a, b-320w.jpg").write_bytes(b"mine")
    done = run("run", "photos", "-o", "out", "--widths", "320,640,1280,1920")
    assert done.returncode == 1
    assert "add {name} or {hash} to --name" in done.stderr
    assert (place / "out" / "a, b-320w.jpg").read_bytes() == b"mine"
    (place / "out" / "a, b-320w.jpg").unlink()
    assert run("run", "photos", "-o", "out", "--widths", "320,640,1280,1920").returncode == 0
    assert len(tree(place / "out")) == 3  # the one that could not be written is not taken for a wider one


def test_the_srcset_is_enough_for_a_picture_element(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "out", "--widths", "640,320", "-f", "jpeg,webp,avif", "--srcset", "set.json")
    (image,) = json.loads((place / "set.json").read_text())["images"]
    assert image["source"] == "a, b.jpg"
    assert [source["type"] for source in image["sources"]] == ["image/avif", "image/webp", "image/jpeg"]
    assert image["sources"][1]["srcset"] == "a%2C%20b-320w.webp 320w, a%2C%20b-640w.webp 640w"
    for source in image["sources"]:
        for file in source["files"]:
            written = place / "out" / file["path"]
            with Image.open(written) as picture:
                assert (file["width"], file["height"]) == picture.size
            assert file["bytes"] == written.stat().st_size
    assert image["img"] == {"src": "a%2C%20b-640w.jpg", "width": 640, "height": 320}


def test_other_pictures_and_other_qualities_have_entries_of_their_own(run: Run, place: Path) -> None:
    """One srcset must not offer a square beside the whole picture, nor one width twice: browsers take either."""
    whole = [f'[[output]]\ndir = "{place}"\nformat = "jpeg"\nquality = {quality}\n'
             for place, quality in (("web", 80), ("best", 95))]  # fmt: skip
    square = (
        '[[output]]\ndir = "thumbs"\nformat = "jpeg"\n[[output.op]]\nname = "resize"\nsize = "90x90"\nfit = "cover"\n'
    )
    (place / "r.toml").write_text("".join([*whole, square]))
    run("run", "photos", "-r", "r.toml", "-o", "out", "--widths", "320,640", "--srcset", "set.json")
    run("run", "photos", "-r", "r.toml", "-o", "few", "--srcset", "few.json")

    def sets(name: str) -> list[str]:
        images = json.loads((place / name).read_text())["images"]
        assert {image["source"] for image in images} == {"a, b.jpg"}
        return [source["srcset"].replace("a%2C%20b", "a") for image in images for source in image["sources"]]

    assert sets("set.json") == [
        "web/a-320w.jpg 320w, web/a-640w.jpg 640w",
        "best/a-320w.jpg 320w, best/a-640w.jpg 640w",
        "thumbs/a-90w.jpg 90w",
    ]
    assert sets("few.json") == ["web/a.jpg 1000w", "best/a.jpg 1000w", "thumbs/a.jpg 90w"]


def test_a_recipe_says_the_same_with_one_output_each(run: Run, place: Path) -> None:
    run("run", "photos", "-o", "one", "--widths", "320,640", "-f", "webp", "--save-recipe", "r.toml")
    assert (place / "r.toml").read_text().count("[[output]]") == 2
    assert run("run", "-r", "r.toml", "-o", "two").returncode == 0
    assert tree(place / "one") == tree(place / "two")


@pytest.mark.parametrize("word", ["", ",", "0", "12,x", "-5", "1.5"])
def test_wrong_widths_are_named(run: Run, word: str) -> None:
    done = run("run", "photos", "-o", "out", f"--widths={word}")
    assert done.returncode == 2
    assert "expected widths in px such as 320,640,1280 for --widths" in done.stderr


def test_a_srcset_never_replaces_a_picture(run: Run, place: Path) -> None:
    Image.new("L", (5, 5)).save(place / "photos" / "p.json", "PNG")
    done = run("run", "photos/p.json", "-o", "out", "--srcset", "photos/p.json")
    assert done.returncode == 2
    assert (place / "photos" / "p.json").read_bytes().startswith(b"\x89PNG")
