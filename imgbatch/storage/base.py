"""Storage: what does the house ask of a place where sources and outputs stay, and what may a store promise?

A key is what a store calls a file by; a local disk's keys are paths. What a store cannot promise it says in
`properties`, so that nobody has to guess. Unless said otherwise, what fails raises an OSError of the fitting class.
"""

from __future__ import annotations

import contextlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.storage.below import Root


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
    """

    atomic_replace: bool = False
    exclusive_create: bool = False
    rename: bool = False
    modification_times: bool = False
    fingerprint: bool = False


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
