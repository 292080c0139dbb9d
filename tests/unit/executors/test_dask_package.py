"""Does Dask's logging stay off the terminal, and reach a program that listens?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="imgbatch[dask] is not installed")
ROOT = Path(__file__).parents[3]
LOAD = "from imgbatch.executors.dask.package import load_package\nload_package()\n"
SAY = "import logging\nfor name in ('distributed.client', 'distributed.new', 'tornado.application'):\n"
SAY += "    logging.getLogger(name).error('lost %s', name)\n"


def said(program: str) -> list[str]:
    """The lines that a program leaves on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stderr.splitlines()


def test_nothing_is_on_the_terminal() -> None:
    assert said(LOAD + SAY) == []


def test_who_listens_hears_all() -> None:
    lines = said("import logging\nlogging.basicConfig()\n" + LOAD + SAY)
    assert [line.rpartition(":")[2] for line in lines] == [
        "lost distributed.client", "lost distributed.new", "lost tornado.application",
    ]  # fmt: skip


def test_a_program_that_has_loaded_it_is_left_as_it_is() -> None:
    lines = said("import distributed\n" + LOAD + SAY)
    assert any("distributed.client - ERROR - lost" in line for line in lines)
