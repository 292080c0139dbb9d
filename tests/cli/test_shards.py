"""Do shards and their merge leave what one run would have left, whatever happened to a shard?"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.ledger.database import FILE
from imgbatch.ledger.schema import COLUMNS
from imgbatch.ledger.shards import record
from imgbatch.ledger.shards.shard import Shard
from imgbatch.planning.names import STATE
from imgbatch.storage.lock import Lock
from tests.cli.conftest import COMMAND, ROOT, Run, damage, environment, tree
from tests.cli.steps import kill_at_step

WORDS = ("run", "photos", "-o", "web", "--resize", "120", "--name", "{dir}/{stem}-{n}.{ext}")
PLAIN = WORDS[:-2]
REPORTS = (
    "--report", "r.json", "--report", "r.csv", "--report", "r.prom", "--failed-list", "failed.txt", "--srcset",
    "srcset.json", "--stats", "stats.json",
)  # fmt: skip
FILES = ("r.json", "r.csv", "r.prom", "failed.txt", "srcset.json", "stats.json")
#: What tells of times and places; of all else every byte counts.
TIMES = re.compile(
    r'"ms":\{[^}]*\}|"seconds": ?[\d.]+|(?<=_seconds)(?:\{[^}]*\})? [\d.e+]+|,[\d.]*(?=\r\n)', re.MULTILINE
)
BROKEN = "broken.jpg"
TIME_COLUMNS = ("mtime_ns", "recorded_ns", "started_ns", "seen_ns", "ended_ns", "next_ns")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with ``photos``: ten small pictures, one that ends early, and a text."""
    photos = tmp_path / "b" / "photos"
    for number in range(10):
        path = photos / f"{number % 3}" / f"{number}.{('png', 'jpg')[number % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (200, 100 + number), (20 * number, 90, 200)).save(path)
    shutil.copy(photos / "1" / "1.jpg", photos / BROKEN)
    damage(photos / BROKEN)
    (photos / "notes.txt").write_text("no picture")
    return tmp_path / "b"


@pytest.fixture
def one(place: Path) -> dict[str, str]:
    """What one run over the same sources leaves, in a folder beside: its files, reports and ledger as texts."""
    return as_one_run(place)


def as_one_run(place: Path) -> dict[str, str]:
    beside = place.parent / "a"
    shutil.copytree(place / "photos", beside / "photos")
    done = subprocess.run([*COMMAND, *WORDS, *REPORTS], cwd=beside, env=environment(), check=False)
    assert done.returncode == 1  # a file is broken
    return everything(beside)


def everything(place: Path) -> dict[str, str]:
    """Outputs, reports and ledger of a place; without times, and with the place's name as ``HERE``."""
    texts = {name: content.hex() for name, content in tree(place / "web").items()}
    for name in FILES:
        text = (place / name).read_bytes().decode("utf-8", "surrogateescape")
        texts[name] = TIMES.sub("TIME", text).replace(str(place), "HERE")
    for table in ("written", "failures", "runs"):
        rows = [{**row, "counts": TIMES.sub("TIME", row.get("counts", ""))} for row in ledger(place, table)]
        texts[table] = str(rows).replace(str(place), "HERE")
    return texts


