"""Is nothing lost and nothing of others overwritten in a bucket, whoever writes at the same time or is killed?"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Job, Source, Target
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.storage.registry import root_of_store, store
from tests.cluster.conftest import BUCKET, boto
from tests.cluster.faulty_proxy import Fault, FaultyProxy
from tests.cluster.steps import command, names, objects, start

COUNT = 40
Choose = Callable[[str, str], Fault]


def picture(number: int, size: int = 64) -> bytes:
    """A JPEG that no other number has."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), (number * 5 % 256, number, 99)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def client(s3_environment: str, bucket: str) -> Any:
    """Another client, and pictures in ``in``."""
    client = boto(s3_environment)
    for number in range(COUNT):
        client.put_object(Bucket=BUCKET, Key=f"in/{number}.jpg", Body=picture(number))
    return client


def test_of_two_runs_at_once_each_object_has_one_writer(client: Any, bucket: str, tmp_path: Path) -> None:
    """Two machines, which do not see one another's lock, make different pictures under the same names."""
    words = ("run", f"{bucket}/in", "-o", f"{bucket}/out", "-j", "1", "--json")
    runs = []
    for number, size in enumerate(("16", "8")):
        place = tmp_path / str(number)
        place.mkdir()
        runs.append((size, place, start(place, *words, "--resize", size)))
    done = [(size, place, *process.communicate(), process.returncode) for size, place, process in runs]
    made = objects(client, BUCKET, "out")
    widths = {name: Image.open(io.BytesIO(data)).width for name, data in made.items()}
    claims: dict[str, str] = {}
    for size, _, printed, said, code in done:
        assert code in (0, 1, 2), said
        for line in printed.splitlines():
            record = ib_json(line)
            if record["event"] == "file" and record["status"] == "ok":
                assert record["source"] not in claims, "two runs say that they wrote it"
                claims[record["source"]] = size
            elif record["event"] == "file":
                assert record["error"]["kind"] == "exists"
    assert {name: str(width) for name, width in widths.items()} == claims and len(made) == COUNT
    for size, place, *_ in done:  # and a later run of each changes nothing of the other's
        command(place, *words, "--resize", size, "--force", "--skip-existing")
    after = {name: Image.open(io.BytesIO(data)).width for name, data in objects(client, BUCKET, "out").items()}
    assert after == widths


def ib_json(line: str) -> dict[str, Any]:
    """A line of ``--json``."""
    import json

    record: dict[str, Any] = json.loads(line)
    return record


