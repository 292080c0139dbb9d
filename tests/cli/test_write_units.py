"""Are units that are written whole: do files, times and rights hold, and does a run work within them?"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from imgbatch.cli.commands.service.crontab_line import Times
from tests.cli.conftest import Run, damage, environment

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
WORDS = ("run", "photos", "-o", "web", "--resize", "40", "--save-recipe", "web.toml")
#: Everything is read-only but the folders that are named, as ProtectSystem=strict with ReadWritePaths= has it.
STRICT = """
set -e
for folder in "$@"; do mount --bind "$folder" "$folder"; done
mount -o remount,bind,ro /
eval "exec $COMMAND_LINE"
"""


def can_unshare() -> bool:
    if shutil.which("unshare") is None or not hasattr(os, "geteuid") or os.geteuid():
        return False
    words = ["unshare", "-m", "sh", "-c", "mount --bind /usr /usr && mount -o remount,bind,ro /"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def values(unit: Path, key: str) -> list[str]:
    return [line.partition("=")[2] for line in unit.read_text().splitlines() if line.startswith(f"{key}=")]


def test_units_are_written_with_how_to_install_them(run: Run, place: Path) -> None:
    assert run(*WORDS).returncode == 0
    words = ["--as", "systemd", "--write", "my units", "--report", "web.prom"]
    done = run("schedule", "web.toml", "--at", "03:00", *words)
    folder = place / "my units"
    service, timer = folder / "imgbatch-web.service", folder / "imgbatch-web.timer"
    assert sorted(folder.iterdir()) == [service, timer] and done.returncode == 0
    commands = [line.strip() for line in done.stdout.splitlines()[-3:]]
    assert shlex.split(commands[0]) == ["cp", str(service), str(timer), "/etc/systemd/system/"]
    assert commands[1:] == ["systemctl daemon-reload", "systemctl enable --now imgbatch-web.timer"]
    for unit in (service, timer):
        heading = unit.read_text().splitlines()[:4]
        assert heading[0].startswith("# Written by imgbatch schedule")
        assert [line.removeprefix("#   ") for line in heading[1:]] == commands
    assert values(timer, "OnCalendar") == ["*-*-* 03:00:00"]
    assert f"--report {place}/web.prom --unattended" in values(service, "ExecStart")[0]
    assert {"10"} == set(values(service, "Nice")) and values(service, "IOSchedulingClass") == ["idle"]
    assert values(service, "SuccessExitStatus") == ["143"]
    assert set(values(service, "ReadWritePaths")) == {str(place), str(place / "web"), "/tmp", "/var/tmp"}


def test_only_what_it_wrote_is_replaced(run: Run, place: Path) -> None:
    run(*WORDS)
    words = ["schedule", "web.toml", "--as", "systemd", "--write", "units", "--at"]
    assert run(*words, "daily").returncode == run(*words, "04:30").returncode == 0
    timer, service = place / "units/imgbatch-web.timer", place / "units/imgbatch-web.service"
    assert values(timer, "OnCalendar") == ["*-*-* 04:30:00"]
    before = service.read_bytes()
    for make in (lambda: timer.write_text("[Timer]\n"), lambda: timer.symlink_to("../elsewhere"), timer.mkdir):
        timer.unlink(missing_ok=True)
        make()
        done = run(*words, "05:00")
        assert done.returncode == 2 and "was not written by imgbatch schedule" in done.stderr
        assert service.read_bytes() == before and not (place / "elsewhere").exists()
    timer.rmdir()
    assert run(*words, "05:00").returncode == 0
    (place / "other").mkdir()
    shutil.copy(place / "web.toml", place / "other/web.toml")
    before = service.read_bytes()
    done = run("schedule", "other/web.toml", *words[2:], "daily")
    assert done.returncode == 2 and "for another recipe of that name, and systemd knows one" in done.stderr
    assert service.read_bytes() == before
    assert "expected --write with --as systemd" in run("schedule", "web.toml", "--write", "x", "--at", "daily").stderr


@pytest.mark.parametrize(
    ("text", "line", "calendar"),
    [
        ("03:00", "0 3 * * *", "*-*-* 03:00:00"),
        ("7:05", "5 7 * * *", "*-*-* 07:05:00"),
        ("hourly", "@hourly", "*-*-* *:00:00"),
        ("Daily", "@daily", "*-*-* 00:00:00"),
        ("weekly", "@weekly", "Sun *-*-* 00:00:00"),
        ("monthly", "@monthly", "*-*-01 00:00:00"),
        ("@yearly", "@yearly", "*-01-01 00:00:00"),
    ],
)
def test_words_and_times_of_day(text: str, line: str, calendar: str) -> None:
    times = Times.read(text)
    assert times.text == line and times.calendar() == [calendar]
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f"Normalized form: {calendar}\n" in done.stdout


@needs_systemd
def test_systemd_accepts_what_is_written(run: Run, place: Path) -> None:
    run(*WORDS)
    run("schedule", "web.toml", "--at", "03:00", "--as", "systemd", "--write", "units")
    run("schedule", "web.toml", "--watch", "--as", "systemd", "--write", "units")
    units = sorted(map(str, (place / "units").iterdir()))
    assert len(units) == 3
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "imgbatch-" in line]
    assert done.returncode == 0 and not ours, done.stderr
    for unit in units:
        if unit.endswith(".service"):
            words = ["systemd-analyze", "security", "--offline=true", "--threshold=40", unit]
            assert subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no mount namespace: needs root and unshare")
def test_a_run_works_where_only_these_folders_can_be_written_to(run: Run, place: Path) -> None:
    for folder in ("results", "logs", "inbox"):
        (place / folder).mkdir()
    shutil.move(place / "photos", place / "inbox/photos")
    words = ["run", "inbox/photos", "-o", "results/web", "--resize", "40", "-j", "2", "--log", "logs/night.log"]
    damage(place / "inbox/photos/a.jpg")
    assert run(*words, "--save-recipe", "web.toml").returncode == 1
    run("schedule", "web.toml", "--at", "daily", "--as", "systemd", "--write", "units", "--report", "logs/web.prom")
    unit = place / "units/imgbatch-web.service"
    folders = [folder for folder in values(unit, "ReadWritePaths") if folder not in ("/tmp", "/var/tmp")]
    assert set(folders) == {str(place / "results/web"), str(place / "logs")}
    damage(place / "inbox/photos/trip/b.jpg")
    line = values(unit, "ExecStart")[0]

    def within(*writable: str) -> subprocess.CompletedProcess[str]:
        words = ["unshare", "-m", "sh", "-c", STRICT, "sh", *writable, "/dev/shm"]
        variables = environment(COMMAND_LINE=line)
        return subprocess.run(words, cwd="/", env=variables, capture_output=True, text=True, check=False)

    refused = within(str(place / "logs"))
    assert refused.returncode == 2 and "cannot be written to" in refused.stderr, refused.stderr
    done = within(*folders)
    assert done.returncode == 1 and "trip/b.jpg: truncated" in done.stderr, done.stderr
    assert 'imgbatch_exit_code{output="' in (place / "logs/web.prom").read_text()
    assert (place / "logs/night.log").read_text().count(" end: ") == 3


def test_what_belongs_in_the_recipe_is_said_to(run: Run, place: Path) -> None:
    run(*WORDS)
    for flag in ("--max-time=2h", "--resize=40", "-j", "--unattended"):
        done = run("schedule", "web.toml", "--at", "daily", flag)
        said = "has that already" if flag == "--unattended" else "stands in its recipe; type it with imgbatch run and"
        assert done.returncode == 2 and said in done.stderr, done.stderr


def test_sources_that_are_not_there_are_named(run: Run, place: Path) -> None:
    (place / "r.toml").write_text('[input]\npaths = ["photos", "nas/in", "inbox/*.jpg"]\n[run]\noutput = "web"\n')
    done = run("schedule", "r.toml", "--at", "daily")
    assert done.returncode == 0 and done.stderr == f"note: the source {place}/nas/in is not there now\n"
