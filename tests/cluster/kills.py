"""What if somebody shoots Dask's workers at random, all the time? ``python -m tests.cluster.kills --kills 1000``

Runs follow each other over the same pictures, with chunks of 1 and of 64 in turn, until so many workers of a cluster of
two are dead. Each run must have one outcome for each picture, none of them failed, the same files and the same figures
to the last bit as a run at home that nobody disturbed. Now and then LocalCluster itself gives up its last worker: such
a run has to stop in time, and to be completed by the next one, on a new cluster.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import imgbatch as ib
from imgbatch.core.report import ExitCode
from imgbatch.executors.processes.start_method import PRELOAD
from imgbatch.runs.batch import Batch
from tests.cluster.clusters import client_of, workers_of
from tests.cluster.pictures import RECIPE, Calm, figures, make_calm
from tests.contracts.test_scheduling import tree
from tests.faults.killer import background, kill_one

if TYPE_CHECKING:
    from distributed import Client

_HASTE = 0.05  # how likely it is that a shot that waits for progress is fired after a tenth of a second all the same
PATIENCE = 20.0  # seconds without a worker until a run stops


@contextlib.contextmanager
def shoot_workers(client: Client, batch: Batch, every: float, seed: int) -> Iterator[list[int]]:
    """Kill a random worker of the cluster every so many seconds, on average; the list of the shot pids.

    Mostly not before something was done since the last shot, or a slow machine would never come to the end.
    """
    shot: list[int] = []
    chance = random.Random(seed)

    def shoot(over: threading.Event) -> None:
        while not over.is_set():
            count = len(batch.report.outcomes)
            while chance.random() > _HASTE and len(batch.report.outcomes) == count and not over.wait(0.1):
                pass
            over.wait(chance.uniform(0, 2 * every))
            shot.extend(kill_one([pid for pid in workers_of(client) if pid not in shot], chance))

    with background(shoot):
        yield shot


def run_under_fire(
    client: Client, calm: Calm, out: Path, chunksize: int, every: float, seed: int
) -> tuple[int, Counter[str]]:
    """One run; how many workers were shot, and what is to be told of it. AssertionError where anything is wrong."""
    settings = ib.Settings(chunksize=chunksize, executor_timeout=PATIENCE)
    batch = Batch([calm.source], out, RECIPE, settings, executor=client, stats=True)
    with shoot_workers(client, batch, every, seed) as shot:
        outcomes = list(batch.outcomes())
    assert len({outcome.index for outcome in outcomes}) == len(outcomes)
    failed = [(outcome.source.relative, outcome.error) for outcome in outcomes if not outcome.ok]
    assert not failed, failed
    if batch.report.exit_code == ExitCode.STOPPED:
        return len(shot), Counter(stopped=1)
    assert len(outcomes) == len(calm.tree)
    assert tree(out) == calm.tree
    assert figures(batch.statistics()) == calm.figures
    return len(shot), Counter(runs=1, attempts=sum(outcome.attempts - 1 for outcome in outcomes))


def complete(client: Client, calm: Calm, out: Path) -> None:
    """The run after one that stopped."""
    report = ib.run([calm.source], out, RECIPE, executor=client)
    assert report.ok, report.failed
    assert tree(out) == calm.tree


def soak(kills: int, pictures: int, every: float, seed: int) -> None:
    """Runs until so many workers are dead."""
    multiprocessing.set_forkserver_preload(["distributed", PRELOAD])  # so that the next worker is soon there
    folder = Path(tempfile.mkdtemp(prefix="imgbatch-kills-"))
    calm = make_calm(folder, pictures)
    dead, sums, began, number = 0, Counter[str](), time.monotonic(), 0
    try:
        while dead < kills:
            with client_of(2, "forkserver") as client:
                while dead < kills:
                    number += 1
                    out = folder / f"out{number}"
                    shot, told = run_under_fire(client, calm, out, (1, 64)[number % 2], every, seed + number)
                    dead += shot
                    sums += told
                    if told["stopped"]:
                        break
                    shutil.rmtree(out)
                    print(f"{dead} workers dead, {dict(sums)}, {time.monotonic() - began:.0f} s", flush=True)
            if told["stopped"]:
                with client_of(2, "forkserver") as client:
                    complete(client, calm, out)
                shutil.rmtree(out)
        print(f"{dead} workers of Dask's were killed in {sums['runs']} runs over {pictures} pictures: 0 lost, 0 "
              f"failed, same files, same sums; {sums['attempts']} files were begun again, "
              f"{sums['stopped']} runs stopped for want of workers and were completed by the next one")  # fmt: skip
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--every", type=float, default=0.3, help="seconds between two shots, on average")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    soak(words.kills, words.pictures, words.every, words.seed)
