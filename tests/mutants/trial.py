"""Trial: does a test see the mutant? The package is changed in a copy, and tests run there until one fails."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutants.choose import stages
from tests.mutants.mutations import Mutation

PACKAGE = "imgbatch"
#: What a copy of the tree needs.
PARTS = (PACKAGE, "tests", "sample_images", "pyproject.toml", "README.md")
PATIENCE = 120.0  # seconds without a word from pytest: the test that it is at hangs
NO_TESTS = 5  # pytest's exit code when all tests of a list are left out
#: Processes of its own and a /dev/shm of its own: a mutant ends and leaves nothing outside.
NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"]
IN_NAMESPACE = 'mount -t tmpfs tmpfs /dev/shm || exit 70; "$@"; exit $?'

#: A line of pytest -v about a test that failed, or that it is still at.
_END = re.compile(
    r"^(tests/\S+::(?:(?! (?:PASSED|SKIPPED|XFAIL|XPASS)).)*?)(?: | ?(?:FAILED|ERROR|Terminated|Killed).*)?$",
    re.MULTILINE,
)

State = Literal["killed", "timeout", "survived", "equivalent"]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Parameters
    ----------
    mutation : Mutation
        The change.
    state : State
        killed by a test, by the time limit, seen by none, or named as equivalent.
    witness : str
        The test that failed, or the reason.
    seconds : float
        How long its tests took.
    """

    mutation: Mutation
    state: State
    witness: str
    seconds: float

    def __str__(self) -> str:
        reason = f"  ({self.witness})" if self.witness else ""
        return f"{self.state:10} {self.seconds:6.1f} s  {self.mutation}{reason}"


@functools.cache
def namespace() -> tuple[str, ...]:
    """The words before a command that runs in namespaces of its own; none where the system does not allow that."""
    command = [*NAMESPACE, IN_NAMESPACE, "sh", "true"]
    if shutil.which("unshare") and subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return (*NAMESPACE, IN_NAMESPACE, "sh")
    return ()


class Trials:
    """Trials of mutants, one after another, in one copy of the tree.

    Parameters
    ----------
    root : Path
        The tree: a folder with the package and its tests.
    scratch : Path
        A folder of its own, which need not exist.
    wide : bool
        Whether a change that the nearest tests do not see is shown to all others.
    """

    def __init__(self, root: Path, scratch: Path, *, wide: bool) -> None:
        self.tree, self.temporary, self.wide = scratch / "tree", scratch / "tmp", wide
        self._unfit: set[str] = set()  # tests that fail without a change, too
        self._kills: Counter[str] = Counter()  # files whose tests saw the mutants so far: they are asked first
        self.tree.mkdir(parents=True)
        for part in PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, self.tree / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            elif (root / part).exists():
                shutil.copy(root / part, self.tree / part)

    def verdict(self, mutation: Mutation) -> Verdict:
        """Whether the tests see a mutant, from the nearest to the widest."""
        began = time.monotonic()
        path = self.tree / PACKAGE / mutation.module
        text = path.read_text()
        lists = [
            sorted(tests, key=lambda file: -self._kills[file])
            for tests in stages(self.tree / "tests", mutation.module, self.wide)
        ]
        while lists:
            path.write_text(mutation.apply(text))
            try:
                code, witness = self._run(lists[0])
            finally:
                path.write_text(text)
            if code in (0, NO_TESTS):
                lists.pop(0)
            elif (
                "::" in witness and witness not in self._unfit and self._run([witness])[0] != 0
            ):  # the same list again, without it
                print(f"left out: {witness} fails without a change, too", flush=True)
                self._unfit.add(witness)
            else:
                self._kills[witness.partition("::")[0]] += 1
                state: State = "timeout" if code is None else "killed"
                return Verdict(mutation, state, witness, time.monotonic() - began)
        return Verdict(mutation, "survived", "", time.monotonic() - began)

    def _run(self, tests: Sequence[str]) -> tuple[int | None, str]:
        """pytest's exit code (None: it hangs), and the test that it ended with."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        command = [
            *namespace(), sys.executable, "-m", "pytest", "-x", "-v", "-o", "addopts=", "-m", "not soak", "--tb=no",
            "-p", "no:cacheprovider", "--basetemp", str(self.temporary / "base"),
            *(word for name in self._unfit for word in ("--deselect", name)), *tests,
        ]  # fmt: skip
        environment = {
            **os.environ, "PYTHONPATH": str(self.tree), "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.temporary / "hypothesis"),
        }  # fmt: skip
        output = self.temporary / "stdout"
        with output.open("wb") as stdout:
            process = subprocess.Popen(
                command, cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        code = code_of(process, output)
        text = output.read_text(errors="replace")
        names = _END.findall(text)
        return code, names[-1] if names else f"pytest ends with {code}"


def code_of(process: subprocess.Popen[bytes], output: Path) -> int | None:
    """The exit code of a command; None when it was ended because it wrote nothing for so long."""
    size, last = -1, time.monotonic()
    try:
        while True:
            try:
                return process.wait(1.0)
            except subprocess.TimeoutExpired:
                if output.stat().st_size != size:
                    size, last = output.stat().st_size, time.monotonic()
                elif time.monotonic() - last > PATIENCE:
                    process.kill()
                    return None
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what a command left, in the process group that it began."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
