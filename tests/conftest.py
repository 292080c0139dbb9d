"""What do all tests share? The session's bytecode, and memory that is not searched for garbage.

With ``PYTHONDONTWRITEBYTECODE`` set, as images of containers often have it, each of the many commands that the tests
start would compile the whole package: ``imgbatch run`` of one small photo then takes 0.35 s instead of 0.2 s of
processor time. So the session keeps bytecode in a temporary folder of its own, which is removed with it: nothing is
written beside the sources, and a source that was changed and put back within a second never meets the bytecode of
another session.

Memory: pytest holds a million objects for the tests that it has collected. A test that collects garbage, to see that
nothing is left behind, would search them all, which takes half a second.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

_KEY = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the session, its workers and the commands that they start one place for bytecode, if they have none."""
    if sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="imgbatch-bytecode-"))
        config.stash[_KEY] = folder
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, when all workers have ended."""
    folder = config.stash.get(_KEY, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_finish() -> None:
    """Leave out of every later search for garbage what was collected here, as it stays to the end."""
    gc.collect()
    gc.freeze()
