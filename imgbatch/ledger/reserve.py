"""Reserve: what lies beside a ledger while a run lasts? Bytes for a full disk, and how far the disk's clock is off.

The clock of a file server may be minutes off, and what a file's times say is by that clock. So the difference between
the clocks is measured when a run begins, by a file that is made at that moment, and it outlives a run that is killed.
"""

from __future__ import annotations

import os
import time

from imgbatch.storage.below import Root
from imgbatch.storage.temporary import temporary_name

NAME = "reserve"
_SIZE = 64 * 1024  # bytes, so that a full disk takes the last records
_DIGITS = 24  # of a difference, at most


def make_reserve(file: str, root: Root) -> int:
    """Make the reserve; the nanoseconds by which the clock of the outputs' disk is ahead of this machine's.

    Parameters
    ----------
    file : str
        Its path, in the state folder.
    root : Root
        The output folder; where it is not open, nothing will be written to it.

    Raises
    ------
    OSError
        There is one already, or no room.
    """
    before = time.time_ns()
    with open(file, "xb") as reserve:  # exclusively: never what a link leads to
        status = os.fstat(reserve.fileno())
        ahead = status.st_ctime_ns - before
        if root.device not in (None, status.st_dev):
            ahead = _measure(root)
        reserve.write((b"%d\n" % ahead).ljust(_SIZE, b"\0"))
    return ahead


def read_reserve(file: str) -> int:
    """The nanoseconds that a run that died has left there; 0 where there is none, or one of an earlier version."""
    try:
        with open(file, "rb") as reserve:
            return int(reserve.read(_DIGITS).partition(b"\n")[0])
    except (OSError, ValueError):
        return 0


def _measure(root: Root) -> int:
    probe = temporary_name(root.path)
    try:
        with root.parent(probe) as (folder, name):
            before = time.time_ns()
            descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
            try:
                return os.fstat(descriptor).st_ctime_ns - before
            finally:
                os.close(descriptor)
                os.unlink(name, dir_fd=folder)
    except OSError:  # a full disk: the first file will say so
        return 0
