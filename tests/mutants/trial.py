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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from tests.mutants.choose import stages
from tests.mutants.mutations import Mutation

PACKAGE = "imgbatch"
#: What a copy of the tree needs.
PARTS = (PACKAGE, "tests", "sample_images", "pyproject.toml", "README.md")
PATIENCE = 60.0  # seconds that a list of tests may take at least ...
FACTOR = 5.0  # ... and how many times as long as without a change
NO_TESTS = 5  # pytest's exit code when all tests of a list are left out
#: Processes of its own and a /dev/shm of its own: a mutant ends and leaves nothing outside.
NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"]
IN_NAMESPACE = 'mount -t tmpfs tmpfs /dev/shm || exit 70; "$@"; exit $?'

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


@dataclass(frozen=True)
class Clean:
    """A list of tests without a change: how long they take, and those that fail all the same."""

    seconds: float
    failures: tuple[str, ...]


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

    #: What is known of the unchanged tree, in all copies.
    _clean: dict[tuple[str, ...], Clean] = {}
    _lock = Lock()

    def __init__(self, root: Path, scratch: Path, *, wide: bool) -> None:
        self.tree, self.temporary, self.wide = scratch / "tree", scratch / "tmp", wide
        self.tree.mkdir(parents=True)
        for part in PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, self.tree / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            elif (root / part).exists():
                shutil.copy(root / part, self.tree / part)

    def verdict(self, mutation: Mutation) -> Verdict:
        """Whether the tests see a mutant, from the nearest to the widest."""
        began = time.monotonic()
        lists = stages(self.tree / "tests", mutation.module, self.wide)
        path = self.tree / PACKAGE / mutation.module
        text = path.read_text()
        for tests in lists:
            clean = self._without_change(tests)
            path.write_text(mutation.apply(text))
            try:
                code, failures = self._run(tests, clean.failures, max(PATIENCE, FACTOR * clean.seconds))
            finally:
                path.write_text(text)
            if code is None:
                return Verdict(mutation, "timeout", "time limit", time.monotonic() - began)
            if code not in (0, NO_TESTS):
                witness = failures[0] if failures else f"pytest ends with {code}"
                return Verdict(mutation, "killed", witness, time.monotonic() - began)
        return Verdict(mutation, "survived", "", time.monotonic() - began)

    def _without_change(self, tests: Sequence[str]) -> Clean:
        with self._lock:
            found = self._clean.get(tuple(tests))
        if found is None:
            began = time.monotonic()
            _, failures = self._run(tests, (), None, all_of_them=True)
            found = Clean(time.monotonic() - began, tuple(failures))
            with self._lock:
                self._clean[tuple(tests)] = found
            for name in failures:
                print(f"left out: {name} fails without a change, too", flush=True)
        return found

    def _run(
        self, tests: Sequence[str], without: Sequence[str], limit: float | None, *, all_of_them: bool = False
    ) -> tuple[int | None, list[str]]:
        """pytest's exit code (None: not in time) and the tests that failed."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        command = [
            *namespace(), sys.executable, "-m", "pytest", *([] if all_of_them else ["-x"]), "-q", "-p",
            "no:cacheprovider", "--basetemp", str(self.temporary / "base"), "--tb=no", "-rfE",
            *(word for name in without for word in ("--deselect", name)), *tests,
        ]  # fmt: skip
        environment = {
            **os.environ, "PYTHONPATH": str(self.tree), "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.temporary / "hypothesis"),
        }  # fmt: skip
        with (self.temporary / "stdout").open("w+", errors="replace") as stdout:
            process = subprocess.Popen(
                command, cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            code: int | None = None
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                process.kill()
            finally:
                _end_group(process)
            stdout.seek(0)
            failures = re.findall(r"^(?:FAILED|ERROR) (\S+)", stdout.read(), re.MULTILINE)
        return (code, failures)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what a command left, in the process group that it began."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
