"""Matrix: does imgbatch work with every Python, and with the oldest and newest of what it needs? It prints a table.

    python -m tests.matrix                             # all environments (environments.py), a quick part of the tests
    python -m tests.matrix --only lowest tests/cli     # in those whose names begin so; tests or other words of pytest's
    python -m tests.matrix --python /opt/python3.14/bin/python3.14 --keep /tmp/matrix
    python -m tests.matrix --wheels 3.13               # for which systems has the index wheels for this Python?

Needs uv (``pip install uv``), and the interpreters: a Python that is not on this machine is a line that says so. The
quick part are the golden pictures, contracts of what others give us, and the command's runs; exit code 1: one failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.matrix import wheels
from tests.matrix.environments import ENVIRONMENTS, ROOT, Environment, choose, interpreters, make, version_of

#: What is asked in each environment: whatever goes through Pillow, numpy, the processes and the extras.
QUICK = (
    "tests/golden", "tests/contracts/test_executors.py", "tests/contracts/test_codecs.py", "tests/unit/core",
    "tests/contracts/test_modes.py", "tests/contracts/test_library.py", "tests/contracts/test_pickling.py",
    "tests/contracts/test_optional_codecs.py", "tests/contracts/test_simd_png.py", "tests/contracts/test_resamplers.py",
    "tests/unit/operations/test_simd_resize.py", "tests/unit/pipeline/test_lossless_turn.py", "tests/cli/test_run.py",
    "tests/cli/test_samples.py", "tests/cli/test_shards.py",
)  # fmt: skip


def try_environment(environment: Environment, python: str, folder: Path, words: Sequence[str]) -> list[str]:
    """A line of the table: name, Python, versions, what the tests said."""
    version = ".".join(map(str, version_of(python) or ()))
    try:
        into, versions = make(environment, python, folder)
    except subprocess.CalledProcessError as error:
        return [environment.name, version, "-", f"cannot be installed: {error.stderr.strip().splitlines()[-1]}"]
    command = [str(into), "-m", "pytest", "-n", "1", "-p", "no:cacheprovider", "--tb=short", *(words or QUICK)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, encoding="utf-8"
    )
    last = done.stdout.strip().rpartition("\n")[2]
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    said = re.sub(r"^=+ | in .*", "", last)
    failed = done.returncode and not re.search("failed|error", said)  # "no tests ran"
    return [environment.name, version, versions, f"{said} (failed: exit code {done.returncode})" if failed else said]


def show(lines: Iterable[Sequence[str]]) -> None:
    """Print a table as Markdown has them."""
    rows = list(lines)
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |", flush=True)
        if not number:
            print("|---" * len(row) + "|")


def main(words: list[str]) -> int:
    """1 where an environment fails, else 0."""
    parser = argparse.ArgumentParser("python -m tests.matrix")
    parser.add_argument("--only", default="", help="environments whose names begin so")
    parser.add_argument("--python", action="append", default=[], help="one more interpreter")
    parser.add_argument("--keep", type=Path, help="a folder for the environments, which stay")
    parser.add_argument("--wheels", metavar="VERSION", help="ask the index for wheels for this Python")
    asked, rest = parser.parse_known_args(words)
    if asked.wheels:
        show(wheels.table(asked.wheels))
        return 0
    there = interpreters(asked.python)
    lines = [["environment", "Python", "Pillow, numpy, tqdm", "tests"]]
    with tempfile.TemporaryDirectory(prefix="matrix-") as temporary:
        for number, environment in enumerate(ENVIRONMENTS):
            if not environment.name.startswith(asked.only):
                continue
            python = choose(environment, there)
            if python is None:
                lines.append([environment.name, environment.python, "-", "no such interpreter on this machine"])
                continue
            lines.append(try_environment(environment, python, (asked.keep or Path(temporary)) / str(number), rest))
            print(" ".join(lines[-1]), file=sys.stderr, flush=True)
    show(lines)
    return int(any("failed" in line[-1] or "error" in line[-1] or "cannot" in line[-1] for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
