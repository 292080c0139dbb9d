"""What does a Dask cluster cost, a picture, above our own Pool? ``python -m tests.benchmarks.cluster [--pictures]``

Processor time of the whole tree: this process, a LocalCluster of two, and all below them; less what the cluster takes
when nobody asks anything of it. The pictures are not made: each job gives at once the Outcome of a small JPEG that was
resized to 256 px, with the milliseconds that it took, so that chunks are those of such a run. What is left is the
engine's own, which the noise of the pictures' work would hide; with ``--pictures`` they are made. What starts and ends
a run is taken out: a picture's cost is that of many less that of few, by the number between. The two engines take
turns, and the median of the differences counts: it holds on a loaded machine, too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Job, Outcome, Source, Target, Written
from imgbatch.executors.base import ExecutorOptions
from imgbatch.executors.dask.cluster import Cluster
from imgbatch.executors.dask.executor import Dask
from imgbatch.executors.processes.pool import Pool
from imgbatch.pipeline.task import Task, TaskContext

if TYPE_CHECKING:
    from distributed import Client

RECIPE = ib.Recipe([ib.Resize("256")], [ib.Output(format="jpeg", quality=82)])
PICTURES, JOBS = (200, 2000), (2_000, 40_000)  # few and many
LIMIT_MS = 0.1
MS = {"read": 0.1, "decode": 0.8, "ops": 1.2, "encode": 0.9, "write": 0.3}  # of a JPEG of 320x240
_IDLE = 5.0  # seconds
_TICK = os.sysconf("SC_CLK_TCK")


def tree_seconds() -> float:
    """The processor seconds of this process and all below it, those included that have ended and were waited for."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        parents[int(name)] = int(fields[1])
        ticks[int(name)] = sum(map(int, fields[11:15]))
    return sum(count for pid, count in ticks.items() if _is_below(pid, parents)) / _TICK


def _is_below(pid: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = parents.get(pid, 0)
    return False


@dataclass(frozen=True)
class StillTask(Task):
    """Says that a picture was made."""

    def __call__(self, job: Job, context: TaskContext) -> Outcome:
        (target,) = job.targets
        made = Written(0, target.path, "jpeg", 256, 192, 18_000, 82, mtime_ns=1, mode="RGB", hash="0" * 32)
        return Outcome(job.index, job.source, "ok", (made,), ms=MS, source_hash="0" * 32)


def still_jobs(count: int) -> list[Job]:
    """Jobs as a run has them."""
    return [
        Job(
            number,
            Source(f"/photos/{number:05}.jpg", "/photos", f"{number:05}.jpg", 32_000, number, place=(1, 2, "3")),
            (Target(0, f"/web/{number:05}.jpg", "jpeg"),),
        )
        for number in range(count)
    ]


def engines(client: Client) -> dict[str, Callable[[int], None]]:
    """The jobs alone, by our own Pool and on the cluster."""
    jobs = {count: still_jobs(count) for count in JOBS}

    def home(count: int) -> None:
        assert sum(outcome.ok for outcome in Pool(2).run(StillTask(), jobs[count])) == count

    def there(count: int) -> None:
        with contextlib.closing(Cluster(client, "", "auto", 60.0)) as cluster:
            executor = Dask(cluster, ExecutorOptions(cluster=cluster))
            assert sum(outcome.ok for outcome in executor.run(StillTask(), jobs[count])) == count

    return {"Pool": home, "Dask": there}


def runs(client: Client, folder: Path) -> dict[str, Callable[[int], None]]:
    """Whole runs over pictures."""
    noise = Image.effect_noise((320, 240), 40)
    noise = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    for count in PICTURES:
        (folder / str(count)).mkdir()
        for number in range(count):
            noise.save(folder / str(count) / f"{number:05}.jpg", quality=60 + number % 30)

    def run(count: int, executor: Client | None) -> None:
        assert ib.run([folder / str(count)], folder / "out", RECIPE, workers="auto", executor=executor).ok
        shutil.rmtree(folder / "out")

    return {"Pool": lambda count: run(count, None), "Dask": lambda count: run(count, client)}


def measure(ways: dict[str, Callable[[int], None]], few: int, many: int, rounds: int) -> None:
    """Print a picture's cost in both ways, and the difference."""

    def idle_rate() -> float:
        before, began = tree_seconds(), time.monotonic()
        time.sleep(_IDLE)
        return (tree_seconds() - before) / (time.monotonic() - began)

    def cost(way: Callable[[int], None], count: int, idle: float) -> float:
        before, began = tree_seconds(), time.monotonic()
        way(count)
        time.sleep(0.5)  # until its workers have ended, and have been waited for
        return tree_seconds() - before - idle * (time.monotonic() - began)

    for way in ways.values():
        way(few)  # what is loaded once
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        idle = idle_rate()
        for name, way in ways.items():
            costs[name].append((cost(way, many, idle) - cost(way, few, idle)) / (many - few) * 1000)
        told = ", ".join(f"{name} {values[-1]:.4f} ms" for name, values in costs.items())
        print(f"round {number + 1}: {told}, idle {100 * idle:.1f} % of a processor", flush=True)
    middle = statistics.median(there - home for home, there in zip(costs["Pool"], costs["Dask"], strict=True))
    print(f"median: {statistics.median(costs['Pool']):.4f} ms by our own Pool, {middle:+.4f} ms on the cluster "
          f"(to reach: {LIMIT_MS:+g})")  # fmt: skip


def main() -> None:
    """Start the cluster, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", action="store_true", help="make them")
    words = parser.parse_args()
    from tests.cluster.clusters import client_of

    with client_of(2) as client, tempfile.TemporaryDirectory(prefix="imgbatch-cluster-") as folder:
        if words.pictures:
            measure(runs(client, Path(folder)), *PICTURES, words.rounds)
        else:
            measure(engines(client), *JOBS, words.rounds)


if __name__ == "__main__":
    main()
