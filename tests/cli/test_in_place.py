"""Is a source that is replaced in place replaced once, and its original never lost?"""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.core.job import Job
from imgbatch.originals import in_place
from imgbatch.originals.replacements import Replacements
from imgbatch.pipeline.task import TaskContext
from imgbatch.planning.names import STATE
from tests.cli.conftest import Run, damage, tree
from tests.cli.steps import kill_at_step

HALF = ("run", "photos", "--in-place", "--resize", "50%")
BACKUP = Path("photos") / STATE / "backup"


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def pictures(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(folder).items() if not name.endswith(".txt")}


def backups(place: Path, run: str = "1") -> dict[str, bytes]:
    """The originals in the backup of a run."""
    folder = place / BACKUP / run
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_file_is_replaced_and_the_original_kept(run: Run, place: Path) -> None:
    before = pictures(place / "photos")
    inode = (place / "photos" / "a.jpg").stat().st_ino
    done = run(*HALF, "--json")
    assert done.returncode == 0 and "imgbatch undo" in done.stderr
    assert size(place / "photos" / "a.jpg") == (40, 30) and size(place / "photos" / "trip" / "c.png") == (41, 30)
    assert backups(place) == before
    assert (place / BACKUP / "1" / "a.jpg").stat().st_ino == inode  # nothing was copied
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["outputs"][0]["path"] for one in records[:-1]] == ["a.jpg", "trip/b.jpg", "trip/c.png"]
    assert not list(place.rglob("*.tmp"))


def test_a_second_run_does_nothing_and_opens_nothing(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = ib.Recipe([ib.Resize("50%")])
    ib.run([place / "photos"], None, recipe, in_place=True, workers=0)
    for path in (place / "photos").rglob("*.??g"):
        os.utime(path, ns=(1, time.time_ns() - 10**9))  # another time alone is no change
    once = pictures(place / "photos")
    for _ in range(2):
        assert ib.run([place / "photos"], in_place=True, recipe=recipe, workers=0).counts["unchanged"] == 3
    assert pictures(place / "photos") == once
    assert "3 unchanged" in run(*HALF).stderr and pictures(place / "photos") == once


def test_what_was_replaced_is_known_by_its_size_and_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = ib.Recipe([ib.Resize("50%")])
    for path in (place / "photos").rglob("*.??g"):
        os.utime(path, ns=(1, 10**18))  # long before it is replaced
    clock = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: clock() + 10**10)  # what is as young as its row is not believed
    assert ib.run(place / "photos", recipe=recipe, in_place=True, workers=0).counts["ok"] == 3
    monkeypatch.setattr(in_place, "read_source", None)
    monkeypatch.setattr("imgbatch.codecs.format_of", None)
    assert ib.run(place / "photos", recipe=recipe, in_place=True, workers=0).counts["unchanged"] == 3


def test_what_was_looked_into_once_is_not_looked_into_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = ib.Recipe([ib.Resize("50%")])
    ib.run(place / "photos", recipe=recipe, in_place=True, workers=0)
    (place / "photos" / "a.jpg").rename(place / "photos" / "new.jpg")
    for path in (place / "photos").rglob("*.??g"):
        os.utime(path, ns=(1, time.time_ns() - 10**9))
    assert ib.run(place / "photos", recipe=recipe, in_place=True, workers=0).counts["unchanged"] == 3
    monkeypatch.setattr(in_place, "read_source", None)
    monkeypatch.setattr("imgbatch.codecs.format_of", None)
    assert ib.run(place / "photos", recipe=recipe, in_place=True, workers=0).counts["unchanged"] == 3
    monkeypatch.undo()
    assert len(ib.undo(place / "photos").restored) == 2  # what was renamed is not where it was


def test_what_a_recipe_made_is_known_wherever_it_is_and_whatever_else_was_done(run: Run, place: Path) -> None:
    run(*HALF)
    (place / "photos" / "a.jpg").rename(place / "photos" / "trip" / "new.jpg")
    assert "0 ok, 3 unchanged" in run(*HALF).stderr
    assert "3 ok" in run("run", "photos", "--in-place", "--flip").stderr
    assert "0 ok, 3 unchanged" in run(*HALF).stderr  # two recipes every night: neither begins again
    assert "0 ok, 3 unchanged" in run("run", "photos/trip", "photos", "--in-place", "--flip").stderr
    assert "2 unchanged" not in run("run", "photos/trip", "--in-place", "--flop").stderr
    assert not (place / "photos" / "trip" / STATE).exists()  # the originals of one tree stay together
    Image.new("RGB", (80, 60)).save(place / "photos" / "trip" / "b.jpg")  # what others bring is new
    assert "1 ok, 2 unchanged" in run(*HALF).stderr
    assert size(place / "photos" / "trip" / "b.jpg") == (40, 30)


