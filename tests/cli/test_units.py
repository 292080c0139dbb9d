"""Is the printed service a hardened one that systemd accepts?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from imgbatch.cli.commands.service.crontab_line import Times
from imgbatch.cli.commands.service.units import units
from tests.cli.conftest import Run

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
RECIPE = "[input]\npaths = ['photos']\n[run]\narchive = '{place}/done'\n[[output]]\ndir = 'web'\n"


def write(folder: Path, network: bool = False) -> Path:
    """The units of a recipe in a folder with a blank, as files; the service."""
    folder.mkdir()
    made = units(
        Times.read("0 3 * * *"), ["/bin/true", "run", "-r", "/srv/my web.toml"], "/usr/bin:/bin", "/srv/my web.toml",
        ["/srv", "/var/my 100%"], network,
    )  # fmt: skip
    for name, text in made.items():
        (folder / name).write_text(text)
    return folder / "imgbatch-my-web.service"


@needs_systemd
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    service = write(tmp_path / "units")
    files = [str(service), str(service.with_suffix(".timer"))]
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "imgbatch-" in line]
    assert done.returncode == 0 and not ours, done.stderr


@needs_systemd
@pytest.mark.parametrize("network", [False, True])
def test_systemd_rates_the_service(tmp_path: Path, network: bool) -> None:
    """10 is bare, 9.6 is what a plain unit has; below 4 is called OK."""
    service = write(tmp_path / "units", network)
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(service)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_what_the_recipe_writes_is_writable_and_nothing_else(run: Run, place: Path) -> None:
    (place / "web.toml").write_text(RECIPE.format(place=place))
    done = run("schedule", "web.toml", "--at", "@daily", "--as", "systemd")
    folders = [line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith("ReadWritePaths=")]
    assert done.returncode == 0 and set(folders) == {str(place), str(place / "photos"), "/tmp", "/var/tmp"}
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "RestrictAddressFamilies=AF_UNIX", "MemoryMax=80%"):
        assert f"\n{line}\n" in done.stdout


def test_a_service_has_a_temporary_folder_of_its_own_where_its_files_are_not_in_it() -> None:
    times, command = Times.read("@daily"), ["/bin/true"]
    apart = units(times, command, "/bin", "/srv/a.toml", ["/srv"])["imgbatch-a.service"]
    inside = units(times, command, "/bin", "/tmp/a.toml", ["/tmp"])["imgbatch-a.service"]
    assert "PrivateTmp=yes\n" in apart and "PrivateTmp" not in inside and "ReadWritePaths=/var/tmp\n" in inside
