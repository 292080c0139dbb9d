"""Does ``imgbatch pack`` write sets to train on that others read: in order, in equal bytes, whole or not at all?"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import PlanError
from imgbatch.core.run_settings import Settings
from imgbatch.datasets.samples.sample_run import SampleRun
from imgbatch.datasets.samples.shards import Template
from tests.cli.conftest import COMMAND, Run, damage, environment, tree

SHARDS = ("-o", "shards/%06d.tar")


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as tar:
        for member in tar:
            assert (member.mtime, member.uid, member.gid, member.uname, member.mode) == (0, 0, 0, "", 0o644)
            file = tar.extractfile(member)
            assert file is not None
            yield member.name, file.read()


def needs(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def test_each_picture_has_its_facts_beside_it_under_one_key(run: Run, place: Path) -> None:
    done = run("pack", "photos", *SHARDS)
    assert (done.returncode, os.listdir(place / "shards")) == (0, ["000000.tar"]), done.stderr
    files = dict(members(place / "shards" / "000000.tar"))
    names = ("a.jpg", "trip/b.jpg", "trip/c.png")
    for number, name in enumerate(names):
        key = f"{number:09d}"
        assert files.pop(f"{key}{Path(name).suffix}") == (place / "photos" / name).read_bytes()
        assert json.loads(files.pop(f"{key}.json")) == {
            "key": key, "source": name, "root": "photos", "width": 80 + number, "height": 60,
            "format": "png" if name.endswith("png") else "jpeg",
        }  # fmt: skip
    assert not files


def test_operations_and_a_format_make_pictures_of_one_kind(run: Run, place: Path) -> None:
    done = run("pack", "photos", "-o", "x.tar", "--resize", "32x24,fit=cover", "-f", "webp", "-q", "70")
    assert done.returncode == 0, done.stderr
    pictures = [data for name, data in members(place / "x.tar") if name.endswith(".webp")]
    assert [Image.open(io.BytesIO(data)).size for data in pictures] == [(32, 24)] * 3


def test_pictures_are_upright_and_of_animations_the_first_frame_counts(run: Run, place: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 60)).save(place / "turned.jpg", exif=exif)
    frames = [Image.new("L", (20, 10), level) for level in (0, 99, 200)]
    frames[0].save(place / "moving.gif", save_all=True, append_images=frames[1:])
    assert run("pack", "turned.jpg", "moving.gif", "-o", "x.tar").returncode == 0
    files = dict(members(place / "x.tar"))
    assert Image.open(io.BytesIO(files["000000000.jpg"])).size == (60, 80)
    assert getattr(Image.open(io.BytesIO(files["000000001.gif"])), "n_frames", 1) == 1


@pytest.mark.parametrize("name", ["x-%03d.tar", "x-%03d.parquet"])
def test_the_same_bytes_whatever_the_scheduling(run: Run, place: Path, name: str) -> None:
    if name.endswith("parquet"):
        needs("pyarrow")
    for number in range(40):
        Image.effect_noise((30, 30 + number % 7), 60).save(place / "photos" / f"n{number}.png")
    for folder, workers in (("one", "0"), ("two", "3")):
        words = ("-o", f"{folder}/{name}", "--shard-files", "11", "-j", workers, "--chunksize", "1")
        assert run("pack", "photos", *words).returncode == 0
    assert len(tree(place / "one")) == 4
    assert tree(place / "one") == tree(place / "two")


def test_a_shard_is_full_at_a_number_of_bytes(run: Run, place: Path) -> None:
    sizes = [path.stat().st_size for path in sorted((place / "photos").rglob("*.*")) if path.suffix != ".txt"]
    run("pack", "photos", *SHARDS, "--shard-bytes", str(sizes[0] + sizes[1]))
    counts = [len(list(members(path))) // 2 for path in sorted((place / "shards").iterdir())]
    assert counts == [2, 1]
    run("pack", "photos", "-o", "tiny/%d.tar", "--shard-bytes", "1")
    assert sorted(os.listdir(place / "tiny")) == ["0.tar", "1.tar", "2.tar"]


def test_a_file_that_failed_leaves_a_gap(run: Run, place: Path) -> None:
    damage(place / "photos/trip/b.jpg")
    done = run("pack", "photos", "-o", "x.tar", "--json")
    assert done.returncode == 1
    assert "failed: photos/trip/b.jpg: truncated in decode" in done.stderr
    assert [name for name, _ in members(place / "x.tar")] == [
        "000000000.jpg", "000000000.json", "000000002.png", "000000002.json",
    ]  # fmt: skip
    assert sorted(os.listdir(place)) == ["photos", "x.tar"]


def test_webdataset_reads_the_shards(run: Run, place: Path) -> None:
    needs("webdataset")
    import webdataset

    run("pack", "photos", *SHARDS, "--shard-files", "2")
    urls = str(place / "shards" / "{000000..000001}.tar")
    samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode("pil"))
    assert [sample["__key__"] for sample in samples] == ["000000000", "000000001", "000000002"]
    for sample in samples:
        (picture,) = (value for name, value in sample.items() if name in ("jpg", "png"))
        assert picture.size == (sample["json"]["width"], sample["json"]["height"])


def test_datasets_reads_parquet(run: Run, place: Path) -> None:
    needs("pyarrow")
    assert run("pack", "photos", "-o", "x.parquet").returncode == 0
    from pyarrow import parquet

    rows = parquet.read_table(place / "x.parquet").to_pylist()
    assert [row["source"] for row in rows] == ["a.jpg", "trip/b.jpg", "trip/c.png"]
    assert rows[0]["image"] == {"bytes": (place / "photos" / "a.jpg").read_bytes(), "path": "000000000.jpg"}
    needs("datasets")
    import datasets

    table = datasets.load_dataset(
        "parquet", data_files=str(place / "x.parquet"), split="train", cache_dir=str(place / "cache")
    )
    assert isinstance(table.features["image"], datasets.Image)
    assert [row["image"].size for row in table] == [(row["width"], row["height"]) for row in rows]


def test_without_pyarrow_a_sentence_says_what_to_install(run: Run, place: Path) -> None:
    (place / "blocks").mkdir()
    (place / "blocks" / "sitecustomize.py").write_text("import sys\nsys.modules['pyarrow'] = None\n")
    path = os.pathsep.join([str(place / "blocks"), environment()["PYTHONPATH"]])
    done = run("pack", "photos", "-o", "x.parquet", PYTHONPATH=path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'imgbatch[parquet]'" in done.stderr


def test_nothing_is_overwritten_unless_asked(run: Run, place: Path) -> None:
    run("pack", "photos", *SHARDS, "--shard-files", "1")
    before = tree(place / "shards")
    done = run("pack", "photos", *SHARDS)
    assert done.returncode == 2 and "000000.tar is in the way; replace the set with --overwrite" in done.stderr
    assert tree(place / "shards") == before
    (place / "shards" / "notes.tar").write_text("mine")
    assert run("pack", "photos", *SHARDS, "--overwrite").returncode == 0
    assert sorted(os.listdir(place / "shards")) == ["000000.tar", "notes.tar"]  # no shard of the former set is left
    (place / "photos" / "000000.tar").write_bytes((place / "photos" / "a.jpg").read_bytes())
    done = run("pack", "photos", "-o", "photos/%06d.tar", "--overwrite")
    assert done.returncode == 2 and "has sources in the places of the set" in done.stderr


def test_a_file_that_only_has_a_number_for_a_name_is_no_shard(run: Run, place: Path) -> None:
    backups = place / "backups"
    backups.mkdir()
    words = ("pack", "photos", "-o", "backups/%d.tar", "--shard-files", "1", "--overwrite")
    assert run(*words).returncode == 0
    for name in ("007.tar", "٣.tar"):
        (backups / name).write_text("mine")
    assert run(*words).returncode == 0
    (backups / "20260101.tar").write_text("mine")
    before = tree(backups)
    assert len(before) == 6
    done = run(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "20260101.tar has a name of the set, but is not of it" in done.stderr
    assert tree(backups) == before


@pytest.mark.parametrize("harm", ["gone", "broken"])
def test_a_set_is_not_replaced_by_nothing(run: Run, place: Path, harm: str) -> None:
    assert run("pack", "photos", "-o", "x.tar").returncode == 0
    before = (place / "x.tar").read_bytes()
    for path in (place / "photos").rglob("*.*"):
        path.unlink() if harm == "gone" else path.write_bytes(path.read_bytes()[:40])
    done = run("pack", "photos", "-o", "x.tar", "--overwrite")
    assert done.returncode == 2 and "no image could be packed, so" in done.stderr, done.stderr
    assert (place / "x.tar").read_bytes() == before
    assert sorted(os.listdir(place)) == ["photos", "x.tar"]


def test_what_appears_meanwhile_stays_and_nothing_is_left(place: Path) -> None:
    run = SampleRun(str(place / "photos"), [], str(place / "%d.tar"), shard_files=2, settings=Settings(workers=0))
    with pytest.raises(PlanError, match=r"1\.tar has appeared meanwhile; nothing was kept"):
        for _ in run.outcomes():
            (place / "1.tar").write_text("mine")
    assert sorted(os.listdir(place)) == ["1.tar", "photos"] and (place / "1.tar").read_text() == "mine"


@pytest.mark.parametrize("end", ["stop", "error", "abort"])
def test_a_run_that_ends_early_leaves_nothing(place: Path, end: str) -> None:
    run = SampleRun(str(place / "photos"), [], str(place / "%d.tar"), shard_files=1, settings=Settings(workers=0))
    outcomes = run.outcomes()
    next(outcomes)
    if end == "error":
        with pytest.raises(RuntimeError):
            outcomes.throw(RuntimeError)  # type: ignore[attr-defined]  # it is a generator
    elif end == "abort":
        run.abort()
    else:
        run.stop(ib.core.report.ExitCode.STOPPED, "enough")
        list(outcomes)
    assert os.listdir(place) == ["photos"]


def test_a_kill_leaves_only_what_the_next_one_removes(run: Run, place: Path) -> None:
    for number in range(300):
        Image.effect_noise((200, 200), 60).save(place / "photos" / f"n{number}.png", compress_level=0)
    words = [*COMMAND, "pack", "photos", "-o", "x.tar", "--blur", "9"]
    process = subprocess.Popen(words, cwd=place, env=environment(), stderr=subprocess.DEVNULL)
    while not any(name.endswith(".tmp") for name in os.listdir(place)):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (place / "x.tar").exists()
    assert run("pack", "photos/a.jpg", "-o", "x.tar").returncode == 0
    assert sorted(os.listdir(place)) == ["photos", "x.tar"]


@pytest.mark.skipif(os.name != "posix", reason="no limit for files")
def test_a_shard_that_has_no_room_leaves_nothing(place: Path) -> None:
    for number in range(40):
        Image.new("L", (8, 8), number).save(place / "photos" / f"n{number}.png")
    words = ["sh", "-c", 'ulimit -f 32; exec "$@"', "sh", *COMMAND, "pack", "photos", "-o", "x.tar", "-j", "0"]
    done = subprocess.run(words, cwd=place, env=environment(), capture_output=True, text=True)
    assert done.returncode == 4 and "File too large" in done.stderr, done.stderr
    assert os.listdir(place) == ["photos"]


def test_no_pictures_are_an_empty_set(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    assert run("pack", "empty", "-o", "x.tar").returncode == 0
    assert not list(members(place / "x.tar"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "x-%06d-%d.tar"], "expected a file name, or one with a number such as shards/%06d.tar, for the set"),
        (["-o", "%d/x.tar"], "for the set"),
        (["-o", "x-%06d.tar", "--mode", "L"], "expected -o X.npy for --mode, got -o x-%06d.tar"),
        (["-o", "x.tar", "--shard-files", "9"], "expected a number in the name, such as -o 'X-%06d.tar'"),
        (["-o", "x-%d.tar", "--shard-files", "0"], "for --shard-files, got 0"),
        (["-o", "x.npy", "--resize", "8x8,fit=cover", "-f", "png"], "expected -o X.tar or X.parquet for --format"),
        (["-o", "x.npy", "--resize", "8x8,fit=cover", "--shard-bytes", "1M"], "for --shard-bytes, got -o x.npy"),
        (["-o", "x.tar", "-f", "png,webp"], "expected one format for --format"),
    ],
)
def test_wrong_words_write_nothing(run: Run, place: Path, words: list[str], said: str) -> None:
    done = run("pack", "photos", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert os.listdir(place) == ["photos"]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("/s/%06d.tar", "/s/000000.tar", "/s/1234567.tar"), ("/s/a%db.tar", "/s/a0b.tar", "/s/a1234567b.tar")],
)
def test_a_template_names_its_shards(name: str, first: str, last: str) -> None:
    template = Template.of(name)
    assert (template.path(0), template.path(1234567)) == (first, last)
