"""Other machine: a worker that shares nothing with this one but folders, without a second machine.

A process in namespaces of its own (Linux, root): other process numbers, another /dev/shm, and what is said to be hidden
is not there. It answers calls that come in by a pipe. Run as a module it is that process.
"""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

_ROOT = Path(__file__).parents[2]
_UNSHARE = ("unshare", "-m", "-p", "--fork", "--mount-proc")
_can_unshare = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("unshare") is not None
_can_unshare = _can_unshare and subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode == 0
needs_namespaces = pytest.mark.skipif(not _can_unshare, reason="needs root and namespaces, to be another machine")


class OtherMachine(concurrent.futures.Executor):
    """One worker on another machine.

    Parameters
    ----------
    hidden : sequence of Path
        Folders that are empty there.
    instead : dict of Path to Path
        Folders that are others there.
    """

    parallelism = 1

    def __init__(self, hidden: Sequence[Path] = (), instead: dict[Path, Path] | None = None) -> None:
        mounts = [f"mount -t tmpfs tmpfs {shlex.quote(str(path))}" for path in (Path("/dev/shm"), *hidden)]
        for path, other in (instead or {}).items():
            mounts.append(f"mount --bind {shlex.quote(str(other))} {shlex.quote(str(path))}")
        command = f"{shlex.quote(sys.executable)} -m tests.cluster.other_machine"
        self._process = subprocess.Popen(
            [*_UNSHARE, "sh", "-c", " && ".join([*mounts, f"exec {command}"])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)])},
        )  # fmt: skip
        self._thread = concurrent.futures.ThreadPoolExecutor(1)

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        return self._thread.submit(self._ask, call, *given, **named)

    def _ask(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        pickle.dump((call, given, named), self._process.stdin)
        self._process.stdin.flush()
        result, error = pickle.load(self._process.stdout)
        if error is not None:
            raise error
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._thread.shutdown(wait, cancel_futures=cancel_futures)
        self._process.communicate()


def serve(calls: IO[bytes], answers: IO[bytes]) -> None:
    """Answer calls until there are no more."""
    while True:
        try:
            call, given, named = pickle.load(calls)
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - told to who asked
            answer: tuple[Any, Exception | None] = (None, error)
        else:
            try:
                answer = (call(*given, **named), None)
            except Exception as error:  # noqa: BLE001 - as above
                answer = (None, error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
