"""Are the page's style and script whole, in short files, each of which says what it answers?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from imgbatch.reporters import page as room
from imgbatch.reporters.page.page import SCRIPTS, STYLES

ASSETS = Path(room.__file__).parent / "assets"


def test_all_assets_are_in_the_page() -> None:
    assert {path.name for path in ASSETS.iterdir()} == {*SCRIPTS, *STYLES}


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_assets_are_short_and_say_what_they_are(name: str) -> None:
    lines = (ASSETS / name).read_text("utf-8").splitlines()
    assert lines[0].startswith("/* ") and len(lines) <= 300
    assert name in STYLES or "?" in lines[0]
    assert max(map(len, lines)) <= 160


def test_the_script_can_be_parsed(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which parses the script, is not installed")
    script = tmp_path / "page.js"
    script.write_text("".join((ASSETS / name).read_text("utf-8") for name in SCRIPTS), "utf-8")
    done = subprocess.run([node, "--check", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
