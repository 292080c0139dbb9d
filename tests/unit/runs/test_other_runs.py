"""Are outputs of other runs left out where they lie below a SRC, and only they?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.run_settings import Settings
from imgbatch.datasets.stats import StatsRun
from imgbatch.planning.source_filter import OTHER_OUTPUT, OTHER_OUTPUTS
from imgbatch.runs.batch import Batch
from imgbatch.runs.check import CheckRun

SMALL = ib.Recipe([ib.Resize("10")])


@pytest.fixture(autouse=True)
def site(tmp_path: Path) -> Path:
    """``site/img/a.png``, to make other files of."""
    site = tmp_path / "site"
    (site / "img").mkdir(parents=True)
    Image.new("RGB", (40, 20), (9, 99, 200)).save(site / "img" / "a.png")
    return site


def files(folder: Path) -> list[str]:
    """The pictures below a folder."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.*")
        if path.is_file() and ".imgbatch" not in path.parts
    )


def ran(src: Any, output: Path | None, recipe: ib.Recipe = SMALL, **words: Any) -> ib.Report:
    """The report of a run without failures, in this process."""
    report = ib.run(src, output, recipe, workers=0, **words)
    assert not report.failed
    return report


def found(src: Any, output: Path, **settings: Any) -> tuple[list[str], dict[str, str]]:
    """The sources of a run that is only planned, and what is skipped, with the reasons."""
    batch = Batch(src, output, SMALL, Settings(workers=0, **settings))
    batch.prepare()
    return [job.source.relative for job in batch.todo], {file.relative: file.reason for file in batch.skipped}


def test_outputs_do_not_feed_each_other(site: Path) -> None:
    for _ in range(3):
        for name in ("web", "thumbs"):
            ran(site, site / name)
    assert files(site) == ["img/a.png", "thumbs/img/a.png", "web/img/a.png"]


def test_they_are_counted_and_said(site: Path) -> None:
    ran(site, site / "web")
    report = ran(site, site / "thumbs")
    assert report.summary()["other_outputs"] == 1 == report.summary()["skipped"]
    assert found(site, site / "large")[1] == {"web": OTHER_OUTPUTS, "thumbs": OTHER_OUTPUTS}
    assert "other_outputs" not in ran(site / "img", site / "large").summary()


READERS: dict[str, Callable[[Path], Any]] = {
    "check": lambda site: CheckRun(site, Settings(workers=0)),
    "stats": lambda site: StatsRun(site, settings=Settings(workers=0)),
}


@pytest.mark.parametrize("kind", READERS)
def test_readers_leave_them_out(site: Path, kind: str) -> None:
    ran(site, site / "web")
    run = READERS[kind](site)
    run.prepare()
    assert [job.source.relative for job in run.todo] == ["img/a.png"]
    assert [file.reason for file in run.skipped] == [OTHER_OUTPUTS]


def test_load_and_process_leave_them_out(site: Path) -> None:
    ran(site, site / "web")
    with ib.load(site, ib.Resize("8x8", fit="fill"), workers=0) as batch:
        assert len(batch.images) == 1
    assert [outcome.source.relative for outcome in ib.process(site, site / "x", SMALL, workers=0)] == ["img/a.png"]


def test_a_folder_that_is_named_is_taken(site: Path) -> None:
    ran(site, site / "web")
    assert found(site / "web", site / "x") == (["img/a.png"], {})
    assert found(site / "web" / "img", site / "x") == (["a.png"], {})
    assert found([site / "img", site / "web"], site / "x", rename=True)[0] == ["a.png", "img/a.png"]
    assert found([site, site / "web"], site / "x")[0] == ["img/a.png", "web/img/a.png"]
    assert found(f"{site}/web/**/*.png", site / "x")[0] == ["img/a.png"]
    assert found(site / "web" / "img" / "a.png", site / "x")[0] == ["a.png"]


def test_a_glob_that_only_matches_it_does_not_name_it(site: Path) -> None:
    ran(site, site / "web")
    assert found(f"{site}/**/*.png", site / "x") == (["img/a.png"], {"web": OTHER_OUTPUTS})
    assert found(f"{site}/w*/**/*.png", site / "x") == ([], {"web": OTHER_OUTPUTS})


def test_originals_that_were_changed_in_place_are_sources(site: Path) -> None:
    ran(site / "img", None, in_place=True)
    assert found(site, site / "x") == (["img/a.png"], {})


