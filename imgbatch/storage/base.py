"""Storage: what does the house ask of a place where sources and outputs stay, and what may a store promise?

A key is what a store calls a file by; a local disk's keys are paths. What a store cannot promise it says in
`properties`, so that nobody has to guess. Unless said otherwise, what fails raises an OSError of the fitting class.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.storage.atomic_write import mtime
from imgbatch.storage.below import Identity, Root


@frozen(slots=True)
class Properties:
    """What a store promises.

    Attributes
    ----------
    atomic_replace : bool
        Who reads while :meth:`Storage.write_whole` replaces a file gets the old bytes or the new ones.
    exclusive_create : bool
        Of several writers that call :meth:`Storage.create_exclusively` for one key, exactly one succeeds.
    rename : bool
        :meth:`Storage.rename` is one step: no copy, and the file is never under both names or under none.
    modification_times : bool
        ``st_mtime_ns`` changes when a file is written, survives a rename, and can be given (`like`).
    fingerprint : bool
        :meth:`Storage.fingerprint` is atomic_write.content_hash of the bytes: equal for equal bytes in every store.
    folders : bool
        There are folders: a key is a folder's or a file's, and never both, whoever writes.
    listing : bool
        :meth:`Storage.list` can be asked.
    conditional_replace : bool
        :meth:`Storage.replace_version` is one step: what somebody else writes meanwhile is never lost.
    whole_after_power_cut : bool
        A file that is there is whole, whatever happened to the store's power.
    """

    atomic_replace: bool = False
    exclusive_create: bool = False
    rename: bool = False
    modification_times: bool = False
    fingerprint: bool = False
    folders: bool = False
    listing: bool = False
    conditional_replace: bool = False
    whole_after_power_cut: bool = False


class FolderEntry(Protocol):
    """What a folder holds under one name: an ``os.DirEntry``, or what answers as it does."""

    @property
    def name(self) -> str:
        """The last part of the key."""

    @property
    def path(self) -> str:
        """The key."""

    def is_symlink(self) -> bool:
        """Whether it is a link; never an error."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder, or a link to one."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As :meth:`Storage.stat`, in most stores without another question to the disk."""


class Storage(ABC):
    """A place where files stay."""

    properties: ClassVar[Properties]

    @abstractmethod
    def list(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]]:
        """The entries of a folder in any order, one at a time; to be used in a ``with``.

        Raises
        ------
        OSError
            FileNotFoundError, NotADirectoryError, PermissionError.
        """

    @abstractmethod
    def stat(self, key: str, *, follow_links: bool = True) -> os.stat_result:
        """Mode, size in bytes and times in ns; FileNotFoundError also for a link that leads nowhere.

        Where a store has no such fact, the field is 0; a ``st_mode`` always says whether it is a file or a folder.
        """

    @abstractmethod
    def read(self, key: str) -> bytes:
        """All bytes of a file that nobody is writing to; never waits for a writer.

        Raises
        ------
        ImageError
            ``unsupported`` for what is no regular file, ``truncated`` for an empty one, ``changed`` for one that is
            being written, ``permission``, ``memory`` or ``io``.
        """

    @abstractmethod
    def read_prefix(self, key: str, size: int) -> bytes:
        """The first `size` bytes of a file, fewer where it is shorter; never waits, be it a pipe."""

    @abstractmethod
    def write_whole(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """Make `data` the content of a file, whole or not at all; missing folders are made.

        Parameters
        ----------
        key : str
            What stands there is replaced; a link itself, not what it leads to.
        data : bytes
            After an error the key has what it had, and nothing is left beside it.
        like : str, optional
            The key of a file whose mode and times the new one gets.

        Returns
        -------
        os.stat_result
            The file's, so that nothing can fail once it is there.
        """

    @abstractmethod
    def create_exclusively(self, key: str, data: bytes, *, like: str | None = None) -> os.stat_result:
        """As :meth:`write_whole`, but over nothing.

        Parameters
        ----------
        key, data, like
            As in :meth:`write_whole`.

        Raises
        ------
        OSError
            FileExistsError where a file, folder or link has the key.
        """

    def replace_version(self, key: str, data: bytes, version: int, *, like: str | None = None) -> os.stat_result:
        """As :meth:`write_whole`, over a file that is still as it was.

        Parameters
        ----------
        key, data, like
            As in :meth:`write_whole`.
        version : int
            Its :meth:`version` then.

        Raises
        ------
        OSError
            FileExistsError where it is another one by now, FileNotFoundError where it is gone.
        """
        if self.version(self.stat(key, follow_links=False)) != version:
            raise FileExistsError(errno.EEXIST, "somebody else changed it meanwhile", key)
        return self.write_whole(key, data, like=like)

    @abstractmethod
    def rename(self, key: str, new: str, *, replace: bool = False) -> None:
        """Give a file another key in the same store.

        Parameters
        ----------
        key, new : str
            The folder of `new` is there.
        replace : bool
            Whether a file in the way may be replaced.

        Raises
        ------
        OSError
            FileExistsError where `new` is taken, unless `replace`. Then both files are as they were.
        """

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove a file (a link itself, no folder); FileNotFoundError when there is none."""

    @abstractmethod
    def fingerprint(self, key: str) -> str:
        """A word that is another one when the content is; "" where it cannot be read."""

    @abstractmethod
    def preserve(self, key: str, like: str) -> None:
        """Give a file the mode and times of another."""

    def version(self, status: os.stat_result) -> int:
        """A number below 2**63 that is another one when a file is: its mtime in ns, where there is no better one."""
        return mtime(status)

    def mark(self, key: str) -> str:
        """A word that :meth:`create_exclusively` gave to a file, each time another one; "" where it has none."""
        return ""

    def walk(self, folder: str) -> AbstractContextManager[Iterator[FolderEntry]] | None:
        """All files below a folder, however deep, where a store tells them faster than folder by folder; else None."""
        return None

    def absolute(self, key: str) -> str:
        """A key in the one spelling that is compared."""
        return os.path.abspath(key)

    def split(self, key: str) -> tuple[str, str]:
        """What a file is shown to lie in, and its name."""
        return os.path.split(key)

    def root(self, folder: str, identity: Identity | None = None) -> Root:
        """The root of a run that writes below a folder (absolute)."""
        return Root(folder, identity)

    def refuse_missing_package(self) -> None:  # noqa: B027 - most stores need none
        """UsageError, with the command that installs it, where an optional package is missing that the store needs."""

    def below(self, root: Root) -> Storage:
        """This store, which then writes and looks below `root` only, whatever links others put on the way meanwhile."""
        return self

    def resolve(self, key: str) -> str:
        """The key behind all links; itself where a store has none."""
        return key

    def exists(self, key: str) -> bool:
        """Whether anything has that key, be it a link that leads nowhere."""
        try:
            self.stat(key, follow_links=False)
        except (OSError, ValueError):  # a NUL in the name
            return False
        return True

    def is_folder(self, key: str) -> bool:
        """Whether it is a folder, or a link to one."""
        try:
            return stat.S_ISDIR(self.stat(key).st_mode)
        except (OSError, ValueError):
            return False

    def is_link(self, key: str) -> bool:
        """Whether it is a link, wherever that leads."""
        try:
            return stat.S_ISLNK(self.stat(key, follow_links=False).st_mode)
        except (OSError, ValueError):
            return False

    def holds(self, key: str, data: bytes) -> bool:
        """Whether a file (no link) has that content."""
        with contextlib.suppress(OSError, ValueError, ImageError):
            status = self.stat(key, follow_links=False)
            alike = stat.S_ISREG(status.st_mode) and status.st_size == len(data)
            return alike and (not data or self.read(key) == data)
        return False
