"""Backups: how is an original kept while its place gets other bytes, and how does it come back?

Kept by a hard link where nobody else has one (then nothing is copied, and the original's times, mode and attributes
stay), else by a reflink or a copy. Both are on the disk before the call returns, and neither ever replaces a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from typing import BinaryIO

from imgbatch.storage.atomic_write import open_atomic, rename_file, sync, temporary_name

FOLDER = "backup"
_FICLONE = 0x40049409  # linux/fs.h
#: What a file system says that cannot link: another disk, FAT, a policy (fs.protected_hardlinks).
_CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES)


def new_backup_folder(state: str, run: int) -> str:
    """A folder for the backups of a run that is not there yet: numbers begin anew when a ledger was set aside."""
    number, place = 1, os.path.join(state, FOLDER, str(run))
    while os.path.lexists(place):
        number += 1
        place = os.path.join(state, FOLDER, f"{run}-{number}")
    return place


def backup_folders(state: str) -> list[str]:
    """The names of the folders that hold the backups of runs."""
    try:
        return sorted(os.listdir(os.path.join(state, FOLDER)))
    except FileNotFoundError:
        return []


def keep_original(path: str, place: str) -> None:
    """Keep the file `path` at `place` as well; FileExistsError when that is taken."""
    folder = os.path.dirname(place)
    os.makedirs(folder, exist_ok=True)
    if os.lstat(path).st_nlink == 1:  # else somebody may write to it by its other name
        try:
            os.link(path, place)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
        else:
            sync(folder)
            return
    _copy(path, place, replace=False)


def restore(place: str, path: str) -> None:
    """Put the file that is kept at `place` back to `path`, in one step; the backup stays."""
    name = temporary_name(os.path.dirname(path))
    try:
        os.link(place, name)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        _copy(place, path, replace=True)
        return
    try:
        rename_file(name, path, replace=True)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    sync(os.path.dirname(path))


def discard(place: str, state: str) -> None:
    """Remove a backup, and the folders that are empty without it."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    top = os.path.join(state, FOLDER)
    folder = os.path.dirname(place)
    with contextlib.suppress(OSError):  # not empty
        while folder.startswith(top + os.sep):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def _copy(path: str, place: str, replace: bool) -> None:
    with open(path, "rb") as original, open_atomic(place, replace=replace, durable=True) as copy:
        if not _clone(original, copy):
            shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        shutil.copystat(path, copy.name)
        with contextlib.suppress(OSError, AttributeError):  # only root may, and Windows has none
            found = os.stat(path)
            os.chown(copy.name, found.st_uid, found.st_gid)
            os.chmod(copy.name, found.st_mode & 0o7777)


def _clone(original: BinaryIO, copy: BinaryIO) -> bool:
    """Whether the file system shared the blocks (btrfs, XFS, ZFS)."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
    except OSError:
        return False
    return True
