"""Is a run on a Dask cluster a run as here: the same files and sums, stopped, limited and refused as everywhere?"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import imgbatch as ib
from imgbatch.__main__ import main
from imgbatch.core.errors import HostError, HostWarning, UsageError
from imgbatch.core.job import Job, Outcome
from imgbatch.core.report import ExitCode
from imgbatch.core.version import component_versions
from imgbatch.executors.base import ExecutorOptions
from imgbatch.executors.dask.cluster import Beginning, Census, Cluster
from imgbatch.executors.dask.executor import Dask
from imgbatch.executors.dask.hosted_runs import _say_beginning
from imgbatch.executors.remote import host
from imgbatch.pipeline.task import Task
from imgbatch.runs.batch import Batch
from imgbatch.runs.preview.estimate import estimate_batch
from tests.cluster.clusters import client_of, package
from tests.cluster.pictures import RECIPE, Calm, figures, make_calm
from tests.contracts.test_scheduling import records, tree
from tests.faults.tasks import FaultyTask, job

if TYPE_CHECKING:
    from distributed import Client

SAMPLES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with client_of(2) as client:
        yield client


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    return make_calm(tmp_path_factory.mktemp("calm"), 60)


def outcomes_of(client: Client, task: Task, jobs: list[Job], **options: Any) -> dict[int, Outcome]:
    """The outcomes of jobs by their index; one for each."""
    with contextlib.closing(Cluster(client, "", "auto", 60.0)) as cluster:
        executor = Dask(cluster, ExecutorOptions(cluster=cluster, **options))
        outcomes = list(executor.run(task, jobs))
    assert sorted(outcome.index for outcome in outcomes) == [job.index for job in jobs]
    return {outcome.index: outcome for outcome in outcomes}


def test_the_same_files_records_and_sums_as_here(client: Client, tmp_path: Path) -> None:
    recipe = ib.Recipe([ib.Resize("200"), ib.Unsharp(1.0)], [ib.Output(format="webp")])
    there = Batch([SAMPLES], tmp_path / "there", recipe, executor=client, stats=True)
    here = Batch([SAMPLES], tmp_path / "here", recipe, stats=True)
    for batch in (there, here):
        assert len(list(batch.outcomes())) > 20
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    assert records(there.report) == records(here.report)
    assert figures(there.statistics()) == figures(here.statistics())
    report = ib.run([SAMPLES], tmp_path / "there", recipe, executor=client)
    assert report.counts["ok"] == 0 and report.counts["unchanged"] > 20


@pytest.mark.parametrize("chunksize", [1, 7, "auto"])
def test_whatever_the_chunks(client: Client, calm: Calm, tmp_path: Path, chunksize: int | str) -> None:
    batch = Batch([calm.source], tmp_path, RECIPE, ib.Settings(chunksize=chunksize), executor=client, stats=True)
    assert len(list(batch.outcomes())) == len(calm.tree)
    assert (tree(tmp_path), figures(batch.statistics())) == (calm.tree, calm.figures)


def test_what_a_job_does_to_its_worker_costs_itself_alone(client: Client, tmp_path: Path) -> None:
    faults = {3: "segv", 5: "kill", 8: "loop", 9: "kill_once", 11: "os_exit", 13: "raise"}
    jobs = [job(index, faults.get(index, "ok")) for index in range(20)]
    outcomes = outcomes_of(client, FaultyTask(str(tmp_path)), jobs, chunksize=10, timeout=1.0)
    status = {index: outcome.status for index, outcome in outcomes.items() if outcome.status != "ok"}
    assert status == {3: "crashed", 5: "crashed", 8: "timeout", 11: "crashed", 13: "failed"}
    error = outcomes[3].error
    assert error is not None and "3-segv (SIGSEGV)" in error.message


def test_dasks_workers_are_as_they_were(client: Client, calm: Calm, tmp_path: Path) -> None:
    """They are daemonic, which is no hindrance, and our processes end with the run."""
    before = client.run(os.getpid)
    assert ib.run([calm.source], tmp_path, RECIPE, executor=client).ok
    assert client.run(os.getpid) == before
    assert all(client.run(lambda: multiprocessing.current_process().daemon).values())
    for names in client.run(_processes_of_runs).values():
        assert names == []


def _processes_of_runs() -> list[str]:
    """In Dask's worker: what is left of a run; its threads end it."""
    for thread in threading.enumerate():
        if thread.name == "imgbatch-end":
            thread.join()
    return [process.name for process in multiprocessing.active_children() if process.name.startswith("imgbatch")]


