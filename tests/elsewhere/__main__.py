"""Elsewhere: does imgbatch pass its tests in a copy that sees no more of the system than Windows would show it?

    python -m tests.elsewhere                        # all of the suite
    python -m tests.elsewhere tests/cli -n 1         # some of it; words of pytest's

In the copy imgbatch takes itself to be on Windows: workers are spawned, each a new interpreter that is sent its task;
there is no fork, no forkserver, no ``/proc``, no ``/dev/shm``, no fcntl, no resource, no signal but those of Windows,
no descriptor of a folder (lacks.py has the list). Paths, files and what becomes of killed processes are Linux's all the
same: for a real Windows that says nothing of drive letters, or of open files that cannot be removed.

What cannot be there is skipped, with the reason that reasons.toml gives.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    "imgbatch", "tests", "sample_images", "pyproject.toml", "README.md", "LICENSE", ".github", ".ci", ".gitignore",
    ".pre-commit-hooks.yaml",
)  # fmt: skip
_IMPORT = re.compile(r"^( *)import (os|signal|multiprocessing|msvcrt|fcntl|resource|pwd|grp)\b(?=\s)", re.MULTILINE)
#: What is read in a module, and what it finds elsewhere.
_TEXTS = {"sys.platform": '"win32"', "/proc/": "/no-proc/", "/dev/shm": "/no-shm"}


def copy(place: Path) -> None:
    """Copy the project, and change all modules of imgbatch so that they see the lacks."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, place / part)
    for module in (place / "imgbatch").rglob("*.py"):
        module.write_text(without(module.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy2(ROOT / "tests" / "elsewhere" / "lacks.py", place / "imgbatch" / "lacks.py")


def without(text: str) -> str:
    """The text of a module as it is elsewhere, line by line."""
    text = _IMPORT.sub(r"\1from imgbatch.lacks import \2", text)
    for here, elsewhere in _TEXTS.items():
        text = text.replace(here, elsewhere)
    return text


def main(words: list[str]) -> int:
    """pytest's exit code in the copy."""
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:
        place = Path(folder)
        copy(place)
        command = [sys.executable, "-m", "pytest", "-p", "tests.elsewhere.absent", "-p", "no:cacheprovider", *words]
        return subprocess.run(command, cwd=place, env={**os.environ, "PYTHONPATH": folder}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
