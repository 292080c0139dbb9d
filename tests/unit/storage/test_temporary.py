"""Is what dead processes have left swept, and nothing that somebody still writes?"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imgbatch.storage import temporary
from imgbatch.storage.below import Root
from imgbatch.storage.temporary import (
    TEMPORARY,
    is_alive,
    numbered_name,
    remove_numbered_files,
    sweep,
    temporary_name,
)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a process began")


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def dead() -> int:
    """The number of a process that has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(done.stdout)


def test_only_what_the_dead_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / f".imgbatch-{dead()}-1.tmp"
    left.write_bytes(b"half")
    mine = Path(temporary_name(str(tmp_path)))
    mine.write_bytes(b"half")
    foreign = tmp_path / ".imgbatch-notes.tmp"
    foreign.write_bytes(b"keep")
    assert sweep(str(tmp_path)) == 1
    assert names(tmp_path) == sorted([mine.name, foreign.name])
    assert sweep(str(tmp_path), pid=os.getpid()) == 1


def test_what_cannot_be_swept_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's, in a folder where everybody deletes only their own."""
    pid, unlink = dead(), os.unlink
    for number in range(3):
        (tmp_path / f".imgbatch-{pid}-{number}.tmp").write_bytes(b"half")

    refusals: list[str] = []

    def theirs(path: str, dir_fd: int | None = None) -> None:
        if not refusals:  # the first one that is found
            refusals.append(os.path.basename(path))
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", theirs)
    assert sweep(str(tmp_path)) == 2
    assert names(tmp_path) == refusals


def test_a_folder_that_cannot_be_listed_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "scandir", closed)
    assert sweep(str(tmp_path)) == 0


def test_a_number_that_no_process_has_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / f".imgbatch-{10**20}-1.tmp").write_bytes(b"foreign")
    assert sweep(str(tmp_path)) == 0


def test_threads_get_names_of_their_own() -> None:
    """Threads that take turns between any two steps: no two of them write to one temporary file."""
    together, taken = threading.Barrier(8), []

    def take() -> None:
        together.wait()
        taken.extend([temporary_name("") for _ in range(2_000)])

    threads = [threading.Thread(target=take) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(set(taken)) == 8 * 2_000


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="this system does not say whether a process has ended")
def test_a_process_that_nobody_has_asked_after_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()  # ends with the process
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid)
    process.stdout.close()
    process.wait()
    assert is_alive(os.getpid())


def half(folder: Path, pid: int, space: str, birth: str) -> Path:
    path = folder / f".imgbatch-{pid}-{space}-{birth}-1.tmp"
    path.write_bytes(b"half")
    return path


def own_words() -> tuple[str, str]:
    """The space and the birth in names of this process."""
    match = TEMPORARY.match(temporary_name(""))
    assert match is not None
    return match[2], match[3]


@linux_only
def test_a_number_that_is_used_again_does_not_keep_what_its_first_process_left(tmp_path: Path) -> None:
    """As in a container, whose processes have the same few numbers each time."""
    space, birth = own_words()
    mine = half(tmp_path, os.getpid(), space, birth)
    half(tmp_path, os.getpid(), space, "1")
    half(tmp_path, os.getpid(), space, birth[::-1] + "0")
    assert sweep(str(tmp_path)) == 2
    assert names(tmp_path) == [mine.name]


@pytest.mark.parametrize("pid", [None, os.getpid()], ids=["unknown", "ours"])
def test_what_another_container_writes_is_left_until_it_is_old(tmp_path: Path, pid: int | None) -> None:
    _, birth = own_words()
    new, old = half(tmp_path, os.getpid(), "0ff1ce", birth), half(tmp_path, os.getpid(), "0ff1ce", "1")
    os.utime(old, (time.time() - 13 * 3600,) * 2)
    assert sweep(str(tmp_path), pid) == (1 if pid is None else 0)
    assert new.exists() and old.exists() == (pid is not None)


def test_names_of_a_child_are_its_own() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from imgbatch.storage.temporary import temporary_name as n; print(n(''))"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    match = TEMPORARY.match(process.communicate()[0].strip())
    assert match is not None and (int(match[1]), match[2]) == (process.pid, own_words()[0])


@linux_only
def test_where_proc_tells_of_other_processes_only_their_numbers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that has the /proc of its host."""
    monkeypatch.setattr(os, "readlink", lambda path: "1")
    assert temporary._birth(os.getpid()) == "0" and is_alive(os.getpid(), "1")


def test_nothing_is_swept_where_a_link_leads_out(tmp_path: Path) -> None:
    name = f".imgbatch-{dead()}-1.tmp"
    for folder in ("outside", "folder/inside"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes(b"half")
    (tmp_path / "folder/out").symlink_to("../outside")
    (tmp_path / "folder/in").symlink_to("inside")
    root = Root(str(tmp_path / "folder"))
    assert [sweep(str(tmp_path / "folder" / one), root=root) for one in ("out", "in", "")] == [0, 1, 0]
    assert (tmp_path / "outside" / name).exists() and not (tmp_path / "folder/inside" / name).exists()


def test_numbered_names_are_those_of_one_name(tmp_path: Path) -> None:
    name = temporary_name(str(tmp_path))
    other = name.removesuffix(".tmp") + "7.tmp"  # that of a later file of this process
    for path in (name, other, numbered_name(name, 3), numbered_name(name, 10**8)):
        Path(path).write_bytes(b"half")
    assert all(TEMPORARY.match(one) for one in names(tmp_path))
    remove_numbered_files(name)
    assert names(tmp_path) == sorted(map(os.path.basename, (name, other)))
