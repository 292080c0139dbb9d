"""Do output bytes, names, counters and records depend on the number of workers or the size of chunks? They must not."""

from __future__ import annotations

import io
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib

SAMPLES = Path(__file__).parents[2] / "sample_images"
RECIPE = ib.Recipe(
    ops=[ib.Resize("200"), ib.Unsharp(1.0)],
    outputs=[ib.Output(dir="same"), ib.Output(dir="webp", format="webp", frames="first", ops=[ib.Grayscale()])],
)


def tree(folder: Path) -> dict[str, bytes]:
    """All files with their bytes, but the ledger's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".imgbatch" not in path.parts
    }


def records(report: ib.Report) -> list[dict[str, Any]]:
    """The records without what may differ: times."""
    made: list[dict[str, Any]] = json.loads(report.to_json())
    for record in made:
        record.pop("ms", None)
        record.pop("seconds", None)
    return made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """What one process makes."""
    folder = tmp_path_factory.mktemp("alone")
    report = ib.run([SAMPLES], folder, RECIPE, workers=0)
    assert report.counts["ok"] == 29 and report.counts["failed"] == 4
    return tree(folder), records(report)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunksize", [1, 16, "auto"])
def test_the_same_tree_and_the_same_records(
    workers: int, chunksize: int | str, tmp_path: Path, alone: tuple[dict[str, bytes], list[dict[str, Any]]]
) -> None:
    report = ib.run([SAMPLES], tmp_path / "out", RECIPE, workers=workers, chunksize=chunksize)
    made = tree(tmp_path / "out")
    assert made.keys() == alone[0].keys()
    assert made == alone[0]
    assert records(report) == alone[1]
    assert report.exit_code == ib.ExitCode.FAILURES


MESSAGE = "code not yet in table"  # libtiff's words


def talkative(path: Path) -> None:
    """A TIFF of which libtiff complains on descriptor 2, and nowhere else."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "TIFF", compression="tiff_lzw")
    data = bytearray(buffer.getvalue())
    data[600:700] = b"\xff" * 100
    path.write_bytes(data)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_c_libraries_say_is_in_the_record_and_not_on_the_terminal(
    workers: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    talkative(tmp_path / "in/a.tiff")
    Image.new("L", (9, 9)).save(tmp_path / "in/b.png")
    first, second = ib.run([tmp_path / "in"], tmp_path / "out", workers=workers).outcomes
    assert first.status == "failed" and any(MESSAGE in text for text in first.warnings)
    assert not second.warnings
    assert capfd.readouterr().err == ""


@dataclass(frozen=True)
class Talk(ib.Operation):
    """Writes to stderr, as a person does who looks for a mistake."""

    def apply(self, image: Image.Image) -> Image.Image:
        os.write(2, b"hello\n")
        return image


def test_without_workers_an_operation_may_write_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    report = ib.run([tmp_path / "a.png"], tmp_path / "out", ib.Recipe(ops=[Talk()]), workers=0)
    assert report.counts["ok"] == 1
    assert capfd.readouterr().err == "hello\n"


def test_without_workers_the_words_of_other_threads_are_not_taken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    talkative(tmp_path / "a.tiff")
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        (outcome,) = ib.run([tmp_path / "a.tiff"], tmp_path / "out", workers=0).outcomes
    finally:
        done.set()
        other.join()
    assert not any(MESSAGE in text for text in outcome.warnings)
    assert MESSAGE in capfd.readouterr().err
