"""Is there one run per state folder, and does the lock die with its process?"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from imgbatch.core.errors import LockedError
from imgbatch.storage.lock import Lock

HOLDER = """
import sys
from imgbatch.storage.lock import Lock
lock = Lock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_with_who_and_what_to_do(tmp_path: Path) -> None:
    first = Lock(str(tmp_path / "state"))
    with pytest.raises(LockedError, match=rf"process {os.getpid()}, since 2.*--wait 10m"):
        Lock(str(tmp_path / "state"))
    first.release()
    first.release()
    Lock(str(tmp_path / "state")).release()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"nonsense", b"[1]", b"\xff", b'{"pid": 1}', b'{"started": 1}', b'{"pid": "x", "started": 1}',
        b'{"pid": null, "started": 1}', b'{"pid": [1], "started": 1}', b'{"pid": 1, "started": "now"}',
        b'{"pid": 1, "started": 1e300}', b'{"pid": 1, "started": NaN}', b'{"pid": 1, "started": {}}',
        b'{"pid": Infinity, "started": []}', b"[" * 1000,
    ],
)  # fmt: skip
def test_who_does_not_say_its_name_is_another_run(tmp_path: Path, content: bytes) -> None:
    first = Lock(str(tmp_path))
    (tmp_path / "lock").write_bytes(content)
    with pytest.raises(LockedError, match="^another run is at work in shown; let it end, wait for it with --wait 10m"):
        Lock(str(tmp_path), output="shown")
    with pytest.raises(LockedError, match=f"^another run is at work in {tmp_path} still, after 0.05 s; let it end"):
        Lock(str(tmp_path), wait=0.05)
    first.release()


def test_nobody_is_named_by_a_lock_that_was_given_back(tmp_path: Path) -> None:
    Lock(str(tmp_path)).release()
    assert (tmp_path / "lock").read_bytes() == b""


def test_waiting_ends_with_the_other(tmp_path: Path) -> None:
    first = Lock(str(tmp_path))
    threading.Timer(0.2, first.release).start()
    Lock(str(tmp_path), wait=60).release()


def test_who_shares_a_lock_keeps_out_those_who_want_it_alone(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text('{"pid": 1, "started": 1}')  # of one that was killed
    first, second = Lock(str(tmp_path), share=True), Lock(str(tmp_path), share=True)
    with pytest.raises(LockedError, match="^another run is at work in shown"):
        Lock(str(tmp_path), output="shown")
    first.release()
    with pytest.raises(LockedError):
        Lock(str(tmp_path))
    second.release()
    alone = Lock(str(tmp_path))
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        Lock(str(tmp_path), share=True)
    alone.release()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}"):
            Lock(str(tmp_path))
        holder.kill()
        holder.wait()
    Lock(str(tmp_path)).release()


def test_a_lock_that_nobody_keeps_is_given_back(tmp_path: Path) -> None:
    Lock(str(tmp_path))
    Lock(str(tmp_path)).release()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[1]", b"\xff"])
def test_a_file_that_says_nothing_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)
    Lock(str(tmp_path)).release()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed here")
def test_a_link_in_the_lock_s_place_is_not_followed(tmp_path: Path) -> None:
    somebody_else_s = tmp_path / "letter.txt"
    somebody_else_s.write_text("dear")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "lock").symlink_to(somebody_else_s)
    with pytest.raises(OSError, match="lock"):
        Lock(str(tmp_path / "state"))
    assert somebody_else_s.read_text() == "dear"


def test_a_lock_on_a_full_disk_holds_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    first = Lock(str(tmp_path / "state"))
    with pytest.raises(LockedError, match="another run"):
        Lock(str(tmp_path / "state"))
    first.release()
