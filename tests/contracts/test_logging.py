"""Does a program that configures logging hear of its runs, and one that does not hear nothing?"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.executors.base import Executor


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (8, 6)).save(folder / "a.png")
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    return folder


def test_records_of_a_run(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    out = photos.parent / "out"
    report = ib.run(photos, out, workers=0)
    said = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert {name for name, _, _ in said if name.startswith("imgbatch")} == {"imgbatch"}
    ours = [(level, line) for name, level, line in said if name == "imgbatch"]
    assert ours[0] == ("INFO", f"start: 2 files for {out}")
    assert ours[1] == ("DEBUG", f"ok: {photos}/a.png")
    assert ours[2][0] == "ERROR" and ours[2][1].startswith(f"failed: {photos}/bad.jpg: ")
    assert ours[3] == ("ERROR", f"end: {report.sentence()}, exit code 1") and len(ours) == 4
    outcomes = [getattr(record, "outcome", None) for record in caplog.records if record.name == "imgbatch"]
    assert outcomes == [None, *report.outcomes, None]
    caplog.clear()
    report = ib.run(photos, out, workers=0, known_failures="ok")  # what failed before is no error again
    ours = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "imgbatch"]
    assert [level for level, _ in ours] == ["INFO", "DEBUG", "INFO", "INFO"] and report.failed[0].is_known
    assert ours[2][1].startswith(f"failed: {photos}/bad.jpg: ")


@pytest.mark.parametrize("call", ["check", "stats", "load", "process", "start"])
def test_every_run_tells(photos: Path, caplog: pytest.LogCaptureFixture, call: str) -> None:
    caplog.set_level(logging.INFO)
    out = photos.parent / "out"
    calls: dict[str, Callable[[], object]] = {
        "check": lambda: ib.check(photos, workers=0),
        "stats": lambda: ib.stats(photos, workers=0),
        "load": lambda: ib.load(photos, ib.Resize("4x4!"), workers=0).close(),
        "process": lambda: list(ib.process(photos, out, workers=0)),
        "start": lambda: ib.start(photos, out, workers=0).result(),
    }
    calls[call]()
    levels = [record.levelname for record in caplog.records if record.name == "imgbatch"]
    assert levels == ["INFO", "ERROR", "ERROR"]


def test_a_run_that_breaks_off_says_why(
    photos: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: object) -> Executor:
        raise ib.EngineError("no workers here")

    monkeypatch.setattr("imgbatch.executors.make", make)
    with pytest.raises(ib.EngineError):
        ib.check(photos)
    assert "broken off: no workers here" in caplog.text


def test_a_program_without_handlers_hears_nothing_and_loads_nothing(photos: Path) -> None:
    """Not even what logging prints by itself where nobody has configured it."""
    code = (
        "import sys, {0}\nimport imgbatch as ib\n"
        f"report = ib.run({str(photos)!r}, {str(photos.parent / 'out')!r}, workers=0)\n"
        "log = sys.modules.get('logging')\n"
        "print(int(report.exit_code), log.getLogger('imgbatch').handlers if log else [])"
    )
    for module in ("logging", "json"):
        done = subprocess.run([sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True)
        assert done.stdout == "1 []\n" and done.stderr == ""
