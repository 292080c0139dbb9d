"""What does the command say of metadata: one hint a run, and words that it does not know?"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from tests import label_readers
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


def test_texts_that_are_set_are_in_the_file_and_stay_as_long_as_they_are_the_same(run: Run, place: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(place / "a.jpg")
    words = ("run", "a.jpg", "-o", "out", "--set", "artist=Zoë = me", "--set", "keywords=a", "--set", 'keywords="b, c"')
    done = run(*words, "-v")
    assert done.returncode == 0 and "metadata set: artist, keywords" in done.stderr
    data = (place / "out/a.jpg").read_bytes()
    assert label_readers.read(data)["iptc"] == {"artist": ["Zoë = me"], "keywords": ["a", "b, c"]}
    assert "1 unchanged" in run(*words).stderr
    assert run(*words[:4], "--set", "artist=Bob").returncode == 0
    assert label_readers.read((place / "out/a.jpg").read_bytes())["exif"] == {"artist": ["Bob"]}
    shown = run(*words, "--explain")
    assert "the bytes of the source's picture, other metadata; metadata set: artist, keywords\n" in shown.stdout
    shown = run("run", "a.jpg", "-o", "web", "-f", "webp,gif", "--set", "artist=Ann", "--set", "title=", "--explain")
    assert "encoded as webp; metadata set: artist; metadata removed: title\n" in shown.stdout
    assert "encoded as gif\n" in shown.stdout


def test_a_recipe_holds_texts_and_a_flag_changes_one_of_them(run: Run, place: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(place / "a.png")
    words = ("--set", "artist=Ann", "--set", 'copyright=© "Ann"', "--set", "keywords=a,b")
    assert run("run", "a.png", "-o", "out", *words, "--save-recipe", "r.toml").returncode == 0
    assert 'set = {artist = "Ann", copyright = "© \\"Ann\\"", keywords = ["a", "b"]}' in (place / "r.toml").read_text()
    done = run("run", "a.png", "-r", "r.toml", "-o", "out2", "--set", "Artist=Zoë", "--set", "keywords=")
    assert done.returncode == 0
    text = label_readers.read((place / "out2/a.png").read_bytes())["xmp"]
    assert text == {"artist": ["Zoë"], "copyright": ['© "Ann"']}
    (place / "bad.toml").write_text('[[output]]\nset = {artst = "Ann"}\n')
    refused = run("run", "a.png", "-r", "bad.toml", "-o", "out3")
    assert refused.returncode == 2 and "did you mean 'artist'?" in refused.stderr


def test_files_get_texts_where_they_lie_once_and_get_them_back(run: Run, place: Path) -> None:
    (place / "own").mkdir()
    for name in ("a.jpg", "b.png", "c.webp", "d.tif", "e.gif"):
        Image.new("RGB", (40, 30), "teal").save(place / "own" / name)
    before = {path.name: path.read_bytes() for path in (place / "own").iterdir()}
    words = ("run", "own", "--in-place", "--set", "artist=Zoë")
    assert run(*words).returncode == 0
    after = {name: (place / "own" / name).read_bytes() for name in before}
    assert [name for name in before if after[name] == before[name]] == ["e.gif"]
    assert all("Zoë".encode() in data for name, data in after.items() if name != "e.gif")
    again = run(*words)
    assert again.returncode == 0 and {name: (place / "own" / name).read_bytes() for name in before} == after
    assert run("undo", "own").returncode == 0
    assert {name: (place / "own" / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(("word", "sentence"), [
    ("artst=x", "unknown word of set 'artst'; did you mean 'artist'?"),
    ("author=x", "did you mean 'artist'?"),
    ("camera=x", "known: artist, copyright, title, description, keywords"),
    ("artist", "expected WORD=TEXT such as artist=Ann for --set, got 'artist'"),
    ("title=a\x01b", "got the character U+0001 in it; leave it out"),
    ("title=a\nb", "got the character U+000A in it; lines are for a description"),
    ("title=a\udcffb", "expected UTF-8 for title of set, got other bytes"),
    ("title=" + "x" * 32_001, "expected at most 32000 bytes of UTF-8 for title of set, got 32001; shorten it"),
])  # fmt: skip
def test_a_text_that_cannot_be_set_is_refused_in_one_line(run: Run, place: Path, word: str, sentence: str) -> None:
    Image.new("RGB", (40, 30), "teal").save(place / "a.jpg")
    refused = run("run", "a.jpg", "-o", "out", "--set", word)
    assert refused.returncode == 2 and sentence in refused.stderr and refused.stderr.count("\n") == 1
    assert not (place / "out").exists()


def test_a_word_is_said_once(run: Run, place: Path) -> None:
    refused = run("run", "a.jpg", "-o", "out", "--set", "artist=a", "--set", "artist=b")
    assert refused.returncode == 2 and "expected artist of set once, got it twice" in refused.stderr
