"""New content: is a temporary file still what the worker wrote, and how does it become like what it replaces?"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from imgbatch.core.job import Written
from imgbatch.storage.atomic_write import content_hash, mtime
from imgbatch.storage.below import HAS_DIR_FD, READ_NO_LINK


def adopt(name: str, folder: int | None, output: Written, original: os.stat_result) -> os.stat_result:
    """Give a new file its original's owner and mode, and put it on the disk; what it is then.

    All by its descriptor: who may write to its folder can swap it, for a link to a file that is none of theirs, say.

    Parameters
    ----------
    name : str
    folder : int or None
        The ``dir_fd`` that has the name.
    output : Written
        What the worker wrote.
    original : os.stat_result

    Raises
    ------
    OSError
        EBUSY where it is another file by now.
    """
    descriptor = os.open(name, READ_NO_LINK, dir_fd=folder)
    try:
        info = os.fstat(descriptor)
        alike = stat.S_ISREG(info.st_mode) and info.st_nlink == 1
        if (
            not alike
            or (info.st_size, mtime(info)) != (output.bytes, output.mtime_ns)
            or not _is_ours(info, descriptor, output)
        ):
            raise OSError(errno.EBUSY, "somebody else swapped what was made for another file meanwhile", name)
        with contextlib.suppress(OSError, AttributeError):  # only root may, and Windows has none
            os.fchown(descriptor, original.st_uid, original.st_gid)
        os.chmod(descriptor if HAS_DIR_FD else name, stat.S_IMODE(original.st_mode))
        os.fsync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _is_ours(info: os.stat_result, descriptor: int, output: Written) -> bool:
    """Whether nobody else can have made it: it is the user's, or (on disks that know no owners) has that content."""
    if not hasattr(os, "geteuid") or info.st_uid == os.geteuid():
        return True
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return content_hash(file.read()) == output.hash
