"""Are files found that are there more than once, and is the best of them the one that stays?"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw, ImageOps

import imgbatch as ib
from imgbatch.datasets.duplicates import DuplicatesRun
from imgbatch.pipeline.fingerprints import fingerprint
from tests.cli.conftest import damage

SAMPLES = Path(__file__).parents[3] / "sample_images"
DUNES = SAMPLES / "travel/2023/desert/dunes.jpg"
EVENING = SAMPLES / "travel/2024/coast/evening.jpg"


def age(folder: Path) -> None:
    """Let no file be as young as the store's clock is coarse."""
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A copy of each kind, and pictures that have none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(DUNES, folder / "dunes.jpg")
    shutil.copy(DUNES, folder / "copy.jpg")
    shutil.copy(EVENING, folder / "evening.jpg")
    with Image.open(DUNES) as image:
        image.load()
        image.save(folder / "pixels.png")
        image.resize((400, 267)).save(folder / "small.webp", quality=60)
        ImageOps.mirror(image).save(folder / "mirror.jpg", quality=90)
        image.transpose(Image.Transpose.ROTATE_270).save(folder / "turned.jpg", quality=90)
    Image.new("RGB", (300, 200), "white").save(folder / "white.png")
    Image.new("RGB", (300, 200), "black").save(folder / "black.png")
    Image.new("RGB", (600, 400), "white").save(folder / "white.jpg")
    age(folder)
    return folder


def found(groups: Iterable[ib.DuplicateGroup]) -> dict[str, list[tuple[str, str]]]:
    return {
        group.representative.source.relative: [(one.source.relative, one.likeness) for one in group.others]
        for group in groups
    }


@pytest.mark.parametrize("workers", [0, 2])
def test_each_kind_of_copy_is_found(photos: Path, workers: int) -> None:
    result = ib.duplicates(photos, workers=workers)
    # The PNG has as many pixels and more bytes
    assert found(result.groups) == {
        "pixels.png": [("copy.jpg", "pixels"), ("dunes.jpg", "pixels"), ("small.webp", "near")]
    }
    assert (result.files, result.failures) == (10, ())
    (group,) = result.groups
    assert group.likeness == "near" and group.others[-1].distance <= 2 and group.others[-1].size == (400, 267)
    assert group.spare_bytes == sum((photos / name).stat().st_size for name in ("copy.jpg", "dunes.jpg", "small.webp"))
    assert found(ib.duplicates(photos, likeness="pixels", workers=0).groups) == {
        "pixels.png": [("copy.jpg", "pixels"), ("dunes.jpg", "pixels")]
    }
    assert found(ib.duplicates(photos, likeness="bytes", workers=0).groups) == {"copy.jpg": [("dunes.jpg", "bytes")]}


def test_turned_and_mirrored_pictures_are_found_when_asked_for(photos: Path) -> None:
    (group,) = ib.duplicates(photos, any_orientation=True, workers=0).groups
    ways = {one.source.relative: one.way for one in group.others}
    assert ways == {
        "copy.jpg": "", "dunes.jpg": "", "small.webp": "", "mirror.jpg": "mirrored", "turned.jpg": "turned 90",
    }  # fmt: skip