def test_force_does_it_again(run: Run, place: Path) -> None:
    run(*HALF)
    assert "3 ok" in run(*HALF, "--force").stderr
    assert size(place / "photos" / "a.jpg") == (20, 15)


def test_mode_stays_and_times_when_asked(run: Run, place: Path) -> None:
    path = place / "photos" / "a.jpg"
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    run(*HALF)
    found = path.stat()
    assert found.st_mode & 0o777 == 0o640 and found.st_mtime_ns != 10**18
    assert (place / BACKUP / "1" / "a.jpg").stat().st_mtime_ns == 10**18
    other = place / "photos" / "trip" / "b.jpg"
    os.utime(other, ns=(10**18, 10**18))
    run("run", "photos", "--in-place", "--flip", "-p")
    assert other.stat().st_mtime_ns == 10**18 and other.stat().st_mode & 0o777 == 0o644
    assert "3 unchanged" in run("run", "photos", "--in-place", "--flip", "-p").stderr


def test_another_name_of_the_file_keeps_the_original(run: Run, place: Path) -> None:
    path, other = place / "photos" / "a.jpg", place / "elsewhere.jpg"
    os.link(path, other)
    before = path.read_bytes()
    done = run(*HALF, "-v")
    assert "hard link: its other name keeps the original's bytes" in done.stderr
    assert other.read_bytes() == before and size(path) == (40, 30)
    other.write_bytes(b"written over by its other name")
    assert backups(place)["a.jpg"] == before


def test_links_are_left(run: Run, place: Path) -> None:
    (place / "outside.jpg").write_bytes((place / "photos" / "a.jpg").read_bytes())
    (place / "photos" / "link.jpg").symlink_to(place / "outside.jpg")
    before = (place / "outside.jpg").read_bytes()
    done = run(*HALF, "-v")
    assert "photos/link.jpg: a link" in done.stderr and done.returncode == 0
    named = run("run", "photos/link.jpg", "--in-place", "--resize", "50%")
    assert named.returncode == 1 and "name the file that it points to" in named.stderr
    assert (place / "photos" / "link.jpg").is_symlink() and (place / "outside.jpg").read_bytes() == before


def test_what_fails_stays_as_it_is(run: Run, place: Path) -> None:
    damage(place / "photos" / "a.jpg")
    Image.new("RGB", (9, 9)).save(place / "photos" / "scan.ppm")
    (place / "photos" / "empty.jpg").touch()
    before = pictures(place / "photos")
    done = run(*HALF)
    assert done.returncode == 1
    assert "scan.ppm: unsupported in read: it is recognized as no format that can be written; make other" in done.stderr
    assert "empty.jpg: truncated in read: the file is empty (0 bytes)" in done.stderr
    after = pictures(place / "photos")
    assert {name for name in before if before[name] == after[name]} == {"a.jpg", "empty.jpg", "scan.ppm"}
    assert after.keys() == before.keys() and backups(place).keys() == {"trip/b.jpg", "trip/c.png"}


@pytest.mark.parametrize(
    "words, said",
    [
        (("-o", "out"), "expected -o DIR or --in-place, got both"),
        (("-f", "webp"), "keeps each file's format, got webp"),
        (("-f", "webp,avif"), "makes one file of each"),
        (("--widths", "10,20"), "makes one file of each"),
        (("--name", "{stem}-x.{ext}"), "keeps each file's name"),
        (("--archive", "done"), "expected --in-place or --archive, got both"),
        (("--prune",), "expected --in-place or --prune, got both"),
        (("--flat",), "expected --in-place or --flat, got both"),
        (("--overwrite",), "expected --in-place or --overwrite, got both"),
        (("--rename",), "expected --in-place or --rename, got both"),
        (("--skip-existing",), "expected --in-place or --skip-existing, got both"),
        (("--no-lock",), "needs its ledger and its lock"),
    ],
)
def test_mixtures_are_refused_in_one_sentence(run: Run, place: Path, words: tuple[str, ...], said: str) -> None:
    before = tree(place)
    done = run(*HALF, *words)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert tree(place) == before


