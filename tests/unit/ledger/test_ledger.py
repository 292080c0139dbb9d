"""Does the next run know what an earlier one made, and nothing else?"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.errors import Phase
from imgbatch.core.job import Failure, Job, Outcome, Source
from imgbatch.ledger.database import FILE
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import DAY_NS, relative_path
from imgbatch.ledger.schema import VERSION
from imgbatch.ledger.up_to_date import NOT_AGAIN, is_suspicious, known_failure
from imgbatch.pipeline.image_task import ImageTask
from imgbatch.pipeline.task import TaskContext
from imgbatch.planning.names import STATE
from imgbatch.runs import workload
from imgbatch.runs.batch import Batch
from imgbatch.storage.local import Local


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        Image.effect_noise((60, 40), 40 + number).convert("RGB").save(folder / f"{number}.jpg")
    return folder


def make(photos: Path, recipe: ib.Recipe | None = None, **words: object) -> dict[str, int]:
    """A run in this process; how many files had which status."""
    report = ib.run([photos], photos.parent / "out", recipe or THUMBS, workers=0, **words)  # type: ignore[arg-type]  # settings
    return {status: count for status, count in report.counts.items() if count}


THICK = ib.Recipe(ops=[ib.Resize("30")], outputs=[ib.Output(format="webp")])
THUMBS = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp")])


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.webp")}


def test_a_second_run_touches_nothing(photos: Path) -> None:
    assert make(photos) == {"ok": 4}
    before = stamps(photos.parent / "out")
    assert make(photos) == {"unchanged": 4}
    assert stamps(photos.parent / "out") == before


def test_a_changed_source_is_made_again_and_nothing_else(photos: Path) -> None:
    make(photos)
    Image.new("RGB", (60, 40), "red").save(photos / "2.jpg")
    before = stamps(photos.parent / "out")
    assert make(photos) == {"ok": 1, "unchanged": 3}
    after = stamps(photos.parent / "out")
    assert [name for name in after if after[name] != before[name]] == ["2.webp"]


def test_another_time_alone_is_no_change(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(photos)
    os.utime(photos / "1.jpg", ns=(1, 1))
    before = stamps(photos.parent / "out")
    assert make(photos) == {"unchanged": 4}
    assert stamps(photos.parent / "out") == before
    monkeypatch.setattr(Local, "fingerprint", None)  # the new time is known now: the content is not asked again
    old(photos)
    assert make(photos) == {"unchanged": 4}


def old(photos: Path) -> None:
    """As if the ledger had been written long after the sources."""
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        connection.execute("UPDATE written SET recorded_ns = source_mtime_ns + 1000000000")
    connection.close()


def test_a_change_of_the_same_size_and_time_is_seen_when_it_may_have_been_within_one_tick(photos: Path) -> None:
    data = (photos / "1.jpg").read_bytes()
    now = time.time_ns() + 10**9
    os.utime(photos / "1.jpg", ns=(now, now))
    make(photos)
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        connection.execute("UPDATE written SET recorded_ns = source_mtime_ns + 1000000")
    connection.close()
    (photos / "1.jpg").write_bytes((photos / "2.jpg").read_bytes().ljust(len(data), b"\0")[: len(data)])
    os.utime(photos / "1.jpg", ns=(now, now))
    counts = make(photos)
    assert counts.pop("unchanged") == 3 and sum(counts.values()) == 1


def test_a_run_without_work_opens_no_picture(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ib.Recipe(ops=[ib.Resize("20")])  # format same: a new source is looked into for its format
    make(photos, plain)
    old(photos)
    monkeypatch.setattr("imgbatch.codecs.format_of", None)
    monkeypatch.setattr(Local, "fingerprint", None)
    assert make(photos, plain) == {"unchanged": 4}


def test_a_source_that_is_written_to_while_it_is_read_is_not_done(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstat
    descriptors = []

    def moving(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/2.jpg"):
            descriptors.append(descriptor)
            os.utime(photos / "2.jpg", ns=(len(descriptors), len(descriptors)))
        return found

    monkeypatch.setattr("imgbatch.storage.local.os.fstat", moving)
    report = ib.run([photos], photos.parent / "out", THUMBS, workers=0)
    (failed,) = report.failed
    assert failed.error is not None and (failed.error.kind, failed.error.phase) == ("changed", "read")
    monkeypatch.undo()
    assert make(photos) == {"ok": 1, "unchanged": 3}


@pytest.mark.parametrize(
    "recipe",
    [
        ib.Recipe(ops=[ib.Resize("21")], outputs=[ib.Output(format="webp")]),
        ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp", quality=50)]),
        ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp")], auto_orient=False),
    ],
)
def test_a_changed_recipe_makes_all_again(photos: Path, recipe: ib.Recipe) -> None:
    make(photos)
    assert make(photos, recipe) == {"ok": 4}
    assert make(photos, recipe) == {"unchanged": 4}


def test_a_shortage_is_guessed_from_what_former_runs_wrote(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shortage(recipe: ib.Recipe = THUMBS) -> tuple[int, int] | None:
        batch = Batch([photos], photos.parent / "out", recipe, ib.Settings(workers=0, force=True))
        batch.prepare(hold=False)
        return batch.shortage

    sources = sum(path.stat().st_size for path in photos.iterdir())
    monkeypatch.setattr("imgbatch.runs.workload._free_bytes", lambda folder: sources - 1)
    assert shortage(ib.Recipe()) == (sources, sources - 1)
    assert shortage(ib.Recipe(ops=[ib.Resize("5")], outputs=[ib.Output(format="webp")])) is None  # 25 px each
    make(photos)
    assert shortage() is None  # thumbnails are small
    monkeypatch.setattr("imgbatch.runs.workload._free_bytes", lambda folder: 1)
    outputs = sum(path.stat().st_size for path in (photos.parent / "out").glob("*.webp"))
    found = shortage()
    assert found is not None and abs(found[0] - outputs) <= 1


def test_what_is_free_is_what_the_system_says(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert workload._free_bytes(str(tmp_path)) == pytest.approx(free, rel=0.2)  # others write meanwhile


def test_force_makes_all_again(photos: Path) -> None:
    make(photos)
    assert make(photos, force=True) == {"ok": 4}


def test_a_deleted_output_is_made_again(photos: Path) -> None:
    make(photos)
    (photos.parent / "out" / "3.webp").unlink()
    assert make(photos) == {"ok": 1, "unchanged": 3}


def test_an_edited_output_is_not_ours_any_more(photos: Path) -> None:
    make(photos)
    edited = photos.parent / "out" / "3.webp"
    edited.write_bytes(b"my own work")
    with pytest.raises(ib.PlanError, match="3.webp"):
        make(photos)
    assert edited.read_bytes() == b"my own work"
    assert make(photos, skip_existing=True) == {"unchanged": 3, "skipped": 1}
    assert edited.read_bytes() == b"my own work"


def test_without_a_ledger_every_file_is_foreign(photos: Path) -> None:
    out = photos.parent / "out"
    report = ib.run([photos], out, THUMBS, workers=0, ledger=False)
    assert report.counts["ok"] == 4 and not (out / STATE).exists()
    with pytest.raises(ib.PlanError):
        ib.run([photos], out, THUMBS, workers=0, ledger=False)


def test_what_failed_is_remembered_until_it_or_the_recipe_changes(photos: Path) -> None:
    bad, whole = photos / "bad.jpg", (photos / "0.jpg").read_bytes()
    bad.write_bytes(whole[:300])
    assert make(photos) == {"ok": 4, "failed": 1}
    report = ib.run([photos], photos.parent / "out", THUMBS, workers=0)
    (failed,) = report.failed
    assert report.exit_code == 1 and failed.changes == (NOT_AGAIN,)
    assert failed.error.message == "the file ends too early"
    assert not failed.ms  # nothing was done
    assert said_again(photos, retry_failed=True) == 0
    assert said_again(photos, THICK) == 0
    assert said_again(photos, THICK) == 1
    bad.write_bytes(whole)
    assert make(photos, THICK) == {"ok": 1, "unchanged": 4}
    assert make(photos, THICK) == {"unchanged": 5}


def said_again(photos: Path, recipe: ib.Recipe | None = None, **words: object) -> int:
    """How many failures of a run are only remembered ones."""
    report = ib.run([photos], photos.parent / "out", recipe or THUMBS, workers=0, **words)  # type: ignore[arg-type]  # settings
    return sum(failed.changes == (NOT_AGAIN,) for failed in report.failed)


def test_a_failure_whose_cause_lies_outside_is_tried_again(photos: Path) -> None:
    (photos.parent / "out").mkdir()
    ledger = Ledger(str(photos.parent / "out"), digest="d", versions="v")
    ledger.begin(["o"])
    for name, kind in (("a", "permission"), ("b", "corrupt")):
        source = Source(f"/{name}", "/", name, 1, 1)
        ledger.record(Outcome(0, source, "failed", error=Failure(kind, "read", "no")))  # type: ignore[arg-type]  # a Kind
    ledger.close()
    again = Ledger(str(photos.parent / "out"), digest="d", versions="v")
    assert again.last_failure(Source("/a", "/", "a", 1, 1)) is None
    assert again.last_failure(Source("/b", "/", "b", 1, 1)) is not None
    assert again.last_failure(Source("/b", "/", "b", 2, 1)) is None
    newer = Ledger(str(photos.parent / "out"), digest="d", versions="v2")
    assert newer.last_failure(Source("/b", "/", "b", 1, 1)) is None


def test_what_crashes_is_left_in_peace_for_1_2_4_8_days(tmp_path: Path) -> None:
    source = Source("/a", "/", "a", 1, 1)
    waits = []
    for _ in range(5):
        ledger = Ledger(str(tmp_path), digest="d", versions="v")
        ledger.begin(["o"])
        ledger.record(Outcome(0, source, "crashed", error=Failure("crash", "decode", "died")))
        ledger.close()
        failure = Ledger(str(tmp_path), digest="d", versions="v").last_failure(source)
        assert failure is not None
        waits.append(failure)
    now = time.time_ns()
    assert [failure.attempts for failure in waits] == [1, 2, 3, 4, 5]
    assert [round((failure.next_ns - now) / DAY_NS) for failure in waits] == [1, 2, 4, 8, 8]
    assert not any(failure.due(now) for failure in waits)
    assert waits[0].due(now + DAY_NS)  # a nightly run comes a little early
    assert waits[-1].due(now - 30 * DAY_NS)  # the clock was set back


@pytest.mark.parametrize(("phase", "is_known"), [("decode", True), ("read", False)])
def test_what_crashed_is_known_by_its_content_where_it_could_be_read(
    tmp_path: Path, phase: Phase, is_known: bool
) -> None:
    """Whoever hangs in reading would hang the run, too."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    ledger = Ledger(str(tmp_path / "out"), digest="d", versions="v")
    ledger.begin(["o"])
    source = Source(str(path), str(tmp_path), "a.jpg", 1, 1)
    ledger.record(Outcome(0, source, "crashed", error=Failure("crash", phase, "died")))
    ledger.end({"exit_code": 1, "remaining": 0})
    ledger.close()
    for content in ("x", "y"):
        path.write_text(content)
        again = Ledger(str(tmp_path / "out"), digest="d", versions="v")
        copied = Source(str(path), str(tmp_path), "a.jpg", 1, 2)
        assert (again.last_failure(copied) is not None) == again.has_failed(copied) == (is_known and content == "x")
        assert again.has_failed(source)


