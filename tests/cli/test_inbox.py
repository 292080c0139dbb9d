"""Do sources leave the inbox only when their outputs are there, and is none ever lost?"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from imgbatch.core.job import Failure, Outcome, Source, Written
from imgbatch.originals import archive
from imgbatch.originals.archive import SourceMover
from imgbatch.storage.below import Root
from tests.cli.conftest import COMMAND, Run, damage, environment, tree

WORDS = ("run", "photos", "-o", "out", "--resize", "40", "--archive", "done", "--quarantine", "bad")


def test_done_goes_to_the_archive_and_broken_into_quarantine(run: Run, place: Path) -> None:
    before = tree(place / "photos")
    damage(place / "photos" / "trip" / "b.jpg")
    broken = (place / "photos" / "trip" / "b.jpg").read_bytes()
    done = run(*WORDS, "--json", "--log", "night.log")
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("failed: "))
    assert line.startswith("failed: photos/trip/b.jpg: truncated in decode: ")
    assert line.endswith(f"; moved to {place}/bad/trip/b.jpg") and line.removeprefix("failed: ") in (
        (place / "night.log").read_text()
    )
    assert tree(place / "done") == {name: before[name] for name in ("a.jpg", "trip/c.png")}
    held = tree(place / "bad")
    assert held["trip/b.jpg"] == broken and b"truncated in decode" in held["trip/b.jpg.txt"]
    assert tree(place / "photos").keys() == {"notes.txt"}
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(f"archived: {place}/done/a.jpg" in record.get("changes", ()) for record in records)
    assert run(*WORDS).returncode == 0  # the inbox is empty, and the outputs stay
    assert (place / "out" / "a.jpg").exists()


def test_a_name_that_is_taken_is_numbered(run: Run, place: Path) -> None:
    (place / "done").mkdir()
    (place / "done" / "a.jpg").write_bytes(b"another one")
    before = (place / "photos" / "a.jpg").read_bytes()
    run(*WORDS)
    assert (place / "done" / "a.jpg").read_bytes() == b"another one"
    assert [path.read_bytes() for path in (place / "done").glob("a*") if path.name != "a.jpg"] == [before]


def failure(path: Path, content: str) -> Outcome:
    """What becomes of a source that cannot be decoded."""
    path.write_text(content)
    found = path.stat()
    source = Source(str(path), str(path.parent), path.name, found.st_size, found.st_mtime_ns)
    return Outcome(0, source, "failed", error=Failure("corrupt", "decode", "no picture"))


def why(name: str, place: Path) -> bytes:
    return f"{place}/{name}: corrupt in decode: no picture\n".encode()


@pytest.mark.parametrize("first", ["a.jpg", "a.jpg.txt"])
def test_an_explanation_and_a_source_of_its_name_are_both_kept(tmp_path: Path, first: str) -> None:
    moves = SourceMover(None, str(tmp_path / "bad"), str(tmp_path / "out"), [])
    names = sorted(["a.jpg", "a.jpg.txt"], key=lambda name: name != first)
    for name in names:
        assert not moves.settle(failure(tmp_path / name, f"content of {name}")).warnings
    whys = [why(name, tmp_path) for name in ("a.jpg", "a.jpg.txt")]
    held = sorted(tree(tmp_path / "bad").values())
    assert held == sorted([b"content of a.jpg", b"content of a.jpg.txt", *whys])
    assert tree(tmp_path / "bad")["a.jpg"] == b"content of a.jpg"


def test_an_explanation_goes_over_no_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.jpg.txt").write_bytes(b"foreign")
    moves = SourceMover(None, str(bad), str(tmp_path / "out"), [])
    assert not moves.settle(failure(tmp_path / "a.jpg", "x")).warnings
    assert tree(bad) == {"a.jpg": b"x", "a.jpg.txt": b"foreign", "a.jpg-1.txt": why("a.jpg", tmp_path)}
    moves.settle(failure(tmp_path / "a.jpg", "x"))  # as after a kill before the source was given up: nothing new to say
    assert len(tree(bad)) == 3


def test_an_archive_inside_the_source_is_not_read(run: Run, place: Path) -> None:
    words = ("run", "photos", "-o", "out", "--resize", "40", "--archive", "photos/done")
    assert "3 ok" in run(*words).stderr
    assert "0 ok" in run(*words).stderr and len(tree(place / "photos" / "done")) == 3


@pytest.mark.parametrize("folder", ["photos", "out"])
def test_an_archive_that_would_be_read_again_or_overwritten_is_refused(run: Run, place: Path, folder: str) -> None:
    done = run("run", "photos", "-o", "out", "--archive", folder)
    assert done.returncode == 2 and "expected a folder of its own for archive" in done.stderr
    assert not (place / "out").exists()


def test_links_and_files_that_changed_meanwhile_stay(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"new content")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    moves = SourceMover(str(tmp_path / "done"), None, str(tmp_path / "out"), [])
    for name in ("a.jpg", "link.jpg"):
        source = Source(str(tmp_path / name), str(tmp_path), name, size=3, mtime_ns=5)
        (warning,) = moves.settle(Outcome(0, source, "ok")).warnings
        assert warning.startswith("not archived: it ")
        assert os.path.lexists(tmp_path / name)


def test_to_another_disk_it_is_copied_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a rename cannot go the bytes are there before the source is given up, also after a kill in between."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    path = inbox / "a.jpg"
    path.write_bytes(b"x" * 3_000_000)
    os.utime(path, ns=(5, 7))
    source = Source(str(path), str(inbox), "a.jpg", size=3_000_000, mtime_ns=7)
    (tmp_path / "out.jpg").write_bytes(b"made")
    outcome = Outcome(0, source, "ok", (Written(0, str(tmp_path / "out.jpg"), "jpeg", 1, 1, 4),))
    moves = SourceMover(str(tmp_path / "done"), None, str(tmp_path / "out"), [])

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(archive, "rename_file", other_disk)
    with monkeypatch.context() as killed:
        killed.setattr(os, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            moves.settle(outcome)
    assert path.exists() and (tmp_path / "done" / "a.jpg").read_bytes() == path.read_bytes()
    assert moves.settle(outcome).changes == (f"archived: {tmp_path}/done/a.jpg",)
    assert not path.exists()
    assert [found.name for found in (tmp_path / "done").iterdir()] == ["a.jpg"]
    assert (tmp_path / "done" / "a.jpg").stat().st_mtime_ns == 7


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("refused", [False, True])
def test_on_another_disk_a_private_source_is_never_open_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """Nor is one left behind where the other disk knows no modes."""
    path, done = tmp_path / "a.jpg", tmp_path / "done"
    path.write_bytes(b"private")
    path.chmod(0o600)

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    def no_modes(what: int, mode: int) -> None:
        raise OSError(errno.EPERM, "no modes here")

    def look(original: BinaryIO) -> bytes:
        seen.extend(entry.stat().st_mode & 0o777 for entry in done.iterdir())
        return original.read()

    seen: list[int] = []
    monkeypatch.setattr(archive, "rename_file", other_disk)
    monkeypatch.setattr(archive, "_read", look)
    if refused:
        monkeypatch.setattr(os, "chmod", no_modes)
    info = path.stat()
    source = Source(str(path), str(tmp_path), "a.jpg", info.st_size, info.st_mtime_ns)
    place = Path(archive._move(source, Root(str(done))))
    assert refused or (set(seen) == {0o600} and place.stat().st_mode & 0o777 == 0o600)
    assert place.read_bytes() == b"private" and not path.exists()


def test_outputs_are_on_the_disk_before_the_source_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = tmp_path / "a.jpg", tmp_path / "out" / "a.webp"
    path.write_bytes(b"source")
    made.parent.mkdir()
    made.write_bytes(b"made")
    found = path.stat()
    source = Source(str(path), str(tmp_path), "a.jpg", found.st_size, found.st_mtime_ns)
    synced: list[tuple[str, bool]] = []
    monkeypatch.setattr(archive, "sync", lambda place: synced.append((str(place), path.exists())))
    monkeypatch.setattr(archive, "sync_folder", lambda _, place: synced.append((str(place), path.exists())))
    outcome = Outcome(0, source, "ok", (Written(0, str(made), "webp", 1, 1, 4),))
    assert not SourceMover(str(tmp_path / "done"), None, str(tmp_path / "out"), []).settle(outcome).warnings
    assert synced[:2] == [(str(made), True), (str(made.parent), True)]
    assert synced[2:] == [(str(tmp_path / "done/a.jpg"), False), (str(path), False)]


def test_kills_at_any_moment_lose_nothing(place: Path) -> None:
    """Killed after so many steps: each original is whole in exactly one known place; at last all are done."""
    originals = tree(place / "photos")
    shutil.copytree(place / "photos", place / "kept")
    code = (
        "import os, sys, signal\n"
        "import imgbatch.originals.archive as moving\n"
        "from imgbatch.__main__ import main\n"
        "left, moved = int(sys.argv.pop(1)), moving.sync\n"
        "def sync(path):\n"
        "    global left\n"
        "    left -= 1\n"
        "    if left < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    moved(path)\n"
        "moving.sync = sync\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    for kill_after in range(13):
        subprocess.run(
            [sys.executable, "-c", code, str(kill_after), *WORDS], cwd=place, env=environment(), capture_output=True
        )
        left, done = tree(place / "photos"), tree(place / "done") if (place / "done").exists() else {}
        assert {**left, **done} == originals and not left.keys() & done.keys()
        assert all((place / "out" / name).exists() for name in done)
    subprocess.run([*COMMAND, *WORDS], cwd=place, env=environment(), check=True, capture_output=True)
    assert tree(place / "done").keys() == originals.keys() - {"notes.txt"}


def test_a_source_whose_name_leaves_no_room_for_its_explanation_is_moved_and_told_so(tmp_path: Path) -> None:
    path = tmp_path / "in" / ("x" * 250 + ".jpg")
    path.parent.mkdir()
    path.write_bytes(b"broken")
    found = path.stat()
    source = Source(str(path), str(path.parent), path.name, found.st_size, found.st_mtime_ns)
    failed = Outcome(0, source, "failed", error=Failure("corrupt", "decode", "broken"))
    settled = SourceMover(None, str(tmp_path / "bad"), str(tmp_path / "out"), []).settle(failed)
    assert settled.changes == (f"quarantined: {tmp_path}/bad/{path.name}",)
    assert settled.warnings == (f"no .txt beside {tmp_path}/bad/{path.name}: File name too long",)
    assert (tmp_path / "bad" / path.name).read_bytes() == b"broken" and not path.exists()