def test_several_folders_and_folders_with_a_past_of_their_own_are_refused(run: Run, place: Path) -> None:
    shutil.copytree(place / "photos", place / "more")
    done = run("run", "photos", "more", "--in-place", "--resize", "50%")
    assert done.returncode == 2 and "run it once for each" in done.stderr
    run("run", "photos/trip", "--in-place", "--resize", "50%")
    done = run(*HALF)
    assert done.returncode == 2 and "photos/trip keeps a ledger of its own" in done.stderr
    done = run(*HALF, "--exclude", "trip/**")
    assert done.returncode == 0 and "1 ok" in done.stderr


def test_a_dry_run_shows_and_does_nothing(run: Run, place: Path) -> None:
    before = tree(place)
    done = run(*HALF, "-n")
    assert done.stdout == "".join(f"photos/{name} -> replaced\n" for name in pictures(place / "photos"))
    assert tree(place) == before and not (place / "photos" / STATE).exists()


def test_a_file_that_changes_meanwhile_is_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place / "photos" / "a.jpg"
    there = in_place.InPlace.settle

    def late(self: in_place.InPlace, outcome: ib.Outcome) -> ib.Outcome:
        if outcome.source.relative == "a.jpg":
            path.write_bytes(b"somebody else was here")
        return there(self, outcome)

    monkeypatch.setattr(in_place.InPlace, "settle", late)
    report = ib.run([place / "photos"], recipe=ib.Recipe([ib.Resize("50%")]), in_place=True, workers=0)
    (failed,) = report.failed
    assert failed.error is not None and failed.error.kind == "changed"
    assert path.read_bytes() == b"somebody else was here" and not [*place.rglob("*.tmp")]
    assert backups(place).keys() == {"trip/b.jpg", "trip/c.png"}


