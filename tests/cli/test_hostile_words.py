"""Does every hostile flag, recipe and name end in one sentence, soon?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgbatch.cli.commands.service.crontab_line import Times
from imgbatch.cli.commands.service.units import units
from imgbatch.cli.flag_table import run_flags
from imgbatch.core.errors import UsageError
from imgbatch.operations import all_operations
from imgbatch.operations.support.text_placeholders import canonical
from imgbatch.planning.recipe import canonical_name
from tests.cli.conftest import Run, tree


def refusal(run: Run, *words: str) -> str:
    done = run("run", "photos", "-o", "out", "-n", *words)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_two_dashes_are_no_value_of_any_flag() -> None:
    from imgbatch.cli.commands.run import RUN
    from imgbatch.cli.parse import parse

    flags = run_flags(all_operations())
    assert len(flags) > 80
    for flag in flags:
        for name in flag.names:
            word = f"{name}=--" if name.startswith("--") else f"{name}--"
            if flag.takes != "nothing":
                with pytest.raises(UsageError, match="expected a value for .*, got --"):
                    parse(["photos", "-o", "out", word], RUN)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "[run]\nworkers = " + "9" * 5000],
    ids=["lists", "tables", "digits"],
)
def test_a_hostile_recipe(run: Run, place: Path, text: str) -> None:
    (place / "bad.toml").write_text(text)
    assert "bad.toml: expected TOML" in refusal(run, "-r", "bad.toml")


def test_a_recipe_without_end_or_writer(run: Run, place: Path) -> None:
    os.mkfifo(place / "pipe.toml")
    assert "cannot read the recipe 'pipe.toml': nobody writes to it" in refusal(run, "-r", "pipe.toml")
    assert "cannot read 'pipe.toml': it is no file" in refusal(run, "--lut", "pipe.toml")
    unread = run("run", "photos", "-o", "out", "--resize", "9", "--log", "pipe.toml")
    assert unread.returncode == 2 and "cannot write --log 'pipe.toml': nobody reads that pipe" in unread.stderr
    listed = refusal(run, "--files-from", "pipe.toml")
    assert "cannot read --files-from 'pipe.toml': nobody writes to it" in listed
    assert "more than 10 MB" in refusal(run, "-r", "/dev/zero")


def test_a_recipe_from_a_pipe_counts_wherever_it_is_asked_for(run: Run, place: Path) -> None:
    """A pipe can be read only once; the recipe is asked for several times."""
    (place / "own.py").write_text(
        "from dataclasses import dataclass\nimport imgbatch as ib\n@ib.operation('own')\n@dataclass(frozen=True)\n"
        "class Own(ib.Operation):\n    def apply(self, image):\n        return image\n"
    )
    recipe = '[run]\nlog = "log"\n[[output]]\nformat = "webp"\n'
    words = ("-r", "/dev/stdin", "--op", "own.py:Own")
    assert run("run", "photos", "-o", "out", *words, input=recipe).returncode == 0
    assert {os.path.splitext(name)[1] for name in tree(place / "out")} == {".webp"}
    assert "start" in (place / "log").read_text()
    (place / "log").unlink()
    assert run("run", "nowhere", "-o", "out", *words, input=recipe).returncode == 2
    assert "nowhere" in (place / "log").read_text()
    assert (
        "expected a recipe that stays a file for schedule, got '/dev/stdin'"
        in run("schedule", "/dev/stdin", "--at", "0 3 * * *", input=recipe).stderr
    )


def test_a_recipe_from_a_pipe_that_somebody_writes_to(run: Run, place: Path) -> None:
    text = "[[op]]\r\nname = 'grayscale'\r\n"
    done = run("run", "photos", "-o", "out", "-n", "-r", "/dev/stdin", input=text)
    assert done.returncode == 0, done.stderr


def test_paths_of_a_recipe_from_a_pipe_count_from_where_one_stands(run: Run, place: Path) -> None:
    text = '[input]\npaths = ["photos"]\n[run]\noutput = "web"\narchive = "done"\n'
    assert run("run", "-r", "/dev/stdin", input=text).returncode == 0
    assert len(tree(place / "web")) == len(tree(place / "done")) == 3


@pytest.mark.parametrize("spec", ["{%s:>2000000000}", "{%s:02000000000d}", "{%s:.1000}"])
def test_a_format_of_too_many_characters(spec: str) -> None:
    for check, key in ((canonical_name, "n"), (canonical_name, "stem"), (canonical, "n"), (canonical, "exif.Artist")):
        with pytest.raises(UsageError, match="expected at most 255 characters"):
            check(spec % key)
    with pytest.raises(UsageError, match="expected at most 255 characters"):
        canonical_name("{date:%1000000000Y}")
    for good in ("{n:04d}", "{date:%Y-2026}", "{stem:.200}", "{stem:9>10}"):
        assert canonical_name(good) == good


def test_an_error_of_a_lut_does_not_show_the_file(run: Run, place: Path) -> None:
    for text in ("root:$6$secret:1\n", "0 $6$secret\n"):
        (place / "shadow").write_text(text)
        assert "secret" not in refusal(run, "--lut", "shadow")


def test_a_quarantined_file_is_explained_without_control_characters(run: Run, place: Path) -> None:
    (place / "photos" / "\x1b[31m.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run("run", "photos", "-o", "out", "--quarantine", "bad").returncode == 1
    (told,) = (place / "bad").glob("*.txt")
    assert b"\x1b" not in told.read_bytes() and b"\\x1b[31m.png" in told.read_bytes()


def test_a_carriage_return_is_refused_in_units() -> None:
    with pytest.raises(UsageError, match="expected names without carriage returns"):
        units(Times.read("@daily"), ["/bin/imgbatch", "run", "-r", "/a\r/x.toml"], "/bin", "/a\r/x.toml")
