"""Local disks: how are sources read and outputs written where files have paths?"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager

from imgbatch.core.errors import ImageError, kind_of_errno, one_line, sentence
from imgbatch.storage.atomic_write import content_hash, hash_of, preserve, write_bytes
from imgbatch.storage.base import FolderEntry, Properties, Storage
from imgbatch.storage.below import Place, Root, read_below
from imgbatch.storage.rename import rename_file

IRREGULAR = "not a regular file"
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Local(Storage):
    """The file systems of this machine; keys are paths.

    Parameters
    ----------
    root : Root, optional
        Nothing is done outside of it, and no link is read.
    """

    properties = Properties(
        atomic_replace=True, exclusive_create=True, rename=True, modification_times=True, fingerprint=True,
        folders=True, listing=True,
    )  # fmt: skip

    def __init__(self, root: Root | None = None) -> None:
        self._root = root
        self._read_flags = _READ if root is None else _READ | getattr(os, "O_NOFOLLOW", 0)

    def below(self, root: Root) -> Storage:
        """The files below `root`, whatever links others put on the way meanwhile."""
        return Local(root)

    def _parent(self, key: str) -> AbstractContextManager[Place]:
        return contextlib.nullcontext((None, key)) if self._root is None else self._root.parent(key)

    def list(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """``os.scandir`` itself."""
        return os.scandir(folder)

    def stat(self, key: str, *, follow_links: bool = True) -> os.stat_result:
        """``os.stat`` or ``os.lstat``."""
        if self._root is None:  # asked for every file of a plan
            return os.stat(key, follow_symlinks=follow_links)
        with self._parent(key) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=follow_links)

    def read(self, key: str) -> bytes:
        """All bytes; what was opened is looked at before and after, so that a change meanwhile is seen."""
        try:
            with self._parent(key) as (folder, name):
                kind = _no_file(os.stat(name, dir_fd=folder).st_mode)
                if kind is None:
                    descriptor = os.open(name, self._read_flags, dir_fd=folder)
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
            message = error.strerror or sentence(error)
            if error.errno == errno.ELOOP and self._root is not None:
                message = "somebody swapped it for a link meanwhile"
            raise ImageError(kind_of_errno(error.errno), one_line(message)) from error
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
        with self._parent(key) as (folder, name):
            descriptor = os.open(name, self._read_flags | getattr(os, "O_NOCTTY", 0), dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, IRREGULAR, key)
            return os.read(descriptor, size)
        finally:
            os.close(descriptor)

    def write_whole(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """A temporary file beside it, renamed."""
        return write_bytes(key, data, like=like, root=self._root)

    def create_exclusively(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """A temporary file beside it, renamed exclusively, or linked where the system cannot."""
        return write_bytes(key, data, replace=False, like=like, root=self._root)

    def rename(self, key: str, new: str, *, replace: bool = False) -> None:
        """One step, exclusively unless `replace`."""
        with self._parent(key) as (folder, name), self._parent(new) as (other, new_name):
            rename_file(name, new_name, replace, (folder, other))

    def remove(self, key: str) -> None:
        """``os.unlink``."""
        with self._parent(key) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def fingerprint(self, key: str) -> str:
        """The content's hash; it is read for that."""
        if self._root is None:
            return hash_of(key)
        try:
            return content_hash(read_below(self._root, key))
        except OSError:
            return ""

    def preserve(self, key: str, like: str) -> None:
        """Mode and times."""
        with self._parent(key) as (folder, name):
            preserve(name, like, folder)

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
