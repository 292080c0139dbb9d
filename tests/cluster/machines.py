"""Machines: a worker that sees other processes, other shared memory and other mounts, as one elsewhere does."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cluster.clusters import has_namespaces

if TYPE_CHECKING:
    from distributed import Client

OWN_SHARED_MEMORY = "mount -t tmpfs shm /dev/shm"


@contextlib.contextmanager
def machine(client: Client, *commands: str) -> Iterator[str]:
    """A worker in namespaces of its own, where some shell commands were begun before; its address."""
    if not has_namespaces():
        pytest.skip("namespaces of its own need root, and unshare")
    before = set(client.nthreads())
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", client.scheduler.address, "--nworkers", "1",
              "--nthreads", "1", "--no-dashboard"]  # fmt: skip
    script = "\n".join(["set -e", OWN_SHARED_MEMORY, *commands, f"exec {shlex.join(worker)}"])
    process = subprocess.Popen(
        ["unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        client.wait_for_workers(len(before) + 1, timeout=120)
        (address,) = set(client.nthreads()) - before
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
