"""Reports: which pages are shown to the browser?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from imgbatch.core.job import Failure, Outcome, Source, Status, Written
from imgbatch.core.report import Report
from imgbatch.reporters.registry import reporter_for

REPO = Path(__file__).parents[2]
HOSTILE = '"><script>document.title="run"<'  # no slash, which no name can hold


def samples_report(folder: Path) -> Path:
    """The page of a run over the samples, as the README has it."""
    words = ["run", str(REPO / "sample_images"), "-o", str(folder / "web"), "--resize", "800", "--unsharp", "1"]
    words += ["-f", "webp", "-q", "80", "-Q", "--no-progress", "--report", str(folder / "report.html")]
    done = subprocess.run([sys.executable, "-m", "imgbatch", *words], cwd=REPO, check=False, capture_output=True)
    assert done.returncode == 1  # four are broken
    return folder / "report.html"


def large_report(folder: Path, count: int) -> Path:
    """The page of a run over `count` files, with links that lead to pictures."""
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    picture = folder / "picture.webp"
    Image.linear_gradient("L").resize((90, 60)).save(picture)
    report = Report(base=str(folder / "out"), seconds=count / 80)
    for index in range(count):
        name = f"{index * 7919 % count:06}.webp"
        for side in ("in", "out"):
            os.link(picture, folder / side / name)
        source = Source(str(folder / "in" / name), str(folder / "in"), name, 10_000 + index * 31 % 5000)
        failure = Failure("truncated", "decode", "the file ends") if index % 500 == 499 else None
        output = Written(0, str(folder / "out" / name), "webp", 90, 60, 2000 + index * 17 % 3000, 80)
        report.add(
            Outcome(
                index, source, "failed" if failure else "ok", () if failure else (output,), failure, ms={"ops": 9.0}
            )
        )
    return write(report, folder)


def hostile_report(folder: Path) -> Path:
    """The page of files whose names, messages and metadata would like to be markup."""
    name = HOSTILE + ".png"
    (folder / "out").mkdir()
    for place in (folder / name, folder / "out" / name):
        Image.new("RGB", (60, 40), "teal").save(place)
    source = Source(str(folder / name), str(folder), name, 500)
    output = Written(0, str(folder / "out" / name), "png", 60, 40, 300)
    report = Report(base=str(folder / "out"), seconds=1)
    report.add(Outcome(0, source, "ok", (output,), warnings=(HOSTILE,), changes=(HOSTILE,)))
    report.add(Outcome(1, source, "failed", (), Failure("corrupt", "decode", HOSTILE)))
    return write(report, folder)


def status_report(folder: Path, statuses: list[Status]) -> Path:
    """The page of files that do not exist any more."""
    report = Report(seconds=1)
    for index, status in enumerate(statuses):
        report.add(Outcome(index, Source(f"/gone/{index}.tiff", "/gone", f"{index}.tiff"), status))
    return write(report, folder)


def write(report: Report, folder: Path) -> Path:
    """The page of a report."""
    path = folder / "report.html"
    report.sort()
    reporter_for(str(path)).finish(report)
    return path
