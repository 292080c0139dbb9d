"""Atomic write: how is a file written whole or not at all?

``write_bytes(path, data)``, or ``open_atomic(path)`` for what is written bit by bit: a temporary name beside the target
that names its owner, write, rename; on any error the temporary file is removed. What a killed process leaves is
recognized by that name and swept by the next run.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

#: ``.imgbatch-<pid>-<number>.tmp``: hidden, short (a long target name must not make it too long), names its owner.
TEMPORARY = re.compile(r"^\.imgbatch-(\d+)-\d+\.tmp$")
_NUMBERS = itertools.count(1)  # one step, so that threads never get the same
_AT_FDCWD = -100  # linux/fcntl.h
_RENAME_NOREPLACE = 1  # linux/fs.h
_LAST_NS = 2**63 - 1  # SQLite's integers have 64 bits


def temporary_name(folder: str) -> str:
    """A temporary name in `folder`, unique in this process."""
    return os.path.join(folder, f".imgbatch-{os.getpid()}-{next(_NUMBERS)}.tmp")


@contextlib.contextmanager
def open_atomic(path: str, *, replace: bool = True, durable: bool = False) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well, and nothing when it does not.

    Parameters
    ----------
    path : str
        The target; missing folders are made.
    replace : bool
        Whether a file in the way may be replaced; if not, FileExistsError and the file in the way is untouched.
    durable : bool
        Whether file and folder are on the disk (fsync) before the block's end returns.
    """
    with _temporary_file(path, replace) as (_, descriptor), os.fdopen(descriptor, "wb") as file:
        yield file
        if durable:
            file.flush()
            os.fsync(descriptor)
    if durable:
        sync(os.path.dirname(path) or ".")


def write_bytes(path: str, data: bytes, *, replace: bool = True, like: str | None = None) -> os.stat_result:
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
    with _temporary_file(path, replace, 0o666 if like is None else 0o600) as (name, descriptor):
        try:
            written = os.write(descriptor, data)
            while written < len(data):  # 2 GB at a time, or less where the disk is nearly full
                written += os.write(descriptor, memoryview(data)[written:])
        finally:
            os.close(descriptor)
        if like is not None:
            preserve(name, like)
        return os.stat(name)  # after close, which settles the time on some disks; a rename changes none of it


@contextlib.contextmanager
def _temporary_file(path: str, replace: bool, mode: int = 0o666) -> Iterator[tuple[str, int]]:
    """A new file that becomes `path` when the block ends well: its name until then, and a descriptor to be closed."""
    name = temporary_name(os.path.dirname(path) or ".")
    descriptor = _create(name, mode)
    try:
        yield name, descriptor
        rename_file(name, path, replace)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def mtime(found: os.stat_result) -> int:
    """When a file was modified, in ns, as a ledger can hold it: all times after the year 2262 are one."""
    return min(found.st_mtime_ns, _LAST_NS)


def preserve(path: str, like: str) -> None:
    """Give a file the mode and times of another."""
    found = os.stat(like)
    os.chmod(path, found.st_mode & 0o777)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _create(name: str, mode: int) -> int:
    """The descriptor of a new file, to be written to; missing folders are made."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.open(name, flags, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(name), exist_ok=True)
        return os.open(name, flags, mode)


def rename_file(name: str, path: str, replace: bool) -> None:
    """Rename a file in one step.

    Parameters
    ----------
    name, path : str
        Where it is, and where it goes on the same file system.
    replace : bool
        Whether a file in the way is replaced; if not, of two writers one gets FileExistsError.
    """
    if replace:
        os.replace(name, path)
        return
    if _rename_exclusively(name, path):
        return
    try:
        os.link(name, path)  # fails when the name is taken: there is no portable rename that does
    except FileExistsError:
        raise
    except OSError as error:  # no hard links here (FAT, some network disks): the check and the rename are two steps
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.replace(name, path)
        return
    os.unlink(name)


def _rename_exclusively(name: str, path: str) -> bool:
    """Linux's renameat2(RENAME_NOREPLACE): one call where link and unlink are two; False where there is none."""
    rename = _renameat2()
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(name), _AT_FDCWD, os.fsencode(path), _RENAME_NOREPLACE) == 0:
        return True
    import ctypes

    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.EPERM):  # an old kernel, a file system that cannot, a sandbox
        return False
    raise OSError(code, os.strerror(code), path)


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    import ctypes  # only where something is renamed: the command itself rarely does

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    rename.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    found: Callable[..., int] = rename
    return found


def read_bytes(path: str) -> bytes:
    """All bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def has_content(path: str, data: bytes) -> bool:
    """Whether a file (no link) has that content."""
    with contextlib.suppress(OSError):
        if not os.path.islink(path) and os.path.getsize(path) == len(data):
            return read_bytes(path) == data
    return False


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


def sweep(folder: str, pid: int | None = None) -> int:
    """Remove temporary files that dead processes left in `folder` (those of `pid`, if given); how many there were.

    What cannot be removed stays, such as another user's in a folder where everybody deletes only their own.
    """
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # it may be missing, or closed to us
        for entry in entries:
            match = TEMPORARY.match(entry.name)
            if match and (int(match[1]) == pid if pid is not None else not is_alive(int(match[1]))):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
                    removed += 1
    return removed


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists (a number used again counts: then its rest waits for a later run)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; a number in a name that is not ours
        return True
    return not _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Whether it has ended and only its number is left, until its parent asks: where nobody does, that is for long."""
    try:
        stat = read_bytes(f"/proc/{pid}/stat")
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])  # proc(5): the state follows the name


def write_text(path: str, text: str) -> None:
    """`text` as UTF-8 into `path`, whole or not at all."""
    write_bytes(os.path.join(os.getcwd(), path), text.encode("utf-8", "surrogateescape"))
