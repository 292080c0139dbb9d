"""Does a run behave as a library's call should: from threads, half-way, twice at once, in the background?"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.cli.dispatch import COMMANDS
from imgbatch.core.job import Outcome
from imgbatch.core.report import ExitCode
from imgbatch.executors.processes.pool import Pool
from tests.faults.tasks import FaultyTask, job
from tests.segments import own_segments

FILES = 40
#: Takes long enough that a signal finds it at work.
SLOW = "ib.Recipe(ops=[ib.Resize('600', upscale=True), ib.Median(9)])"


@ib.operation("stands_still")
@dataclass(frozen=True)
class Waits(ib.Operation):
    """Stands still until the folder has a file called "go"."""

    folder: str = ""

    def apply(self, image: Image.Image) -> Image.Image:
        pause = threading.Event()
        while not (Path(self.folder) / "go").exists():
            pause.wait(0.01)
        return image


@dataclass(frozen=True)
class Fatal(ib.Operation):
    """Ends each worker that unpacks it."""

    word: ClassVar[str] = "fatal"

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (1,)

    def apply(self, image: Image.Image) -> Image.Image:
        return image


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(FILES):
        Image.new("RGB", (60, 40), (number, 0, 0)).save(folder / f"{number:02}.png")
    yield folder
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("imgbatch")]
    assert not own_segments()


@pytest.fixture
def slow_recipe(tmp_path: Path) -> Iterator[tuple[ib.Recipe, Callable[[], None]]]:
    """A recipe whose files wait, and what lets them go."""
    go = tmp_path / "go"
    yield ib.Recipe(ops=[Waits(str(tmp_path))]), go.touch
    go.touch()


@pytest.mark.parametrize("workers", [0, 2])
def test_start_does_not_block(
    photos: Path, tmp_path: Path, slow_recipe: tuple[ib.Recipe, Callable[[], None]], workers: int
) -> None:
    recipe, let_go = slow_recipe
    handle = ib.start([photos], tmp_path / "out", recipe, workers=workers)
    assert not handle.done() and handle.progress == (0, FILES)
    with pytest.raises(TimeoutError, match="not ended within 0.05 s"):
        handle.result(0.05)
    let_go()
    report = handle.result(60)
    assert handle.done() and handle.progress == (FILES, FILES)
    assert report.exit_code == 0 and len(list((tmp_path / "out").glob("*.png"))) == FILES


@pytest.mark.parametrize("workers", [0, 2])
def test_a_cancelled_run_says_what_remains(
    photos: Path, tmp_path: Path, slow_recipe: tuple[ib.Recipe, Callable[[], None]], workers: int
) -> None:
    recipe, let_go = slow_recipe
    handle = ib.start([photos], tmp_path / "out", recipe, workers=workers, chunksize=1)
    handle.cancel()
    let_go()
    report = handle.result(60)
    assert report.exit_code == ExitCode.STOPPED
    made = len(list((tmp_path / "out").glob("*.png")))
    assert made == len(report.outcomes) < FILES and report.remaining == FILES - made


def test_what_ends_a_run_in_the_background_is_raised_where_its_result_is_asked_for(
    photos: Path, tmp_path: Path
) -> None:
    handle = ib.start([photos], tmp_path / "out", ib.Recipe(ops=[Fatal()]), workers=1)
    for _ in range(2):
        with pytest.raises(ib.EngineError, match="workers cannot be started"):
            handle.result(60)
    assert handle.done()


def test_a_run_that_cannot_be_planned_is_refused_by_start_itself(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ib.ImgbatchError, match="nowhere"):
        ib.start([photos.parent / "nowhere"], tmp_path / "out")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_generator_closed_half_way_leaves_whole_files_and_a_ledger_to_go_on_from(
    photos: Path, tmp_path: Path, workers: int
) -> None:
    recipe = ib.Recipe(ops=[ib.Resize("30")])
    stream = ib.process([photos], tmp_path / "out", recipe, workers=workers, chunksize=1)
    first = next(stream)
    stream.close()  # type: ignore[attr-defined]  # process is a generator
    made = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert first.source.relative in made and len(made) < FILES
    for name in made:
        with Image.open(tmp_path / "out" / name) as image:
            assert image.size == (30, 20)
    report = ib.run([photos], tmp_path / "out", recipe, workers=workers)
    unchanged = [outcome for outcome in report.outcomes if outcome.status == "unchanged"]
    assert {outcome.source.relative for outcome in unchanged} <= made and unchanged
    assert len(list((tmp_path / "out").glob("*.png"))) == FILES


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_ctrl_c_broke_off_can_be_run_again(photos: Path, tmp_path: Path, workers: int) -> None:
    """No handler of ours is there in a library's call: KeyboardInterrupt comes at any moment."""
    call = f"ib.run([{str(photos)!r}], {str(tmp_path / 'out')!r}, recipe, workers={workers}, chunksize=1)"
    script = tmp_path / "script.py"
    script.write_text(f"import imgbatch as ib\nrecipe = {SLOW}\nif __name__ == '__main__':\n    {call}\n")
    with subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path(ib.__file__).parents[1])},
        stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        while not list((tmp_path / "out").glob("*.png")):
            assert program.poll() is None
            threading.Event().wait(0.005)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate()
    assert said.splitlines()[-1] == "KeyboardInterrupt" and "resource_tracker" not in said
    assert len(list((tmp_path / "out").glob("*.png"))) < FILES
    report = ib.run([photos], tmp_path / "out", eval(SLOW), workers=2)
    assert report.exit_code == 0 and len(list((tmp_path / "out").glob("*.png"))) == FILES
    assert not list((tmp_path / "out").glob("*.tmp"))


