"""Are five steps enough for an operation, a format, a store and an executor? The pages' own, done in a copy.

A block of code that begins with the name of a file is that file; in a block of a table the lines with ``+`` come after
the line above them, or in its place. Commands run as they stand.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import environment
from tests.pages import ROOT, page

#: What a clone has that the steps need.
PARTS = ("imgbatch", "tests", "sample_images", "README.md", "pyproject.toml")
_PIECE = re.compile(r"^```(py|diff)\n# (\S+)\n(.*?)^```$|`((?:python|pytest) [^`]+)`", re.MULTILINE | re.DOTALL)
PAGES = ["new-operation", "new-format", "new-store", "new-executor"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what the steps need."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


def insert(path: Path, lines: str) -> None:
    """Put the lines with ``+`` after the one above them, which stands in the file once, or in its place (``-``)."""
    above, *new = lines.splitlines()
    text, line = path.read_text(), above[1:]
    assert text.count(f"{line}\n") + text.count(f"{line}  #") == 1 and new and all(one[0] == "+" for one in new)
    if above[0] == "-":
        path.write_text(text.replace(line, "\n".join(one[1:] for one in new)))
    else:
        path.write_text(text.replace(f"{line}\n", f"{line}\n" + "".join(f"{one[1:]}\n" for one in new)))


def apply_blocks(text: str, clone: Path) -> list[str]:
    """Do what the blocks of a page say; its commands, in their order."""
    commands = []
    for language, name, content, command in _PIECE.findall(text):
        if language == "py":
            assert not (clone / name).exists()
            (clone / name).parent.mkdir(exist_ok=True)
            (clone / name).write_text(content)
        elif language == "diff":
            insert(clone / name, content)
        else:
            commands.append(" ".join(command.split()))
    return commands


def execute(command: str, folder: Path) -> str:
    """What a command of a page prints, once it has ended well."""
    program, *words = shlex.split(command.replace("$PWD", str(folder)))
    words = words if program == "python" else ["-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *words]
    variables = environment(PYTHONPATH=os.pathsep.join([str(folder), *filter(None, sys.path)]))
    del variables["IMGBATCH_WORKERS"]
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("topic", PAGES)
def test_five_steps_are_enough(clone: Path, topic: str) -> None:
    text = page(topic)
    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == list("12345")
    commands = apply_blocks(text, clone)
    printed = [execute(command, clone) for command in commands]
    tests = [output for command, output in zip(commands, printed, strict=True) if command.startswith("pytest")]
    assert tests and all("no tests ran" not in output for output in tests)
    photos = sorted((clone / "sample_images" / "travel").rglob("*.*"))
    outputs = sorted(path for path in (clone / "out").rglob("*.*") if ".imgbatch" not in path.parts)
    assert [path.stem for path in outputs] == [path.stem for path in photos]
    with Image.open(photos[0]) as photo, Image.open(outputs[0]) as output:
        assert output.size == (photo.size if topic != "new-operation" else photo.size[::-1])
        assert output.format == ("SGI" if topic == "new-format" else photo.format)
    manual = clone / "imgbatch" / "reference"
    before = {path: path.read_bytes() for path in manual.iterdir()}
    execute("python -m imgbatch help --markdown imgbatch/reference", clone)
    assert {path: path.read_bytes() for path in manual.iterdir()} == before, "the steps leave the manual behind"


def test_what_the_pages_add_keeps_the_rules_of_the_house(clone: Path) -> None:
    for topic in PAGES:
        apply_blocks(page(topic), clone)
    execute("pytest tests/unit/test_floors.py tests/unit/test_words.py", clone)
    execute("python -m ruff check -q imgbatch tests/contracts", clone)
