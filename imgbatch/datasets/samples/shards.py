"""Shards: which files does a training set have, and how do they come to be whole or not at all?

Each is written under a temporary name beside its place, and all of them are renamed at the end. How many there will be
is not known before: a shard is full at a number of samples, or where the next one would make it larger than wanted.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, BinaryIO

from imgbatch.core.errors import PlanError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.storage.rename import rename_all
from imgbatch.storage.temporary import remove_files, temporary_name

_NUMBER = re.compile(r"%(?:0?(\d{1,2}))?d")


class SampleFile(ABC):
    """One file of a set, open to be written; the stream is closed by who opened it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    @abstractmethod
    def add(self, key: str, facts: dict[str, Any], data: bytes) -> None:
        """Add a sample.

        Parameters
        ----------
        key : str
            Its number in the set, the same width for all.
        facts : dict
            What is known of it: ``source``, ``root``, ``width``, ``height``, ``format``.
        data : bytes
            Its encoded picture.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what has to follow the last sample."""


@frozen
class Template:
    """The names of a set: one file, or one for each shard, with the number where ``%06d`` stands.

    Attributes
    ----------
    before, after : str
        Absolute; the number stands between them.
    width : int or None
        How many digits a number has at least; None: there is one file, named `before`.
    """

    before: str
    after: str = ""
    width: int | None = None

    @classmethod
    def of(cls, name: str) -> Template:
        """The template that was typed; UsageError where it is none."""
        folder, base = os.path.split(os.path.abspath(name))
        match = _NUMBER.search(base)
        rest = base if match is None else base[: match.start()] + base[match.end() :]
        if "%" in rest or "%" in folder:
            raise wrong_value("a file name, or one with a number such as shards/%06d.tar,", "the set", name)
        if match is None:
            return cls(os.path.join(folder, base))
        return cls(os.path.join(folder, base[: match.start()]), base[match.end() :], int(match[1] or 1))

    @property
    def folder(self) -> str:
        """Where the files are."""
        return os.path.dirname(self.before)

    def path(self, number: int) -> str:
        """The file of a shard, from 0."""
        return self.before if self.width is None else f"{self.before}{number:0{self.width}d}{self.after}"

    def there(self) -> list[str]:
        """What has a name of such a set already, in the order of names."""
        if self.width is None:
            return [self.before] if os.path.lexists(self.before) else []
        name = re.compile(re.escape(os.path.basename(self.before)) + r"([0-9]{1,255})" + re.escape(self.after))
        with contextlib.suppress(FileNotFoundError):
            matches = filter(None, map(name.fullmatch, sorted(os.listdir(self.folder))))
            numbers = ((os.path.join(self.folder, match[0]), int(match[1])) for match in matches)
            return [path for path, number in numbers if path == self.path(number)]
        return []

    def former(self) -> list[str]:
        """The set that is there: its numbers begin with 0 and have no gap, so what comes after a gap is not of it."""
        if self.width is None:
            return self.there()
        return list(itertools.takewhile(os.path.lexists, map(self.path, itertools.count())))


class Shards:
    """The files of a set while they are written.

    Parameters
    ----------
    template : Template
    kind : callable
        Makes the :class:`SampleFile` of a stream.
    most_samples, most_bytes : int
        What a shard holds at most; a sample that is larger has one of its own.
    """

    def __init__(
        self, template: Template, kind: Callable[[BinaryIO], SampleFile], most_samples: int, most_bytes: int
    ) -> None:
        self._template, self._kind = template, kind
        self._limits = (most_samples, most_bytes) if template.width is not None else (1 << 62, 1 << 62)
        self._names: list[str] = []  # the temporary ones, by number
        self._file: SampleFile | None = None
        self._count = self._size = 0

    def add(self, key: str, facts: dict[str, Any], data: bytes) -> None:
        """Add a sample to the last shard, or to a new one.

        Parameters
        ----------
        key, facts, data
            As of :meth:`SampleFile.add`.
        """
        most_samples, most_bytes = self._limits
        if self._file is not None and (self._count >= most_samples or self._size + len(data) > most_bytes):
            self._close()
        file = self._file or self._open()
        file.add(key, facts, data)
        self._count += 1
        self._size += len(data)

    def _open(self) -> SampleFile:
        name = temporary_name(self._template.folder)
        self._names.append(name)
        self._file, self._count, self._size = self._kind(open(name, "xb")), 0, 0  # noqa: SIM115 - closed by _close
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with file.stream:
                file.finish()

    def place(self, replace: bool) -> list[str]:
        """Put all shards in their places; their paths. With `replace` they take the place of a set that is there.

        Raises
        ------
        PlanError
            Something has appeared in a place meanwhile, or a set that is there would be replaced by nothing; no new
            file is kept.
        """
        former = set(self._template.former()) if replace else set()
        if not self._names and former:  # its sources are not mounted, say
            raise PlanError(f"no image could be packed, so {min(former)} stays; remove it yourself for an empty set")
        if not self._names:
            self._open()  # a set without samples is a file without samples
        self._close()
        paths = [self._template.path(number) for number in range(len(self._names))]
        rename_all(self._names, paths, replace)
        remove_files(former.difference(paths))
        return paths

    def release(self) -> None:
        """Remove what is not in its place."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # it is to be removed, and what it holds back has no room on a full disk
                self._file.stream.close()
            self._file = None
        remove_files(self._names)
