"""Atomic write: how is a file written whole or not at all?

``write_bytes(path, data)``, or ``open_atomic(path)`` for what is written bit by bit: a temporary name beside the target
that names its owner, write, rename; on any error the temporary file is removed. What a killed process leaves is
recognized by that name and swept by the next run.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from imgbatch.storage.below import HAS_DIR_FD, Parent, Place, Root
from imgbatch.storage.rename import rename_file
from imgbatch.storage.temporary import temporary_name

_CREATE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)  # fmt: skip
_TRIES = 100
_LAST_NS = 2**63 - 1  # SQLite's integers have 64 bits


@contextlib.contextmanager
def open_atomic(
    path: str, *, replace: bool = True, durable: bool = False, root: Root | None = None
) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well, and nothing when it does not.

    Parameters
    ----------
    path : str
        The target; missing folders are made.
    replace : bool
        Whether a file in the way may be replaced; if not, FileExistsError and the file in the way is untouched.
    durable : bool
        Whether file and folder are on the disk (fsync) before the block's end returns.
    root : Root, optional
        What it must lie below, links resolved; its folder when not given.
    """
    with _parent(path, root) as place:
        with _TemporaryFile(place, replace) as (name, descriptor), os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(descriptor)
            refuse_another(os.fstat(descriptor), name, place[0])
        if durable:
            sync_folder(place[0], path)


def write_bytes(
    path: str, data: bytes, *, replace: bool = True, like: str | None = None, root: Root | None = None
) -> os.stat_result:
    """`data` into `path`, whole or not at all: as with :func:`open_atomic`, in the fewest steps for many tiny files.

    Parameters
    ----------
    like : str, optional
        A file whose mode and times it gets; until then it is nobody else's.

    Returns
    -------
    os.stat_result
        What stands at `path` then. Nothing is left to be asked, or to fail, once it is there.
    """
    mode = 0o666 if like is None else 0o600
    with _parent(path, root) as place, _TemporaryFile(place, replace, mode) as (name, descriptor):
        try:
            count = os.write(descriptor, data)
            while count < len(data):  # 2 GB at a time, or less where the disk is nearly full
                count += os.write(descriptor, memoryview(data)[count:])
            if like is not None:
                _preserve(descriptor if HAS_DIR_FD else name, like)  # some disks settle the times with the bytes first
            mine = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        # after close, which settles the time on some disks; a rename changes none of it
        return refuse_another(mine, name, place[0])


class _TemporaryFile:
    """A new file that becomes `place` when the block ends well: its name until then, and a descriptor to be closed.

    All is done in the one folder that is held open, and what was renamed is looked at: others may write there, too.
    """

    __slots__ = ("_mode", "_name", "_place", "_replace")

    def __init__(self, place: Place, replace: bool, mode: int = 0o666) -> None:
        self._place, self._replace, self._mode = place, replace, mode

    def __enter__(self) -> tuple[str, int]:
        folder, path = self._place
        where = "" if folder is not None else os.path.dirname(path)
        self._name, descriptor = _new_file(where, self._mode, folder)
        return self._name, descriptor

    def __exit__(self, kind: object, _: object, __: object) -> None:
        if kind is not None:
            self._remove()
            return
        folder, path = self._place
        try:
            rename_file(self._name, path, self._replace, (folder, folder))
        except BaseException:
            self._remove()
            raise
        if _is_link(path, folder):  # somebody swapped the file in the last moment
            os.unlink(path, dir_fd=folder)
            raise _swap_error(path)

    def _remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._place[0])


def _new_file(where: str, mode: int, folder: int | None) -> tuple[str, int]:
    """A temporary name and a descriptor of the file that was made; a name that is there already costs a number."""
    for _ in range(_TRIES):
        name = temporary_name(where)
        try:
            return name, os.open(name, _CREATE, mode, dir_fd=folder)
        except FileExistsError:
            continue
    raise OSError(errno.EBUSY, "somebody else takes all temporary names", where)


def _is_link(name: str, folder: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:  # what is in its place is not lost for that
        return False


def _parent(path: str, root: Root | None) -> Parent:
    if root is None:
        path = os.path.abspath(path)
        root = Root(os.path.dirname(path))
    return root.parent(path, make=True)


def refuse_another(mine: os.stat_result, name: str, folder: int | None) -> os.stat_result:
    """What stands under a name; OSError (EBUSY) where that is not the file that was written.

    Where a disk gives a file another number in between, what nobody else can have put there will do.

    Parameters
    ----------
    mine : os.stat_result
        Of the file that was written.
    name : str
    folder : int or None
        The ``dir_fd`` that has the name.
    """
    current = os.stat(name, dir_fd=folder, follow_symlinks=False)
    alike = (current.st_uid, current.st_size) == (mine.st_uid, mine.st_size)
    alike = alike and stat.S_IFMT(current.st_mode) == stat.S_IFMT(mine.st_mode)  # numbers are used again
    same_number = (current.st_dev, current.st_ino) == (mine.st_dev, mine.st_ino)
    same_time = (current.st_nlink, current.st_mtime_ns) == (mine.st_nlink, mine.st_mtime_ns)
    if not (alike and (same_number or same_time)):
        raise _swap_error(name)
    return current


def _swap_error(name: str) -> OSError:
    return OSError(errno.EBUSY, "somebody else swapped it for another file meanwhile", name)


def mtime(status: os.stat_result) -> int:
    """When a file was modified, in ns, as a ledger can hold it: all times after the year 2262 are one."""
    return min(status.st_mtime_ns, _LAST_NS)


def preserve(path: str, like: str, folder: int | None = None) -> None:
    """Give a file (no link) the mode and times of another.

    Parameters
    ----------
    path, like : str
    folder : int, optional
        The ``dir_fd`` that `path` is in.
    """
    if not HAS_DIR_FD:
        _preserve(path, like)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        _preserve(descriptor, like)
    finally:
        os.close(descriptor)


def _preserve(file: int | str, like: str) -> None:
    status = os.stat(like)
    os.chmod(file, status.st_mode & 0o777)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def read_bytes(path: str) -> bytes:
    """All bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def content_hash(data: bytes) -> str:
    """32 hex digits of SHA-256, which processors have instructions for."""
    return hashlib.sha256(data).hexdigest()[:32]


def hash_of(path: str) -> str:
    """The :func:`content_hash` of a file; "" where it cannot be read."""
    with contextlib.suppress(OSError):
        return content_hash(read_bytes(path))
    return ""


def sync(path: str) -> None:
    """Put a file's bytes, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: int | None, path: str) -> None:
    """Put the entries of a file's folder on the disk: of a ``dir_fd``, or else of the one that `path` is in."""
    descriptor = os.open("." if folder is not None else os.path.dirname(path) or ".", os.O_RDONLY, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: str, text: str) -> None:
    """`text` as UTF-8 into `path`, whole or not at all."""
    write_bytes(os.path.join(os.getcwd(), path), text.encode("utf-8", "surrogateescape"))
