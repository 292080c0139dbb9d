"""Is a run taken back whole, or is it said what was left and why?"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.database import FILE
from imgbatch.planning.names import STATE
from imgbatch.storage.lock import Lock
from tests.cli.conftest import Run, tree
from tests.cli.steps import kill_at_step

HALF = ("run", "photos", "--in-place", "--resize", "50%")
OUT = ("run", "photos", "-o", "out", "--resize", "50%")


def test_undo_restores_content_and_times(run: Run, place: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files(place)}
    run(*HALF)
    shown = run("undo", "photos", "-n")
    assert shown.stdout == "".join(f"photos/{name} -> restored\n" for name in ("a.jpg", "trip/b.jpg", "trip/c.png"))
    assert "3 restored; dry run: nothing was done" in shown.stderr
    assert (place / "photos" / "a.jpg").read_bytes() != before[place / "photos" / "a.jpg"][0]
    done = run("undo", "photos")
    assert (done.returncode, done.stderr) == (0, "run 1: 3 restored\n")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files(place)} == before
    assert not [*(place / "photos" / STATE / "backup").iterdir()]
    assert run("undo", "photos").returncode == 2
    assert "3 ok" in run(*HALF).stderr  # taken back is not done


def files(place: Path) -> list[Path]:
    return [path for path in sorted((place / "photos").rglob("*")) if path.is_file() and STATE not in path.parts]


def test_runs_are_taken_back_from_the_last_to_the_first(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    run(*HALF)
    once = tree(place / "photos")
    run("run", "photos", "--in-place", "--rotate", "90")
    run(*HALF)  # nothing to do
    early = run("undo", "photos", "1")
    assert early.returncode == 1 and early.stderr.count("was changed by run 2 since; take that back first") == 3
    assert "run 2: 3 restored" in run("undo", "photos").stderr
    assert tree(place / "photos") == once
    assert "3 unchanged" in run(*HALF).stderr  # what is there is still what run 1 made
    assert "run 1: 3 restored" in run("undo", "photos").stderr
    assert tree(place / "photos") == before


def test_what_was_changed_since_is_left_and_named_and_the_others_are_restored(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    run(*HALF)
    (place / "photos" / "a.jpg").write_bytes(b"edited")
    (place / "photos" / "trip" / "b.jpg").unlink()
    done = run("undo", "photos")
    assert done.returncode == 1
    assert "left: photos/a.jpg: was changed since; its original is photos/.imgbatch/backup/1/a.jpg" in done.stderr
    assert "left: photos/trip/b.jpg: cannot be read or is gone since; its original is" in done.stderr
    assert "run 1: 1 restored, 2 left as they are" in done.stderr
    assert (place / "photos" / "a.jpg").read_bytes() == b"edited"
    assert not (place / "photos" / "trip" / "b.jpg").exists()
    assert (place / "photos" / STATE / "backup" / "1" / "a.jpg").read_bytes() == before["a.jpg"]
    assert (place / "photos" / "trip" / "c.png").read_bytes() == before["trip/c.png"]


def test_a_backup_that_was_changed_is_not_put_back(run: Run, place: Path) -> None:
    run(*HALF)
    after = tree(place / "photos")
    (place / "photos" / STATE / "backup" / "1" / "a.jpg").write_bytes(b"rotten")
    done = run("undo", "photos")
    assert done.returncode == 1 and "backup/1/a.jpg is gone or was changed" in done.stderr
    assert (place / "photos" / "a.jpg").read_bytes() == after["a.jpg"]


def test_a_file_with_other_names_gets_its_copy_back(run: Run, place: Path) -> None:
    path, other = place / "photos" / "a.jpg", place / "other.jpg"
    other.hardlink_to(path)
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
    run(*HALF)
    assert run("undo", "photos").returncode == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before


def test_outputs_are_removed_where_they_can_be_made_again(run: Run, place: Path) -> None:
    run(*OUT)
    (place / "photos" / "a.jpg").unlink()
    Image.new("RGB", (5, 5)).save(place / "out" / "trip" / "b.jpg")
    shown = run("undo", "out", "-n")
    assert (shown.returncode, shown.stdout) == (1, "out/trip/c.png -> removed\n")
    done = run("undo", "out")
    assert done.returncode == 1 and "run 1: 1 removed, 2 left as they are" in done.stderr
    assert "out/a.jpg: its source" in done.stderr and "could not be made again" in done.stderr
    assert "out/trip/b.jpg: was changed since" in done.stderr
    assert tree(place / "out").keys() == {"a.jpg", "trip/b.jpg"}
    assert tree(place / "photos").keys() == {"notes.txt", "trip/b.jpg", "trip/c.png"}


def test_outputs_of_other_runs_stay(run: Run, place: Path) -> None:
    run(*OUT)
    Image.new("RGB", (70, 50)).save(place / "photos" / "new.jpg")
    run(*OUT)
    assert "run 2: 1 removed" in run("undo", "out").stderr
    assert "new.jpg" not in tree(place / "out") and len(tree(place / "out")) == 3
    assert "1 ok, 3 unchanged" in run(*OUT).stderr


def test_archived_sources_cannot_make_their_outputs_again(run: Run, place: Path) -> None:
    run(*OUT, "--archive", "done")
    before = tree(place / "out")
    Image.new("RGB", (5, 5)).save(place / "photos" / "a.jpg")  # another one has its name now
    assert "3 left as they are" in run("undo", "out").stderr and tree(place / "out") == before


def test_an_archived_source_is_named_where_it_lies_with_the_command_that_brings_it_back(run: Run, place: Path) -> None:
    shutil.move(place / "photos" / "a.jpg", place / "photos" / "it's a.jpg")
    run("run", "photos/trip", "-o", "out", "--resize", "50%")
    run(*OUT, "--archive", "done")
    assert [json.loads(line)["to_undo"] for line in run("history", "out", "--json").stdout.splitlines()] == [0, 0]
    done = run("undo", "out")
    lines = done.stderr.splitlines()
    start = "left: out/it's a.jpg: its source was archived; bring it back, then undo again: "
    assert done.returncode == 1 and lines[-1] == "run 2: 3 left as they are" and lines[0].startswith(start)
    for line in lines[:-1]:
        subprocess.run(["sh", "-c", line.rpartition("undo again: ")[2]], cwd=place, check=True)
    assert tree(place / "photos").keys() == {"it's a.jpg", "notes.txt", "trip/b.jpg", "trip/c.png"}
    assert [json.loads(line)["to_undo"] for line in run("history", "out", "--json").stdout.splitlines()][-1] == 3
    done = run("undo", "out")
    assert (done.returncode, done.stderr) == (0, "run 2: 3 removed\n")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("another", "its source was archived, to done/a.jpg, and in its place is another file"),
        ("gone", "its source was archived, to done/a.jpg, and is not there any more"),
        ("unknown", "its source photos/a.jpg was archived; bring it back, then undo again"),
    ],
)
def test_of_an_archived_source_only_what_is_so_is_said(run: Run, place: Path, made: str, said: str) -> None:
    run(*OUT, "--archive", "done")
    if made == "another":
        (place / "photos" / "a.jpg").write_bytes(b"another one")
    elif made == "gone":
        (place / "done" / "a.jpg").unlink()
    else:  # as older ledgers have it
        with sqlite3.connect(place / "out" / STATE / FILE) as connection:
            connection.execute("UPDATE written SET place=X''")
        connection.close()
    assert f"left: out/a.jpg: {said}\n" in run("undo", "out", "-n").stderr


def test_history_tells_every_run(run: Run, place: Path) -> None:
    run(*OUT, "--quality", "70")
    (place / "photos" / "a.jpg").write_bytes(b"no picture")
    run(*OUT)
    lines = run("history", "out").stdout.splitlines()
    assert len(lines) == 3 and lines[0].split()[:4] == ["run", "started", "duration", "exit"]
    assert lines[1].endswith("imgbatch run photos -o out --resize 50% --quality 70")
    first, second = (json.loads(line) for line in run("history", "out", "--json").stdout.splitlines())
    assert (first["run"], first["exit_code"], first["counts"]["ok"], first["event"]) == (1, 0, 3, "run")
    assert (second["run"], second["exit_code"], second["counts"]["failed"]) == (2, 1, 1)
    assert first["recipe"] != second["recipe"] and second["started"] >= first["started"] and first["seconds"] > 0
    assert second["to_undo"] == 2


def test_a_run_that_was_killed_has_no_exit_code_and_can_be_taken_back(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    step = 0
    while (place / "photos" / "a.jpg").read_bytes() == before["a.jpg"]:  # until the first file is replaced
        assert kill_at_step(place, step, *HALF)
        step += 1
    assert run("history", "photos").stdout.splitlines()[-1].split()[5] == "-"
    assert run("undo", "photos").returncode == 0
    assert tree(place / "photos") == before


def test_kills_of_undo_between_any_two_steps(run: Run, place: Path) -> None:
    """At any moment the place holds one of the two contents, whole, and the original is there or in the backup."""
    shutil.rmtree(place / "photos" / "trip")
    original = (place / "photos" / "a.jpg").read_bytes()
    run(*HALF)
    made = (place / "photos" / "a.jpg").read_bytes()
    shutil.copytree(place / "photos", place / "kept")
    step, stopped = 0, True
    while stopped:
        shutil.rmtree(place / "photos")
        shutil.copytree(place / "kept", place / "photos")
        stopped = kill_at_step(place, step, "undo", "photos")
        now = (place / "photos" / "a.jpg").read_bytes()
        backup = place / "photos" / STATE / "backup" / "1" / "a.jpg"
        assert now == original or (now == made and backup.read_bytes() == original)
        again = run("undo", "photos", "1")
        assert again.returncode == 0, again.stderr
        assert (place / "photos" / "a.jpg").read_bytes() == original
        assert not [*place.glob("photos/.imgbatch-*")]
        step += 1
    assert step > 5


@pytest.mark.parametrize(
    "words, code, said",
    [
        (("history",), 2, "expected one DIR"),
        (("history", "photos"), 2, "no runs are recorded in photos; give the output folder"),
        (("history", "out/trip"), 2, "no runs are recorded in out/trip; did you mean out?"),
        (("undo", "out", "7"), 2, "expected a run of out, got 7"),
        (("undo", "out", "last"), 2, "expected a number as `imgbatch history` lists it for RUN, got 'last'"),
        (("undo",), 2, "expected DIR and perhaps RUN"),
        (("undo", "out", "--force"), 2, "unknown flag --force"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    run: Run, place: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    run(*OUT)
    before = tree(place)
    done = run(*words)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1) and said in done.stderr
    assert tree(place) == before and not (place / "photos" / STATE).exists()


def test_nothing_is_taken_back_while_a_run_is_at_work(run: Run, place: Path) -> None:
    run(*HALF)
    lock = Lock(str(place / "photos" / STATE))
    assert run("undo", "photos").returncode == 75
    lock.release()
    assert run("undo", "photos").returncode == 0


def test_the_state_may_lie_elsewhere(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    run(*HALF, "--state", "state")
    assert not (place / "photos" / STATE).exists()
    assert "3 unchanged" in run("run", "photos", "photos/trip", *HALF[2:], "--state", "state").stderr
    assert run("undo", "photos").returncode == 2
    assert run("undo", "photos", IMGBATCH_STATE="state").returncode == 0
    assert tree(place / "photos") == before


def test_from_python(place: Path) -> None:
    recipe = ib.Recipe([ib.Resize("50%")])
    before = tree(place / "photos")
    ib.run(place / "photos", recipe=recipe, in_place=True, workers=0)
    ((run, left),) = ib.past_runs(place / "photos")
    assert (run.id, left, run.command, run.digest) == (1, 3, "", recipe.digest_of_explicit({}))
    done = ib.undo(place / "photos", 1)
    assert len(done.restored) == 3 and not done.left and tree(place / "photos") == before
    with pytest.raises(ib.UsageError, match="expected an output folder, or in_place=True"):
        ib.run(place / "photos")


def test_a_ledger_of_version_2_is_carried_over(run: Run, place: Path) -> None:
    run(*OUT)
    with sqlite3.connect(place / "out" / STATE / FILE) as connection:
        connection.execute("DROP TABLE replaced")
        connection.execute("PRAGMA user_version=2")
    connection.close()
    assert run("history", "out").returncode == 0
    assert "3 unchanged" in run(*OUT).stderr
    assert "3 removed" in run("undo", "out", "1").stderr
