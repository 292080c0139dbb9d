"""Do ``init``, ``recipes`` and ``-r NAME`` find, list and write recipes in the user's configuration folder?"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from imgbatch.cli.manual.recipe_form import recipe_form
from imgbatch.cli.precedence import NOT_IN_RECIPES, load
from imgbatch.core.parameters import parameters
from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings
from imgbatch.planning.recipe import Output
from tests.cli.conftest import ROOT, Run

WEB = """\
# Pictures for the web
[[op]]
name = "resize"
size = 40
[[output]]
format = "webp"
[[output]]
format = "jpeg"
dir = "jpeg"
"""
FORM = recipe_form("r.toml").splitlines()


@pytest.fixture
def presets(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of presets, with one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "config"))
    folder = place / "config" / "imgbatch"
    folder.mkdir(parents=True)
    (folder / "web.toml").write_text(WEB)
    return folder


def test_a_preset_is_used_by_its_name(run: Run, place: Path, presets: Path) -> None:
    assert run("run", "-r", "web", "photos", "-o", "out").returncode == 0
    assert (place / "out/a.webp").exists() and (place / "out/jpeg/trip/b.jpg").exists()
    assert run("run", "-r", str(presets / "web.toml"), "photos", "-o", "out").stderr.startswith("0 ok, 3 unchanged")
    assert "encoded as webp" in run("run", "-r", "web", "photos", "-o", "new", "--explain").stdout


def test_the_home_of_presets_is_that_of_the_user(run: Run, place: Path) -> None:
    folder = place / "home/.config/imgbatch"
    folder.mkdir(parents=True)
    (folder / "web.toml").write_text(WEB)
    for number, home in enumerate(("", "not/absolute")):
        words = ("run", "-r", "web", "photos", "-o", f"out{number}")
        assert run(*words, HOME=str(place / "home"), XDG_CONFIG_HOME=home).returncode == 0


def test_a_file_of_that_name_wins_and_a_folder_does_not(run: Run, place: Path, presets: Path) -> None:
    (place / "web").mkdir()
    assert run("run", "-r", "web", "photos", "-o", "web").returncode == 0
    (place / "card").write_text('[[output]]\nformat = "png"\n')
    (presets / "card.toml").write_text(WEB)
    assert run("run", "-r", "card", "photos", "-o", "out").returncode == 0
    assert (place / "out/a.png").exists() and not (place / "out/a.webp").exists()


@pytest.mark.parametrize("command", [("run", "photos", "-o", "out", "-r"), ("schedule", "--at", "@daily")])
def test_an_unknown_name_says_where_presets_lie_and_which_is_near(
    run: Run, place: Path, presets: Path, command: tuple[str, ...]
) -> None:
    for name, hint in (("wbe", "did you mean 'web'?"), ("summer", "`imgbatch recipes` lists presets")):
        done = run(*command, name)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert f"unknown recipe {name!r}: no such file here, and no preset in {presets}; {hint}" in done.stderr
    (place / "night.toml").write_text(WEB)
    assert "did you mean 'night.toml'?" in run(*command, "night").stderr
    assert "cannot read the recipe 'nowhere.toml'" in run(*command, "nowhere.toml").stderr


def test_the_files_of_a_preset_lie_beside_it_and_its_results_do_not(run: Run, place: Path, presets: Path) -> None:
    (place / "photos/a.jpg").rename(presets / "logo.jpg")
    (presets / "logo.toml").write_text('[[op]]\nname = "watermark"\nimage = "logo.jpg"\n')
    assert run("run", "-r", "logo", "photos", "-o", "out").returncode == 0
    for text in ('[[output]]\ndir = "out"\n', '[run]\noutput = "out"\n'):
        (presets / "beside.toml").write_text(f'[input]\npaths = ["{place}/photos"]\n' * ("[run]" in text) + text)
        done = run("run", "-r", "beside", "photos")
        assert done.returncode == 2 and "expected -o DIR, or an absolute output in [run]" in done.stderr
    assert "expected -o DIR" in run("schedule", "beside", "--at", "@daily").stderr
    (presets / "far.toml").write_text(f'[run]\noutput = "{place}/far"\n')
    assert run("run", "-r", "far", "photos").returncode == 0 and (place / "far/trip/b.jpg").exists()


def test_a_preset_is_scheduled_by_its_path(run: Run, place: Path, presets: Path) -> None:
    (presets / "night.toml").write_text(f'[input]\npaths = ["{place}/photos"]\n')
    line = run("schedule", "night", "--at", "0 3 * * *", "-o", "out").stdout
    assert f"-r {presets}/night.toml -o {place}/out --unattended" in line


def test_recipes_are_listed(run: Run, place: Path, presets: Path) -> None:
    (presets / "broken.toml").write_text("[[op]\n")
    (presets / "plain.toml").write_text('[[op]]\nname = "flip"\n[[op]]\nname = "blur"\nsigma = 2\n')
    lines = run("recipes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["broken", "plain", "web"]
    assert re.fullmatch(r"web +Pictures for the web +webp, jpeg +\S+/web\.toml", lines[2])
    assert "expected TOML" in lines[0] and " flip, blur " in lines[1]
    rows = [json.loads(line) for line in run("recipes", "--json").stdout.splitlines()]
    web = {"name": "web", "title": "Pictures for the web", "formats": ["webp", "jpeg"]}
    assert rows[2] == {**web, "path": str(presets / "web.toml")}
    assert set(rows[0]) == {"name", "title", "formats", "path", "error"}
    none = run("recipes", XDG_CONFIG_HOME=str(place / "nowhere"))
    assert (none.returncode, none.stdout) == (0, "") and "`imgbatch init NAME` writes one" in none.stderr
    assert run("recipes", "--all").returncode == 2


def test_init_writes_a_recipe_that_runs_as_it_is(run: Run, place: Path) -> None:
    assert run("init", "r.toml").returncode == 0
    samples = str(ROOT / "sample_images" / "travel" / "2023" / "desert")
    assert run("run", "-r", "r.toml", "photos", samples, "-o", "out").returncode == 0
    again = run("init", "r.toml")
    assert again.returncode == 2 and "'r.toml' is there already" in again.stderr


def test_init_writes_a_preset(run: Run, place: Path, presets: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(place / "new")}
    assert f"{place}/new/imgbatch/card.toml: edit it" in run("init", "card", **home).stdout
    assert run("run", "-r", "card", "photos", "-o", "out", **home).returncode == 0
    assert "Pictures of at most 1600 px" in run("recipes", **home).stdout
    assert "imgbatch run -r 'for print' photos" in run("init", "for print", **home).stdout
    assert "# imgbatch run -r 'for print' photos" in (place / "new/imgbatch/for print.toml").read_text()
    assert run("init", "web").returncode == 2 and (presets / "web.toml").read_text() == WEB


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "expected FILE.toml, or the NAME of a preset for `imgbatch run -r NAME`, got nothing"),
        (("a.toml", "b.toml"), "got a.toml b.toml"),
        (("r.yaml",), "expected a file name ending in .toml"),
        (("no/such/r.toml",), "cannot be written: No such file or directory"),
    ],
)
def test_init_says_how(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("init", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and said in done.stderr


@pytest.mark.parametrize("number", [n for n, line in enumerate(FORM) if re.match(r"#\w+ = ", line)])
def test_each_key_of_the_form_counts_without_its_sign(number: int, tmp_path: Path) -> None:
    line = FORM[number]
    if line in ("#sigma = 1.0", "#amount = 0.8", '#name = "unsharp"'):
        pytest.skip("belongs to the table that is commented out with it")
    text = "\n".join([*FORM[:number], line.removeprefix("#"), *FORM[number + 1 :]])
    table = tomllib.loads(text)
    first = [value[0] if isinstance(value, list) else value for value in table.values()]  # the first of several tables
    key = line[1:].partition(" ")[0]
    assert key in table or any(isinstance(value, dict) and key in value for value in first)
    (tmp_path / "r.toml").write_text(text)
    load(str(tmp_path / "r.toml"))
    assert len(line) <= 135


def test_the_form_has_every_key() -> None:
    keys = {match[1] for line in FORM if (match := re.match(r"#?(\w+) = ", line))}
    names = {one.name for cls in (Filters, Settings, UnattendedSettings, Output) for one in parameters(cls)}
    assert names - set(NOT_IN_RECIPES) <= keys
