"""How is the n-th file-changing call of a command made to fail? By a library that is loaded before the C library."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.soak.command import Result, fork

SOURCE = Path(__file__).with_name("shim.c")
_ONCE, _FROM_HERE_ON, _KILL_BEFORE, _KILL_AFTER = range(4)
#: What happens at the point: how the shim acts, and the error that the call ends with.
ACTS = {
    "EIO": (_ONCE, errno.EIO),
    "ENOSPC": (_ONCE, errno.ENOSPC),
    "ENOSPC from here on": (_FROM_HERE_ON, errno.ENOSPC),
    "kill before": (_KILL_BEFORE, 0),
    "kill after": (_KILL_AFTER, 0),
}
_LIBRARY = "IMGBATCH_SOAK_SHIM"


@dataclass(frozen=True)
class Hit:
    """What a command ended with, the call that was hit ("" where none was), and how many calls were counted.

    `reads` of them only opened a file to read it, which is only hit by EIO.
    """

    result: Result
    call: str = ""
    calls: int = 0
    reads: int = 0


def impossible() -> str:
    """Why there can be no shim here; "" where there can."""
    if sys.platform != "linux":
        return "the shim is for Linux"
    return "" if shutil.which("cc") else "there is no C compiler (cc)"


def build(source: Path, target: Path, *words: str) -> None:
    """Compile a C file of this folder."""
    subprocess.run(["cc", "-O1", "-o", target, source, *words], check=True)


def preload() -> None:
    """Begin this process anew with the shim loaded, unless it is."""
    if _LIBRARY in os.environ:
        return
    folder = Path(tempfile.mkdtemp(prefix="soak-shim-"))
    library = folder / "shim.so"
    build(SOURCE, library, "-shared", "-fPIC", "-ldl")
    surroundings = {"LD_PRELOAD": str(library), _LIBRARY: str(library), "OPENBLAS_NUM_THREADS": "1"}
    code = subprocess.run([*sys.orig_argv], env={**os.environ, **surroundings}, check=False).returncode
    shutil.rmtree(folder)
    sys.exit(code)


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(os.environ[_LIBRARY])
    library.shim_arm.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.shim_disarm.restype = library.shim_reads.restype = ctypes.c_long
    return library


def strike(words: Sequence[str], place: Path, folders: Sequence[Path], act: str = "EIO", number: int = -1) -> Hit:
    """The command in a forked process whose `number`-th file-changing call below `folders` is hit (-1: none is)."""
    how, error = ACTS[act]
    below = os.fsencode(":".join(map(str, folders)))
    reader, writer = os.pipe()
    library = _library()

    def count() -> None:
        os.write(writer, b"calls %d %d\n" % (library.shim_disarm(), library.shim_reads()))

    try:
        result = fork(words, place, lambda: library.shim_arm(number, how, error, below, writer), count)
    finally:
        os.close(writer)
        with os.fdopen(reader, errors="replace") as file:
            lines = file.read().splitlines()
    calls = [int(word) for line in lines if line.startswith("calls ") for word in line.split()[1:]]
    return Hit(result, next((line for line in lines if not line.startswith("calls ")), ""), *calls)
