"""What does a run cost whose files are in S3, above the bare reads and writes? ``python -m tests.benchmarks.stores``

``COUNT LATENCY``: COUNT (1,000) small JPEGs in a bucket of a server on this machine (moto), which both wait for. It
answers LATENCY (0) milliseconds late, as one in another place does: at 0 it shares the processors with its clients, and
every millisecond in which a picture is decoded and encoded is one in which no request is answered. Bare: obstore reads
each and writes as much as the run does, with as many requests on their way as the run has workers. The run: the
command, from its start to its end, with its listing, plan and ledger. Disk: the same run from a folder to another; what
the run in S3 takes above the sum of both is what the store costs that neither bare requests nor pictures do. Rounds
alternate; the medians are compared. The processor time is that of all the client's processes, without the server's.
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
SERVE = """
import time
from moto.server import DomainDispatcherApplication, main
answer = DomainDispatcherApplication.__call__
def late(self, *words):
    time.sleep(LATENCY)
    return answer(self, *words)
DomainDispatcherApplication.__call__ = late
main()
"""
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
def server(latency: float = 0) -> Iterator[dict[str, str]]:
    """The environment of who uses an S3 server on this machine, while it runs; it answers so many seconds late."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = SERVE.replace("LATENCY", str(latency))
    words = [sys.executable, "-c", code, "-H", "127.0.0.1", "-p", str(port)]
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


def fill(environment: dict[str, str], count: int, folder: Path) -> None:
    """So many JPEGs of 320 x 240 px in a bucket and in a folder, and a bucket for what each round writes."""
    client = importlib.import_module("boto3").client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="us-east-1", aws_access_key_id="key",
        aws_secret_access_key="secret",
    )  # fmt: skip
    for name in ("photos", *(f"{kind}{number}" for kind in ("bare", "run") for number in range(ROUNDS))):
        client.create_bucket(Bucket=name)  # each round has its own: moto looks through all keys for a listing
    file = io.BytesIO()
    Image.effect_noise((320, 240), 40).convert("RGB").save(file, "JPEG", quality=85)
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.jpg").write_bytes(file.getvalue())
        client.put_object(Bucket="photos", Key=f"in/{number:06}.jpg", Body=file.getvalue())


def timed(words: list[str], environment: dict[str, str], place: str) -> tuple[float, float]:
    """Seconds, and processor seconds of all its processes, of a command."""
    result = run(words, Path(place) / "nothing", Path(place), environment)
    return result.seconds, result.processor


def main(count: int, latency: float) -> None:
    with server(latency) as environment, tempfile.TemporaryDirectory() as place:
        fill(environment, count, Path(place) / "in")
        output = Path(place) / "one.jpg"
        Image.effect_noise((128, 128), 40).convert("RGB").save(output, quality=80)
        results: dict[str, list[tuple[float, float]]] = {"bare": [], "disk": [], "run": []}
        for number in range(ROUNDS):
            bare = [sys.executable, "-c", BARE, str(output), f"bare{number}", str(WORKERS)]
            results["bare"].append(timed(bare, environment, place))
            disk = [sys.executable, "-m", "imgbatch", "run", "in", "-o", f"out{number}"]
            results["disk"].append(timed([*disk, *RECIPE], environment, place))
            words = [sys.executable, "-m", "imgbatch", "run", "s3://photos/in", "-o", f"s3://run{number}/in"]
            results["run"].append(timed([*words, "--state", "state", *RECIPE], environment, place))
        for name, pairs in results.items():
            seconds, work = (statistics.median(values) for values in zip(*pairs, strict=True))
            print(f"{name}: {seconds:.2f} s, {seconds * 1000 / count:.2f} ms a file; processor {work:.2f} s")
        ratio = statistics.median(ours[0] / bare[0] for ours, bare in zip(results["run"], results["bare"], strict=True))
        print(f"run / bare: {ratio:.2f} ({count} files, {WORKERS} workers, {latency * 1000:.0f} ms late)")
        cost = {name: statistics.median(work for _, work in pairs) for name, pairs in results.items()}
        rest = (cost["run"] - cost["disk"] - cost["bare"]) * 1000 / count
        print(f"processor time of a run above disk + bare: {rest:.2f} ms a file")
        nothing = [*words, "--state", "state", *RECIPE]
        seconds, work = timed(nothing, environment, place)
        print(f"without work: {seconds:.2f} s, processor {work:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0)
