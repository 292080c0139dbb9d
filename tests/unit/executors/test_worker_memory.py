"""A worker's memory: is what former pictures have left given back before a large one, and only then?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imgbatch.executors.processes import worker
from imgbatch.executors.processes.in_flight import Table

REPO = Path(__file__).parents[3]
SCRIPT = """
import ctypes
from imgbatch.executors.processes import worker

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])

libc = ctypes.CDLL(None)
for option, value in worker._MALLOPT:
    libc.mallopt(option, value)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
before = resident()
blocks = [libc.malloc(2**20) for _ in range(40)]
for block in blocks:
    ctypes.memset(ctypes.c_void_p(block), 1, 2**20)
for block in blocks:
    libc.free(block)
left = resident()
worker.give_back_memory()
print(before, left, resident())
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read in /proc")
def test_what_is_free_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=REPO, capture_output=True, text=True, check=True)
    before, left, after = map(int, done.stdout.split())
    if left < before + 30_000:
        pytest.skip("this malloc does not keep what is free")
    assert after < before + 10_000


@pytest.mark.parametrize(("size", "times"), [(1, 0), (64 * 2**20, 0), (64 * 2**20 + 1, 1)])
def test_only_a_large_picture_is_worth_it(size: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(worker, "give_back_memory", lambda: calls.append(size))

    class Supervisor:
        """Grants whatever is asked for."""

        def send_bytes(self, data: bytes) -> None:
            assert int.from_bytes(data[1:], "little") == size

        def recv_bytes(self) -> bytes:
            return b""

    supervisor: Any = Supervisor()
    table = Table.create(1)
    try:
        context = worker.WorkerContext(supervisor, table, 0, None, lambda: None)
        context.reserve(size)
        del context
    finally:
        table.release()
    assert len(calls) == times