def test_a_run_that_is_killed_is_gone_on_with(client: Any, bucket: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    words = ("run", f"{bucket}/in", "-o", f"{bucket}/out", "--resize", "16")
    for after in (3, 9, 20):  # PUTs
        process = start(tmp_path, *words)
        proxy.counts.clear()
        while proxy.counts["PUT"] < after and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert 0 < len(objects(client, BUCKET, "out")) <= COUNT
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    made = objects(client, BUCKET, "out")
    assert done.returncode == 0 and len(made) == COUNT
    assert command(tmp_path, *words).stderr.startswith(f"0 ok, {COUNT} unchanged")
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    command(undisturbed, "run", f"{bucket}/in", "-o", f"{bucket}/other", "--resize", "16")
    assert objects(client, BUCKET, "other") == made


def test_what_others_change_is_left_alone(client: Any, bucket: str, tmp_path: Path) -> None:
    words = ("run", f"{bucket}/in", "-o", f"{bucket}/out", "--resize", "16")
    assert command(tmp_path, *words).returncode == 0
    client.put_object(Bucket=BUCKET, Key="out/3.jpg", Body=b"somebody's own")
    done = command(tmp_path, *words, "--force")
    assert done.returncode == 2 and "out/3.jpg was changed since imgbatch wrote it" in done.stderr
    assert command(tmp_path, *words, "--force", "--skip-existing").returncode == 0
    assert objects(client, BUCKET, "out")["3.jpg"] == b"somebody's own"
    done = command(tmp_path, "verify", f"{bucket}/out")
    assert done.returncode == 1 and "3.jpg" in done.stderr
    done = command(tmp_path, "undo", f"{bucket}/out")
    assert done.returncode == 0, done.stderr
    assert objects(client, BUCKET, "out") == {"3.jpg": b"somebody's own"}


def test_what_others_change_meanwhile_is_not_replaced(client: Any, bucket: str, tmp_path: Path) -> None:
    """After the plan has seen that an output is ours, and before it is written again."""
    state = str(tmp_path / "state")
    recipe = Recipe([ib.Resize("16")])
    assert ib.run(f"{bucket}/in", f"{bucket}/out", recipe, workers=0, state=state).ok
    outcomes = ib.process(f"{bucket}/in", f"{bucket}/out", recipe, workers=0, state=state, force=True)
    client.put_object(Bucket=BUCKET, Key="out/7.jpg", Body=b"somebody's own")
    failures = [outcome for outcome in outcomes if not outcome.ok]
    assert [(one.source.relative, one.error and one.error.kind) for one in failures] == [("7.jpg", "exists")]
    assert objects(client, BUCKET, "out")["7.jpg"] == b"somebody's own"


def test_a_source_that_was_replaced_is_made_again(client: Any, bucket: str, tmp_path: Path) -> None:
    """Also by one of the same size."""
    words = ("run", f"{bucket}/in", "-o", f"{bucket}/out", "--resize", "16")
    client.put_object(Bucket=BUCKET, Key="in/a.ppm", Body=b"P6 1 1 255 abc")
    assert command(tmp_path, *words).returncode == 0
    client.put_object(Bucket=BUCKET, Key="in/a.ppm", Body=b"P6 1 1 255 xyz")
    client.put_object(Bucket=BUCKET, Key="in/1.jpg", Body=picture(1))  # the same content, another time
    done = command(tmp_path, *words)
    assert done.returncode == 0 and done.stderr.startswith(f"1 ok, {COUNT} unchanged"), done.stderr


def test_a_source_that_changes_while_it_is_read_is_never_a_mixture(
    client: Any, bucket: str, proxy: FaultyProxy
) -> None:
    one, other = bytes([1]) * 300_000, bytes([2]) * 300_000
    client.put_object(Bucket=BUCKET, Key="in/a.jpg", Body=one)
    requests: list[str] = []

    def choose(method: str, path: str) -> Fault:
        if method == "GET" and path.endswith("a.jpg"):
            requests.append(path)
            if len(requests) == 1:
                return "cut inside"
            client.put_object(Bucket=BUCKET, Key="in/a.jpg", Body=other)
        return ""

    proxy.choose = choose
    try:
        assert store("s3").read(f"{bucket}/in/a.jpg") == other
    except ImageError as error:
        assert error.kind == "changed"
    assert len(requests) > 1


def test_an_answer_that_gets_lost_does_not_make_our_object_foreign(bucket: str, proxy: FaultyProxy) -> None:
    puts: list[str] = []

    def choose(method: str, path: str) -> Fault:
        if method == "PUT":
            puts.append(path)
        return "cut after" if len(puts) == 1 and method == "PUT" else ""

    proxy.choose = choose
    bucket_store = store("s3")
    version = bucket_store.version(bucket_store.create_exclusively(f"{bucket}/lost.jpg", b"ours"))
    assert len(puts) > 1
    puts.clear()
    bucket_store.replace_version(f"{bucket}/lost.jpg", b"ours, too", version)
    assert bucket_store.read(f"{bucket}/lost.jpg") == b"ours, too" and len(puts) > 1
    with pytest.raises(FileExistsError):
        bucket_store.create_exclusively(f"{bucket}/lost.jpg", b"ours, too")  # equal bytes are not enough


def test_large_objects_are_sent_in_parts(client: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from imgbatch.storage.remote import bucket as module

    monkeypatch.setattr(module, "_LARGE", 1 << 20)
    monkeypatch.setattr(module, "_PART", 5 << 20)
    data = os.urandom(11 << 20)
    made = store("s3").write_whole(f"{bucket}/large.tif", data)
    assert store("s3").read(f"{bucket}/large.tif") == data
    assert client.head_object(Bucket=BUCKET, Key="large.tif")["ETag"].endswith('-3"')
    assert store("s3").version(made) == store("s3").version(store("s3").stat(f"{bucket}/large.tif"))


def test_no_credentials_travel(client: Any, bucket: str, tmp_path: Path) -> None:
    assert store("s3").exists(f"{bucket}/in/1.jpg")  # the process has a client
    source = Source(f"{bucket}/in/1.jpg", f"{bucket}/in", "1.jpg", 99, 1)
    job = Job(0, source, (Target(0, f"{bucket}/out/1.jpg", "jpeg"),))
    task = ImageTask(Recipe([], [Output()]), 10**8, root=root_of_store(f"{bucket}/out"))
    for value in (job, task.with_bytes_ahead(10**6)):
        data = pickle.dumps(value)
        assert b"of-a-test" not in data and b"AWS" not in data
    report = ib.run(f"{bucket}/in", f"{bucket}/out", workers=1, state=str(tmp_path / "state"))
    assert report.ok
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"secret-of-a-test" not in path.read_bytes()


def _read(url: str) -> str:
    try:
        return str(len(store("s3").read(url)))
    except ImageError as error:
        return str(error)


def test_a_process_that_was_forked_says_so_and_does_not_hang(client: Any, bucket: str) -> None:
    url = f"{bucket}/in/1.jpg"
    assert _read(url).isdigit()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        assert "forked from one that talks to an object store" in pool.submit(_read, url).result(60)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(_read, url).result(60).isdigit()


def test_workers_have_the_credentials_of_now_though_their_server_began_before(
    client: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook sets its keys after its first run."""
    key = os.environ["AWS_ACCESS_KEY_ID"]
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    multiprocessing.get_context("forkserver").Process(target=int).start()  # it began without them
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    report = ib.run(f"{bucket}/in", tmp_path / "out", Recipe([ib.Resize("16")]), workers=1)
    assert report.ok and report.counts["ok"] == COUNT
    report = ib.run(tmp_path / "out", f"{bucket}/back", workers=1, state=str(tmp_path / "state"))
    assert report.ok and report.counts["ok"] == COUNT


def test_sources_are_carried_to_an_archive_and_lost_by_nobody(
    client: Any, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    before = objects(client, BUCKET, "in")
    client.put_object(Bucket=BUCKET, Key="in/bad.jpg", Body=picture(1)[:300])
    moves = ("--archive", f"{bucket}/done", "--quarantine", f"{bucket}/bad")
    words = ("run", f"{bucket}/in/", "-o", "out", "--resize", "16", *moves)
    process = start(tmp_path, *words)
    proxy.counts.clear()
    while proxy.counts["DELETE"] < 5 and process.poll() is None:
        time.sleep(0.01)
        here, there = names(client, BUCKET, "in"), names(client, BUCKET, "done")
        assert all(name in here or name in there for name in before)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    proxy.fail_now_and_then(seed=3, share=0.1)
    done = command(tmp_path, *words)
    assert done.returncode in (0, 1), done.stderr
    assert command(tmp_path, *words).returncode == 0, "nothing is left to do"
    assert objects(client, BUCKET, "in") == {} and objects(client, BUCKET, "done") == before
    bad = objects(client, BUCKET, "bad")
    assert set(bad) == {"bad.jpg", "bad.jpg.txt"} and b"truncated" in bad["bad.jpg.txt"]


@pytest.mark.parametrize("typed", ["in/1.jpg", "in/1.*"])
def test_a_source_whose_own_folder_is_the_archive_is_not_its_own_copy(
    client: Any, bucket: str, tmp_path: Path, typed: str
) -> None:
    before = objects(client, BUCKET, "in")
    done = command(tmp_path, "run", f"{bucket}/{typed}", "-o", "out", "--resize", "16", "--archive", f"{bucket}/in")
    assert done.returncode == 0, done.stderr
    assert sorted(objects(client, BUCKET, "in").values()) == sorted(before.values())


def test_files_of_a_disk_are_moved_as_ever_where_others_go_to_a_bucket(bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.jpg"
    source.parent.mkdir()
    source.write_bytes(picture(1))
    os.utime(source, (10**9, 10**9))
    words = ("run", "in/a.jpg", "-o", "out", "--resize", "16", "--quarantine", f"{bucket}/bad", "--archive")
    for folder in ("in", "done"):
        done = command(tmp_path, *words, folder)
        assert done.returncode == 0, done.stderr
        (place,) = (tmp_path / folder).iterdir()
        assert place.read_bytes() == picture(1) and place.stat().st_mtime == 10**9
        place.rename(source)


@pytest.mark.parametrize("is_there", [True, False], ids=["replaced", "created"])
def test_what_somebody_writes_in_the_last_moment_stays(
    client: Any, bucket: str, proxy: FaultyProxy, is_there: bool
) -> None:
    """After all questions are answered, and before our PUT arrives."""

    def choose(method: str, path: str) -> Fault:
        if method == "PUT":
            client.put_object(Bucket=BUCKET, Key="a.jpg", Body=b"somebody's own")
        return ""

    url, s3 = f"{bucket}/a.jpg", store("s3")
    version = s3.version(s3.write_whole(url, b"ours")) if is_there else 0
    proxy.choose = choose
    with pytest.raises(FileExistsError):
        if is_there:
            s3.replace_version(url, b"new", version)
        else:
            s3.create_exclusively(url, b"new")
    assert s3.read(url) == b"somebody's own"
