"""What does a watch gain in a day of arrivals? ``python -m tests.faults.soak.watch [COUNT]`` has them in minutes.

Files come in bursts, are changed, renamed and removed. After a fifth, and at the end, it prints the watch's resident
memory (KiB), open descriptors and threads; it exits 1 where descriptors or threads have grown, or memory by a tenth.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

REPO = Path(__file__).parents[3]
BURST = 20  # files that come at once


def main(count: int) -> int:
    """The exit code of a day with so many arrivals."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "photos")
        folder.mkdir()
        command = [sys.executable, "-m", "imgbatch", "watch", "photos", "-o", "out", "--json", "-Q", "--prune", "-j1"]
        with subprocess.Popen(
            [*command, "--poll", "20ms", "--settle", "10ms"], cwd=place, env={**os.environ, "PYTHONPATH": str(REPO)},
            stdout=subprocess.PIPE, text=True,
        ) as watch:  # fmt: skip
            try:
                return _day(watch, folder, count)
            finally:
                watch.kill()


def _day(watch: subprocess.Popen[str], folder: Path, count: int) -> int:
    assert watch.stdout is not None
    first: tuple[int, int, int] | None = None
    for number in range(0, count, BURST):
        for place in range(BURST):  # the names of the last burst but two come again
            Image.new("RGB", (8, 6), (number % 256, place, 0)).save(folder / "new", "png")
            (folder / "new").rename(folder / f"{number % (3 * BURST) + place}.png")
        for _ in range(BURST):
            assert json.loads(watch.stdout.readline())["status"] in ("ok", "unchanged")
        for place in range(0, BURST, 2):
            (folder / f"{number % (3 * BURST) + place}.png").unlink()
        if first is None and number >= count // 5:
            first = _size(watch.pid)
    last = _size(watch.pid)
    watch.send_signal(signal.SIGTERM)
    code = watch.wait()
    print(f"{count} arrivals: KiB, descriptors, threads {first} -> {last}; exit code {code}")
    if first is None or code:
        return 1
    return int(last[0] > 1.1 * first[0] or last[1] > first[1] or last[2] > first[2])


def _size(pid: int) -> tuple[int, int, int]:
    """Resident memory in KiB, descriptors and threads, the least of some looks: a round may be going on."""
    looks = []
    for _ in range(20):
        status = Path(f"/proc/{pid}/status").read_text()
        memory = int(status.partition("VmRSS:")[2].split()[0])
        looks.append((memory, len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))))
    return min(one[0] for one in looks), min(one[1] for one in looks), min(one[2] for one in looks)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
