"""Does the next run know what an earlier one made, and nothing else?"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger import FILE, VERSION, Ledger
from imgbatch.naming import STATE


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        Image.effect_noise((60, 40), 40 + number).convert("RGB").save(folder / f"{number}.jpg")
    return folder


def made(photos: Path, recipe: ib.Recipe | None = None, **words: object) -> dict[str, int]:
    """A run in this process; how many files had which status."""
    report = ib.run([photos], photos.parent / "out", recipe or THUMBS, workers=0, **words)  # type: ignore[arg-type]  # settings
    return {status: count for status, count in report.counts.items() if count}


THUMBS = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp")])


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.webp")}


def test_a_second_run_touches_nothing(photos: Path) -> None:
    assert made(photos) == {"ok": 4}
    before = stamps(photos.parent / "out")
    assert made(photos) == {"unchanged": 4}
    assert stamps(photos.parent / "out") == before


def test_a_changed_source_is_made_again_and_nothing_else(photos: Path) -> None:
    made(photos)
    Image.new("RGB", (60, 40), "red").save(photos / "2.jpg")
    before = stamps(photos.parent / "out")
    assert made(photos) == {"ok": 1, "unchanged": 3}
    after = stamps(photos.parent / "out")
    assert [name for name in after if after[name] != before[name]] == ["2.webp"]


def test_a_source_of_the_same_size_with_another_time_is_made_again(photos: Path) -> None:
    made(photos)
    os.utime(photos / "1.jpg", ns=(1, 1))
    assert made(photos) == {"ok": 1, "unchanged": 3}


@pytest.mark.parametrize(
    "recipe",
    [
        ib.Recipe(ops=[ib.Resize("21")], outputs=[ib.Output(format="webp")]),
        ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp", quality=50)]),
        ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp")], auto_orient=False),
    ],
)
def test_a_changed_recipe_makes_all_again(photos: Path, recipe: ib.Recipe) -> None:
    made(photos)
    assert made(photos, recipe) == {"ok": 4}
    assert made(photos, recipe) == {"unchanged": 4}


def test_force_makes_all_again(photos: Path) -> None:
    made(photos)
    assert made(photos, force=True) == {"ok": 4}


def test_a_deleted_output_is_made_again(photos: Path) -> None:
    made(photos)
    (photos.parent / "out" / "3.webp").unlink()
    assert made(photos) == {"ok": 1, "unchanged": 3}


def test_an_edited_output_is_not_ours_any_more(photos: Path) -> None:
    made(photos)
    edited = photos.parent / "out" / "3.webp"
    edited.write_bytes(b"my own work")
    with pytest.raises(ib.PlanError, match="3.webp"):
        made(photos)
    assert edited.read_bytes() == b"my own work"
    assert made(photos, skip_existing=True) == {"unchanged": 3, "skipped": 1}
    assert edited.read_bytes() == b"my own work"


def test_without_a_ledger_every_file_is_foreign(photos: Path) -> None:
    out = photos.parent / "out"
    report = ib.run([photos], out, THUMBS, workers=0, ledger=False)
    assert report.counts["ok"] == 4 and not (out / STATE).exists()
    with pytest.raises(ib.PlanError):
        ib.run([photos], out, THUMBS, workers=0, ledger=False)


def test_what_failed_is_not_remembered_as_done(photos: Path) -> None:
    (photos / "bad.jpg").write_bytes((photos / "0.jpg").read_bytes()[:300])
    assert made(photos) == {"ok": 4, "failed": 1}
    assert made(photos) == {"unchanged": 4, "failed": 1}


def test_one_of_two_outputs_changed(photos: Path) -> None:
    two = [ib.Output(format="webp"), ib.Output(format="png", dir="png")]
    made(photos, ib.Recipe(ops=[ib.Resize("20")], outputs=two))
    (photos.parent / "out" / "png" / "0.png").unlink()
    assert made(photos, ib.Recipe(ops=[ib.Resize("20")], outputs=two)) == {"ok": 1, "unchanged": 3}


def test_late_names_are_known_again(photos: Path) -> None:
    recipe = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp", name="{stem}-{width}x{height}.{ext}")])
    assert made(photos, recipe) == {"ok": 4}
    assert made(photos, recipe) == {"unchanged": 4}
    assert (photos.parent / "out" / "0-20x13.webp").exists()
    assert made(photos, recipe, force=True) == {"ok": 4}


def test_odd_names_are_kept_as_bytes(tmp_path: Path) -> None:
    source = os.fsdecode(os.fsencode(tmp_path) + b"/in/\xff\xfe{x}\n.png")
    os.mkdir(tmp_path / "in")
    Image.new("RGB", (9, 9)).save(source)
    for status in ("ok", "unchanged"):
        report = ib.run([tmp_path / "in"], tmp_path / "out", workers=0)
        assert report.counts[status] == 1


@pytest.mark.parametrize("content", [b"not a database at all, but text", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_ledger_that_is_none_is_refused_and_kept(photos: Path, content: bytes) -> None:
    file = photos.parent / "out" / STATE / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(ib.PlanError, match="cannot be read"):
        made(photos)
    assert file.read_bytes() == content


def test_a_ledger_of_a_newer_version_is_refused(photos: Path) -> None:
    made(photos)
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with pytest.raises(ib.PlanError, match="newer imgbatch"):
        made(photos)


def test_looking_creates_nothing(tmp_path: Path) -> None:
    Ledger(str(tmp_path / "out")).close()
    assert not (tmp_path / "out").exists()
