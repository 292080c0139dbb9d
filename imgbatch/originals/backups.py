"""Backups: how is an original kept while its place gets other bytes, and how does it come back?

Kept by a hard link where nobody else has one (then nothing is copied, and the original's times, mode and attributes
stay), else by a reflink or a copy. Both are on the disk before the call returns, and neither ever replaces a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Collection
from typing import BinaryIO

from imgbatch.ledger.trust import BACKUPS
from imgbatch.storage.atomic_write import open_atomic, refuse_another, sync_folder
from imgbatch.storage.below import HAS_DIR_FD, READ_NO_LINK, Place, Root, remove_below
from imgbatch.storage.rename import rename_file
from imgbatch.storage.temporary import temporary_name

_FICLONE = 0x40049409  # linux/fs.h
#: What a file system says that cannot link: another disk, FAT, a policy (fs.protected_hardlinks).
_CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EACCES)


def new_backup_folder(state: str, run: int) -> str:
    """A folder for the backups of a run that is not there yet: numbers begin anew when a ledger was set aside."""
    number, place = 1, os.path.join(state, BACKUPS, str(run))
    while os.path.lexists(place):
        number += 1
        place = os.path.join(state, BACKUPS, f"{run}-{number}")
    return place


def backup_folders(state: str) -> list[str]:
    """The names of the folders that hold the backups of runs; none where a link stands in their place."""
    top = os.path.join(state, BACKUPS)
    try:
        return [] if os.path.islink(top) else sorted(os.listdir(top))
    except FileNotFoundError:
        return []


def forget_backups(state: str, runs: Collection[str]) -> None:
    """Remove what is kept of runs, which are named by their numbers."""
    for name in backup_folders(state):
        if name.partition("-")[0] in runs:
            shutil.rmtree(os.path.join(state, BACKUPS, name), ignore_errors=True)


def keep_original(path: str, place: str, folder: Root | None = None, state: Root | None = None) -> None:
    """Keep the file `path` at `place` as well, on the disk.

    Parameters
    ----------
    path, place : str
    folder, state : Root, optional
        What they lie below, and nothing is done elsewhere; their folders when not given.

    Raises
    ------
    OSError
        FileExistsError where the place is taken; EBUSY where the file was swapped for another meanwhile.
    """
    with _parent(path, folder) as (source, name), _parent(place, state, make=True) as (target, new):
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EBUSY, "somebody else swapped it for another file meanwhile", path)
        if info.st_nlink == 1:  # else somebody may write to it by its other name
            try:
                os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
            else:
                refuse_another(info, new, target)
                sync_folder(target, place)
                return
        _copy((name, source), place, state, replace=False)


def restore(place: str, path: str, state: Root | None = None, folder: Root | None = None) -> None:
    """Put the file that is kept at `place` back to `path`, in one step; the backup stays.

    Parameters
    ----------
    place, path : str
    state, folder : Root, optional
        What they lie below, and nothing is done elsewhere; their folders when not given.
    """
    with _parent(place, state) as (source, backup), _parent(path, folder) as (target, new):
        info = os.stat(backup, dir_fd=source, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "its backup is no file", place)
        # beside the backup, where others seldom may write
        name = temporary_name("" if source is not None else os.path.dirname(place))
        try:
            os.link(backup, name, src_dir_fd=source, dst_dir_fd=source, follow_symlinks=False)
            refuse_another(info, name, source)
            rename_file(name, new, True, (source, target))
            refuse_another(info, new, target)
            sync_folder(target, path)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            _copy((backup, source), path, folder, replace=True)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=source)


def discard(place: str, state: str) -> None:
    """Remove a backup, and the folders that are empty without it; OSError where it is not below `state`."""
    with contextlib.suppress(FileNotFoundError):
        remove_below(os.path.join(state, BACKUPS), place)
    top = os.path.join(state, BACKUPS)
    folder = os.path.dirname(place)
    with contextlib.suppress(OSError):  # not empty
        while folder.startswith(top + os.sep):
            with Root(state).parent(folder) as (above, name):
                os.rmdir(name, dir_fd=above)
            folder = os.path.dirname(folder)


def _parent(path: str, root: Root | None, make: bool = False) -> contextlib.AbstractContextManager[Place]:
    return (root or Root(os.path.dirname(path))).parent(path, make)


def _copy(original: tuple[str, int | None], place: str, root: Root | None, replace: bool) -> None:
    """A copy with times, mode, attributes and owner, by descriptors alone."""
    name, folder = original
    with (
        os.fdopen(os.open(name, READ_NO_LINK, dir_fd=folder), "rb") as source,
        open_atomic(place, replace=replace, durable=True, root=root) as copy,
    ):
        if not _clone(source, copy):
            shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        info = os.fstat(source.fileno())
        if HAS_DIR_FD:
            shutil.copystat(source.fileno(), copy.fileno())  # type: ignore[arg-type]  # descriptors will do
            with contextlib.suppress(OSError):  # only root may
                os.chown(copy.fileno(), info.st_uid, info.st_gid)
                os.chmod(copy.fileno(), info.st_mode & 0o7777)
    if not HAS_DIR_FD:  # Windows has no modes and times of descriptors, and no owners
        os.utime(place, ns=(info.st_atime_ns, info.st_mtime_ns))


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