def test_an_output_folder_that_was_changed_in_place_is_still_one(site: Path) -> None:
    ran(site / "img", site / "web")
    ran(site / "web", None, ib.Recipe([ib.Flip()]), in_place=True)
    assert found(site, site / "x") == (["img/a.png"], {"web": OTHER_OUTPUTS})


def test_originals_among_outputs_that_were_changed_in_place_are_sources(site: Path) -> None:
    ran(site / "img", site / "web")
    Image.new("RGB", (40, 20)).save(site / "web" / "mine.png")
    ran(site / "web", None, ib.Recipe([ib.Flip()]), in_place=True)
    assert found(site, site / "x") == (["img/a.png", "web/mine.png"], {"web/a.png": OTHER_OUTPUT})


def test_outputs_beside_their_sources_are_left_out_alone(site: Path, tmp_path: Path) -> None:
    ran(site / "img", site / "img", ib.Recipe(outputs=[ib.Output(format="webp")]))
    assert found(site, site / "x") == (["img/a.png"], {"img/a.webp": OTHER_OUTPUT})
    assert found(site / "img", tmp_path / "x", rename=True)[0] == ["a.png", "a.webp"]  # named with its folder


def test_outputs_in_a_folder_of_their_own_beside_their_sources(site: Path, tmp_path: Path) -> None:
    ran(site, site, ib.Recipe(outputs=[ib.Output(dir="web"), ib.Output(dir="thumbs")]))
    assert found(site, tmp_path / "x") == (["img/a.png"], {"web": OTHER_OUTPUTS, "thumbs": OTHER_OUTPUTS})
    assert found(tmp_path, tmp_path / "x") == (
        ["site/img/a.png"], {"site/web": OTHER_OUTPUTS, "site/thumbs": OTHER_OUTPUTS}
    )  # fmt: skip
    assert found(site / "web", tmp_path / "x")[0] == ["img/a.png"]


def test_a_ledger_above_the_source_is_asked(site: Path, tmp_path: Path) -> None:
    ran(site, tmp_path, ib.Recipe(outputs=[ib.Output(dir="site/web")]))
    assert found(site, site / "thumbs") == (["img/a.png"], {"web": OTHER_OUTPUTS})


def test_a_tree_that_was_moved_since(site: Path, tmp_path: Path) -> None:
    ran(site / "img", site / "img", ib.Recipe(outputs=[ib.Output(format="webp")]))
    ran(site / "img", site / "web")
    place = tmp_path / "new"
    os.rename(site, place)
    assert found(place, tmp_path / "x") == (["img/a.png"], {"img/a.webp": OTHER_OUTPUT, "web": OTHER_OUTPUTS})


def test_sources_that_were_named_through_a_link(site: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(site / "img")
    ran(tmp_path / "link", site / "img", ib.Recipe(outputs=[ib.Output(format="webp")]))
    assert found(site, tmp_path / "x") == (["img/a.png"], {"img/a.webp": OTHER_OUTPUT})


def test_a_state_folder_elsewhere(site: Path, tmp_path: Path) -> None:
    ran(site, site / "web", state=str(tmp_path / "state"))
    assert found(site, site / "x", state=str(tmp_path / "state"))[1] == {"web": OTHER_OUTPUTS}


def test_a_run_that_has_just_begun(site: Path) -> None:
    ran(site / "img", site / "web")
    with sqlite3.connect(site / "web" / ".imgbatch" / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM written")
    assert found(site, site / "x")[0] == ["img/a.png", "web/a.png"]  # nothing was ever made here
    with sqlite3.connect(site / "web" / ".imgbatch" / "ledger.sqlite") as connection:
        connection.execute("UPDATE runs SET ended_ns=NULL, command='imgbatch run img -o web'")
    assert found(site, site / "x") == (["img/a.png"], {"web": OTHER_OUTPUTS})
    with sqlite3.connect(site / "web" / ".imgbatch" / "ledger.sqlite") as connection:
        connection.execute("UPDATE runs SET command='imgbatch run web --in-place'")
    assert found(site, site / "x")[0] == ["img/a.png", "web/a.png"]


def test_a_ledger_that_cannot_be_read(site: Path) -> None:
    ran(site / "img", site / "web")
    (site / "web" / ".imgbatch" / "ledger.sqlite").write_bytes(b"SQLite format 3\0" + bytes(5000))
    assert found(site, site / "x") == (["img/a.png"], {"web": OTHER_OUTPUTS})
    (site / "web" / ".imgbatch" / "backup").mkdir()  # as only --in-place makes one
    assert found(site, site / "x") == (["img/a.png", "web/a.png"], {})
