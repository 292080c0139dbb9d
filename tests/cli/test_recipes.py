"""Does a recipe file do what the same flags do, and do flags override it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, tree

FLAGS = ["--resize", "40x40,fit=cover", "--grayscale", "-f", "webp,png", "-q", "70", "--name", "{stem}-x.{ext}"]


def test_a_saved_recipe_gives_the_same_tree(run: Run, place: Path) -> None:
    (place / "recipes").mkdir()
    done = run("run", "photos", *FLAGS, "-E", "trip/b*", "--flat", "-o", "one", "--save-recipe", "recipes/r.toml")
    assert done.returncode == 0
    assert '"../photos"' in (place / "recipes/r.toml").read_text()
    again = run("run", "-r", "recipes/r.toml", "-o", "two")
    assert again.returncode == 0
    assert tree(place / "one") == tree(place / "two")
    assert len(tree(place / "two")) == 4


def test_saving_again_gives_the_same_file(run: Run, place: Path) -> None:
    run("run", "photos", *FLAGS, "--chunksize", "2", "-o", "one", "--save-recipe", "r.toml")
    first = (place / "r.toml").read_text()
    assert run("run", "-r", "r.toml", "-o", "one", "--save-recipe", "r.toml").returncode == 0
    assert (place / "r.toml").read_text() == first


def test_outputs_lie_beside_the_recipe_unless_o_says_where(run: Run, place: Path) -> None:
    (place / "r.toml").write_text(
        '[input]\npaths = ["photos"]\n'
        '[[output]]\ndir = "web"\nformat = "webp"\n'
        '[[output]]\ndir = "thumbs"\nformat = "jpeg"\n[[output.op]]\nname = "resize"\nsize = 20\n'
    )
    assert run("run", "-r", "r.toml").returncode == 0
    assert sorted(tree(place / "thumbs")) == ["a.jpg", "trip/b.jpg", "trip/c.jpg"]
    assert sorted(tree(place / "web")) == ["a.webp", "trip/b.webp", "trip/c.webp"]
    assert run("run", "-r", "r.toml", "-o", "root").returncode == 0
    assert len(tree(place / "root")) == 6
    elsewhere = run("run", "-r", str(place / "r.toml"), "photos/trip", "-o", "only")
    assert elsewhere.returncode == 0
    assert len(tree(place / "only")) == 4


def test_flags_override_the_recipe(run: Run, place: Path) -> None:
    (place / "r.toml").write_text(
        '[input]\npaths = ["photos"]\nexclude = ["*.png"]\n'
        '[[op]]\nname = "resize"\nsize = 40\n[[output]]\nformat = "webp"\nquality = 10\n'
    )
    run("run", "-r", "r.toml", "--resize", "20", "-f", "png", "-E", "*.jpg", "-o", "a")
    run("run", "photos/trip/c.png", "--resize", "20", "-f", "png", "-o", "b/trip")
    assert tree(place / "a") == tree(place / "b") != {}
    run("run", "-r", "r.toml", "-q", "90", "-o", "c")
    run("run", "photos", "-E", "*.png", "--resize", "40", "-f", "webp", "-q", "90", "-o", "d")
    assert tree(place / "c") == tree(place / "d") != {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[op]]\nname = 'rezise'\nsize = 9", "r.toml: unknown operation 'rezise'; did you mean 'resize'?"),
        ("[run]\nworkers = 'many'", "r.toml: expected a whole number from 0 to 512, or auto for workers, got 'many'"),
        ("[input]\nmax_depth = -1", "r.toml: expected a whole number from 0 to 10000 for max_depth, got -1"),
        ("[input]\npaths = [1]", "r.toml: expected a list of paths for paths of [input], got [1]"),
        ("[input]\nexclude = 3", "r.toml: "),
        ("[[output]]\nformat = 'jpgg'", "r.toml: unknown jpgg"),
        ("x", "r.toml: expected TOML, got "),
    ],
)
def test_a_wrong_recipe_is_one_line(run: Run, place: Path, text: str, said: str) -> None:
    (place / "r.toml").write_text(text)
    done = run("run", "-r", "r.toml", "photos", "-o", "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    if "jpgg" not in said:
        assert said in done.stderr
    assert not (place / "out").exists()


def test_a_recipe_without_a_place_for_results_is_refused(run: Run, place: Path) -> None:
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n')
    done = run("run", "-r", "r.toml")
    assert done.returncode == 2
    assert "expected -o DIR, output in [run], or a dir in every [[output]] of r.toml" in done.stderr


def test_what_is_no_recipe_is_not_replaced_by_one(run: Run, place: Path) -> None:
    (place / "pyproject.toml").write_text("[project]\n")
    done = run("run", "photos", "-o", "out", "--save-recipe", "pyproject.toml")
    assert done.returncode == 2
    assert (place / "pyproject.toml").read_text() == "[project]\n"
    assert not (place / "out").exists()


def test_a_globs_folder_is_no_glob(run: Run, place: Path) -> None:
    odd = place / "set [1]"
    odd.mkdir()
    (place / "photos").rename(odd / "photos")
    (odd / "r.toml").write_text('[input]\npaths = ["photos/**/*.jpg"]\n')
    done = run("run", "-r", "set [1]/r.toml", "-o", "out")
    assert done.returncode == 0
    assert sorted(Path(name).name for name in tree(place / "out")) == ["a.jpg", "b.jpg"]


def test_a_recipe_that_cannot_be_written_is_refused_before_the_run(run: Run, place: Path) -> None:
    done = run("run", "photos", "-o", "out", "--save-recipe", "photos/a.jpg/r.toml")
    assert done.returncode == 2
    assert done.stderr == "imgbatch: the recipe 'photos/a.jpg/r.toml' cannot be written: Not a directory\n"
    assert not (place / "out").exists()
