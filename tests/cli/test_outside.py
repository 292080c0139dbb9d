"""Are the files that operations need read once, found from where they are named, and refused before the first image?"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.run_settings import Settings
from imgbatch.planning import reference_files
from imgbatch.runs.batch import Batch
from tests import outside
from tests.cli.conftest import ROOT, Run, tree

EVENING = ROOT / "sample_images/travel/2024/coast/evening.jpg"  # by Ada Example, 2024-06-21


@pytest.fixture
def files(place: Path) -> Path:
    """The folder with photos, logo.png, look.cube, font.ttf."""
    outside.make(place)
    return place


def test_a_changed_file_makes_everything_again_and_a_moved_one_nothing(run: Run, files: Path) -> None:
    words = ["run", "photos", "-o", "out", "-f", "png"]
    assert run(*words, "--watermark", "logo.png").stderr.startswith("3 ok")
    assert run(*words, "--watermark", "logo.png").stderr.startswith("0 ok, 3 unchanged")
    (files / "elsewhere").mkdir()
    os.rename(files / "logo.png", files / "elsewhere/mark.png")
    assert run(*words, "--watermark", "elsewhere/mark.png").stderr.startswith("0 ok, 3 unchanged")
    before = tree(files / "out")
    stamp = os.stat(files / "elsewhere/mark.png")
    Image.new("RGBA", (60, 24), "lime").save(files / "elsewhere/mark.png")
    os.utime(files / "elsewhere/mark.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert run(*words, "--watermark", "elsewhere/mark.png").stderr.startswith("3 ok")
    assert tree(files / "out") != before


def test_workers_need_no_file_it_was_decoded_before_they_began(files: Path) -> None:
    recipe = ib.Recipe([ib.Watermark(str(files / "logo.png")), ib.Lut(str(files / "look.cube"))], [ib.Output("png")])
    alone = ib.run([files / "photos"], files / "alone", recipe, workers=0)
    batch = Batch([files / "photos"], files / "out", recipe, Settings(workers=2))
    batch.prepare()
    os.unlink(files / "logo.png")
    os.unlink(files / "look.cube")
    assert [outcome.error for outcome in batch.outcomes()] == [None] * 3
    assert tree(files / "out") == tree(files / "alone")
    assert len(alone.outcomes) == 3


def test_each_file_is_read_once_however_often_it_is_named(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    really = reference_files._read

    def counted(path: str, who: str) -> bytes:
        read.append(os.path.basename(path))
        return really(path, who)

    monkeypatch.setattr(reference_files, "_read", counted)
    logo, small = ib.Watermark(str(files / "logo.png")), ib.Watermark(str(files / "logo.png"), size="5%")
    outputs = [ib.Output(dir="a", ops=[small]), ib.Output(dir="b", ops=[logo, ib.Lut(str(files / "look.cube"))])]
    assert ib.run([files / "photos"], files / "out", ib.Recipe([logo], outputs), workers=0).exit_code == 0
    assert sorted(read) == ["logo.png", "look.cube"]


def test_what_is_lent_travels_as_a_place_and_is_one_array(tmp_path: Path) -> None:
    Image.effect_noise((1000, 800), 60).convert("RGB").save(tmp_path / "big.png")
    op = ib.Watermark(str(tmp_path / "big.png"))
    with reference_files.ReferenceFiles([op]).lend([op]) as (lent,):
        sent = pickle.dumps(lent)
        assert len(sent) < 1500, "the pixels were pickled"
        there = pickle.loads(sent)
        assert there.content.array.shape == (800, 1000, 4)
        lent.content.array[5, 7] = (1, 2, 3, 4)  # type: ignore[attr-defined]
        assert there.content.array[5, 7].tolist() == [1, 2, 3, 4]
    with pytest.raises(FileNotFoundError):
        pickle.loads(sent)


def test_too_little_shared_memory_is_one_sentence(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgbatch.memory.shared_memory.free", lambda: 10)
    monkeypatch.setattr("imgbatch.memory.shared_memory._SMALL", 0)  # what is small needs none
    op = ib.Watermark(str(files / "logo.png"))
    with pytest.raises(ib.EngineError, match=r"has 0\.0 MB left, for '.*logo.png'; use a smaller file, or run"):
        ib.run(files / "photos", files / "out", ib.Recipe([op]), workers=2)
    assert not tree(files / "out")
    assert ib.run(files / "photos", files / "out", ib.Recipe([op]), workers=0).exit_code == 0


def test_names_are_relative_to_the_recipe_and_a_saved_recipe_finds_them(run: Run, files: Path) -> None:
    (files / "recipes").mkdir()
    os.rename(files / "logo.png", files / "recipes/logo.png")
    (files / "recipes/r.toml").write_text(
        '[[op]]\nname = "watermark"\nimage = "logo.png"\n'
        '[[output]]\nformat = "png"\n[[output.op]]\nname = "lut"\nfile = "../look.cube"\n'
    )
    assert run("run", "-r", "recipes/r.toml", "photos", "-o", "one").returncode == 0
    flags = ["--watermark", "recipes/logo.png", "--lut", "look.cube", "-f", "png"]
    assert run("run", "photos", "-o", "two", *flags, "--save-recipe", "recipes/s.toml").returncode == 0
    assert tree(files / "one") == tree(files / "two") != {}
    assert 'image = "logo.png"' in (files / "recipes/s.toml").read_text()
    assert run("run", "-r", "recipes/s.toml", "-o", "three").returncode == 0
    assert tree(files / "three") == tree(files / "two")


def test_fields_of_each_file_in_a_run_with_workers(run: Run, place: Path) -> None:
    text = "{stem} by {exif.Artist}, {date:%Y-%m-%d}, {width}"
    said = "evening by Ada Example, 2024-06-21, 1600"
    flags = ["-f", "png", "--resize", "800", "-j", "2"]
    assert run("run", str(EVENING), "-o", "one", *flags, "--text", f'"{text}",size=8%').returncode == 0
    assert run("run", str(EVENING), "-o", "two", *flags, "--text", f'"{said}",size=8%').returncode == 0
    assert tree(place / "one") == tree(place / "two")
    with Image.open(place / "one/evening.png") as made:
        assert (np.asarray(made)[-48:] > 240).all(axis=2).sum() > 40, "white letters at the lower edge"


def test_a_field_that_a_file_has_not_is_left_out_with_a_warning(run: Run, place: Path) -> None:
    done = run("run", "photos/a.jpg", "-o", "out", "--text", "{stem} {exif.Artist}", "--json")
    assert done.returncode == 0
    assert '"warnings":["text: the file has no exif.Artist, left out"]' in done.stdout


def test_statistics_and_loads_lend_them_too(files: Path) -> None:
    lut = ib.Lut(str(files / "look.cube"))
    alone, shared = (ib.stats(files / "photos", lut, workers=workers) for workers in (0, 2))
    assert not alone.failures
    assert alone.to_json() == shared.to_json() != ib.stats(files / "photos", workers=0).to_json()
    with ib.load(files / "photos", ib.Resize("8x8!"), lut, workers=2) as batch:
        wanted = ib.apply(Image.open(files / "photos/a.jpg"), [ib.Resize("8x8!"), lut])
        assert np.abs(batch.images[0].astype(int) - np.asarray(wanted)).max() <= 1
        assert batch.valid.all()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--lut", "short.cube"], "lut file: 'short.cube' cannot be used: LUT_3D_SIZE 3 needs 27 lines of three numbe"),
        (["--lut", "logo.png"], "lut file: 'logo.png' cannot be used: this is no .cube file"),
        (["--lut", "none.cube"], "lut file: cannot read 'none.cube': there is no such file"),
        (["--text", "x,font=notes.txt"], "text font: 'notes.txt' cannot be used: this is no font"),
        (["--watermark", "notes.txt"], "watermark image: 'notes.txt' cannot be used: no reader recognizes the content"),
        (["--watermark", "half.png"], "watermark image: 'half.png' cannot be used: "),
        (["--watermark", "photos"], "watermark image: cannot read 'photos': it is a folder"),
        (["--flat-field", "notes.txt"], "flat_field frame: 'notes.txt' cannot be used: "),
        (["--dark-frame", "none.png"], "dark_frame frame: cannot read 'none.png': there is no such file"),
        (["--match-histogram", "notes.txt"], "match_histogram image: 'notes.txt' cannot be used: "),
        (["--text", "{nix}"], "unknown field of a text 'nix'"),
    ],
)
@pytest.mark.parametrize("command", ["run", "stats"])
def test_a_file_that_is_not_what_it_should_be_refuses_the_run(
    run: Run, files: Path, flags: list[str], said: str, command: str
) -> None:
    (files / "notes.txt").write_text("no picture, no font, no table\n")
    lines = (files / "look.cube").read_text().splitlines()
    (files / "short.cube").write_text("\n".join([*lines[:9], *lines[10:]]))
    data = (files / "logo.png").read_bytes()
    (files / "half.png").write_bytes(data[: len(data) // 2])
    done = run(command, "photos", *(["-o", "out"] if command == "run" else []), *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(f"imgbatch: {said}") and done.stderr.count("\n") == 1, done.stderr
    assert not (files / "out").exists() and done.stdout == ""


def test_a_picture_of_another_size_than_the_frame_is_that_files_failure(run: Run, files: Path) -> None:
    Image.new("L", (81, 60), 200).save(files / "flat.png")  # as large as trip/b.jpg alone
    done = run("run", "photos", "-o", "out", "--flat-field", "flat.png")
    assert done.returncode == 1
    said = "operation in ops: flat_field needs pictures of the frame's size: 81x60 px, this one has 80x60"
    assert said in done.stderr
    assert list(tree(files / "out")) == ["trip/b.jpg"]
