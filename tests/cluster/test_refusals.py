"""Is what cannot be done with a store, or goes wrong there, said in one sentence, with the exit code of disks?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import imgbatch as ib
from imgbatch.core.errors import UsageError
from imgbatch.ledger.rows import state_folder
from tests.cluster.conftest import BUCKET, boto
from tests.cluster.faulty_proxy import Fault, FaultyProxy
from tests.cluster.steps import Result, command, objects, start_without

PHOTO = Path(__file__).parents[2] / "sample_images" / "travel" / "2023" / "desert" / "dunes.jpg"
SECRETS = ("secret-of-a-test", "key-of-a-test", "X-Amz-Signature", "Signature=")


def sentence(done: Result, code: int) -> str:
    """The one line that a run said which ended so; no secret is in it."""
    assert done.returncode == code, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("(")]
    assert "Traceback" not in done.stderr and not any(secret in done.stderr for secret in SECRETS)
    return "\n".join(lines)


@pytest.fixture
def photos(bucket: str, s3_environment: str) -> str:
    """The URL of a folder with more photos than can be in hand at a time."""
    client = boto(s3_environment)
    for number in range(12):
        client.put_object(Bucket=BUCKET, Key=f"in/{number}.jpg", Body=PHOTO.read_bytes())
    return f"{bucket}/in"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("run", "{in}", "--in-place"), "--in-place replaces files of disks"),
        (("run", "{in}", "-o", "{out}", "--preserve"), "object stores keep no times and modes"),
        (
            ("run", "{in}", "-o", "{out}", "--state", "s3://photos/s"),
            "a folder on a disk of this machine for state",
        ),
        (("run", "{in}", "-o", "https://example.org/out"), "a web server is only read from"),
        (("run", "https://example.org/a.jpg", "-o", "out", "--archive", "done"), "is only read; leave them out"),
        (("run", "{in}", "-o", "out", "--report", "s3://photos/r.json"), "a path on a disk of this machine"),
        (("pack", "{in}", "-o", "s3://photos/a.npy", "--resize", "8x8,fit=cover"), "on a disk of this machine"),
        (("run", "{in}/../x", "-o", "out"), "object stores take no empty part, no . or .."),
        (("run", "s3://", "-o", "out"), "expected a URL such as s3://bucket/photos"),
        (("run", "{in}", "-o", "{out}/../x"), "expected a URL such as s3://bucket/photos"),
        (("run", "{in}/absent.jpg", "-o", "out"), "there is no object or folder of that name"),
        (("run", "{in}/*.png", "-o", "out"), "no file matches"),
        (("run", "s3://no-such-bucket/in", "-o", "out"), "there is no bucket s3://no-such-bucket"),
        (("run", "{in}", "-o", "s3://no-such-bucket/out"), "there is no bucket s3://no-such-bucket"),
        (("history", "{in}"), "no runs are recorded"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_refused(
    photos: str, bucket: str, s3_environment: str, tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    before = objects(boto(s3_environment), BUCKET, "")
    done = command(tmp_path, *[word.replace("{in}", photos).replace("{out}", f"{bucket}/out") for word in words])
    assert what in sentence(done, 2) and len(done.stderr.splitlines()) == 1
    assert objects(boto(s3_environment), BUCKET, "") == before
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("denied", "access denied (AccessDenied)"), ("bad key", "does not accept the credentials (InvalidAccessKeyId)"),
        ("skewed", "refuses this machine's clock"),
    ],
)  # fmt: skip
def test_who_may_not_read_or_write_is_told_why(
    photos: str, bucket: str, proxy: FaultyProxy, tmp_path: Path, fault: str, what: str
) -> None:
    proxy.choose = lambda method, path: fault  # type: ignore[assignment,return-value]  # one of them
    assert what in sentence(command(tmp_path, "run", photos, "-o", "out"), 2)
    proxy.choose = lambda method, path: fault if method == "PUT" else ""  # type: ignore[assignment,return-value]
    words = ("run", photos, "-o", f"{bucket}/out", "--resize", "99")
    text = sentence(command(tmp_path, *words), 4)
    assert what in text and "what is finished is recorded" in text
    proxy.choose = lambda method, path: ""
    assert command(tmp_path, *words).returncode == 0, "the next run goes on"


def test_a_store_that_is_not_there_is_told(photos: str, bucket: str, tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    text = sentence(command(tmp_path, "run", photos, "-o", "out", AWS_ENDPOINT_URL=nobody), 2)
    assert "the store at 127.0.0.1:9 cannot be reached" in text
    text = sentence(command(tmp_path, "run", str(PHOTO), "-o", f"{bucket}/out", AWS_ENDPOINT_URL=nobody), 2)
    assert "the store at 127.0.0.1:9 cannot be reached" in text


@pytest.mark.parametrize("endpoint", ["localhost:9000", "", "http://127.0.0.1:99999"])
def test_an_endpoint_that_is_no_url_is_told(bucket: str, tmp_path: Path, endpoint: str) -> None:
    """The library below obstore panics; what it says about that comes first."""
    for words in (("run", f"{bucket}/in", "-o", "out"), ("run", str(PHOTO), "-o", f"{bucket}/out")):
        last = sentence(command(tmp_path, *words, AWS_ENDPOINT_URL=endpoint), 2).splitlines()[-1]
        assert "the endpoint in the environment and the bucket s3://photos make no URL" in last


def test_a_store_that_goes_away_ends_the_run_and_the_next_goes_on(
    photos: str, bucket: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    """Not a minute for each file: the run ends after those in hand."""
    seen: list[str] = []

    def choose(method: str, path: str) -> Fault:
        if method == "GET" and path.endswith(".jpg"):
            seen.append(path)
        return "cut before" if len(seen) > 3 else ""

    proxy.choose = choose
    words = ("run", photos, "-o", "out", "--resize", "99", "--chunksize", "1")
    text = sentence(command(tmp_path, *words), 4)
    assert "the sources cannot be read: the store at 127.0.0.1" in text and "what is finished is recorded" in text
    proxy.choose = lambda method, path: ""
    done = command(tmp_path, *words)
    assert done.returncode == 0 and "unchanged" in done.stderr, done.stderr


def test_a_missing_package_is_named(photos: str, tmp_path: Path) -> None:
    done = start_without(tmp_path, "obstore", "run", photos, "-o", "out")
    assert "pip install 'imgbatch[cloud]'" in sentence(done, 2)


def test_a_library_is_told_where_its_state_lies(photos: str, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected state, a folder on a disk"):
        ib.run(photos, f"{bucket}/out", workers=0)
    report = ib.run(photos, f"{bucket}/out", workers=0, state=str(tmp_path / "state"))
    assert report.ok and os.path.isfile(os.path.join(state_folder(f"{bucket}/out", str(tmp_path / "state")), "lock"))
