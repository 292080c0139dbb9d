"""Does a run whose sources and outputs are in S3 make what it makes on a disk, and keep the same promises?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import tree
from tests.cluster.conftest import BUCKET, boto
from tests.cluster.faulty_proxy import FaultyProxy
from tests.cluster.steps import SAMPLES, command, fill, objects

#: README's first example.
RECIPE = ("-E", "broken/**", "--resize", "800", "--unsharp", "1", "-f", "webp", "-q", "80")


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the example makes on a disk."""
    place = tmp_path_factory.mktemp("disk")
    done = command(place, "run", str(SAMPLES), *RECIPE, "-o", "out")
    assert done.returncode == 0, done.stderr
    return tree(place / "out")


def test_the_first_example_makes_the_same_in_a_bucket(
    bucket: str, s3_environment: str, tmp_path: Path, on_disk: dict[str, bytes]
) -> None:
    client = boto(s3_environment)
    fill(client, BUCKET, SAMPLES, "sample_images")
    words = ("run", f"{bucket}/sample_images", *RECIPE, "-o", f"{bucket}/out")
    done = command(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    made = objects(client, BUCKET, "out")
    assert made == on_disk
    head = client.head_object(Bucket=BUCKET, Key="out/" + next(iter(made)))
    assert head["ContentType"] == "image/webp"
    again = command(tmp_path, *words, "--json")
    assert again.returncode == 0, again.stderr
    *files, summary = map(json.loads, again.stdout.splitlines())
    assert summary["unchanged"] == len(files) == len(on_disk) and not summary["ok"]
    assert [path.name for path in tmp_path.iterdir()] == ["state home"], "nothing is written beside the state"


def test_the_first_example_makes_the_same_behind_a_bad_network(
    bucket: str, s3_environment: str, proxy: FaultyProxy, tmp_path: Path, on_disk: dict[str, bytes]
) -> None:
    client = boto(s3_environment)
    fill(client, BUCKET, SAMPLES, "sample_images")
    proxy.fail_now_and_then(seed=19, share=0.2)
    done = command(
        tmp_path, "run", f"{bucket}/sample_images", *RECIPE, "-o", f"{bucket}/out", AWS_ENDPOINT_URL=proxy.url
    )
    assert done.returncode == 0, done.stderr
    assert objects(client, BUCKET, "out") == on_disk
    assert proxy.counts["busy"] and proxy.counts["cut after"], proxy.counts