def test_new_bytes_intention_and_backup_are_on_the_disk_before_the_rename(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(place / "photos" / "trip")
    steps: list[str] = []
    path = place / "photos" / "a.jpg"
    real = {name: getattr(os, name) for name in ("fsync", "link", "replace")}

    def fsync(descriptor: int) -> None:
        steps.append(f"fsync {os.path.basename(os.readlink(f'/proc/self/fd/{descriptor}'))}")
        real["fsync"](descriptor)

    def replace(name: str, there: str, **folders: int | None) -> None:
        steps.append(f"replace {os.path.basename(there)}")
        real["replace"](name, there, **folders)

    def intend(self: Replacements, entry: object) -> None:
        steps.append("intend")
        told(self, entry)  # type: ignore[arg-type]  # passed on as it came

    told = Replacements.intend
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(Replacements, "intend", intend)
    ib.run([path], recipe=ib.Recipe([ib.Resize("50%")]), in_place=True, workers=0)
    steps = steps[steps.index("intend") - 1 :]
    assert steps[0].endswith(".tmp") and steps[1:] == ["intend", "fsync 1", "replace a.jpg"]


def test_old_backups_go_and_never_those_of_this_run(run: Run, place: Path) -> None:
    run(*HALF)
    run("run", "photos", "--in-place", "--rotate", "90", "--keep-backups", "1d")
    assert backups(place, "1") and backups(place, "2")
    run("run", "photos", "--in-place", "--resize", "9", "--keep-backups", "0s")
    assert not backups(place, "1") and not backups(place, "2") and len(backups(place, "3")) == 3


def test_kills_between_any_two_steps_lose_nothing_and_do_nothing_twice(run: Run, place: Path) -> None:
    """Killed before each step in turn: the original is in its place or in the backup; the rerun does it once."""
    shutil.rmtree(place / "photos" / "trip")
    shutil.copytree(place / "photos", place / "kept")
    original = (place / "photos" / "a.jpg").read_bytes()
    run(*HALF)
    wanted = (place / "photos" / "a.jpg").read_bytes()
    step, stopped = 0, True
    seen = set()
    while stopped:
        shutil.rmtree(place / "photos")
        shutil.copytree(place / "kept", place / "photos")
        stopped = kill_at_step(place, step, *HALF)
        now = (place / "photos" / "a.jpg").read_bytes()
        held = [path.read_bytes() for path in place.glob("photos/.imgbatch/backup/*/a.jpg")]
        assert now == original or (now == wanted and held == [original])
        seen.add((now == wanted, len(held)))
        assert "1 " in run(*HALF).stderr
        assert pictures(place / "photos") == {"a.jpg": wanted}  # not a quarter of the size
        held = [path.read_bytes() for path in place.glob("photos/.imgbatch/backup/*/a.jpg")]
        assert held == [original] and not [*place.glob("photos/**/.*.tmp")]
        step += 1
    assert step > 8 and seen == {(False, 0), (False, 1), (True, 1)}


def test_a_forced_run_that_was_killed_goes_on_and_does_not_begin_again(run: Run, place: Path) -> None:
    run(*HALF)
    step = 0
    while True:
        assert kill_at_step(place, step, *HALF, "--force")
        if size(place / "photos" / "a.jpg") == (20, 15):
            break
        step += 1
    run(*HALF, "--force")
    assert size(place / "photos" / "a.jpg") == (20, 15) and size(place / "photos" / "trip" / "b.jpg") == (21, 15)


@pytest.mark.parametrize("code, kind", [(errno.ENOSPC, "no_space"), (errno.EIO, "disk")])
def test_a_disk_that_fails_ends_the_run_and_changes_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: str
) -> None:
    before = pictures(place / "photos")

    def full(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(in_place, "keep_original", full)
    report = ib.run(place / "photos", recipe=ib.Recipe([ib.Resize("50%")]), in_place=True, workers=0)
    (failed,) = report.failed
    assert failed.error is not None and (failed.error.kind, report.exit_code, report.remaining) == (kind, 4, 2)
    assert pictures(place / "photos") == before
    monkeypatch.undo()
    report = ib.run(place / "photos", recipe=ib.Recipe([ib.Resize("50%")]), in_place=True, workers=0)
    assert report.counts["ok"] == 3 and backups(place, "2") == before


def test_what_a_worker_that_died_has_left_beside_the_source_is_removed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imgbatch.pipeline.image_task import ImageTask

    real = ImageTask.__call__

    def dies(self: ImageTask, job: Job, context: TaskContext) -> ib.Outcome:
        real(self, job, context)  # the file is there, its outcome never comes
        return self.blame(job, "crashed", ib.Failure("crash", "write", "died"))

    monkeypatch.setattr(ImageTask, "__call__", dies)
    report = ib.run(place / "photos", recipe=ib.Recipe([ib.Resize("50%")]), in_place=True, workers=0)
    assert report.counts["crashed"] == 3 and not list(place.rglob("*.tmp"))


def test_a_recipe_may_say_it_and_be_scheduled(run: Run, place: Path) -> None:
    run(*HALF, "-n", "--save-recipe", "night.toml")
    assert not (place / "night.toml").exists()  # a dry run writes nothing
    assert run(*HALF, "--save-recipe", "night.toml").returncode == 0
    assert "3 unchanged" in run("run", "-r", "night.toml").stderr
    assert "run -r" in run("schedule", "night.toml", "--at", "@daily").stdout
    assert run("run", "-r", "night.toml", "--unattended").stderr == ""


def test_what_fails_may_be_quarantined(run: Run, place: Path) -> None:
    damage(place / "photos" / "a.jpg")
    assert run(*HALF, "--quarantine", "bad").returncode == 1
    assert tree(place / "bad").keys() == {"a.jpg", "a.jpg.txt"}
    assert backups(place).keys() == {"trip/b.jpg", "trip/c.png"}


@pytest.mark.parametrize("state", ["kept", "auto"])
def test_the_undo_that_is_said_takes_it_back(run: Run, place: Path, state: str) -> None:
    before = tree(place / "photos")
    done = run("run", "photos", "--in-place", "--resize", "20", "--state", state, XDG_STATE_HOME=str(place / "home"))
    command = done.stderr.partition("to take it back: imgbatch ")[2].partition(")")[0]
    assert tree(place / "photos") != before
    undone = run(*shlex.split(command), XDG_STATE_HOME=str(place / "home"))
    assert undone.returncode == 0, (command, undone.stderr)
    assert tree(place / "photos") == before
