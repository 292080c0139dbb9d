"""Does a run whose sources and outputs are in Azure make what it makes on a disk, and leave alone what others wrote?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from imgbatch.storage.registry import store
from tests.cli.conftest import tree
from tests.cluster.faulty_proxy import FaultyProxy
from tests.cluster.steps import SAMPLES, command

RECIPE = ("-E", "broken/**", "--resize", "100", "-f", "webp", "-q", "80")


def fill(container: str) -> None:
    """The sample images in ``in``."""
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file():
            store("az").write_whole(f"{container}/in/{path.relative_to(SAMPLES).as_posix()}", path.read_bytes())


def objects(container: str, folder: str) -> dict[str, bytes]:
    """What the objects below a folder hold, by what follows it."""
    home = f"{container}/{folder}/"
    entries = store("az").walk(home)
    assert entries is not None
    with entries as found:
        return {entry.path.removeprefix(home): store("az").read(entry.path) for entry in found}


def test_a_run_makes_the_same_in_a_container_behind_a_bad_network(
    container: str, azure_proxy: FaultyProxy, tmp_path: Path
) -> None:
    fill(container)
    done = command(tmp_path, "run", str(SAMPLES), *RECIPE, "-o", "out")
    assert done.returncode == 0, done.stderr
    azure_proxy.fail_now_and_then(seed=19, share=0.2)
    words = ("run", f"{container}/in", *RECIPE, "-o", f"{container}/out")
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    azure_proxy.choose = lambda method, path: ""
    expected = tree(tmp_path / "out")
    assert objects(container, "out") == expected and azure_proxy.counts["busy"]
    again = command(tmp_path, *words, "--json")
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout.splitlines()[-1])
    assert summary["unchanged"] == len(expected) and not summary["ok"]


def test_what_others_change_is_left_alone(container: str, tmp_path: Path) -> None:
    fill(container)
    words = ("run", f"{container}/in", *RECIPE, "-o", f"{container}/out")
    assert command(tmp_path, *words).returncode == 0
    made = objects(container, "out")
    name = min(made)
    store("az").write_whole(f"{container}/out/{name}", b"somebody's own")
    done = command(tmp_path, *words, "--force")
    assert done.returncode == 2 and f"{name} was changed since imgbatch wrote it" in done.stderr
    assert command(tmp_path, *words, "--force", "--skip-existing").returncode == 0
    assert objects(container, "out") == {**made, name: b"somebody's own"}
    assert command(tmp_path, "undo", f"{container}/out").returncode == 0
    assert objects(container, "out") == {name: b"somebody's own"}


@pytest.mark.parametrize(
    ("variables", "words", "is_there"),
    [
        ({"AZURE_STORAGE_ACCOUNT_KEY": "d3Jvbmc="}, "access denied (AuthorizationFailure)", True),
        ({}, "there is no bucket az://", False),
    ],
    ids=["wrong key", "no container"],
)
def test_what_cannot_be_read_is_said(
    container: str, tmp_path: Path, variables: dict[str, str], words: str, is_there: bool
) -> None:
    source = container if is_there else f"{container}x"
    done = command(tmp_path, "run", f"{source}/in", "-o", "out", **variables)
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_large_objects_are_sent_in_parts(container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from imgbatch.storage.remote import bucket

    monkeypatch.setattr(bucket, "_LARGE", 1 << 20)
    monkeypatch.setattr(bucket, "_PART", 5 << 20)
    data = os.urandom(11 << 20)
    status = store("az").write_whole(f"{container}/large.tif", data)
    assert store("az").read(f"{container}/large.tif") == data
    assert store("az").version(status) == store("az").version(store("az").stat(f"{container}/large.tif"))