def test_closing_the_iterator_waits_for_what_runs(client: Client, calm: Calm, tmp_path: Path) -> None:
    outcomes = ib.process([calm.source], tmp_path, RECIPE, executor=client, chunksize=4)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    report = ib.run([calm.source], tmp_path, RECIPE, executor=client)
    assert 0 < report.counts["ok"] < len(calm.tree)
    assert report.counts["ok"] + report.counts["unchanged"] == len(calm.tree)
    assert tree(tmp_path) == calm.tree


def test_a_run_that_is_cancelled_goes_on(client: Client, calm: Calm, tmp_path: Path) -> None:
    batch = Batch([calm.source], tmp_path, RECIPE, ib.Settings(chunksize=4), executor=client)
    for _ in batch.outcomes():
        batch.stop(ExitCode.STOPPED, "enough")
    assert batch.report.exit_code == ExitCode.STOPPED and batch.report.remaining > 0
    assert ib.run([calm.source], tmp_path, RECIPE, executor=client).ok
    assert tree(tmp_path) == calm.tree


def test_two_runs_of_one_client_hear_what_begins(client: Client) -> None:
    """Whichever began first, and also when one of them has ended."""
    clusters = [Cluster(client, "", "auto", 60.0) for _ in range(2)]
    for cluster in clusters:
        cluster.open()
    client.submit(_say_beginning, "first", pure=False).result()
    assert [next_beginning(cluster) for cluster in clusters] == ["first", "first"]
    for cluster in clusters:
        others = [one for one in clusters if one is not cluster]
        cluster.close()
        client.submit(_say_beginning, "second", pure=False).result()
        assert [next_beginning(one) for one in others] == ["second"] * len(others)
        cluster.open()
    for cluster in clusters:
        cluster.close()


def next_beginning(cluster: Cluster) -> str:
    """The key of the next chunk that begins; "" when nobody says so, though the cluster is looked at ten times."""
    looks = 0
    while looks < 10:
        news = cluster.news.get()
        if isinstance(news, Beginning):
            return news.key
        looks += isinstance(news, Census)
    return ""


def test_no_more_jobs_at_a_time_than_workers_says(client: Client, tmp_path: Path) -> None:
    with contextlib.closing(Cluster(client, "", 1, 60.0)) as cluster:
        executor = Dask(cluster, ExecutorOptions(cluster=cluster, chunksize=1))
        assert executor.parallelism == 1
        assert len(list(executor.run(FaultyTask(), [job(index) for index in range(6)]))) == 6


def test_a_cluster_that_grows(calm: Calm, tmp_path: Path) -> None:
    with client_of(0) as client:
        handle = ib.start([calm.source], tmp_path, RECIPE, executor=client)
        client.cluster.scale(1)
        assert handle.result().ok
    assert tree(tmp_path) == calm.tree


def test_a_cluster_without_workers_stops_the_run_and_the_next_one_goes_on(calm: Calm, tmp_path: Path) -> None:
    with client_of(0) as client:
        report = ib.run([calm.source], tmp_path, RECIPE, executor=client, executor_timeout=0.5)
        assert (report.exit_code, report.remaining) == (ExitCode.STOPPED, len(calm.tree))
        assert report.reason == "the cluster has had no worker for 0.5 s (--executor-timeout)"
        client.cluster.scale(1)
        assert ib.run([calm.source], tmp_path, RECIPE, executor=client).ok
    assert tree(tmp_path) == calm.tree


def _have(versions: dict[str, str]) -> None:
    """In Dask's worker: be one that has other versions."""
    setattr(host, "component_versions", lambda: versions)  # noqa: B010 - mypy takes an assignment for a mistake


def test_a_worker_with_other_versions_is_refused(calm: Calm, tmp_path: Path) -> None:
    versions = component_versions()
    with client_of(2) as client:
        other, _ = client.nthreads()
        client.run(_have, {**versions, "Pillow": "1.0"}, workers=[other])
        with pytest.warns(HostWarning, match=r"cannot do this work: .* has Pillow 1\.0 instead of"):
            assert ib.run([calm.source], tmp_path / "one", RECIPE, executor=client).ok
        assert tree(tmp_path / "one") == calm.tree
        client.run(_have, {**versions, "Pillow": "1.0"})
        with pytest.warns(HostWarning):
            report = ib.run([calm.source], tmp_path / "two", RECIPE, executor=client)
        assert report.exit_code == ExitCode.STOPPED and "Pillow 1.0 instead of" in report.reason
        client.run(_have, versions)
        assert ib.run([calm.source], tmp_path / "two", RECIPE, executor=client).ok
    assert tree(tmp_path / "two") == calm.tree