def ledger(place: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table, without the times of this run."""
    with contextlib.closing(sqlite3.connect(place / "web" / STATE / FILE)) as connection:
        rows = connection.execute(f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY 1, 2").fetchall()
    named = [dict(zip(COLUMNS[table], row, strict=True)) for row in rows]
    return [{name: value for name, value in row.items() if name not in TIME_COLUMNS} for row in named]


def shard(run: Run, number: int, count: int, *more: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(*WORDS, *REPORTS, "--shard", f"{number}/{count}", *more, **variables)


def merge(run: Run, *more: str) -> subprocess.CompletedProcess[str]:
    return run("merge", "web", *REPORTS, *more)


# -- as one run --------------------------------------------------------------------------------------------------------


def test_eight_at_once_and_merged_are_as_one_run(run: Run, place: Path) -> None:
    shutil.rmtree(place / "photos")
    shutil.copytree(ROOT / "sample_images", place / "photos")
    one = as_one_run(place)
    shards = [
        subprocess.Popen([*COMMAND, *WORDS, *REPORTS, "--shard", "auto"], cwd=place, env=environment(**variables))
        for number in range(8)
        for variables in [
            {"SLURM_ARRAY_TASK_ID": str(number + 1), "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "8"}
        ]
    ]
    assert {shard.wait() for shard in shards} == {0, 1}
    assert not any((place / name).exists() for name in FILES)  # each shard's are in its folder
    assert (place / "web" / STATE / "shard-3-of-8" / "reports" / "r.json").exists()
    done = merge(run)
    assert (done.returncode, done.stderr.split(" (")[0]) == (1, "29 ok, 1 skipped, 4 failed")
    assert everything(place) == one
    later = run(*WORDS)
    assert later.returncode == 1 and "0 ok, 29 unchanged, 1 skipped, 4 failed" in later.stderr
    assert run("verify", "web").stderr.startswith("29 ok")
    assert "29 ok" in run("history", "web").stdout


@pytest.mark.parametrize("step", [0, 9, 12])
def test_one_that_was_killed_is_run_again(run: Run, place: Path, one: dict[str, str], step: int) -> None:
    number = next(number for number in range(3) if not Shard(number, 3).holds(BROKEN))  # ends with 0, or SIGKILL
    assert kill_at_step(place, step, *WORDS, *REPORTS, "--shard", f"{number}/3")
    for other in range(3):
        if other != number:
            shard(run, other, 3)
    early = merge(run)
    assert early.returncode == 4
    assert re.search(rf"shard {number}/3 {'never ran' if step == 0 else 'was killed'}; run it, then", early.stderr)
    assert not (place / "r.json").exists() and not (place / "web" / STATE / FILE).exists()
    assert shard(run, number, 3).returncode == 0
    assert run("merge", "web", *REPORTS[:-2]).returncode == 1
    (place / "stats.json").write_text("lost, where something was done by the run that was killed")
    assert everything(place) | {"stats.json": ""} == one | {"stats.json": ""}


def test_one_that_was_stopped_goes_on_and_tells_what_it_made(run: Run, place: Path, one: dict[str, str]) -> None:
    for number in range(2):
        shard(run, number, 2)
    shutil.rmtree(place / "web" / STATE / "shard-1-of-2")
    for path in tree(place / "web"):
        if path not in {output["path"] for output in outputs(place / "web" / STATE / "shard-0-of-2")}:
            (place / "web" / path).unlink()
    while shard(run, 1, 2, "--max-files", "3").stderr.count("remaining"):
        early = merge(run)
        assert early.returncode == 4 and "shard 1/2 was stopped before its end" in early.stderr
    assert merge(run).returncode == 1
    assert everything(place) == one


def outputs(state: Path) -> Iterator[dict[str, Any]]:
    for entry in json.loads((state / "reports" / "r.json").read_text()):
        yield from entry.get("outputs", ())


def test_a_merge_may_be_killed_and_is_repeated(run: Run, place: Path, one: dict[str, str]) -> None:
    for number in range(2):
        shard(run, number, 2)
    shutil.copytree(place / "web", place / "before")
    step = 0
    while True:
        done = subprocess.run(
            [COMMAND[0], "-m", "tests.cli.steps", str(step), "merge", "web", *REPORTS], cwd=place, env=environment(),
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != -9:
            break
        assert merge(run).returncode == 1
        assert everything(place) == one
        shutil.rmtree(place / "web")
        shutil.copytree(place / "before", place / "web")
        step += 3
    assert done.returncode == 1 and step > 5


def test_a_merge_may_be_repeated_until_the_next_round(run: Run, place: Path, one: dict[str, str]) -> None:
    for number in range(3):
        shard(run, number, 3)
    assert merge(run).returncode == merge(run).returncode == 1
    assert everything(place) == one
    Image.new("RGB", (300, 200), "navy").save(place / "photos" / "new.png")
    number = next(number for number in range(3) if Shard(number, 3).holds("new.png"))
    shard(run, number, 3, "--name", "{stem}.{ext}")
    early = merge(run)
    assert early.returncode == 4 and early.stderr.count("has not run since the last merge") == 2
    for other in range(3):
        if other != number:
            assert "0 ok" not in shard(run, other, 3, "--name", "{stem}.{ext}").stderr
    assert "11 ok" in merge(run).stderr
    for other in range(3):
        shard(run, other, 3, "--name", "{stem}.{ext}")
    assert "0 ok, 11 unchanged, 1 skipped, 1 failed" in merge(run).stderr
    assert [row["id"] for row in ledger(place, "runs")] == [1, 2, 3]


def test_what_had_failed_before_the_shards_ran_may_count_for_nothing(run: Run, place: Path) -> None:
    (place / "photos/new.jpg").write_bytes(b"no picture")  # fails before it is known
    for number in range(2):
        shard(run, number, 2)
    assert merge(run, "--known-failures", "ok").returncode == 1
    for number in range(2):
        shard(run, number, 2)
    assert [merge(run, *words).returncode for words in ([], ["--known-failures", "ok"])] == [1, 0]
    assert [one.get("known") for one in json.loads((place / "r.json").read_text()) if one.get("error")] == [True] * 2
    assert ib.merge(place / "web", known_failures="ok").ok and not ib.merge(place / "web").ok
    with pytest.raises(ib.UsageError, match="unknown known_failures 'no'; known: ok, fail"):
        ib.merge(place / "web", known_failures="no")
    (place / "photos/new.jpg").write_bytes(b"no picture either")
    for number in range(2):
        shard(run, number, 2)
    assert "2 failed, 1 of these known before" in (last := merge(run, "--known-failures", "ok")).stderr
    assert last.returncode == 1


def test_what_one_run_made_is_unchanged_for_shards(run: Run, place: Path) -> None:
    run(*WORDS)
    (place / "photos" / "0" / "0.png").unlink()  # all others get another number, and the name of one that has moved on
    for number in range(2):
        done = run(*WORDS, "--shard", f"{number}/2")
        assert done.returncode in (0, 1), done.stderr
    assert merge(run).returncode == 2  # without --stats
    assert run("merge", "web").returncode == 1
    assert "0 ok, 9 unchanged" in run(*WORDS).stderr


def test_taken_back_as_one_run(run: Run, place: Path) -> None:
    for number in range(2):
        shard(run, number, 2)
    refusal = run("undo", "web")
    assert refusal.returncode == 2 and "run `imgbatch merge web` first" in refusal.stderr
    merge(run)
    assert run("undo", "web").stderr == "run 1: 10 removed\n"
    assert not tree(place / "web")


def test_the_same_from_python(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for number in range(2):
        ib.run("photos", "web", shard=f"{number}/2", workers=0)
        if number == 0:
            with pytest.raises(ib.MissingShardsError, match="shard 1/2 never ran"):
                ib.merge("web")
    report = ib.merge("web")
    assert report.counts["ok"] == 10 and report.exit_code == 1
    assert [outcome.index for outcome in report.outcomes] == list(range(11))
    assert ib.run("photos", "web", workers=0).counts["unchanged"] == 10
    with pytest.raises(ib.UsageError, match="only the command knows the environment"):
        ib.run("photos", "web", shard="auto", workers=0)
    with pytest.raises(ib.UsageError, match="a merge joins ledgers"):
        ib.run("photos", "web", shard="0/2", workers=0, ledger=False)


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_ninth_that_never_ran_is_named(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for number in range(8):
        ib.run("photos", "web", shard=f"{number}/9", workers=0)
    done = merge(run)
    assert done.returncode == 4
    assert done.stderr == "imgbatch: shard 8/9 never ran; run it, then `imgbatch merge web`; nothing was merged\n"
    ib.run("photos", "web", shard="8/9", workers=0)
    assert run("merge", "web").returncode == 1


def test_whoever_else_comes_is_told_to_merge_first(run: Run, place: Path) -> None:
    shard(run, 0, 2)
    before = tree(place / "web")
    for words in (WORDS, (*WORDS, "-n"), (*WORDS, "--shard", "0/3"), ("undo", "web"), ("verify", "web")):
        done = run(*words)
        assert (done.returncode, done.stderr) == (
            2, "imgbatch: shard 0/2 of web waits to be merged; run `imgbatch merge web` first\n",
        )  # fmt: skip
    assert tree(place / "web") == before
    shutil.copytree(place / "web" / STATE / "shard-0-of-2", place / "web" / STATE / "shard-0-of-3")
    assert "shards of 2 and of 3 wait in web, which are not one run" in merge(run).stderr


def test_outputs_of_waiting_shards_are_nobodys_sources(run: Run, place: Path) -> None:
    for number in range(2):
        shard(run, number, 2)
    done = run("run", ".", "-o", "other", "-n")
    assert "./web/" not in done.stdout and "./photos/0/0.png" in done.stdout


def test_shards_at_work_keep_out_a_merge_and_a_run(run: Run, place: Path) -> None:
    for number in range(2):
        shard(run, number, 2)
    state = place / "web" / STATE
    lock = Lock(str(state / "shard-1-of-2"))
    done = merge(run)
    assert done.returncode == 75 and "is at work in shard 1/2 of " in done.stderr
    assert shard(run, 1, 2).returncode == 75
    lock.release()
    lock = Lock(str(state), share=True)
    assert merge(run).returncode == run(*WORDS).returncode == 75
    assert shard(run, 1, 2).returncode in (0, 1)
    lock.release()
    lock = Lock(str(state))
    assert shard(run, 1, 2).returncode == 75
    lock.release()
    assert merge(run).returncode == 1


def test_names_collide_across_shards_and_every_shard_says_so(run: Run, place: Path) -> None:
    Image.new("RGB", (8, 8)).save(place / "photos" / "x.png")
    Image.new("RGB", (8, 8)).save(place / "photos" / "x.jpg")
    for number in range(5):
        done = run("run", "photos", "-o", "web", "-f", "webp", "--shard", f"{number}/5")
        assert done.returncode == 2
        assert "photos/x.jpg and photos/x.png would both be web/x.webp" in done.stderr
    assert not (place / "web").exists()


def test_recipes_that_differ_are_refused_and_the_wrong_one_may_be_run_again(run: Run, place: Path) -> None:
    shard(run, 0, 2)
    run(*WORDS, "--shard", "1/2", "--sepia")
    done = run("merge", "web")
    assert done.returncode == 2 and "shard 1/2 was run with another recipe than shard 0/2" in done.stderr
    run(*WORDS, "--shard", "1/2", "--fail-on", "none")
    assert "with another --fail-on" in run("merge", "web").stderr
    run(*WORDS, "--shard", "1/2")
    assert "shard 1/2, got 'one without'" in merge(run).stderr
    shard(run, 1, 2, "--force")
    assert merge(run).returncode == 1


def test_sources_that_came_meanwhile_are_warned_of(run: Run, place: Path) -> None:
    run(*PLAIN, "--shard", "0/2")
    number = next(number for number in range(99) if Shard(0, 2).holds(f"late-{number}.png"))
    Image.new("RGB", (8, 8)).save(place / "photos" / f"late-{number}.png")
    run(*PLAIN, "--shard", "1/2")
    assert "warning: shards saw different sources" in run("merge", "web").stderr
    assert "1 ok, 10 unchanged" in run(*PLAIN).stderr


@pytest.mark.parametrize("flag", ["--prune", "--archive=done", "--quarantine=bad", "--in-place"])
def test_what_needs_all_files_is_refused(run: Run, flag: str) -> None:
    done = run("run", "photos", *([] if flag == "--in-place" else ["-o", "web"]), "--shard", "0/2", flag)
    assert done.returncode == 2 and f"--shard or {flag.partition('=')[0]}, got both" in done.stderr


def test_outputs_among_the_sources_are_refused(run: Run) -> None:
    done = run("run", "photos", "-o", "photos", "--name", "{stem}-x.{ext}", "--shard", "0/2")
    assert done.returncode == 2 and "would be taken for sources; choose another -o" in done.stderr
    assert run("run", "photos", "-o", "photos/web", "--resize", "99", "--shard", "0/2").returncode in (0, 1)


@pytest.mark.parametrize("word", ["8/8", "1", "-1/8", "a/b", "0/0", "1/", "auto/x"])
def test_what_is_no_shard_is_refused(run: Run, word: str) -> None:
    done = run(*WORDS, f"--shard={word}")
    assert done.returncode == 2
    assert f"expected I/N with I from 0 to N-1, or auto, for --shard, got '{word}'" in done.stderr


def test_a_folder_without_shards(run: Run, place: Path) -> None:
    assert "no shards are in web" in run("merge", "web").stderr
    (place / "web").mkdir()
    assert run("merge", "web").returncode == 2
    assert run("merge").returncode == 2
    assert not (place / "web" / STATE).exists()


@pytest.mark.parametrize("line", [b"nonsense\n", b'["file",1]\n', b'["end",1]\n', b"{}\n", b"\xff\n", b"[[[\n"])
def test_a_damaged_record_is_named(run: Run, place: Path, line: bytes) -> None:
    for number in range(2):
        shard(run, number, 2)
    file = place / "web" / STATE / "shard-0-of-2" / record.FILE
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], line, *lines[3:]]))
    done = merge(run)
    assert done.returncode == 2 and "shard-0-of-2/outcomes.jsonl cannot be read" in done.stderr
    file.unlink()
    assert shard(run, 0, 2, "--force").returncode in (0, 1)
    assert merge(run).returncode == 1


@pytest.mark.parametrize("text", [b"", b'["record","0/2 1"]\n', b'["rec'])
def test_a_record_that_a_kill_has_cut_before_the_first_run_is_of_a_shard_that_never_ran(
    run: Run, place: Path, text: bytes
) -> None:
    shard(run, 1, 2)
    state = place / "web" / STATE / "shard-0-of-2"
    state.mkdir()
    (state / record.FILE).write_bytes(text)
    done = merge(run)
    assert done.returncode == 4 and "shard 0/2 never ran" in done.stderr
    assert shard(run, 0, 2).returncode in (0, 1)
    assert merge(run).returncode == 1


def test_links_in_what_shards_left_are_not_followed(run: Run, place: Path) -> None:
    """What was unpacked from a stranger's archive may hold some."""
    for number in range(2):
        run(*PLAIN, "--shard", f"{number}/2")
    state = place / "web" / STATE / "shard-0-of-2"
    (place / "diary").write_text("private")
    for name in (record.FILE, "reports", "../merge.json"):
        link = state / name
        content = link.read_bytes() if link.exists() else None
        link.unlink(missing_ok=True)
        link.symlink_to(place / "diary")
        for words in (("merge", "web"), (*PLAIN, "--report", "r.json", "--shard", "0/2")):
            done = run(*words)
            assert done.returncode == 2 and "is a link, as no run makes one; remove it" in done.stderr
        link.unlink()
        if content is not None:
            link.write_bytes(content)
    assert (place / "diary").read_text() == "private"
    assert run("merge", "web").returncode == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_in_place_of_a_record_is_not_waited_for(run: Run, place: Path) -> None:
    for number in range(2):
        run(*PLAIN, "--shard", f"{number}/2")
    state = place / "web" / STATE / "shard-0-of-2"
    for name in (record.FILE, "../merge.json"):
        file = state / name
        content = file.read_bytes() if file.exists() else None
        for make, remove in ((os.mkfifo, os.unlink), (os.mkdir, os.rmdir)):
            file.unlink(missing_ok=True)
            make(file)
            for words in (("merge", "web"), (*PLAIN, "--shard", "0/2")):
                done = run(*words)
                assert done.returncode == 2
                assert f"{file.name} in the state folder " in done.stderr and " is not a file" in done.stderr
            remove(file)
        if content is not None:
            file.write_bytes(content)
    assert run("merge", "web").returncode == 1


def test_many_shards_need_few_open_files(place: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system does not limit open files")
    count = 60
    for number in range(count):
        ib.run(place / "photos", place / "web", shard=f"{number}/{count}", workers=0)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_file = os.open(place, os.O_RDONLY)  # its number tells how many are open
    os.close(next_file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_file + count // 2, limits[1]))
    try:
        assert ib.merge(place / "web").counts["ok"] == 10
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_two_reports_of_one_name_are_refused(run: Run, place: Path) -> None:
    """In the folder of a shard the second would replace the first."""
    done = run(*PLAIN, "--shard", "0/2", "--report", "a/r.json", "--report", "b/r.json")
    assert done.returncode == 2
    assert "different names, for a shard's lie in one folder, got ['a/r.json', 'b/r.json']" in done.stderr
    assert not (place / "web").exists()


def test_a_picture_is_no_report_of_a_merge(run: Run, place: Path) -> None:
    for number in range(2):
        shard(run, number, 2)
    done = run("merge", "web", "--failed-list", "photos/0/0.png")
    assert done.returncode == 2 and "got the picture" in done.stderr
    assert not (place / "web" / STATE / FILE).exists()
    assert merge(run).returncode == 1
