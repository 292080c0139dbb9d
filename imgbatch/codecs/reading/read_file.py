"""What is in a file? All its bytes, if it is one, and nobody is writing to it."""

from __future__ import annotations

import os
import stat

from imgbatch.codecs.reading import limits
from imgbatch.core.errors import ImageError


def read(path: str) -> bytes:
    """All bytes of a regular file.

    Raises
    ------
    ImageError
        ``unsupported`` for what is no regular file, ``truncated`` for an empty one, ``changed`` for one that is being
        written, ``permission`` or ``io``.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        kind = _no_file(os.stat(path).st_mode)
        if kind is None:
            descriptor = os.open(path, flags)
            try:
                before = os.fstat(descriptor)
                kind = _no_file(before.st_mode)  # what was opened is what counts
                data = b"" if kind is not None else _whole(descriptor, before.st_size)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
    except ValueError as error:  # a NUL in the name
        raise ImageError("io", f"no file can have this name: {error}") from error
    except (OSError, MemoryError) as error:
        raise ImageError(*limits.classify(error, "read")) from error
    if kind is not None:
        raise ImageError("unsupported", f"not a file but {kind}")
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ImageError("changed", "it was written to while it was read; the next run takes it (--settle 5s waits)")
    if not data:
        raise ImageError("truncated", "the file is empty (0 bytes)")
    return data


def _whole(descriptor: int, size: int) -> bytes:
    """All that is left to be read, in one step where it is `size` bytes: a system may give 2 GB at a time."""
    data = os.read(descriptor, size + 1)
    if len(data) != size:
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            data += file.read()
    return data


def _no_file(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    for test, words in (
        (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
    ):  # fmt: skip
        if test(mode):
            return words
    return "something else"
