"""Is what ``--save-recipe`` writes whole: does it run, and can it be scheduled, with nothing else?"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Run, environment, tree

MANY = ["--resize", "40", "-f", "webp,png", "-E", "notes*"]


def counts(text: str) -> tuple[int, int]:
    """How many files of a run with --json were ok, and unchanged."""
    record = json.loads(text.splitlines()[-1])
    return record["ok"], record["unchanged"]


def pictures(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(folder).items() if name.endswith((".jpg", ".png", ".webp"))}


@pytest.mark.parametrize(
    "words",
    [
        ["photos", "-o", "web", *MANY],
        ["photos", "-o", "web", "--widths", "20,40", "-f", "webp"],
        ["photos/**/*.jpg", "photos/trip/c.png", "-o", "web/deep/er"],
        ["photos", "--in-place", "--resize", "50%"],
        ["photos", "-o", "web", "--state", "state", "--log", "night.log"],
        ["photos", "-o", "{absolute}/web", "--flat", "--name", "{n}-{stem}.{ext}"],
    ],
)
def test_the_second_run_has_nothing_to_do(run: Run, place: Path, words: list[str]) -> None:
    words = [word.replace("{absolute}", str(place)) for word in words]
    (place / "recipes").mkdir()
    first = run("run", *words, "--save-recipe", "recipes/r.toml", "--json")
    ok, _ = counts(first.stdout)
    assert first.returncode == 0 and ok == 3 and "(--json cannot stand in recipes/r.toml" in first.stderr
    before = pictures(place)
    again = run("run", "-r", "recipes/r.toml", "--json")
    assert (again.returncode, counts(again.stdout)) == (0, (0, 3)), again.stderr
    elsewhere = subprocess.run(
        [*COMMAND, "run", "-r", str(place / "recipes/r.toml"), "--json"], cwd="/", env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (elsewhere.returncode, counts(elsewhere.stdout)) == (0, (0, 3)), elsewhere.stderr
    assert pictures(place) == before
    line = run("schedule", "recipes/r.toml", "--at", "@daily")
    assert line.returncode == 0 and f"-r {place}/recipes/r.toml --unattended" in line.stdout


def test_sources_of_a_list_are_not_frozen_into_the_recipe(run: Run, place: Path) -> None:
    words = ["run", "--files-from", "-", "-o", "web", "--resize", "40"]
    done = run(*words, "--save-recipe", "r.toml", input="photos/a.jpg\nphotos/trip\n")
    assert "(r.toml names no sources, as they came from a list; with -r, type --files-from again)" in done.stderr
    assert "paths" not in (place / "r.toml").read_text()
    again = run("run", "-r", "r.toml", "--files-from", "-", input="photos/a.jpg\nphotos/trip\n")
    assert again.stderr.startswith("0 ok, 3 unchanged")
    assert "expected paths in [input]" in run("schedule", "r.toml", "--at", "@daily").stderr


def test_saving_leaves_what_a_run_does_as_it_is(run: Run, place: Path) -> None:
    flags = ["photos", "-o", "web", *MANY, "--on-finish", "echo done >> count"]
    for look in ("-n", "--explain", "--estimate"):
        done = run("run", *flags, look, "--save-recipe", "r.toml")
        note = f"note: r.toml is not written: {look} writes nothing"
        assert done.returncode == 0 and done.stderr.splitlines().count(note) == 1
        assert "not written" not in run("run", *flags, look, "--save-recipe", "r.toml", "-Q").stderr
        assert not (place / "r.toml").exists() and not (place / "count").exists()
    run("run", *flags, "--save-recipe", "r.toml")
    assert (place / "count").read_text() == "done\n"
    run("run", "photos", *MANY, "-o", "plain")
    assert tree(place / "web") == tree(place / "plain")


def test_a_bucket_stays_one_and_a_recipe_says_one_place(run: Run, place: Path) -> None:
    (place / "r.toml").write_text(
        '[input]\npaths = ["s3://bucket/photos"]\n[run]\noutput = "s3://bucket/web"\narchive = "done"\n'
    )
    line = run("schedule", "r.toml", "--at", "@daily", "-o", "s3://bucket/other")
    assert line.returncode == 2 or "-o s3://bucket/other --state " in line.stdout  # without imgbatch[cloud]
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n[run]\noutput = "web"\nin_place = true\n')
    both = run("run", "-r", "r.toml")
    assert both.returncode == 2 and "expected output or in_place in [run], got both" in both.stderr
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n[run]\noutput = 7\n')
    assert "r.toml: expected a folder for output of [run], got 7" in run("run", "-r", "r.toml").stderr


def test_the_flag_wins_over_the_recipe_s_folder(run: Run, place: Path) -> None:
    (place / "r.toml").write_text('[input]\npaths = ["photos"]\n[run]\noutput = "web"\n')
    assert run("run", "-r", "r.toml", "-o", "typed").returncode == 0
    assert tree(place / "typed") and not (place / "web").exists()
    assert run("run", "-r", "r.toml", "--in-place", "--resize", "50%").returncode == 0
    assert not (place / "web").exists()


def test_a_strangers_recipe_is_said_to_write_elsewhere(run: Run, place: Path) -> None:
    (place / "sub").mkdir()
    for output, is_said in (("web", False), ("../web", True), ("/srv/web", True)):
        (place / "sub/r.toml").write_text(f'[input]\npaths = ["../photos"]\n[run]\noutput = "{output}"\n')
        done = run("schedule", "sub/r.toml", "--at", "@daily")
        said = f"note: each run of sub/r.toml will write its results to {output}"
        assert (said in done.stderr) == is_said, done.stderr


@pytest.mark.parametrize("key", ["archive", "quarantine", "state", "log"])
def test_the_unit_may_write_to_each_place(run: Run, place: Path, key: str) -> None:
    (place / "far/place").mkdir(parents=True)
    value = "far/place/night.log" if key == "log" else "far/place"
    (place / "r.toml").write_text(f'[input]\npaths = ["photos"]\n[run]\noutput = "web"\n{key} = "{value}"\n')
    unit = run("schedule", "r.toml", "--at", "daily", "--as", "systemd").stdout
    assert f"ReadWritePaths={place}/far/place\n" in unit


def test_places_by_hand_are_relative_to_the_recipe(run: Run, place: Path) -> None:
    """Not to where cron starts it: that is the home folder, and of systemd the root."""
    (place / "jobs").mkdir()
    recipe = place / "jobs/r.toml"
    keys = 'archive = "../done"\nstate = "state"\nlog = "night.log"\nquarantine = "bad"\n'
    recipe.write_text(f'[input]\npaths = ["../photos"]\n[run]\noutput = "web"\n{keys}')
    (place / "photos/a.jpg").write_bytes(b"no picture")
    unit = run("schedule", "jobs/r.toml", "--at", "daily", "--as", "systemd").stdout
    folders = {line.partition("=")[2] for line in unit.splitlines() if line.startswith("ReadWritePaths=")}
    assert folders == {str(place / "photos"), str(place / "jobs"), str(place), "/tmp", "/var/tmp"}
    (place / "cron").mkdir()
    words = [*COMMAND, "run", "-r", str(recipe)]
    done = subprocess.run(words, cwd=place / "cron", env=environment(), capture_output=True, check=False)
    assert done.returncode == 1 and not list((place / "cron").iterdir())
    assert (place / "done/trip/b.jpg").is_file() and (place / "jobs/bad/a.jpg").is_file()
    assert (place / "jobs/state").is_dir() and (place / "jobs/night.log").is_file()
    assert not (place / "jobs/web/.imgbatch").exists()
    keys = 'state = "auto"\nlog = "syslog"\n'
    recipe.write_text(f'[input]\npaths = ["../photos"]\n[run]\noutput = "web"\n{keys}')
    said = run("schedule", "jobs/r.toml", "--at", "daily").stderr
    assert "will append to the log syslog\n" in said and "its ledger in the user's state folder\n" in said
    shutil.copy(place / "done/trip/b.jpg", place / "photos")
    flags = ["--archive", "typed", "--state", "here", "--log", "typed.log"]
    assert run("run", "-r", "jobs/r.toml", *flags).returncode == 0
    assert (place / "here").is_dir() and (place / "typed.log").is_file() and not (place / "jobs/typed").exists()
