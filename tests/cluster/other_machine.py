"""Other machine: a worker that shares nothing with this one but folders, without a second machine.

A process in namespaces of its own (Linux, root): other process numbers, another /dev/shm, and what is said to be hidden
is not there.
"""

from __future__ import annotations

import concurrent.futures
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.clusters import has_namespaces
from tests.cluster.worker_program import COMMAND, Worker

_UNSHARE = ("unshare", "-m", "-p", "--fork", "--mount-proc")
needs_namespaces = pytest.mark.skipif(not has_namespaces(), reason="needs root and namespaces, to be another machine")


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
        command = f"exec {shlex.join(COMMAND)}"
        self._worker = Worker([*_UNSHARE, "sh", "-c", " && ".join([*mounts, command])])
        self._thread = concurrent.futures.ThreadPoolExecutor(1)

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        return self._thread.submit(self._worker.ask, call, *given, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._thread.shutdown(wait, cancel_futures=cancel_futures)
        self._worker.close()
