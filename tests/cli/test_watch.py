"""What does somebody see of ``imgbatch watch``, and what does the service manager hear?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imgbatch.__main__ import main
from imgbatch.cli.commands.service.watch import WATCH
from imgbatch.cli.flag_table import run_flags

REPO = Path(__file__).parents[2]


def start(tmp_path: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """A watch of ``photos``, where a picture is."""
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 6), "teal").save(tmp_path / "photos" / "a.png")
    command = [sys.executable, "-m", "imgbatch", "watch", "photos", "-o", "out", "--json", "--poll", "10ms"]
    return subprocess.Popen(
        [*command, "--settle", "20ms", "-j", "1", *words], env={**os.environ, "PYTHONPATH": str(REPO), **variables},
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def record(program: subprocess.Popen[str]) -> dict[str, Any]:
    assert program.stdout is not None
    result: dict[str, Any] = json.loads(program.stdout.readline())
    return result


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets")
def test_a_watch_tells_the_service_manager_and_ends_cleanly(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(place)
        with start(tmp_path, "--report", "m.prom", NOTIFY_SOCKET=place) as program:
            try:
                assert manager.recv(100) == b"READY=1"
                assert record(program)["source"] == "a.png"
                Image.new("RGB", (8, 6), "red").save(tmp_path / "photos" / "b.png")
                assert record(program)["source"] == "b.png"
                assert manager.recv(100) == b"WATCHDOG=1"
                program.send_signal(signal.SIGTERM)
                words = set()
                while b"STOPPING=1" not in words:
                    words.add(manager.recv(100))
                assert words <= {b"WATCHDOG=1", b"STOPPING=1"}
                assert record(program)["ok"] == 2
                assert program.wait() == 0
            finally:
                program.kill()
    assert 'status="ok"} 2' in (tmp_path / "m.prom").read_text()


def test_a_run_beside_a_watch_is_refused(tmp_path: Path) -> None:
    with start(tmp_path) as program:
        try:
            record(program)
            code = main(["run", str(tmp_path / "photos"), "-o", str(tmp_path / "out")])
        finally:
            program.kill()
    assert code == 75


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--report", "x.json"], "use --json or --log"),
        (["--in-place"], "expected a watch without --in-place, got it: what is replaced would come again"),
        (["--shard", "1/2"], "expected a watch without --shard, got it: each machine can watch folders of its own"),
        (["-n"], "expected a watch without -n, got it: a watch does what it says; try it with imgbatch run"),
        (["--srcset=x.json"], "imgbatch run --srcset FILE with the same flags makes none of them again"),
        (["--poll", "soon"], "poll"),
    ],
)
def test_what_a_watch_cannot_do(
    tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", str(tmp_path), "-o", str(tmp_path / "out"), *words]) == 2
    assert sentence in capsys.readouterr().err


def test_whatever_else_run_has_is_refused_with_a_reason() -> None:
    own = {name for flag in WATCH.flags(()) for name in flag.names}
    assert {name for flag in run_flags(()) for name in flag.names} - own == set(WATCH.refusals)


def test_the_unit_of_a_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    recipe = tmp_path / "web.toml"
    recipe.write_text('[input]\npaths = ["photos"]\n[[output]]\ndir = "web"\n')
    assert main(["schedule", str(recipe), "--watch", "--as", "systemd"]) == 0
    unit = capsys.readouterr().out
    assert unit.startswith("# imgbatch-web-watch.service\n")
    assert "Type=notify\n" in unit and f"watch -r {recipe} --unattended" in unit and "OnCalendar" not in unit
    assert main(["schedule", str(recipe), "--watch"]) == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("in_place = true", "expected a watch without --in-place"),
        ("overwrite = true", "expected a watch without --overwrite"),
        ('max_failures = "1%"', "expected a number of --max-failures"),
    ],
)
def test_no_unit_is_printed_for_what_cannot_be_watched(
    tmp_path: Path, line: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "web.toml"
    recipe.write_text(f'[input]\npaths = ["photos"]\n[[output]]\ndir = "web"\n[run]\n{line}\n')
    assert main(["schedule", str(recipe), "--watch", "--as", "systemd"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and sentence in err and "web.toml" in err
