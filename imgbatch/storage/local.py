"""Local disks: how are sources read and outputs written where files have paths?"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager

from imgbatch.core.errors import ImageError, kind_of_errno, one_line, sentence
from imgbatch.storage.atomic_write import hash_of, preserve, write_bytes
from imgbatch.storage.base import FolderEntry, Properties, Storage
from imgbatch.storage.rename import rename_file

IRREGULAR = "not a regular file"
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Local(Storage):
    """The file systems of this machine; keys are paths."""

    properties = Properties(
        atomic_replace=True, exclusive_create=True, rename=True, modification_times=True, fingerprint=True
    )

    def list(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """``os.scandir`` itself."""
        return os.scandir(folder)

    def stat(self, key: str, *, follow_links: bool = True) -> os.stat_result:
        """``os.stat`` or ``os.lstat``."""
        return os.stat(key, follow_symlinks=follow_links)

    def read(self, key: str) -> bytes:
        """All bytes; what was opened is looked at before and after, so that a change meanwhile is seen."""
        try:
            kind = _no_file(os.stat(key).st_mode)
            if kind is None:
                descriptor = os.open(key, _READ)
                try:
                    before = os.fstat(descriptor)
                    kind = _no_file(before.st_mode)  # what was opened is what counts
                    data = b"" if kind is not None else _whole(descriptor, before.st_size)
                    after = os.fstat(descriptor)
                finally:
                    os.close(descriptor)
        except ValueError as error:  # a NUL in the name
            raise ImageError("io", f"no file can have this name: {error}") from error
        except MemoryError as error:
            raise ImageError("memory", "not enough memory for this picture") from error
        except OSError as error:
            raise ImageError(kind_of_errno(error.errno), one_line(error.strerror or sentence(error))) from error
        if kind is not None:
            raise ImageError("unsupported", f"not a file but {kind}")
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ImageError(
                "changed", "it was written to while it was read; the next run takes it (--settle 5s waits)"
            )
        if not data:
            raise ImageError("truncated", "the file is empty (0 bytes)")
        return data

    def read_prefix(self, key: str, size: int) -> bytes:
        """The first bytes of a regular file; never waits, even when a pipe has taken the file's place."""
        descriptor = os.open(key, _READ | getattr(os, "O_NOCTTY", 0))
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, IRREGULAR, key)
            return os.read(descriptor, size)
        finally:
            os.close(descriptor)

    def write_whole(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """A temporary file beside it, renamed."""
        return write_bytes(key, data, like=like)

    def create_exclusively(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """A temporary file beside it, renamed exclusively, or linked where the system cannot."""
        return write_bytes(key, data, replace=False, like=like)

    def rename(self, key: str, new: str, *, replace: bool = False) -> None:
        """One step, exclusively unless `replace`."""
        rename_file(key, new, replace)

    def remove(self, key: str) -> None:
        """``os.unlink``."""
        os.unlink(key)

    def fingerprint(self, key: str) -> str:
        """The content's hash; it is read for that."""
        return hash_of(key)

    def preserve(self, key: str, like: str) -> None:
        """Mode and times."""
        preserve(key, like)

    def resolve(self, key: str) -> str:
        """``os.path.realpath``."""
        return os.path.realpath(key)


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
