"""A worker's memory: is it kept for the next picture, in large pages, and is a large picture's room given back?"""

from __future__ import annotations

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
from imgbatch.memory.process_heap import ProcessHeap

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

heap = ProcessHeap()
heap.settle()
"""


def printed_by(code: str) -> list[int]:
    """What the code prints in a process of its own, after `SCRIPT`."""
    done = subprocess.run([sys.executable, "-c", SCRIPT + code], cwd=REPO, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def has_glibc() -> bool:
    """Whether malloc is the one that can be told what to keep."""
    from imgbatch.memory import process_heap

    try:
        process_heap._load_glibc()
    except (OSError, AttributeError):
        return False
    return sys.platform == "linux"


def gives_large_pages() -> bool:
    """Whether Linux gives pages of 2 MB to those who ask for them."""
    path = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return path.is_file() and "[never]" not in path.read_text()


glibc = pytest.mark.skipif(not has_glibc(), reason="this malloc is not glibc's")


@glibc
def test_what_a_picture_took_is_there_for_the_next_one() -> None:
    first, again = printed_by("print(use(*[1] * 40)[0], use(*[1] * 40)[0])")
    assert again < 40
    assert again <= first


@glibc
@pytest.mark.skipif(not gives_large_pages(), reason="Linux gives small pages only")
def test_pages_are_large() -> None:
    faults, of_large_picture = printed_by("print(use(*[1] * 40)[0]); heap.grow(90 << 20); print(use(80)[0])")
    assert faults < 40 * MB // 4096 / 4
    assert of_large_picture < 80 * MB // 4096 / 4


@glibc
def test_the_room_of_a_large_picture_goes_back_to_the_system() -> None:
    before, most, after = printed_by("""
before = resident()
heap.grow(100 << 20)
most = use(40, 40, 10)[1]
assert heap.is_larger
heap.shrink()
print(before, most, resident())
""")
    assert most > before + 89_000
    assert after < before + 50_000  # SPARE is kept


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
heap.grow(100 << 20)
print(before, left, resident())
""")
    assert left > before + 55_000
    assert after < before + 5_000


@glibc
def test_nothing_is_done_where_malloc_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from imgbatch.memory import process_heap

    def musl() -> Any:
        raise AttributeError("mallopt")

    monkeypatch.setattr(process_heap, "_load_glibc", musl)
    heap = process_heap.ProcessHeap()
    heap.settle()
    heap.grow(100 * MB)
    assert not heap.is_larger


class Supervisor:
    """Grants whatever is asked for."""

    def send_bytes(self, data: bytes) -> None:
        pass

    def recv_bytes(self) -> bytes:
        return b""


@pytest.mark.parametrize(("size", "times"), [(1, 0), (64 * MB, 0), (64 * MB + 1, 1)])
def test_only_a_large_picture_gets_room_and_only_until_it_is_decoded(
    size: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor: Any = Supervisor()
    table = Table.create(1)
    try:
        context = worker.WorkerContext(supervisor, table, 0, None, lambda: None)
        heap, calls = context.heap, list[str]()

        def grow(size: int) -> None:
            calls.append("grow")
            heap.is_larger = True

        def shrink() -> None:
            calls.append("shrink")
            heap.is_larger = False

        monkeypatch.setattr(heap, "grow", grow)
        monkeypatch.setattr(heap, "shrink", shrink)
        context.phase("read")
        context.phase("decode")
        context.reserve(size)
        context.phase("ops")
        context.phase("encode")
        assert calls == ["grow", "shrink"] * times
        del context
    finally:
        table.release()
