"""Does every work do what executors count on: ask for memory before it decodes, and say what a file has cost?"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL.ImageFile import ImageFile

import imgbatch as ib
from imgbatch.codecs.encoder_options import Encoding
from imgbatch.codecs.reading.samples import loaded_frame
from imgbatch.core.errors import Phase
from imgbatch.core.job import Job, Source, Target
from imgbatch.executors.chunks import Chunks
from imgbatch.memory.array_holder import LocalArray
from imgbatch.operations import Resize
from imgbatch.pipeline.fill_array_row import ArrayRowTask
from imgbatch.pipeline.fingerprints.fingerprint import FingerprintTask
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.inspect import InspectTask
from imgbatch.pipeline.measure import MeasureTask
from imgbatch.pipeline.previews.cell import CellTask
from imgbatch.pipeline.samples.encode_sample import SampleTask
from imgbatch.pipeline.task import Task
from imgbatch.pixels.exact_sums import Layout, Sheet
from imgbatch.storage.temporary import temporary_name
from tests.contracts.pictures import smooth

LIMIT = 10_000_000
SIZE = (1203, 905)
SMALL = Resize("150x100", fit="cover")


class ContextSpy:
    """A desk that remembers what it was asked for, and what had been decoded by then."""

    again = False

    def __init__(self) -> None:
        self.sums = Sheet(Layout(3))
        self.reserved: list[int] = []
        self.decoded: list[int] = []
        self.early = False  # whether something was decoded before anything was asked for

    def phase(self, phase: Phase) -> None:
        """Nobody listens."""

    def reserve(self, size: int) -> None:
        self.early = self.early or bool(self.decoded)
        self.reserved.append(size)


TASKS: dict[str, Callable[[], Task]] = {
    "run": lambda: ImageTask(ib.Recipe([SMALL], [ib.Output()]), LIMIT),
    "run-copying": lambda: ImageTask(ib.Recipe([], [ib.Output()]), LIMIT),
    "stats": lambda: MeasureTask((SMALL,), "RGB", LIMIT),
    "stats-whole": lambda: MeasureTask((), "RGB", LIMIT),
    "check": lambda: InspectTask(LIMIT),
    "check-quality": lambda: InspectTask(LIMIT, quality=True),
    "dupes": lambda: FingerprintTask(LIMIT),
    "dupes-pixels": lambda: FingerprintTask(LIMIT, "pixels"),
    "sheet": lambda: CellTask((40, 40), "{name}", "#ffffff", temporary_name(tempfile.gettempdir()), LIMIT),
    "pack-samples": lambda: SampleTask((SMALL,), "same", Encoding(), temporary_name(tempfile.gettempdir()), LIMIT),
    "pack-copies": lambda: SampleTask((), "same", Encoding(), temporary_name(tempfile.gettempdir()), LIMIT),
    "load": lambda: ArrayRowTask((SMALL,), (150, 100), "RGB", LocalArray(np.zeros((1, 100, 150, 3), np.uint8)), LIMIT),
}


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tasks leave for the run to take lies in the test's folder: nobody takes it here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> ContextSpy:
    """The desk hears of every picture that is decoded, as large as it is then, with what its decoder holds."""
    asked, load = ContextSpy(), ImageFile.load

    def heard(self: ImageFile) -> Any:
        waiting = bool(self.tile)
        access = load(self)
        if waiting:
            waves = 3 * math.prod(SIZE) if self.info.get("progressive") else 0  # two bytes a sample, 4:2:0
            asked.decoded.append(4 * math.prod(self.size) + waves)
        return access

    def heard_of_pyspng(image: Any, samples: Any) -> None:
        fill(image, samples)
        asked.decoded.append((4 + len(image.mode)) * math.prod(image.size))  # the samples, and Pillow's copy

    fill = loaded_frame.fill
    monkeypatch.setattr(ImageFile, "load", heard)
    monkeypatch.setattr(loaded_frame, "fill", heard_of_pyspng)
    return asked


def job_of(path: Path) -> Job:
    """A file, to be written into a folder beside it where the work writes files."""
    target = Target(0, str(path.parent / "out" / path.name), path.suffix[1:])
    return Job(0, Source(str(path), str(path.parent), path.name, path.stat().st_size), (target,))


@pytest.mark.parametrize("format", ["jpeg", "progressive.jpeg", "png", "gif"])
@pytest.mark.parametrize("name", TASKS)
def test_a_picture_is_decoded_after_its_memory_was_reserved(
    name: str, format: str, desk: ContextSpy, tmp_path: Path
) -> None:
    path = tmp_path / f"picture.{format}"
    smooth("RGB", SIZE).save(path, progressive=format.startswith("progressive"))
    outcome = TASKS[name]()(job_of(path), desk)
    assert outcome.status == "ok", outcome.error
    assert desk.decoded and desk.reserved
    assert not desk.early
    assert desk.reserved[-1] >= max(desk.decoded) + path.stat().st_size


@pytest.mark.parametrize("status", ["ok", "failed"])
@pytest.mark.parametrize("name", TASKS)
def test_chunks_learn_what_a_file_has_cost(
    name: str, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look at the clock is a second later than the last: then no chunk has more than one file."""
    path = tmp_path / "picture.png"
    smooth("RGB", (300, 200)).save(path)
    if status == "failed":
        path.write_bytes(path.read_bytes()[:200])
    seconds = itertools.count()
    monkeypatch.setattr("imgbatch.pipeline.timing.time", SimpleNamespace(perf_counter=lambda: float(next(seconds))))
    outcome = TASKS[name]()(job_of(path), ContextSpy())
    assert outcome.status == status
    chunks = Chunks([job_of(path)] * 1000, "auto", 2)
    assert len(next(chunks)) > 1
    chunks.learn([outcome])
    assert len(next(chunks)) == 1
