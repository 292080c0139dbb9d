"""Does each destination keep what runs count on: a job for each source, nothing twice, nothing half, nothing lost?"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Failure, Outcome, Source
from imgbatch.ledger.destination import Destination
from imgbatch.originals.in_place import InPlace
from imgbatch.planning.find import discover
from imgbatch.runs.batch import Batch
from imgbatch.runs.output_folder import OutputFolder
from tests.contracts.pictures import smooth

KINDS: dict[str, type[Destination]] = {"output folder": OutputFolder, "in place": InPlace}
NAMES = ("a.png", "b.png", "trip/c.jpg")
RECIPE = ib.Recipe([ib.Resize("20")])


def make_batch(kind: str, folder: Path, recipe: ib.Recipe = RECIPE, **settings: object) -> Batch:
    """A prepared run over the pictures in a folder."""
    here = ib.Settings(workers=0, in_place=kind == "in place", **settings)  # type: ignore[arg-type]  # checked there
    output = None if kind == "in place" else folder / "out"
    batch = Batch([folder / "photos"], output, recipe, here)
    batch.prepare(hold=False)
    return batch


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    word: str = request.param
    return word


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(NAMES):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        smooth("RGB", (60 + number, 40)).save(path)
    return tmp_path


def sources_in(folder: Path) -> list[Source]:
    return [item for item in discover([str(folder / "photos")], ib.Filters()) if isinstance(item, Source)]


def temporary_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and ".imgbatch-" in path.name]


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_kind_stands_in_this_suite(kind: str, folder: Path) -> None:
    assert set(KINDS.values()) == set(Destination.__subclasses__())
    destination = make_batch(kind, folder).preparation.destination
    assert type(destination) is KINDS[kind]
    assert destination.replaces_sources is (kind == "in place")


def test_each_source_has_a_job_in_its_place(kind: str, folder: Path) -> None:
    batch = make_batch(kind, folder)
    sources = sources_in(folder)
    assignment = batch.preparation.destination.jobs(sources)
    assert [job.index for job in assignment.jobs] == list(range(len(NAMES)))
    assert [job.source for job in assignment.jobs] == sources
    for job in assignment.jobs:
        for target in job.targets:
            assert os.path.isabs(target.path) and not os.path.lexists(target.path)
            assert any(os.path.dirname(target.path) == place for place in assignment.folders)
    assert assignment.folders == sorted(set(assignment.folders))


def test_planning_writes_nothing(kind: str, folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    destination = make_batch(kind, folder).preparation.destination
    for job in destination.jobs(sources_in(folder)).jobs:
        assert destination.unchanged_outcome(job) is None
        assert not destination.is_output(job.source.path)
    assert sorted(folder.rglob("*")) == before


def test_what_was_recorded_is_not_done_again_unless_it_changes(kind: str, folder: Path) -> None:
    batch = make_batch(kind, folder)
    outcomes = list(batch.outcomes())
    for outcome in outcomes:
        assert outcome.ok and len(outcome.outputs) == 1
        with Image.open(outcome.outputs[0].path) as image:  # where it belongs, by now
            assert max(image.size) == 20
    assert not temporary_files(folder)
    again = make_batch(kind, folder)
    assert (len(again.todo), len(again.unchanged)) == (0, len(NAMES))
    assert {outcome.status for outcome in again.unchanged} == {"unchanged"}
    smooth("L", (90, 30)).save(folder / "photos" / "a.png")
    os.utime(folder / "photos" / "a.png", ns=(1, 1))
    (job,) = make_batch(kind, folder).todo
    assert job.source.relative == "a.png"


def test_no_original_is_lost(kind: str, folder: Path) -> None:
    originals = contents(folder / "photos")
    assert all(outcome.ok for outcome in make_batch(kind, folder).outcomes())
    assert originals <= contents(folder)


def test_another_recipe_has_another_digest(kind: str) -> None:
    digest = KINDS[kind].recipe_digest
    assert digest(RECIPE, {}) == digest(ib.Recipe([ib.Resize("20")]), {})
    assert len({digest(recipe, {}) for recipe in (RECIPE, ib.Recipe([ib.Resize("30")]), ib.Recipe())}) == 3


def test_a_failure_leaves_all_as_it_was(kind: str, folder: Path) -> None:
    (folder / "photos" / "b.png").write_bytes((folder / "photos" / "b.png").read_bytes()[:90])
    broken = (folder / "photos" / "b.png").read_bytes()
    outcomes = {outcome.source.relative: outcome for outcome in make_batch(kind, folder).outcomes()}
    assert [outcomes[name].status for name in NAMES] == ["ok", "failed", "ok"]
    assert (folder / "photos" / "b.png").read_bytes() == broken and not outcomes["b.png"].outputs
    assert not temporary_files(folder)
    again = make_batch(kind, folder)
    assert not again.todo and [outcome.source.relative for outcome in again.known] == ["b.png"]


def test_a_failed_outcome_settles_as_itself(kind: str, folder: Path) -> None:
    batch = make_batch(kind, folder)
    job = batch.todo[0]
    outcome = Outcome(job.index, job.source, "failed", error=Failure("corrupt", "decode", "no"))
    assert batch.preparation.destination.settle(outcome) == outcome


def test_what_a_closed_run_has_left_is_done_by_the_next(kind: str, folder: Path) -> None:
    batch = make_batch(kind, folder)
    outcomes = batch.outcomes()
    first = next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # every run's outcomes are a generator
    again = make_batch(kind, folder)
    assert [outcome.source.relative for outcome in again.unchanged] == [first.source.relative]
    assert all(outcome.ok for outcome in again.outcomes())
    assert len(make_batch(kind, folder).unchanged) == len(NAMES)
    assert not temporary_files(folder)


def test_a_worker_that_died_after_its_last_file_costs_no_file(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is there, and nobody heard of it: the next run takes it for its own, or makes it again."""
    batch = make_batch(kind, folder)
    settle = type(batch.preparation.destination).settle

    def lose(self: Destination, outcome: Outcome) -> Outcome:
        if outcome.source.relative == "b.png":
            outcome = replace(outcome, status="crashed", outputs=(), error=Failure("internal", "write", "died"))
        return settle(self, outcome)

    monkeypatch.setattr(KINDS[kind], "settle", lose)
    assert [outcome.ok for outcome in batch.outcomes()] == [True, False, True]
    monkeypatch.undo()
    report = ib.run(
        folder / "photos", None if kind == "in place" else folder / "out", RECIPE, workers=0, retry_failed=True,
        in_place=kind == "in place",
    )  # fmt: skip
    assert report.ok and len(make_batch(kind, folder).unchanged) == len(NAMES)
    assert not temporary_files(folder)
