"""Clusters: real ones of Dask's, on this machine, for tests. They skip with a reason where the package is missing."""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from distributed import Client


def package() -> Any:
    """The package."""
    return pytest.importorskip("distributed", reason="imgbatch[dask] is not installed")


@contextlib.contextmanager
def client_of(workers: int = 2, method: str = "spawn", **settings: Any) -> Iterator[Client]:
    """The client of a cluster of so many processes of one thread each, which start by that method of multiprocessing.

    By forkserver they are there sooner.
    """
    distributed = package()
    import dask.config

    #: A LocalCluster gives a worker up for good that is away just when it looks, so many seconds after an end.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"})
    dask.config.set({"distributed.worker.multiprocessing-method": method})
    quiet: dict[str, Any] = {
        "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False},
        "silence_logs": logging.CRITICAL,
    }  # fmt: skip
    with (
        distributed.LocalCluster(n_workers=workers, **(quiet | settings)) as cluster,
        distributed.Client(cluster) as client,
    ):
        if workers:
            client.wait_for_workers(workers)
        yield client


def workers_of(client: Client) -> list[int]:
    """The process numbers of the workers of a LocalCluster that have started.

    A nanny whose worker dies while it starts gives up.
    """
    processes = [nanny.process for nanny in list(client.cluster.workers.values())]
    return [process.pid for process in processes if process and process.status.name == "running" and process.pid]


@functools.cache
def has_namespaces() -> bool:
    """Whether this process may start others that see another machine."""
    import subprocess

    if not sys.platform.startswith("linux"):
        return False
    command = ["unshare", "-m", "-p", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "shm", "/dev/shm"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False