@pytest.mark.parametrize("kind", [concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor])
def test_a_generator_closed_over_an_executor_of_the_caller_s(
    photos: Path, tmp_path: Path, kind: Callable[[int], concurrent.futures.Executor]
) -> None:
    with kind(2) as pool:
        stream = ib.process([photos], tmp_path / "out", ib.Recipe(ops=[ib.Resize("30")]), executor=pool, chunksize=2)
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # process is a generator
        report = ib.run([photos], tmp_path / "out", ib.Recipe(ops=[ib.Resize("30")]), executor=pool)
    assert report.exit_code == 0 and any(outcome.status == "unchanged" for outcome in report.outcomes)


async def gather(outcomes: AsyncIterator[Outcome], pool: concurrent.futures.Executor, done: list[Outcome]) -> None:
    """Take outcomes, and shut the pool that makes them after the first."""
    async for outcome in outcomes:
        done.append(outcome)
        pool.shutdown(wait=False)


@pytest.mark.parametrize("is_async", [False, True], ids=["process", "aprocess"])
def test_a_stream_whose_executor_is_lost_says_so_after_its_last_outcome(
    photos: Path, tmp_path: Path, is_async: bool
) -> None:
    recipe, done = ib.Recipe(ops=[ib.Resize("30")]), list[Outcome]()
    said = r"the run stopped early: the executor broke .*; \d+ files are left, and the same call goes on with them"
    with concurrent.futures.ThreadPoolExecutor(1) as pool, pytest.raises(ib.EngineError, match=said):
        if is_async:
            stream = ib.aprocess(photos, tmp_path / "out", recipe, executor=pool, chunksize=1)
            asyncio.run(gather(stream, pool, done))
        else:
            for outcome in ib.process(photos, tmp_path / "out", recipe, executor=pool, chunksize=1):
                done.append(outcome)
                pool.shutdown(wait=False)
    assert 0 < len(done) < FILES and all(outcome.ok for outcome in done)
    rest = list(ib.process(photos, tmp_path / "out", recipe, workers=0))
    assert sum(outcome.status == "ok" for outcome in rest) == FILES - len(done)


def test_a_stream_whose_folder_goes_away_says_so(photos: Path, tmp_path: Path) -> None:
    stream = ib.process(photos, tmp_path / "out", workers=0)
    next(stream)
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    with pytest.raises(ib.EngineError, match="the run stopped early: .* is gone since the run began"):
        list(stream)