def test_a_second_search_decodes_nothing(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    for likeness in ("near", "pixels"):
        first = ib.duplicates(photos, state=state, likeness=likeness, workers=0)
        with monkeypatch.context() as patch:
            patch.setattr(fingerprint.FingerprintContext, "process", lambda self: pytest.fail("read again"))
            search = DuplicatesRun(photos, likeness=likeness, settings=ib.Settings(workers=0, state=str(state)))
            assert [outcome.status for outcome in search.outcomes()] == ["unchanged"] * 10
            assert search.duplicates() == first
    with Image.open(EVENING) as image:
        image.save(photos / "small.webp", quality=60)
    search = DuplicatesRun(photos, settings=ib.Settings(workers=0, state=str(state)))
    assert sorted(outcome.status for outcome in search.outcomes()) == ["ok"] + ["unchanged"] * 9
    assert "small.webp" in str(found(search.duplicates().groups)["evening.jpg"])


def test_only_what_may_have_the_same_pixels_is_decoded_whole(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    hash_pixels = fingerprint.FingerprintContext._hash_pixels

    def note(self: fingerprint.FingerprintContext) -> None:
        names.append(self.job.source.relative)
        hash_pixels(self)

    monkeypatch.setattr(fingerprint.FingerprintContext, "_hash_pixels", note)
    ib.duplicates(photos, workers=0)
    # Of two files with the same bytes one is enough; plain areas of one size say too little to tell them apart
    assert sorted(names) == ["black.png", "copy.jpg", "pixels.png", "white.png"]


def test_broken_files_are_failures(photos: Path) -> None:
    damage(photos / "evening.jpg")
    (photos / "empty.jpg").write_bytes(b"")
    result = ib.duplicates(photos, workers=0)
    assert {one["source"]: one["error"]["kind"] for one in result.failures} == {
        "empty.jpg": "truncated", "evening.jpg": "truncated",
    }  # fmt: skip
    assert list(found(result.groups)) == ["pixels.png"]


def test_animations_are_compared_by_all_frames(tmp_path: Path) -> None:
    with Image.open(DUNES) as image:
        first = image.convert("RGB").resize((240, 160))
    frames = [first, *(Image.new("RGB", first.size, color) for color in ("red", "green"))]
    for name, pictures in (("a.webp", frames), ("b.webp", [first, *frames[:0:-1]]), ("still.png", [first])):
        film = len(pictures) > 1
        pictures[0].save(tmp_path / name, save_all=film, append_images=pictures[1:], duration=100, lossless=film)
    frames[0].save(tmp_path / "c.png", save_all=True, append_images=frames[1:], duration=300)
    (group,) = ib.duplicates(tmp_path, workers=0).groups
    # The still is no copy of the film that begins with it; b shows the same frames in another order
    assert {(one.source.relative, one.likeness) for one in (group.representative, *group.others)} == {
        ("c.png", "bytes"), ("a.webp", "pixels"), ("b.webp", "near"),
    }  # fmt: skip
    assert group.representative.frames == 3


def test_16_bits_are_compared_as_16_bits(tmp_path: Path) -> None:
    ramp = numpy.add.outer(numpy.arange(200) * 211, numpy.arange(300) * 7).astype(numpy.uint16)
    ramp[40:90, 60:200] += 9000
    for name, samples in (("a.png", ramp), ("b.tiff", ramp), ("fine.png", ramp ^ 1), ("eight.png", ramp >> 8)):
        Image.fromarray(samples.astype(numpy.uint8) if name == "eight.png" else samples).save(tmp_path / name)
    (group,) = ib.duplicates(tmp_path, workers=0).groups
    same = {frozenset({"a.png", "b.tiff"})}
    (pair,) = ib.duplicates(tmp_path, likeness="pixels", workers=0).groups
    assert {frozenset({pair.representative.source.relative, *(one.source.relative for one in pair.others)})} == same
    assert len(group.others) == 3


def test_what_turns_out_broken_is_a_failure_of_its_own(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look needs the first frame only, and of a progressive JPEG not all data."""
    hash_pixels = fingerprint.FingerprintContext._hash_pixels

    def fail(self: fingerprint.FingerprintContext) -> None:
        if self.job.source.relative == "pixels.png":
            raise ib.ImageError("truncated", "the last frame ends early")
        hash_pixels(self)

    monkeypatch.setattr(fingerprint.FingerprintContext, "_hash_pixels", fail)
    search = DuplicatesRun(photos, settings=ib.Settings(workers=0))
    outcomes = list(search.outcomes())
    result = search.duplicates()
    assert [(one["source"], one["error"]["kind"]) for one in result.failures] == [("pixels.png", "truncated")]
    assert found(result.groups) == {"copy.jpg": [("dunes.jpg", "bytes"), ("small.webp", "near")]}
    assert len(outcomes) == search.total == 11 and result.files == 10
    assert (search.report.exit_code, search.report.remaining) == (1, 0)


def test_what_has_changed_or_gone_meanwhile_is_in_no_group(photos: Path) -> None:
    search = DuplicatesRun(photos, settings=ib.Settings(workers=0))
    for outcome in search.outcomes():
        if outcome.index == search.total - 1:
            shutil.copy(EVENING, photos / "pixels.png")  # would have been the one that stays
            (photos / "small.webp").unlink()
    result = search.duplicates()
    assert found(result.groups) == {"copy.jpg": [("dunes.jpg", "bytes")]}
    assert list(result.warnings) == search.report.warnings == [
        "2 files have changed or gone since the search began, and no group names what is not as it was"
    ]


def test_the_result_does_not_depend_on_the_order_of_the_sources(photos: Path) -> None:
    names = sorted(photos.iterdir())
    one = ib.duplicates(names, any_orientation=True, workers=0)
    other = ib.duplicates(names[::-1], any_orientation=True, workers=0)
    sets = [
        {frozenset(path.source.path for path in (g.representative, *g.others)) for g in r.groups} for r in (one, other)
    ]
    assert sets[0] == sets[1]


def test_json_says_all(photos: Path) -> None:
    result = ib.duplicates(photos, workers=0)
    group, sums = json.loads(result.to_json())
    assert group["representative"] == {
        "root": str(photos), "source": "pixels.png", "likeness": "bytes", "width": 1600, "height": 1067,
        "bytes": (photos / "pixels.png").stat().st_size,
    }  # fmt: skip
    assert [one["likeness"] for one in group["others"]] == ["pixels", "pixels", "near"]
    assert {key: value for key, value in sums.items() if key not in ("v", "event", "spare_bytes")} == {
        "files": 10, "failed": 0, "groups": 1, "spare": 3, "bytes": 0, "pixels": 2, "near": 1, "threshold": 8,
    }  # fmt: skip
    assert repr(result) == "Duplicates(1 groups of 10 files, 3 could go)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threshold": 17}, "expected a whole number from 0 to 16 for threshold, got 17"),
        ({"threshold": 2.5}, "for threshold, got 2.5"), ({"threshold": True}, "for threshold, got True"),
        ({"likeness": "same"}, "likeness"), ({"any_orientation": 1}, "any_orientation"), ({"widths": 3}, "widths"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_before_a_file_is_read(photos: Path, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ib.UsageError, match=message):
        ib.duplicates(photos, workers=0, **wrong)  # type: ignore[arg-type]  # that is the test


def test_nothing_is_near_to_a_plain_area(tmp_path: Path) -> None:
    """Two sheets of paper with a speck are not the same, whatever their hashes say."""
    for number in range(4):
        image = Image.new("RGB", (400 + number, 300), "white")
        ImageDraw.Draw(image).rectangle((90 * number, 50, 90 * number + 4, 54), "black")
        image.save(tmp_path / f"{number}.png")
    assert ib.duplicates(tmp_path, workers=0, threshold=16, any_orientation=True).groups == ()


def test_the_most_pixels_stay_then_the_most_bytes_then_the_first_name(tmp_path: Path) -> None:
    with Image.open(DUNES) as image:
        image.save(tmp_path / "c large.jpg", quality=40)
        small = image.resize((800, 534))
    small.save(tmp_path / "a small.png")  # of the most bytes
    for name, quality in (("b.jpg", 60), ("d.jpg", 90), ("e.jpg", 90)):
        small.save(tmp_path / name, quality=quality)
    (group,) = ib.duplicates(tmp_path, workers=0).groups
    assert group.representative.source.relative == "c large.jpg"
    (tmp_path / "c large.jpg").unlink()
    (tmp_path / "a small.png").unlink()
    (group,) = ib.duplicates(tmp_path, workers=0).groups
    assert group.representative.source.relative == "d.jpg"


def test_two_roots_and_names_that_come_twice(photos: Path) -> None:
    result = ib.duplicates([photos / "dunes.jpg", photos], workers=0)
    assert result.files == 10
