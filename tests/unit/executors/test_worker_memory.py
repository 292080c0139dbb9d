"""A worker's memory: is it kept for the next picture, and given back before a large one, and only then?"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imgbatch.executors.processes import worker
from imgbatch.executors.processes.in_flight import Table

REPO = Path(__file__).parents[3]
MB = 2**20
SCRIPT = """
import ctypes, resource, sys
from imgbatch.executors.processes import worker

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def resident():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])

def use(*sizes):
    "Page faults of blocks that are filled, and what was resident then."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [libc.malloc(size << 20) for size in sizes]
    for block, size in zip(blocks, sizes):
        ctypes.memset(block, 1, size << 20)
    faults, most = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, resident()
    for block in blocks:
        libc.free(block)
    return faults, most

for option, value in worker._MALLOPT:
    libc.mallopt(option, value)
"""


def printed_by(code: str) -> list[int]:
    """What the code prints in a process of its own, after `SCRIPT`."""
    done = subprocess.run([sys.executable, "-c", SCRIPT + code], cwd=REPO, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def has_glibc() -> bool:
    """Whether malloc is the one that can be told what to keep."""
    try:
        libc = ctypes.CDLL(None)
    except (OSError, TypeError):
        return False
    return sys.platform == "linux" and hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim")


glibc = pytest.mark.skipif(not has_glibc(), reason="this malloc is not glibc's")


@glibc
def test_what_a_picture_took_is_there_for_the_next_one() -> None:
    first, again = printed_by("print(use(*[1] * 40)[0], use(*[1] * 40)[0])")
    assert again < 40
    assert again <= first


@glibc
def test_what_former_pictures_left_between_others_goes_back_before_a_large_one() -> None:
    before, left, after = printed_by("""
before = resident()
blocks = [libc.malloc(1 << 20) for _ in range(60)]
for block in blocks:
    ctypes.memset(block, 1, 1 << 20)
for block in blocks[:-1]:  # the last one keeps them from being the end of the heap
    libc.free(block)
left = resident()
worker.give_back_memory()
print(before, left, resident())
""")
    assert left > before + 55_000
    assert after < before + 5_000


@glibc
def test_nothing_is_done_where_malloc_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def musl(name: None) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", musl)
    worker.give_back_memory()


class Supervisor:
    """Grants whatever is asked for."""

    def send_bytes(self, data: bytes) -> None:
        pass

    def recv_bytes(self) -> bytes:
        return b""


@pytest.mark.parametrize(("size", "times"), [(1, 0), (64 * MB, 0), (64 * MB + 1, 1)])
def test_only_before_a_large_picture_memory_goes_back(size: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor: Any = Supervisor()
    table = Table.create(1)
    try:
        context = worker.WorkerContext(supervisor, table, 0, None, lambda: None)
        calls: list[str] = []
        monkeypatch.setattr(worker, "give_back_memory", lambda: calls.append("give back"))
        context.phase("decode")
        context.reserve(size)
        context.phase("ops")
        assert calls == ["give back"] * times
        del context
    finally:
        table.release()