def test_a_stream_that_ends_as_the_caller_wished_is_no_error(photos: Path, tmp_path: Path) -> None:
    (photos / "00.png").write_bytes(b"none")
    assert [outcome.status for outcome in ib.process(photos, tmp_path / "a", workers=0, fail_fast=True)][0] == "failed"
    assert len(list(ib.process(photos, tmp_path / "b", workers=0, max_files=3))) == 3


def test_an_iterator_that_is_forgotten_half_way_ends_its_workers(photos: Path, tmp_path: Path) -> None:
    stream = ib.process([photos], tmp_path / "out", ib.Recipe(ops=[ib.Resize("30")]), workers=2, chunksize=1)
    next(stream)
    del stream  # the fixture sees to it that nothing is left


def test_runs_in_several_threads_at_the_same_time(photos: Path, tmp_path: Path) -> None:
    reports: dict[int, ib.Report] = {}

    def one(number: int) -> None:
        recipe = ib.Recipe(ops=[ib.Resize(str(10 + number))])
        reports[number] = ib.run([photos], tmp_path / f"out{number}", recipe, workers=2)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reports[number].exit_code for number in range(3)] == [0, 0, 0]
    for number in range(3):
        with Image.open(tmp_path / f"out{number}/00.png") as image:
            assert image.width == 10 + number


def test_workers_that_have_grown_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgbatch.executors.processes.supervisor.RECYCLE_SIZE", 1)
    pool = Pool(1, 1, memory=1)
    seen: set[int | None] = set()
    for outcome in pool.run(_MemoryTask(), [job(index) for index in range(4)]):
        assert outcome.status == "ok"
        seen.add(int(outcome.warnings[0]))
    assert len(seen) > 1


class _MemoryTask(FaultyTask):
    """Asks for memory, and says in which process it is."""

    def __call__(self, job, desk):  # type: ignore[no-untyped-def]  # as FaultyTask's
        import os
        from dataclasses import replace

        desk.reserve(2**30)
        return replace(super().__call__(job, desk), warnings=(str(os.getpid()),))


def test_settings_by_position_mean_what_they_meant() -> None:
    """New fields come last: what was written ``Settings(0, "auto", ...)`` is not read as something else."""
    first = (
        "workers chunksize timeout memory max_pixels fail_on fail_fast max_failures flat overwrite skip_existing "
        "rename force retry_failed prune lock wait max_time max_files state in_place keep_backups archive quarantine "
        "no_plan profile"
    )
    names = [field.name for field in dataclasses.fields(ib.Settings)]
    assert names[: len(first.split())] == first.split()


def test_equal_statistics_have_equal_hashes(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3), "red").save(tmp_path / "a.png")
    one, again = ib.stats(tmp_path, workers=0), ib.stats(tmp_path, workers=0)
    assert one == again and hash(one) == hash(again) and len({one, again}) == 1


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"help"}))
def test_a_command_without_a_function_says_what_there_is_in_python(command: str) -> None:
    if command in ib.__all__:
        assert callable(getattr(ib, command))
    else:
        with pytest.raises(AttributeError, match=rf"imgbatch\.{command} is a command of the shell, .*; \S+"):
            getattr(ib, command)


def test_apply_gives_the_pixels_of_a_run_without_a_plan(tmp_path: Path) -> None:
    recipe = ib.Recipe([ib.Resize(300), ib.Unsharp(1.0)], [ib.Output(format="png")])
    filters = ib.Filters(exclude=["broken/**", "**/cmyk.jpg", "animated/**"])
    names = []
    for outcome in ib.run(["sample_images"], tmp_path, recipe, filters=filters, workers=0, no_plan=True).outcomes:
        if outcome.outputs and outcome.outputs[0].frames == 1:
            with Image.open(outcome.source.path) as image, Image.open(outcome.outputs[0].path) as made:
                there, expected = made.convert(made.mode), ib.apply(image, recipe)
            assert (there.mode, there.tobytes()) == (expected.mode, expected.tobytes()), outcome.source.relative
            names.append(outcome.source.relative)
    assert len(names) > 15
