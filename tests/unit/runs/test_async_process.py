"""Does a run feed an event loop, and end when the task that reads it does?"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib

SAMPLES = Path(__file__).parents[3] / "sample_images"
GATE = threading.Event()


@dataclass(frozen=True)
class Waits(ib.Operation):
    """Waits for the gate."""

    word = "waits"

    def apply(self, image: Image.Image) -> Image.Image:
        assert GATE.wait(60)
        return image


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(count):
        Image.new("L", (4, 4)).save(folder / f"{number}.png")
    return folder


def run_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "imgbatch-aprocess"]


@pytest.mark.parametrize("workers", [0, 2])
def test_it_yields_what_process_does(tmp_path: Path, workers: int) -> None:
    async def read() -> list[ib.Outcome]:
        return [outcome async for outcome in ib.aprocess(SAMPLES, tmp_path / "a", workers=workers)]

    outcomes = asyncio.run(read())
    expected = ib.run(SAMPLES, tmp_path / "b", workers=0).outcomes
    assert {(one.index, one.status) for one in outcomes} == {(one.index, one.status) for one in expected}
    assert not run_threads()


def test_the_loop_is_free_meanwhile(tmp_path: Path) -> None:
    GATE.clear()

    async def read() -> int:
        async def open_the_gate() -> None:
            GATE.set()  # only ever done if the loop goes on while the run waits

        task = asyncio.create_task(open_the_gate())
        recipe = ib.Recipe(ops=[Waits()])
        count = len([one async for one in ib.aprocess(folder_of(tmp_path, 3), tmp_path / "out", recipe, workers=0)])
        await task
        return count

    assert asyncio.run(read()) == 3


def test_a_refused_plan_is_raised_in_the_task(tmp_path: Path) -> None:
    async def read() -> None:
        async for _ in ib.aprocess(tmp_path / "missing", tmp_path / "out"):
            pass

    with pytest.raises(ib.PlanError, match="missing"):
        asyncio.run(read())


@pytest.mark.parametrize("workers", [0, 2])
def test_leaving_the_loop_ends_the_run(tmp_path: Path, workers: int) -> None:
    async def read() -> int:
        seen = 0
        async with contextlib.aclosing(
            ib.aprocess(folder_of(tmp_path, 400), tmp_path / "out", workers=workers, chunksize=1)
        ) as outcomes:
            async for _ in outcomes:
                seen += 1
                if seen == 3:
                    break
        assert not run_threads()
        return seen

    assert asyncio.run(read()) == 3
    written = len(list((tmp_path / "out").glob("*.png")))
    assert 3 <= written < 400, "the thread is only a few outcomes ahead, and stops"
    report = ib.run(tmp_path / "in", tmp_path / "out", workers=0)
    assert report.counts["unchanged"] == written and report.ok, "what was written is recorded"


def test_a_cancelled_task_ends_the_run(tmp_path: Path) -> None:
    GATE.clear()

    async def read(folder: Path) -> None:
        async for _ in ib.aprocess(folder, tmp_path / "out", ib.Recipe(ops=[Waits()]), workers=0):
            raise AssertionError("the gate is closed")

    async def cancel() -> None:
        task = asyncio.create_task(read(folder_of(tmp_path, 5)))
        while not run_threads():
            await asyncio.sleep(0)
        task.cancel()
        asyncio.get_running_loop().call_soon(GATE.set)  # the file in hand is finished
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert not run_threads()
    assert len(list((tmp_path / "out").glob("*.png"))) <= 1


def test_a_slow_reader_is_not_overrun(tmp_path: Path) -> None:
    async def read() -> int:
        outcomes = ib.aprocess(folder_of(tmp_path, 300), tmp_path / "out", workers=0)
        await anext(outcomes)
        (thread,) = run_threads()
        while len(list((tmp_path / "out").glob("*.png"))) < 60:
            await asyncio.sleep(0)
        thread.join(1.0)  # time to do them all, if it did not wait for the loop
        ahead = len(list((tmp_path / "out").glob("*.png")))
        rest = len([one async for one in outcomes])
        assert ahead < 100 and not thread.is_alive()
        return rest

    assert asyncio.run(read()) == 299