@pytest.mark.parametrize(
    ("attempts", "hours", "when"),
    [(1, 23, "23 h"), (1, 1.4, "1 h"), (1, 0.2, "1 h"), (2, 47, "47 h"), (4, 72, "3 days")],
)
def test_a_failure_says_how_long_it_is_left_in_peace(tmp_path: Path, attempts: int, hours: float, when: str) -> None:
    source = Source("/a", "/", "a", 1, 1)
    for _ in range(attempts):
        ledger = Ledger(str(tmp_path), digest="d", versions="v")
        ledger.begin(["o"])
        ledger.record(Outcome(0, source, "crashed", error=Failure("crash", "decode", "died")))
        ledger.close()
    again = Ledger(str(tmp_path), digest="d", versions="v")
    failure = again.last_failure(source)
    assert failure is not None
    outcome = known_failure(again, Job(0, source, ()), failure.next_ns - int(hours * 3600 * 10**9))
    assert outcome is not None and outcome.error is not None and outcome.status == "crashed"
    tries = f"not tried before {when} are over, after {attempts} attempts (--retry-failed)"
    assert (outcome.error.message, outcome.changes) == ("died", (tries,))


def test_a_run_that_only_remembers_a_failure_is_no_attempt(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every night, one that crashed is told as it was told first, and tried when it is due."""
    folder = photos.parent / "out"
    batch = Batch([photos], folder, THUMBS, ib.Settings(workers=0))
    batch.prepare(hold=False)
    ledger = batch.preparation.ledger
    assert ledger is not None
    ledger.begin(["o"])
    ledger.record(Outcome(0, batch.todo[1].source, "crashed", error=Failure("crash", "decode", "died")))
    ledger.close()
    tried = []
    began = time.time_ns()
    for night in range(6):
        monkeypatch.setattr(time, "time_ns", lambda now=began + night * DAY_NS: now)
        next_batch = Batch([photos], folder, THUMBS, ib.Settings(workers=0))
        next_batch.prepare(hold=False)
        tried.append(not next_batch.known)
        assert make(photos).get("crashed", 0) == len(next_batch.known)
        with sqlite3.connect(folder / STATE / FILE) as connection:
            left = connection.execute("SELECT attempts, message FROM failures").fetchall()
        connection.close()
        assert left == ([] if any(tried) else [(1, "died")])
    assert tried == [False, True, True, True, True, True]  # it is no bad file: the second attempt was well


def test_a_file_that_was_too_large_is_tried_with_a_higher_limit(photos: Path) -> None:
    assert make(photos, max_pixels=2000) == {"failed": 4}
    assert make(photos, max_pixels=2000) == {"failed": 4}
    assert make(photos) == {"ok": 4}


def test_a_file_that_was_late_is_tried_with_another_limit(tmp_path: Path) -> None:
    source = Source("/a", "/", "a", 1, 1)
    ledger = Ledger(str(tmp_path), digest="d", versions="v")
    ledger.limit = 0.2
    ledger.begin(["o"])
    ledger.record(Outcome(0, source, "timeout", error=Failure("timeout", "decode", "late")))
    ledger.close()
    for limit, known_to_be_late in ((0.2, True), (60.0, False), (None, False)):
        again = Ledger(str(tmp_path), digest="d", versions="v")
        again.limit = limit
        assert (again.last_failure(source) is not None) == known_to_be_late


def test_what_fails_every_night_holds_up_nothing(photos: Path) -> None:
    """Two files that have no reader come first by name, and use up no limit once they are known."""
    for name in ("+.heic", "-.heic"):
        (photos / name).write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    made_so_far = []
    for _ in range(4):
        make(photos, max_files=2)
        made_so_far.append(len(list((photos.parent / "out").glob("*.webp"))))
    assert made_so_far == [0, 2, 4, 4]


@pytest.mark.parametrize("limit", [{"fail_fast": True}, {"max_failures": 0}, {"max_failures": "10%"}])
def test_what_is_known_to_fail_ends_no_run(photos: Path, limit: dict[str, object]) -> None:
    (photos / "+.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    first = ib.run([photos], photos.parent / "out", THUMBS, workers=0, **limit)  # type: ignore[arg-type]  # settings
    assert first.exit_code == 4
    second = ib.run([photos], photos.parent / "out", THUMBS, workers=0, **limit)  # type: ignore[arg-type]  # settings
    assert second.exit_code == 1 and second.counts["ok"] + first.counts["ok"] == 4


@pytest.mark.parametrize(("phase", "tried"), [("decode", True), ("encode", False)])
def test_a_file_whose_reader_was_missing_is_tried_when_it_may_be_there(
    tmp_path: Path, phase: Phase, tried: bool
) -> None:
    """Though it is known to have failed: that it fails once more is no news."""
    source = Source("/a.heic", "/", "a.heic", 1, 1)
    ledger = Ledger(str(tmp_path), digest="d", versions="v")
    ledger.begin(["o"])
    ledger.record(Outcome(0, source, "failed", error=Failure("unsupported", phase, "no reader")))
    ledger.close()
    again = Ledger(str(tmp_path), digest="d", versions="v")
    assert again.failing == {"/a.heic"}
    assert (known_failure(again, Job(0, source, ()), time.time_ns()) is None) == tried
    assert not is_suspicious(again, Job(0, source, ()))


@pytest.mark.parametrize("preserve", [False, True])
def test_a_source_from_the_year_2400_is_like_any_other(photos: Path, preserve: bool) -> None:
    """Its time in ns is more than a database takes."""
    os.utime(photos / "0.jpg", (13_569_465_600, 13_569_465_600))
    recipe = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(preserve=preserve)])
    assert make(photos, recipe) == {"ok": 4}
    assert make(photos, recipe) == {"unchanged": 4}


def test_an_output_with_the_time_of_its_source_follows_it(photos: Path) -> None:
    dated = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(preserve=True)])
    make(photos, dated)
    os.utime(photos / "0.jpg", (10**9, 10**9))
    assert make(photos, dated) == {"ok": 1, "unchanged": 3}
    assert (photos.parent / "out/0.jpg").stat().st_mtime == 10**9
    assert make(photos, dated) == {"unchanged": 4}


@pytest.mark.parametrize(
    ("text", "touched", "numbered"), [("{stem}", 0, 0), ("{n}", 0, 4), ("{date}", 1, 0), ("{n} {date}", 1, 4)]
)
def test_a_text_shows_the_number_and_the_day_that_are_true_now(
    photos: Path, text: str, touched: int, numbered: int
) -> None:
    written = ib.Recipe(ops=[ib.Resize("40"), ib.Text(text, size="20")])
    make(photos, written)
    os.utime(photos / "0.jpg", (10**9, 10**9))
    assert make(photos, written).get("ok", 0) == touched
    Image.new("RGB", (60, 40), "red").save(photos / "+.jpg")  # the first of five
    assert make(photos, written).get("ok", 0) == 1 + numbered
    assert make(photos, written) == {"unchanged": 5}


@pytest.mark.parametrize("name", ["{stem}.jpg", "{stem}-{width}.jpg"])
def test_what_a_worker_wrote_that_died_is_ours_also_under_a_name_that_needs_the_pixels(
    photos: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = ImageTask.__call__

    def die(self: ImageTask, job: Job, context: TaskContext) -> Outcome:
        real(self, job, context)  # the files are there, their outcome never comes
        return self.blame(job, "crashed", Failure("crash", "write", "died"))

    monkeypatch.setattr(ImageTask, "__call__", die)
    out, recipe = photos.parent / "out", ib.Recipe([ib.Resize("50%")], [ib.Output(name=name)])
    assert ib.run(photos, out, recipe, workers=0).counts["crashed"] == 4
    before = {path.name: path.read_bytes() for path in out.glob("*.jpg")}
    monkeypatch.undo()
    assert ib.run(photos, out, recipe, workers=0, retry_failed=True).counts["ok"] == len(before) == 4
    assert {path.name: path.read_bytes() for path in out.glob("*.jpg")} == before


def test_what_crashed_comes_last_and_alone(photos: Path) -> None:
    batch = Batch([photos], photos.parent / "out", THUMBS, ib.Settings(workers=0))
    batch.prepare(hold=False)
    ledger = Ledger(str(photos.parent / "out"), digest=THUMBS.digest, versions=batch.preparation.ledger.versions)  # type: ignore[union-attr]  # prepared
    ledger.begin(["o"])
    ledger.record(Outcome(0, batch.todo[1].source, "crashed", error=Failure("crash", "decode", "died")))
    ledger.close()
    next_batch = Batch([photos], photos.parent / "out", THUMBS, ib.Settings(workers=0))
    next_batch.prepare(hold=False)
    assert [outcome.index for outcome in next_batch.known] == [1]
    again = Batch([photos], photos.parent / "out", THUMBS, ib.Settings(workers=0, retry_failed=True))
    again.prepare(hold=False)
    assert [job.index for job in again.todo] == [0, 2, 3, 1]
    assert [outcome.index for outcome in again.outcomes()] == [0, 2, 3, 1]


def test_a_run_is_recorded_with_its_end(photos: Path) -> None:
    make(photos)
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        ((ended, code, counts, versions),) = connection.execute(
            "SELECT ended_ns, exit_code, counts, versions FROM runs"
        ).fetchall()
    connection.close()
    assert ended and code == 0 and json.loads(counts)["ok"] == 4 and "Pillow" in versions


def test_what_a_dead_run_did_not_record_is_known_by_its_content(photos: Path) -> None:
    out = photos.parent / "out"
    batch = Batch([photos], out, THUMBS, ib.Settings(workers=0))
    batch.prepare(hold=False)
    ledger = batch.preparation.ledger
    assert ledger is not None
    ledger.begin(["o"])  # and then it is killed
    ledger.close()
    ib.run([photos], photos.parent / "elsewhere", THUMBS, workers=0, ledger=False)
    (photos.parent / "elsewhere" / "0.webp").rename(out / "0.webp")
    (out / "1.webp").write_bytes(b"somebody else's, from the very time in which that run died")
    report = ib.run([photos], out, THUMBS, workers=0)
    (failed,) = report.failed
    assert failed.error is not None and failed.error.kind == "exists"
    assert "is not what is made now" in failed.error.message
    assert (out / "1.webp").read_bytes().startswith(b"somebody else's") and report.counts["ok"] == 3
    (out / "1.webp").unlink()
    assert make(photos) == {"ok": 1, "unchanged": 3}
    (out / "0.webp").write_bytes(b"my own work")  # that run is over now
    with pytest.raises(ib.PlanError):
        ib.run([photos], out, THUMBS, workers=0)


def test_one_of_two_outputs_changed(photos: Path) -> None:
    two = [ib.Output(format="webp"), ib.Output(format="png", dir="png")]
    make(photos, ib.Recipe(ops=[ib.Resize("20")], outputs=two))
    (photos.parent / "out" / "png" / "0.png").unlink()
    assert make(photos, ib.Recipe(ops=[ib.Resize("20")], outputs=two)) == {"ok": 1, "unchanged": 3}


def test_late_names_are_known_again(photos: Path) -> None:
    recipe = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(format="webp", name="{stem}-{width}x{height}.{ext}")])
    assert make(photos, recipe) == {"ok": 4}
    assert make(photos, recipe) == {"unchanged": 4}
    assert (photos.parent / "out" / "0-20x13.webp").exists()
    assert make(photos, recipe, force=True) == {"ok": 4}


def test_odd_names_are_kept_as_bytes(tmp_path: Path) -> None:
    source = os.fsdecode(os.fsencode(tmp_path) + b"/in/\xff\xfe{x}\n.png")
    os.mkdir(tmp_path / "in")
    Image.new("RGB", (9, 9)).save(source)
    for status in ("ok", "unchanged"):
        report = ib.run([tmp_path / "in"], tmp_path / "out", workers=0)
        assert report.counts[status] == 1


@pytest.mark.parametrize("content", [b"not a database at all, but text", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_ledger_that_is_none_is_set_aside_and_kept(photos: Path, content: bytes) -> None:
    file = photos.parent / "out" / STATE / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    looking = Batch([photos], photos.parent / "out", THUMBS, ib.Settings(workers=0))
    with pytest.raises(ib.PlanError, match="move it away"):
        looking.prepare(hold=False)
    assert file.read_bytes() == content  # who only looks changes nothing
    assert make(photos) == {"ok": 4}
    assert (file.parent / f"{FILE}.damaged-1").read_bytes() == content
    assert make(photos) == {"unchanged": 4}


def test_another_programs_database_is_set_aside(photos: Path) -> None:
    file = photos.parent / "out" / STATE / FILE
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    report = ib.run([photos], photos.parent / "out", THUMBS, workers=0)
    assert report.counts["ok"] == 4 and "another program's database" in report.warnings[0]


def test_a_ledger_of_version_1_is_carried_over(photos: Path) -> None:
    make(photos)
    file = photos.parent / "out" / STATE / FILE
    with sqlite3.connect(file) as connection:
        for name in ("source_hash", "hash", "own", "recorded_ns", "run", "moved"):
            connection.execute(f"ALTER TABLE written DROP COLUMN {name}")
        connection.execute("DROP TABLE runs")
        connection.execute("PRAGMA user_version=1")
    connection.close()
    for _ in range(2):
        assert make(photos) == {"unchanged": 4}
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    connection.close()


def test_of_two_files_made_of_a_source_the_one_that_belongs_here_counts(photos: Path) -> None:
    (photos / "trip").mkdir()
    (photos / "0.jpg").rename(photos / "trip/0.jpg")
    assert make(photos) == {"ok": 4}
    for flat in (True, False):
        make(photos, flat=flat)
        assert make(photos, flat=flat) == {"unchanged": 4}


def test_a_file_that_comes_first_gives_the_others_new_numbers_once(photos: Path) -> None:
    numbered = ib.Recipe(ops=[ib.Resize("20")], outputs=[ib.Output(name="{n:03d}-{stem}.{ext}")])
    make(photos, numbered)
    Image.new("RGB", (60, 40), "red").save(photos / "+.jpg")
    assert make(photos, numbered) == {"ok": 5}
    assert make(photos, numbered) == {"unchanged": 5}


SAME = ib.Recipe(ops=[ib.Resize("20")])  # each in the format of its source


def test_a_source_keeps_its_format_after_it_was_written_in_another(photos: Path) -> None:
    make(photos)
    assert {path.suffix for path in (photos.parent / "out").glob("0.*")} == {".webp"}
    for status in ("ok", "unchanged"):
        assert make(photos, SAME) == {status: 4}
    with Image.open(photos.parent / "out/0.jpg") as image:
        assert image.format == "JPEG"
    assert make(photos) == {"unchanged": 4}


def test_the_format_that_an_older_ledger_has_of_a_source_is_not_believed(photos: Path) -> None:
    """Till version 3 it was the format that was written."""
    make(photos)
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        connection.execute("UPDATE written SET own='webp'")
        connection.execute("PRAGMA user_version=3")
    connection.close()
    for status in ("ok", "unchanged"):
        assert make(photos, SAME) == {status: 4}
        assert len(list((photos.parent / "out").glob("*.jpg"))) == 4


@pytest.mark.parametrize("said", ["disk I/O error", "database or disk is full"])
def test_a_ledger_that_takes_nothing_at_the_end_stops_the_run_and_loses_no_report(
    photos: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    def broken(ledger: Ledger, pending: object) -> None:
        raise sqlite3.OperationalError(said)

    monkeypatch.setattr(Ledger, "_write", broken)
    monkeypatch.setattr("imgbatch.ledger.ledger._BATCH_SECONDS", 1e9)  # not before the end, however slow the machine
    report = ib.run([photos], photos.parent / "out", THUMBS, workers=0)
    assert report.exit_code == 4
    assert report.reason == f"the ledger cannot be written: {said}"
    assert report.counts["ok"] == 4  # all was done before it took nothing


def test_the_ledger_may_lie_elsewhere(photos: Path) -> None:
    state = photos.parent / "state"
    for status in ("ok", "unchanged"):
        assert make(photos, state=str(state)) == {status: 4}
    assert not (photos.parent / "out" / STATE).exists()
    assert ib.run([photos], photos.parent / "other", THUMBS, workers=0, state=str(state)).counts["ok"] == 4


def test_a_ledger_of_a_newer_version_is_refused(photos: Path) -> None:
    make(photos)
    with sqlite3.connect(photos.parent / "out" / STATE / FILE) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with pytest.raises(ib.PlanError, match="newer imgbatch"):
        make(photos)


def test_looking_creates_nothing(tmp_path: Path) -> None:
    Ledger(str(tmp_path / "out")).close()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("folder", ["/out", "/", "/out/../web"])
@pytest.mark.parametrize("name", ["a.png", "a/b.png", "a//b.png", "./a.png", "a/../b.png", "..", "...", "a..b/.c", ""])
def test_a_path_below_a_folder_is_what_the_system_says(folder: str, name: str) -> None:
    for path in (os.path.join(folder, name), "/elsewhere" + os.sep + name, "/output/a.png"):
        assert relative_path(path, folder) == os.path.relpath(path, folder)


@pytest.mark.parametrize(
    ("settings", "executor", "said"),
    [
        (ib.Settings(workers=0, timeout=5), None, "expected workers for a timeout: with workers=0"),
        (ib.Settings(timeout=5), ThreadPoolExecutor(1), "expected no timeout, no memory limit"),
        (ib.Settings(memory="1G"), ThreadPoolExecutor(1), "expected no timeout, no memory limit"),
        (ib.Settings(untrusted=True), ThreadPoolExecutor(1), "no untrusted files with an executor of the caller's"),
        (ib.Settings(), Executor(), "expected how many calls it does at a time for workers"),
    ],
)
def test_what_no_executor_can_do_is_refused_before_anything_is_written(
    photos: Path, settings: ib.Settings, executor: Executor | None, said: str
) -> None:
    with pytest.raises(ib.UsageError, match=said):
        list(Batch([photos], photos.parent / "out", THUMBS, settings, executor=executor).outcomes())
    assert not (photos.parent / "out").exists()


def test_without_a_ledger_the_folder_is_looked_for_about_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    ledger = Ledger(str(tmp_path), keep=False)
    monkeypatch.setattr(ledger, "check_places", lambda: looks.append(now[0]))
    ledger.begin(["o"])
    for now[0] in (100.1, 100.5, 101.6, 101.7, 103.5):
        ledger.record(Outcome(0, Source("/a", "/", "a", 1, 1), "ok"))
    assert looks == [101.6, 103.5]
