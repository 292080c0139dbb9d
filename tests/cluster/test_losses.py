"""What if a cluster loses workers, all of them, or whoever has the run; or a machine loses what the others see?"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.errors import HostWarning
from imgbatch.core.report import ExitCode
from imgbatch.runs.batch import Batch
from tests.cluster import drivers, kills
from tests.cluster.clusters import client_of, package, workers_of
from tests.cluster.machines import machine
from tests.cluster.pictures import RECIPE, Calm, figures, make_calm
from tests.contracts.test_scheduling import tree

SAMPLES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    return make_calm(tmp_path_factory.mktemp("calm"), 60)


@pytest.mark.parametrize("chunksize", [1, 64])
def test_workers_killed_in_the_middle(calm: Calm, tmp_path: Path, chunksize: int) -> None:
    """Files of the dead ones are there already, and what was done is done again."""
    with client_of(2) as client:
        batch = Batch([calm.source], tmp_path, RECIPE, ib.Settings(chunksize=chunksize), executor=client, stats=True)
        shot: list[int] = []

        def shoot() -> None:
            while len(list(tmp_path.glob("*.png"))) < 5:
                time.sleep(0.005)
            for victim in workers_of(client):
                os.kill(victim, signal.SIGKILL)
                shot.append(victim)

        thread = threading.Thread(target=shoot)
        thread.start()
        outcomes = list(batch.outcomes())
        thread.join()
    assert len(shot) == 2 and len(outcomes) == len(calm.tree)
    assert [outcome.error for outcome in outcomes if not outcome.ok] == []
    assert chunksize == 1 or max(outcome.attempts for outcome in outcomes) > 1
    assert (tree(tmp_path), figures(batch.statistics())) == (calm.tree, calm.figures)


def test_all_workers_gone(calm: Calm, tmp_path: Path) -> None:
    with client_of(1) as client:
        batch = Batch([calm.source], tmp_path, RECIPE, ib.Settings(chunksize=4, executor_timeout=1.0), executor=client)
        for outcome in batch.outcomes():
            assert outcome.ok, outcome.error
            if len(batch.report.outcomes) == 4:
                client.cluster.scale(0)
                client.retire_workers(close_workers=True)
        assert batch.report.exit_code == ExitCode.STOPPED and batch.report.remaining > 0
        client.cluster.scale(1)
        assert ib.run([calm.source], tmp_path, RECIPE, executor=client).ok
    assert tree(tmp_path) == calm.tree


def test_a_command_that_is_killed_twice(calm: Calm, tmp_path: Path) -> None:
    with client_of(1) as client:
        assert drivers.kill_and_complete(client, calm, tmp_path / "out", 2, random.Random(1)) > 0


@pytest.mark.parametrize("times", [1, 2])
def test_a_terminals_interrupt_ends_a_local_cluster_in_order(calm: Calm, tmp_path: Path, times: int) -> None:
    """All processes get it, and Dask's workers must not die of it: files in hand are finished, or dropped.

    What is half written when it ends at once, and a slow machine leaves no time to remove, the next run removes.
    """
    package()
    words = ["run", str(calm.source), "-o", str(tmp_path), "--resize", "1500x1500!", "--chunksize", "1", "-j", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "imgbatch", *words, "--executor", "dask"], stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    while not list(tmp_path.glob("*.jpg")) and process.poll() is None:
        time.sleep(0.05)
    assert process.stderr is not None
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr.readline() == "finishing the files in hand; again to stop at once\n"
    if times > 1:
        os.killpg(process.pid, signal.SIGINT)
    said = process.stderr.read()
    assert process.wait() == ExitCode.INTERRUPTED and "Traceback" not in said
    if times > 1:
        ib.run([calm.source], tmp_path, ib.Recipe([ib.Resize("1500x1500!")]), max_files=1)
    names = {path.name for path in tmp_path.iterdir()} - {".imgbatch"}
    assert names and names < {path.name for path in calm.source.iterdir()}


def test_a_worker_on_another_machine(calm: Calm, tmp_path: Path) -> None:
    with client_of(0) as client, machine(client):
        batch = Batch([calm.source], tmp_path, RECIPE, ib.Settings(timeout=60.0), executor=client, stats=True)
        assert all(outcome.ok for outcome in batch.outcomes())
    assert (tree(tmp_path), figures(batch.statistics())) == (calm.tree, calm.figures)


def test_a_watermark_on_another_machine(calm: Calm, tmp_path: Path) -> None:
    """Its picture lies in this machine's memory, which is not the other's."""
    mark = str(SAMPLES / "png" / sorted(os.listdir(SAMPLES / "png"))[0])
    recipe = ib.Recipe([ib.Watermark(mark, size="30%")], [ib.Output(format="png")])
    ib.run([calm.source], tmp_path / "here", recipe)
    with client_of(0) as client, machine(client):
        assert ib.run([calm.source], tmp_path / "there", recipe, executor=client).ok
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_a_machine_that_loses_the_output_folder_on_the_way(calm: Calm, tmp_path: Path) -> None:
    """It is mounted over: what is written there then goes nowhere."""
    out, gone = tmp_path / "out", tmp_path / "gone"
    out.mkdir()
    os.mkfifo(gone)
    lose = f"( read word < {gone}; mount -t tmpfs over {out}; echo done > {gone} ) &"
    with client_of(1) as client, machine(client, lose):
        batch = Batch([calm.source], out, RECIPE, ib.Settings(chunksize=2), executor=client, stats=True)
        with pytest.warns(HostWarning, match="cannot do this work: .* does not see the output folder"):
            for _ in batch.outcomes():
                if len(batch.report.outcomes) == 4:
                    gone.write_text("now\n")
                    assert gone.read_text() == "done\n"
    assert batch.report.ok
    assert (tree(out), figures(batch.statistics())) == (calm.tree, calm.figures)


def test_a_machine_that_does_not_see_the_sources(calm: Calm, tmp_path: Path) -> None:
    hide = f"mount -t tmpfs over {calm.source}"
    with client_of(1) as client, machine(client, hide):
        with pytest.warns(HostWarning, match="cannot do this work: it does not see .*, which is there"):
            report = ib.run([calm.source], tmp_path, RECIPE, executor=client, chunksize=4)
        assert report.ok
    assert tree(tmp_path) == calm.tree


@pytest.mark.soak
def test_a_thousand_workers_killed() -> None:
    kills.soak(1000, 100, 0.3, seed=1)


@pytest.mark.soak
def test_fifty_commands_killed() -> None:
    drivers.soak(50, 150, seed=1)
