"""Whatever was typed, wherever the recipe lies: does what ``--save-recipe`` writes plan the same run from anywhere?"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgbatch.cli.commands.run import RUN
from imgbatch.cli.parse import parse
from imgbatch.cli.precedence import RunRequest, run_request
from imgbatch.cli.recipe_writer import from_folder, save
from imgbatch.runs.batch import Batch
from imgbatch.storage.registry import absolute, is_remote

#: Folders with names that globs, TOML and shells read otherwise; `link` leads to the first one.
FOLDERS = ["set [1]/in", "set [1]/re*", "q'\"\\", "deep/er/still"]
SOURCES = [["."], ["a.png"], ["sub"], ["*.png"], ["sub/**/*.png", "a.png"], ["../{here}"], ["{abs}"], ["odd [x].png"]]
OPERATIONS = [[], ["--resize", "40"], ["--resize", "9x9,fit=cover", "--grayscale"], ["--text", '"a, b",size=3%']]
OUTPUTS = [
    [], ["-f", "webp,png"], ["--widths", "10,20", "-f", "png"], ["-q", "70", "--name", "{stem}-x.{ext}"],
    ["-f", "jpeg", "--background", "red", "--strip", "gps"],
]  # fmt: skip
FILTERS = [[], ["-E", "b*"], ["--include", "**/*.png", "--max-depth", "1"], ["--no-recursive"]]
PLACES = ["out", "../out", "{abs}/out [2]", "s3://bucket/web"]
SETTINGS = [
    [], ["--flat"], ["--rename", "--timeout", "9s"], ["--archive", "done", "--log", "night.log"],
    ["--state", "state", "--max-failures", "5%"], ["--unattended", "--log", "syslog", "--on-finish", "true"],
    ["--no-auto-orient", "--no-lock", "--sync", "off"],
]  # fmt: skip
WORDS = st.tuples(*map(st.sampled_from, (SOURCES, OPERATIONS, OUTPUTS, FILTERS, SETTINGS))).map(
    lambda parts: [word for part in parts for word in part]
)


@contextlib.contextmanager
def tree() -> Iterator[Path]:
    """Folders of pictures, each a place to type in."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(os.path.realpath(name))
        for folder in FOLDERS:
            (top / folder / "sub").mkdir(parents=True)
            for path in ("a.png", "sub/b.png", "odd [x].png"):
                Image.new("RGB", (8, 8)).save(top / folder / path)
        (top / "link").symlink_to(top / FOLDERS[0])
        yield top


def request(words: list[str]) -> RunRequest:
    arguments = parse(words, RUN)
    assert arguments is not None
    return run_request(arguments.sources, arguments.recipe)


def meaning(one: RunRequest) -> dict[str, Any]:
    """What a request asks for, said so that it does not matter where it was typed."""
    folders = {name: getattr(one.settings, name) for name in ("state", "archive", "quarantine")}
    folders = {name: path and absolute(path) for name, path in folders.items()}
    facts: dict[str, Any] = {
        "output": absolute(one.output), "recipe": one.recipe.map_paths(os.path.abspath),
        "digest": one.recipe.digest, "filters": one.filters, **folders,
        "log": one.unattended_settings.log and os.path.basename(one.unattended_settings.log),
        "rest": [getattr(one.settings, name) for name in ("flat", "rename", "timeout", "max_failures", "lock", "sync")],
    }  # fmt: skip
    if not is_remote(one.output):
        plan = Batch(one.paths, one.output, one.recipe, one.settings, one.filters)
        plan.prepare(hold=False)
        facts["jobs"] = [
            (job.source.path, [(target.path, target.output) for target in job.targets]) for job in plan.todo
        ]
    return facts


@settings(deadline=None, max_examples=60)
@given(
    words=WORDS, output=st.sampled_from(PLACES), here=st.sampled_from(FOLDERS),
    place=st.sampled_from(["", "sub", "../..", "{top}/link", "{top}/deep/er"]), there=st.sampled_from(FOLDERS),
)  # fmt: skip
def test_a_saved_recipe_asks_for_the_same_from_anywhere(
    words: list[str], output: str, here: str, place: str, there: str
) -> None:
    with tree() as top, contextlib.chdir(top / here):
        words = [
            word.replace("{abs}", str(top / there)).replace("{here}", os.path.basename(here))
            for word in (*words, "-o", output)
        ]
        first = request(words)
        wanted = meaning(first)
        name = os.path.join(place.replace("{top}", str(top)), "r.toml")
        save(name, first)
        recipe = os.path.realpath(name) if "link" not in name else os.path.abspath(name)
        assert meaning(request(["-r", name])) == wanted
        for elsewhere in (top, top / there):
            os.chdir(elsewhere)
            assert meaning(request(["-r", recipe])) == wanted
            assert meaning(request(["-r", os.path.relpath(recipe)])) == wanted
        os.chdir(top / here)


def test_where_a_way_back_leads_elsewhere_the_path_is_absolute(tmp_path: Path) -> None:
    (tmp_path / "far/away").mkdir(parents=True)
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far/away")
    with contextlib.chdir(tmp_path):
        assert from_folder("link", "photos") == str(tmp_path / "photos")
        assert from_folder("far/away", "photos") == "../../photos"
