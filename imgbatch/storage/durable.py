"""Durable files: how do the bytes of many files come to the disk at once?

A file that was renamed is not on the disk yet: after a power cut it may be there, and empty. Linux puts a whole file
system on the disk in one call (syncfs), which for many files costs what it costs for one; few files, and all files
elsewhere, are synced one by one, with their folders.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Collection

from imgbatch.storage.atomic_write import sync

_FEW = 8  # files that are not worth flushing what others wrote to the same disk


def sync_files(paths: Collection[str]) -> None:
    """Put files (absolute paths), and their names, on the disk; OSError when that fails, a file that is gone is none.

    Parameters
    ----------
    paths : collection of str
        Where they are in a store of another kind than local files, they are not looked at.
    """
    folders = {os.path.dirname(path) for path in paths}
    call = _syncfs() if len(paths) > _FEW else None
    if call is None:
        for path in (*paths, *folders):
            with contextlib.suppress(FileNotFoundError):
                sync(path)
        return
    disks: dict[int, str] = {}
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            disks[os.stat(folder).st_dev] = folder
    for folder in disks.values():
        _sync_disk(call, folder)


def _sync_disk(call: Callable[[int], int], folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if call(descriptor) != 0:
            import ctypes

            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), folder)
    finally:
        os.close(descriptor)


@functools.cache
def _syncfs() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    import ctypes  # only where much was written

    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None
    call.argtypes = [ctypes.c_int]
    function: Callable[[int], int] = call
    return function
