"""Remote host: can a worker of an engine of others, perhaps on another machine, do what is asked as it is done here?

The driver (the process that has the run) sends its :class:`Terms` with each chunk. A worker process compares them with
itself before its first job: the versions of all that makes pixels, and a probe file in the output folder. What does not
fit is a sentence in its reply, and nothing is done. Sources that only the worker misses are told with the reply, too.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from imgbatch.core.errors import EngineError
from imgbatch.core.job import Job
from imgbatch.core.version import component_versions
from imgbatch.pipeline.task import Task
from imgbatch.storage.registry import is_remote
from imgbatch.storage.temporary import temporary_name


class Terms(NamedTuple):
    """What a worker must have; plain values, which another version of imgbatch can read, too.

    Attributes
    ----------
    versions : tuple of (str, str)
        :func:`component_versions` of the driver, by name.
    probe : str
        The path of a file that must be there; "" where nothing is to be seen.
    """

    versions: tuple[tuple[str, str], ...]
    probe: str


@contextlib.contextmanager
def terms_of(task: Task) -> Iterator[Terms]:
    """What the workers of a run must have; the probe file is there as long as the block lasts."""
    root, versions = task.root, tuple(component_versions().items())
    if root is None or is_remote(root.path):  # a bucket is seen from everywhere, by who has credentials of its own
        yield Terms(versions, "")
        return
    probe = temporary_name(root.path)
    with root.parent(probe, make=True) as (folder, name):
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder))
        except OSError:  # a disk that is full, say: the first file will tell
            probe = ""
    try:
        yield Terms(versions, probe)
    finally:
        with contextlib.suppress(OSError), root.parent(probe or temporary_name(root.path)) as (folder, name):
            os.unlink(name, dir_fd=folder)


def refusal(terms: Terms) -> str:
    """In a worker: why this process cannot do what is asked as the driver would, in a sentence; "" where it can."""
    here, there = component_versions(), dict(terms.versions)
    pairs = [
        f"{name} {here.get(name, 'missing')} instead of {there.get(name, 'none')}"
        for name in {**there, **here}
        if here.get(name) != there.get(name)
    ]
    if pairs:
        return f"{worker_name()} has {', '.join(pairs)}: a file must not depend on who makes it; install the same"
    if terms.probe and not os.path.lexists(terms.probe):
        return (
            f"{worker_name()} does not see the output folder {os.path.dirname(terms.probe)}: all workers need it under "
            "the same path, on a disk that they share"
        )
    return ""


def worker_name() -> str:
    """This process, in a sentence's words."""
    return f"the worker {os.getpid()} on {platform.node() or 'a machine without a name'}"


def refuse_blind_worker(task: Task, jobs: Sequence[Job], path: str) -> None:
    """In the driver: EngineError where a worker misses a source that is here.

    Parameters
    ----------
    task : Task
    jobs : sequence of Job
        Of its chunk.
    path : str
        Of the source; "" where it misses none.
    """
    for job in jobs if path else ():
        if job.source.path == path and not task.missing_source(job):
            raise EngineError(
                f"a worker does not see {path}, which is there: all workers need the folders of the sources under the "
                "same paths, on disks that they share"
            )
