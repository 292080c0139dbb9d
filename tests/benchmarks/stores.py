"""What does a run cost whose files are in S3, above the bare reads and writes? ``python -m tests.benchmarks.stores``

COUNT (1,000) small JPEGs in a bucket of a server on this machine (moto), which is what both wait for. Bare: obstore
reads each and writes as much as the run does, with as many requests on their way as the run has workers. The run: the
command, from its start to its end, with its listing, plan and ledger. Rounds alternate; the medians are compared. The
processor time is that of all the client's processes, without the server's.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.benchmarks.measure import run

ROUNDS = 5
WORKERS = 2
ROOT = str(Path(__file__).parents[2])
RECIPE = ("--resize", "128x128,fit=cover", "-q", "80", "-j", str(WORKERS), "-Q")
BARE = """
import sys
from concurrent.futures import ThreadPoolExecutor
import obstore
from obstore.store import S3Store
store, output = (S3Store(name, client_options={"allow_http": True}) for name in ("photos", sys.argv[2]))
data = open(sys.argv[1], "rb").read()
keys = [one["path"] for page in obstore.list(store, "in") for one in page]
def copy(key):
    obstore.get(store, key).bytes()
    obstore.put(output, key, data, mode="create")
with ThreadPoolExecutor(int(sys.argv[3])) as pool:
    list(pool.map(copy, keys))
"""


@contextlib.contextmanager
def server() -> Iterator[dict[str, str]]:
    """The environment of who uses an S3 server on this machine, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "secret", "PYTHONPATH": ROOT, "PATH": os.environ["PATH"],
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait()


def fill(environment: dict[str, str], count: int) -> None:
    """So many JPEGs of 320 x 240 px in a bucket, and a bucket for what each round writes."""
    client = importlib.import_module("boto3").client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="us-east-1", aws_access_key_id="key",
        aws_secret_access_key="secret",
    )  # fmt: skip
    for name in ("photos", *(f"{kind}{number}" for kind in ("bare", "run") for number in range(ROUNDS))):
        client.create_bucket(Bucket=name)  # each round has its own: moto looks through all keys for a listing
    file = io.BytesIO()
    Image.effect_noise((320, 240), 40).convert("RGB").save(file, "JPEG", quality=85)
    for number in range(count):
        client.put_object(Bucket="photos", Key=f"in/{number:06}.jpg", Body=file.getvalue())


def timed(words: list[str], environment: dict[str, str], place: str) -> tuple[float, float]:
    """Seconds, and processor seconds of all its processes, of a command."""
    result = run(words, Path(place) / "nothing", Path(place), environment)
    return result.seconds, result.processor


def main(count: int) -> None:
    with server() as environment, tempfile.TemporaryDirectory() as place:
        fill(environment, count)
        output = Path(place) / "one.jpg"
        Image.effect_noise((128, 128), 40).convert("RGB").save(output, quality=80)
        results: dict[str, list[tuple[float, float]]] = {"bare": [], "run": []}
        for number in range(ROUNDS):
            bare = [sys.executable, "-c", BARE, str(output), f"bare{number}", str(WORKERS)]
            results["bare"].append(timed(bare, environment, place))
            words = [sys.executable, "-m", "imgbatch", "run", "s3://photos/in", "-o", f"s3://run{number}/in"]
            results["run"].append(timed([*words, "--state", "state", *RECIPE], environment, place))
        for name, pairs in results.items():
            seconds, processor = (statistics.median(values) for values in zip(*pairs, strict=True))
            print(f"{name}: {seconds:.2f} s, {seconds * 1000 / count:.2f} ms a file; processor {processor:.2f} s")
        ratio = statistics.median(ours[0] / bare[0] for ours, bare in zip(results["run"], results["bare"], strict=True))
        print(f"run / bare: {ratio:.2f} ({count} files, {WORKERS} workers, {ROUNDS} rounds)")
        nothing = [*words, "--state", "state", *RECIPE]
        seconds, processor = timed(nothing, environment, place)
        print(f"without work: {seconds:.2f} s, processor {processor:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
