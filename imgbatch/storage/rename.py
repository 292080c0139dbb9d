"""Rename: how does a file get another name in one step, over nothing if need be?"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
from collections.abc import Callable, Sequence

from imgbatch.core.errors import PlanError
from imgbatch.storage.temporary import remove_files

_AT_FDCWD = -100  # linux/fcntl.h
_RENAME_NOREPLACE = 1  # linux/fs.h
_NO_FOLLOW: dict[str, bool] = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}


def rename_file(name: str, path: str, replace: bool, folders: tuple[int | None, int | None] = (None, None)) -> None:
    """Rename a file in one step.

    Parameters
    ----------
    name, path : str
        Where it is, and where it goes on the same file system.
    replace : bool
        Whether a file in the way is replaced; if not, of two writers one gets FileExistsError.
    folders : (int or None, int or None)
        The ``dir_fd`` of each.
    """
    source, target = folders
    if replace:
        os.replace(name, path, src_dir_fd=source, dst_dir_fd=target)
        return
    if _rename_exclusively(name, path, folders):
        return
    try:  # fails when the name is taken: there is no portable rename that does
        os.link(name, path, src_dir_fd=source, dst_dir_fd=target, **_NO_FOLLOW)
    except FileExistsError:
        raise
    except OSError as error:  # no hard links here (FAT, some network disks): the check and the rename are two steps
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        with contextlib.suppress(FileNotFoundError):
            os.stat(path, dir_fd=target, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.replace(name, path, src_dir_fd=source, dst_dir_fd=target)
        return
    os.unlink(name, dir_fd=source)


def rename_all(names: Sequence[str], paths: Sequence[str], replace: bool) -> None:
    """Rename files that belong together.

    Parameters
    ----------
    names, paths : sequence of str
        Where each is, and where it goes on the same file system.
    replace : bool
        Whether files in the way are replaced.

    Raises
    ------
    PlanError
        Something is in the way; what was renamed is removed.
    """
    count = 0
    try:
        for name, path in zip(names, paths, strict=True):
            rename_file(name, path, replace)
            count += 1
    except FileExistsError as error:
        remove_files(paths[:count])
        there = error.filename2 or error.filename
        raise PlanError(f"{there} has appeared meanwhile; nothing was kept") from None


def _rename_exclusively(name: str, path: str, folders: tuple[int | None, int | None]) -> bool:
    """Linux's renameat2(RENAME_NOREPLACE): one call where link and unlink are two; False where there is none."""
    rename = _renameat2()
    if rename is None:
        return False
    source, target = folders
    source, target = _AT_FDCWD if source is None else source, _AT_FDCWD if target is None else target
    if rename(source, os.fsencode(name), target, os.fsencode(path), _RENAME_NOREPLACE) == 0:
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
    function: Callable[..., int] = rename
    return function
