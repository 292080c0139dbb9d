"""Is a file written whole or not at all, whatever is in the way?"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

import pytest

from imgbatch.storage import atomic_write, rename
from imgbatch.storage.atomic_write import open_atomic, refuse_another, write_bytes


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_appears_whole_in_a_folder_that_is_made(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.bin"
    with open_atomic(str(target)) as file:
        file.write(b"x" * 100_000)
        assert not target.exists()
    assert target.read_bytes() == b"x" * 100_000
    assert names(target.parent) == ["c.bin"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "c.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), open_atomic(str(target)) as file:
        file.write(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["c.bin"]


def test_bytes_appear_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a" / "c.bin"
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data[:1000])))
    write_bytes(str(target), bytes(range(256)) * 100)
    assert target.read_bytes() == bytes(range(256)) * 100
    with pytest.raises(FileExistsError):
        write_bytes(str(target), b"second", replace=False)

    def full(*_: object) -> int:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space"):
        write_bytes(str(target), b"third")
    assert target.read_bytes() == bytes(range(256)) * 100
    assert names(target.parent) == ["c.bin"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only /proc tells what a descriptor stands for")
@pytest.mark.parametrize("durable", [True, False])
def test_what_is_durable_is_on_the_disk_with_its_name(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, synced = tmp_path / "c.bin", []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        synced.append((os.path.relpath(path, tmp_path)[:10], os.path.getsize(path) if path.endswith("tmp") else None,
                       target.exists()))  # fmt: skip
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with open_atomic(str(target), durable=durable) as file:
        file.write(b"whole")
    # the bytes before the rename, and the folder's entry after it
    assert synced == ([(".imgbatch-", 5, False), (".", None, True)] if durable else [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has renameat2")
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EIO, errno.ENOSPC])
def test_a_kernel_that_cannot_rename_exclusively_is_told_from_a_disk_that_fails(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(rename, "_renameat2", lambda: refused)
    target = tmp_path / "c.bin"
    if code in (errno.EIO, errno.ENOSPC):
        with pytest.raises(OSError) as failed:
            write_bytes(str(target), b"data", replace=False)
        assert failed.value.errno == code and names(tmp_path) == []
        return
    write_bytes(str(target), b"data", replace=False)
    assert target.read_bytes() == b"data" and names(tmp_path) == ["c.bin"]
    with pytest.raises(FileExistsError):
        write_bytes(str(target), b"more", replace=False)


@pytest.mark.parametrize("way", ["renameat2", "link", "neither"])
def test_exclusive_creation_never_replaces(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way != "renameat2":
        monkeypatch.setattr(rename, "_renameat2", lambda: None)
    if way == "neither":

        def no_links(*_: object, **__: object) -> None:
            raise PermissionError(1, "no hard links here")

        monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "c.bin"
    with open_atomic(str(target), replace=False) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), open_atomic(str(target), replace=False) as file:
        file.write(b"second")
    assert target.read_bytes() == b"first"
    assert names(tmp_path) == ["c.bin"]
    assert target.stat().st_nlink == 1


def test_permissions_are_those_of_a_plain_create(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with open_atomic(str(tmp_path / "a")) as file:
            file.write(b"")
        (tmp_path / "b").write_bytes(b"")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_what_is_kept_is_there_before_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private file's copy is nobody else's for any moment, and the writer says what stands there."""
    secret, target = tmp_path / "secret", tmp_path / "copy"
    secret.write_bytes(b"")
    secret.chmod(0o640)
    os.utime(secret, ns=(5, 7))
    write, put = os.write, rename.rename_file

    def written(descriptor: int, data: bytes) -> int:
        assert os.fstat(descriptor).st_mode & 0o077 == 0
        return write(descriptor, data)

    def placed(name: str, path: str, replace: bool, folders: tuple[int | None, int | None]) -> None:
        found = os.stat(name, dir_fd=folders[0])
        assert (found.st_mtime_ns, found.st_mode & 0o777) == (7, 0o640)
        put(name, path, replace, folders)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(atomic_write, "rename_file", placed)
    made = write_bytes(str(target), b"123", like=str(secret))
    found = target.stat()
    assert (made.st_size, made.st_mtime_ns, made.st_ino) == (3, 7, found.st_ino)
    assert (found.st_mtime_ns, found.st_mode & 0o777) == (7, 0o640)


def test_a_temporary_name_that_is_there_already_costs_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is no sign of a file in the way of the target."""
    taken = iter([".imgbatch-7-1.tmp", ".imgbatch-7-2.tmp", ".imgbatch-7-3.tmp"])
    for number in (1, 2):
        (tmp_path / f".imgbatch-7-{number}.tmp").write_bytes(b"theirs")
    monkeypatch.setattr(atomic_write, "temporary_name", lambda folder: os.path.join(folder, next(taken)))
    write_bytes(str(tmp_path / "a"), b"1", replace=False)
    assert names(tmp_path) == [".imgbatch-7-1.tmp", ".imgbatch-7-2.tmp", "a"]


def test_what_cannot_be_read_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert atomic_write.hash_of(str(tmp_path / "a")) == atomic_write.content_hash(b"content")
    assert atomic_write.hash_of(str(tmp_path / "missing")) == atomic_write.hash_of(str(tmp_path)) == ""


def test_the_longest_name_fits(tmp_path: Path) -> None:
    name = "x" * 255
    with open_atomic(str(tmp_path / name)) as file:
        file.write(b"1")
    assert names(tmp_path) == [name]


def test_a_file_that_somebody_put_in_its_place_is_not_taken_for_what_was_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="somebody else swapped it"), open_atomic(str(tmp_path / "a")) as file:
        file.write(b"data")
        (temporary,) = tmp_path.iterdir()
        temporary.unlink()
        temporary.write_bytes(b"theirs, longer")
    assert not list(tmp_path.iterdir())


def test_a_file_that_another_takes_away_at_once_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = rename.rename_file

    def rename_and_lose(name: str, path: str, replace: bool, folders: tuple[int, int]) -> None:
        real(name, path, replace, folders)
        os.rename(path, "taken", src_dir_fd=folders[1], dst_dir_fd=folders[1])

    monkeypatch.setattr(atomic_write, "rename_file", rename_and_lose)
    with atomic_write.open_atomic(str(tmp_path / "a")) as file:
        file.write(b"data")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"taken": b"data"}


def test_a_link_to_what_was_written_is_not_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"data")
    mine = path.stat()
    assert refuse_another(mine, str(path), None).st_ino == mine.st_ino
    path.rename(tmp_path / "elsewhere")
    path.symlink_to("elsewhere")
    with pytest.raises(OSError, match="somebody else swapped it") as refused:
        refuse_another(mine, str(path), None)
    assert refused.value.errno == errno.EBUSY
