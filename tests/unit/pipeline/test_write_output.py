"""Is an output in its place only when it can be recorded?"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Job, Outcome, Source, Target
from imgbatch.pipeline import write_output
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import LocalContext

RECIPE = ib.Recipe([ib.Resize("5")], [ib.Output(preserve=True)])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.png"
    path.parent.mkdir()
    Image.new("L", (9, 9)).save(path)
    os.utime(path, ns=(5, 7))
    path.chmod(0o600)
    return path


def run(photo: Path, recipe: ib.Recipe = RECIPE) -> ib.Report:
    return ib.run(photo.parent, photo.parent.parent / "out", recipe, workers=0)


def output_names(photo: Path) -> list[str]:
    return [name for name in os.listdir(photo.parent.parent / "out") if name != ".imgbatch"]


def test_an_output_keeps_times_and_mode(photo: Path) -> None:
    assert run(photo).counts["ok"] == 1
    status = (photo.parent.parent / "out" / "a.png").stat()
    assert (status.st_mtime_ns, stat.S_IMODE(status.st_mode)) == (7, 0o600)
    assert run(photo).counts["unchanged"] == 1


@pytest.mark.parametrize("call", ["utime", "chmod"])
def test_a_disk_that_keeps_no_times_or_modes_gets_no_output(
    photo: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(path: str, *_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        assert run(photo).counts["failed"] == 1
    assert output_names(photo) == []
    assert run(photo, ib.Recipe(RECIPE.ops)).counts["ok"] == 1  # nothing is in the way


def test_a_source_that_vanishes_leaves_no_output(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, data = write_output.output_path, photo.read_bytes()

    def vanish(*words: object) -> str:
        photo.unlink()
        return real(*words)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as patch:
        patch.setattr(write_output, "output_path", vanish)
        assert run(photo).counts["failed"] == 1
    assert output_names(photo) == []
    photo.write_bytes(data)
    assert run(photo).counts["ok"] == 1


def test_an_output_that_cannot_be_looked_at_is_recorded(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def failing(path: str, *words: object, **more: object) -> os.stat_result:
        if str(path).endswith("out/a.png"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return real(path, *words, **more)  # type: ignore[arg-type]  # passed on as they came

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", failing)
        assert run(photo, ib.Recipe(RECIPE.ops)).counts["ok"] == 1
    assert run(photo, ib.Recipe(RECIPE.ops)).counts["unchanged"] == 1


def attempt(photo: Path, again: bool) -> Outcome:
    """What a worker makes of a job, where an earlier one may have done it (`again`), or not."""
    context = LocalContext()
    context.again = again
    target = Target(0, str(photo.parent.parent / "out" / "a.png"), "png")
    job = Job(0, Source(str(photo), str(photo.parent), "a.png"), (target,))
    return ImageTask(RECIPE, 10**6)(job, context)


def test_a_worker_takes_what_a_lost_one_wrote_for_its_own_by_its_content(photo: Path) -> None:
    (written,) = attempt(photo, again=False).outputs
    os.utime(written.path, ns=(0, 0))
    (adopted,) = attempt(photo, again=True).outputs
    assert (adopted.hash, adopted.mtime_ns) == (written.hash, 7)


def test_a_worker_that_follows_a_lost_one_replaces_no_file_of_others(photo: Path) -> None:
    written = Path(attempt(photo, again=False).outputs[0].path)
    written.write_bytes(b"theirs")
    outcome = attempt(photo, again=True)
    assert outcome.error is not None and outcome.error.kind == "exists"
    assert "it may be somebody's, or of a worker or run that was killed" in outcome.error.message
    assert written.read_bytes() == b"theirs"