def test_a_worker_without_imgbatch_is_told_of_and_lives_on(calm: Calm, tmp_path: Path) -> None:
    """Dask closes one that is sent a function which it cannot import."""
    uninstall = (
        "import sys; [sys.modules.pop(name) for name in list(sys.modules) if name.startswith('imgbatch.')]; "
        "sys.modules['imgbatch'] = None"
    )
    with client_of(2) as client:
        workers = set(client.nthreads())
        client.run(exec, uninstall, workers=[min(workers)])
        with pytest.warns(HostWarning, match="cannot do this work: ModuleNotFoundError: .*imgbatch.*; the others do"):
            assert ib.run([calm.source], tmp_path / "one", RECIPE, executor=client).ok
        client.run(exec, uninstall)
        with pytest.warns(HostWarning):
            report = ib.run([calm.source], tmp_path / "two", RECIPE, executor=client)
        assert report.exit_code == ExitCode.STOPPED and "ModuleNotFoundError" in report.reason
        assert set(client.nthreads()) == workers
    assert tree(tmp_path / "one") == calm.tree


def test_the_command_starts_a_cluster_of_its_own(calm: Calm, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    package()
    words = ["run", str(calm.source), "-o", str(tmp_path), "--resize", "64", "-f", "png", "-j", "2"]
    assert main([*words, "--executor", "dask"]) == 0
    assert tree(tmp_path) == calm.tree
    assert capfd.readouterr().err.startswith("60 ok ")


def test_nobody_can_connect_to_a_cluster_of_the_commands_own() -> None:
    """Who could would have it run whatever they like, as us; its pages for monitors are for this machine only."""
    package()
    psutil = pytest.importorskip("psutil")

    def listeners() -> set[tuple[str, int]]:
        return {tuple(one.laddr) for one in psutil.Process().net_connections() if one.status == psutil.CONN_LISTEN}

    before = listeners()
    with contextlib.closing(Cluster(None, "", 2, 60.0)) as cluster:
        cluster.open()
        info = cluster._client.scheduler_info()
        assert all(address.startswith("inproc://") for address in (info["address"], *info["workers"]))
        assert {host for host, _ in listeners() - before} <= {"127.0.0.1"}


def test_a_scheduler_that_cannot_be_reached(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    package()
    words = ["run", str(SAMPLES / "web"), "-o", str(tmp_path / "out"), "--resize", "64", "--executor-timeout", "0.2"]
    assert main([*words, "--executor", "dask:tcp://127.0.0.1:1"]) == ExitCode.STOPPED
    told = capfd.readouterr().err
    assert told.startswith("imgbatch: no Dask scheduler answers at tcp://127.0.0.1:1: ") and told.count("\n") == 1
    assert main(words) == 0


@contextlib.contextmanager
def stranger(greeting: bytes) -> Iterator[int]:
    """The port of a server that is no scheduler: it greets whoever connects, and says nothing more."""
    connections: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connections.append(server.accept()[0])
                connections[-1].sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        (b"", "no Dask scheduler answers at tcp://127.0.0.1:.*: it says nothing for 1.5 s"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is no Dask scheduler of a version that fits: "),
    ],
)
def test_a_port_that_is_somebody_elses(tmp_path: Path, greeting: bytes, sentence: str) -> None:
    """Dask waits for ever for who says nothing, and wants exabytes for what others say."""
    package()
    with stranger(greeting) as port, pytest.raises(HostError, match=sentence):
        address = f"dask:tcp://127.0.0.1:{port}"
        ib.run([SAMPLES / "web"], tmp_path / "out", executor=address, executor_timeout=0.5)


def test_a_cluster_needs_its_extra_and_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="processes, inline, dask or dask:ADDRESS for executor, got 'desk'"):
        ib.run([SAMPLES], tmp_path, executor="desk")
    with pytest.raises(UsageError, match="expected no cluster for an estimate"):
        package()
        batch = Batch([SAMPLES / "web"], tmp_path, executor="dask")
        batch.prepare(hold=False)
        estimate_batch(batch)
    with pytest.raises(UsageError, match=r"expected workers for a cluster, got 0 \(-j 0\)"):
        ib.run([SAMPLES], tmp_path, executor="dask", workers=0)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"it is missing: pip install 'imgbatch\[dask\]'"):
        ib.run([SAMPLES], tmp_path, executor="dask")
