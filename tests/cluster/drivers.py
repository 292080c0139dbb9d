"""What if the process that has the run is killed, again and again? ``python -m tests.cluster.drivers --kills 50``

A command whose work a cluster does is killed with SIGKILL when a random number of its outputs are there, and started
again at once, while workers may still be at what the dead one has sent. After a few kills it may end: then the files
are those of a run that nobody disturbed, nothing else is left, and a further run finds nothing to do.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import imgbatch as ib
from tests.cluster.clusters import client_of
from tests.cluster.pictures import RECIPE, Calm, make_calm
from tests.contracts.test_scheduling import tree

if TYPE_CHECKING:
    from distributed import Client

WORDS = ["--resize", "64", "-f", "png", "--chunksize", "4", "-Q"]


def start(client: Client, calm: Calm, out: Path) -> subprocess.Popen[bytes]:
    """The command, in a process of its own."""
    where = f"dask:{client.scheduler.address}"
    command = [sys.executable, "-m", "imgbatch", "run", str(calm.source), "-o", str(out), *WORDS, "--executor", where]
    return subprocess.Popen(command)


def kill_and_complete(client: Client, calm: Calm, out: Path, kills: int, chance: random.Random) -> int:
    """So many dead commands for one folder, or fewer where one gets to the end; how many. Then one that ends."""
    dead = 0
    for number in range(kills):
        process = start(client, calm, out)
        most = len(calm.tree)
        goal = chance.randrange(most * number // kills, max(most * (number + 1) // kills, 1))
        while process.poll() is None and (not out.exists() or len(list(out.glob("*.png"))) < goal):
            time.sleep(0.02)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            dead += 1
        process.wait()
    assert start(client, calm, out).wait() == 0
    assert tree(out) == calm.tree
    report = ib.run([calm.source], out, RECIPE)
    assert report.counts["unchanged"] == len(calm.tree), report.counts
    return dead


def soak(kills: int, pictures: int, seed: int) -> None:
    """Folders until so many commands are dead."""
    chance, dead, number = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory(prefix="imgbatch-drivers-") as name, client_of(2) as client:
        folder = Path(name)
        calm = make_calm(folder, pictures)
        while dead < kills:
            number += 1
            dead += kill_and_complete(client, calm, folder / f"out{number}", min(5, kills - dead), chance)
            shutil.rmtree(folder / f"out{number}")
            print(f"{dead} commands dead, {number} folders complete", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    soak(words.kills, words.pictures, words.seed)
