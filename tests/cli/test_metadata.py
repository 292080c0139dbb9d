"""What does the command say of metadata: one hint a run, and words that it does not know?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from tests.cli.conftest import Run

HINT = "where the picture was taken; --strip gps takes that out)"


@pytest.fixture
def located(place: Path) -> Path:
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (12.0, 34.0, 56.0)}
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (40, 30), "teal").save(place / name, exif=exif)
    return place


@pytest.mark.parametrize(("words", "said"), [
    (("-f", "webp"), "(2 files say "), ((), "(2 files say "), (("-f", "webp", "--strip", "gps"), None),
    (("-f", "tiff"), None), (("-f", "gif"), None), (("-f", "webp", "-Q"), None),
    (("-f", "webp", "--keep", "icc"), None),
])  # fmt: skip
def test_one_hint_for_a_run_that_publishes_positions(
    run: Run, located: Path, words: tuple[str, ...], said: str | None
) -> None:
    done = run("run", "a.jpg", "b.jpg", "-o", "out", *words)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if HINT in line] == ([said + HINT] if said else [])
    again = run("run", "a.jpg", "b.jpg", "-o", "out", *words)
    assert HINT not in again.stderr, "nothing was published by this run"


def test_a_wrong_word_is_refused_before_anything_is_written(run: Run, located: Path) -> None:
    done = run("run", "a.jpg", "-o", "out", "--strip", "gps,copyrigt")
    assert done.returncode == 2 and "did you mean 'copyright'?" in done.stderr
    assert not (located / "out").exists()
