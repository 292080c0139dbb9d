"""What does the command say of metadata: one hint a run, and words that it does not know?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from tests.cli.conftest import Run
from tests.contracts.test_profiles import ADOBE, profile

HINT = "where the picture was taken; --strip gps takes that out)"


@pytest.fixture
def photos_with_gps(place: Path) -> Path:
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
    run: Run, photos_with_gps: Path, words: tuple[str, ...], said: str | None
) -> None:
    done = run("run", "a.jpg", "b.jpg", "-o", "out", *words)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if HINT in line] == ([said + HINT] if said else [])
    again = run("run", "a.jpg", "b.jpg", "-o", "out", *words)
    assert HINT not in again.stderr, "nothing was published by this run"


def test_a_wrong_word_is_refused_before_anything_is_written(run: Run, photos_with_gps: Path) -> None:
    done = run("run", "a.jpg", "-o", "out", "--strip", "gps,copyrigt")
    assert done.returncode == 2 and "did you mean 'copyright'?" in done.stderr
    assert not (photos_with_gps / "out").exists()


def test_a_recipe_names_a_profile_from_where_it_lies(run: Run, place: Path) -> None:
    (place / "recipes").mkdir()
    (place / "recipes/wide.icc").write_bytes(profile(ADOBE))
    (place / "recipes/web.toml").write_text('[[output]]\nicc = "srgb"\nassume_icc = "wide.icc"\nformat = "png"\n')
    Image.new("RGB", (40, 30), (107, 82, 70)).save(place / "plain.png")
    done = run("run", "plain.png", "-r", "recipes/web.toml", "-o", "out", "-j", "2", "-v")
    assert done.returncode == 0, done.stderr
    assert "icc: test assumed" in done.stderr and "icc: test -> sRGB" in done.stderr
    with Image.open(place / "out/plain.png") as made:
        assert made.getpixel((0, 0)) == (116, 81, 68)
    (place / "saved").mkdir()
    saved = run("run", "plain.png", "-o", "out2", "--assume-icc", "recipes/wide.icc", "--save-recipe", "saved/r.toml")
    assert saved.returncode == 0 and 'assume_icc = "../recipes/wide.icc"' in (place / "saved/r.toml").read_text()
    refused = run("run", "plain.png", "-o", "out3", "--assume-icc", "plain.png")
    assert refused.returncode == 2 and "no ICC profile" in refused.stderr and not (place / "out3").exists()
