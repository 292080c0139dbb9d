"""What if the disk that is written to is full, or fails? Exit 4, nothing half-written, what is finished recorded."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import imgbatch as ib
from imgbatch.codecs import errors
from tests.cli.conftest import COMMAND, environment

MANY = 60


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    said = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if said.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {said.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_full_disk(tmp_path: Path, small: Path, workers: str) -> None:
    (tmp_path / "in").mkdir()
    for number in range(MANY):
        Image.effect_noise((200, 150 + number), 90).save(tmp_path / f"in/{number:02}.png")
    (small / "ballast").write_bytes(bytes(900_000))
    words = [*COMMAND, "run", str(tmp_path / "in"), "-o", str(small / "out"), "-f", "bmp", "-j", workers, "--json"]

    def run() -> tuple[int, list[dict[str, object]], str]:
        done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    code, records, said = run()
    assert code == 4, said
    assert "stopped: the disk is full" in said
    assert "warning: the disk of" in said
    files = {path.name for path in (small / "out").iterdir() if path.is_file()}
    assert files == {f"{str(one['source'])[:2]}.bmp" for one in records if one.get("status") == "ok"}
    for name in files:
        with Image.open(small / "out" / name) as image:
            image.load()
    (small / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
    code, records, said = run()
    assert code == 0, said
    assert records[-1]["unchanged"] == len(files)
    assert records[-1]["ok"] == MANY - len(files)


@pytest.mark.parametrize(
    ("number", "phase", "kind"),
    [
        (errno.ENOSPC, "write", "no_space"), (errno.EDQUOT, "write", "no_space"), (errno.EIO, "write", "disk"),
        (errno.EROFS, "write", "disk"), (errno.EIO, "read", "io"), (errno.EROFS, "read", "permission"),
    ],
)  # fmt: skip
def test_what_the_disk_says_has_a_kind(number: int, phase: str, kind: str) -> None:
    assert errors.classify(OSError(number, "said"), phase)[0] == kind  # type: ignore[arg-type]  # a Phase


@pytest.mark.parametrize(("number", "code"), [(errno.EIO, 4), (errno.EROFS, 4), (errno.EDQUOT, 4), (errno.EACCES, 1)])
def test_a_disk_that_fails_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    (tmp_path / "in").mkdir()
    for name in "abc":
        Image.new("L", (9, 9)).save(tmp_path / "in" / f"{name}.png")

    def fails(path: str, data: bytes, **options: object) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr("imgbatch.storage.local.write_bytes", fails)
    report = ib.run([tmp_path / "in"], tmp_path / "out", ib.Recipe([ib.Resize("5")]), workers=0)
    assert report.exit_code == code
    assert report.remaining == (2 if code == 4 else 0)
