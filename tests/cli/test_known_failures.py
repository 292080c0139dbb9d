"""Is a run green at night when nothing is new, and red when something is?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run, damage

WORDS = ("run", "photos", "-o", "out", "--resize", "40", "--unattended")


def figure(path: Path, name: str) -> float | None:
    """One gauge of a file for Prometheus; None where it is not there."""
    lines = [line for line in path.read_text().splitlines() if line.startswith(f"imgbatch_{name}{{")]
    return float(lines[0].rpartition(" ")[2]) if lines else None


def test_a_night_after_the_other(run: Run, place: Path) -> None:
    reports = ("--report", "web.prom", "--failed-list", "failed.txt", "--log", "night.log", "--on-finish", "cat > s")
    damage(place / "photos/a.jpg")
    first = run(*WORDS, *reports)
    assert first.returncode == 1 and figure(place / "web.prom", "last_success_timestamp_seconds") is None
    last = first.stderr.splitlines()[-1]
    assert last.startswith("2 ok, 1 skipped, 1 failed (") and last.endswith(
        "exit code 1; repair or remove the file that failed: it is tried again when it has changed"
    )

    second = run(*WORDS, *reports)  # the same as yesterday
    assert (second.returncode, second.stderr) == (0, "")
    assert figure(place / "web.prom", "exit_code") == 0 and figure(place / "web.prom", "known_failures") == 1
    assert figure(place / "web.prom", "last_success_timestamp_seconds") is not None
    assert (place / "failed.txt").read_text() == "photos/a.jpg\n"
    summary = json.loads((place / "s").read_text())
    assert (summary["failed"], summary["known"], summary["exit_code"]) == (1, 1, 0)
    assert summary["text"].startswith("0 ok, 2 unchanged, 1 skipped, 1 failed, known before (")
    assert summary["output"] == str(place / "out") and summary["command"].startswith("imgbatch run photos -o out ")
    *_, line, end = (place / "night.log").read_text().splitlines()
    assert " INFO failed: photos/a.jpg: truncated in " in line
    assert " INFO end: 0 ok, 2 unchanged, 1 skipped, 1 failed, known before (" in end

    damage(place / "photos/trip/b.jpg")
    third = run(*WORDS, *reports)
    assert third.returncode == 1 and "trip/b.jpg: truncated" in third.stderr and "a.jpg" not in third.stderr
    assert "2 failed, 1 of these known before (" in third.stderr
    assert "repair or remove what failed and is new: it is tried again" in third.stderr
    assert run(*WORDS).returncode == 0

    (place / "photos/a.jpg").write_bytes(b"repaired, but not well")  # another file that fails is news
    fourth = run(*WORDS)
    assert fourth.returncode == 1 and "photos/a.jpg: unidentified" in fourth.stderr


def test_a_known_file_that_is_touched_or_copied_over_itself_is_no_news(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    assert run(*WORDS).returncode == 1
    content = (place / "photos/a.jpg").read_bytes()
    for ns in (10**18, 2 * 10**18):
        (place / "photos/a.jpg").write_bytes(content)
        os.utime(place / "photos/a.jpg", ns=(ns, ns))
        for words in (WORDS, WORDS, (*WORDS, "--retry-failed")):
            done = run(*words)
            assert (done.returncode, done.stderr) == (0, "")
    (place / "photos/a.jpg").write_bytes(content[:-1] + b"?")
    assert run(*WORDS).returncode == 1
    (place / "photos/a.jpg").write_bytes(b"")
    codes = [run(*WORDS).returncode]
    os.utime(place / "photos/a.jpg", ns=(1, 1))
    assert [*codes, run(*WORDS).returncode] == [1, 0]


def test_records_say_what_was_known(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    run("run", "photos", "-o", "out", "--resize", "40")
    damage(place / "photos/trip/b.jpg")
    words = ("run", "photos", "-o", "out", "--resize", "40", "--log", "l", "--log-format", "json")
    done = run(*words, "--json", "--report", "r.json")
    logged = [json.loads(line) for line in (place / "l").read_text().splitlines()]
    assert {one["source"]: one["level"] for one in logged if one["event"] == "file"} == {
        "a.jpg": "info", "trip/b.jpg": "error",
    }  # fmt: skip
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    for records in (logged, shown, json.loads((place / "r.json").read_text())):
        told = {one["source"]: one.get("known") for one in records if one["event"] == "file" and one["error"]}
        assert told == {"a.jpg": True, "trip/b.jpg": None}


@pytest.mark.parametrize(
    ("words", "variables", "code"),
    [
        (["--unattended"], {}, 0),
        (["--unattended", "--known-failures", "fail"], {}, 1),
        (["--unattended"], {"IMGBATCH_KNOWN_FAILURES": "fail"}, 1),
        (["--known-failures", "ok"], {}, 0),
        ([], {}, 1),
        (["--unattended", "--retry-failed"], {}, 0),
        (["--unattended", "--fail-on", "truncated"], {}, 0),
        (["--fail-on", "truncated"], {}, 1),
        (["--unattended", "--resize", "41"], {}, 1),
    ],
)
def test_who_says_what_counts(run: Run, place: Path, words: list[str], variables: dict[str, str], code: int) -> None:
    damage(place / "photos/a.jpg")
    flags = ["run", "photos", "-o", "out", "--resize", "40"]
    assert run(*flags).returncode == 1
    assert run(*flags, *words, **variables).returncode == code


def test_a_recipe_may_say_it(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    run("run", "photos", "-o", "out", "--unattended", "--known-failures", "fail", "--save-recipe", "r.toml")
    assert 'known_failures = "fail"' in (place / "r.toml").read_text()
    assert run("run", "-r", "r.toml").returncode == 1
    assert run("run", "-r", "r.toml", "--known-failures", "ok").returncode == 0


def test_known_failures_in_place(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    words = ["run", "photos", "--in-place", "--resize", "50%", "--unattended"]
    assert [run(*words).returncode for _ in range(2)] == [1, 0]


def test_known_failures_of_a_stream(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    words = [*WORDS, "--stream", "--json"]
    first, second = run(*words), run(*words)
    assert (first.returncode, second.returncode) == (1, 0)
    assert json.loads(second.stdout.splitlines()[-1])["known"] == 1


def test_a_stop_says_that_the_next_run_goes_on(run: Run, place: Path) -> None:
    damage(place / "photos/a.jpg")
    done = run(*WORDS, "--fail-fast")
    assert done.returncode == 4
    line = done.stderr.splitlines()[-1]
    assert "2 remaining (" in line and line.endswith("stopped: 1 of 3 files failed; exit code 4; the next run goes on")
