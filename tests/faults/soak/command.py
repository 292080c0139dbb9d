"""How does a soak run call the command: as a process of its own, or (a tenth of the time) forked?"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.cli.conftest import COMMAND, environment

_SECONDS = 60  # of processor and patience: more is a hang
INTERNAL = 70
UNCAUGHT = 99  # no exit code of the command: an exception has left it


@dataclass(frozen=True)
class Result:
    """What a command ended with (negative: the signal), and what it wrote."""

    code: int
    stderr: str
    stdout: str = ""

    @property
    def hung(self) -> bool:
        """Whether it was ended because it took too long."""
        return self.code == -signal.SIGALRM

    @property
    def faulty(self) -> bool:
        """Whether it ended as no command should: an internal error, a traceback, or a hang."""
        return self.hung or self.code in (INTERNAL, UNCAUGHT) or "Traceback (most" in self.stderr


def run(words: Sequence[str], place: Path, prefix: Sequence[str] = (), **more: str) -> Result:
    """The command as a user's shell starts it; `prefix` comes before it, `more` are variables of its environment."""
    try:
        done = subprocess.run(
            [*prefix, *COMMAND, *words], cwd=place, env=environment(**more), capture_output=True, encoding="utf-8",
            errors="replace", timeout=2 * _SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Result(-signal.SIGALRM, "it did not end")
    return Result(done.returncode, done.stderr, done.stdout)


def load_all() -> None:
    """Import every module of the package, so that forked commands need not."""
    import imgbatch

    for module in pkgutil.walk_packages(imgbatch.__path__, "imgbatch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("imgbatch.__main__")
    from PIL import Image

    Image.init()


def _nothing() -> None:
    """What is called where nothing is to be done."""


def fork(
    words: Sequence[str], place: Path, before: Callable[[], object] = _nothing, after: Callable[[], object] = _nothing
) -> Result:
    """The command in a forked process, without workers (``-j 0``); `before` and `after` are called in it, too."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            _in_child(words, place, (before, after), stdout, stderr)
        status = os.waitpid(child, 0)[1]
        texts = [_content(file) for file in (stderr, stdout)]
    return Result(os.waitstatus_to_exitcode(status), *texts)


def _content(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _in_child(
    words: Sequence[str], place: Path, calls: tuple[Callable[[], object], ...], stdout: BinaryIO, stderr: BinaryIO
) -> None:
    code = UNCAUGHT
    before, after = calls
    try:
        signal.alarm(_SECONDS)
        os.chdir(place)
        for descriptor, file in ((0, None), (1, stdout), (2, stderr)):
            source = os.open(os.devnull, os.O_RDONLY) if file is None else file.fileno()
            os.dup2(source, descriptor)
        sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate("rww"))  # noqa: SIM115 - as the process's own
        _own_temporary_folder(place)
        from imgbatch.__main__ import main

        before()
        code = main(list(words))
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - what leaves the command is what is looked for
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        after()
        os._exit(code & 255)


def _own_temporary_folder(place: Path) -> None:
    """Let what is left in the folder for temporary files be seen."""
    folder = place / "tmp"
    if folder.is_dir():
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
