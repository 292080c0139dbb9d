"""Folders: what stands where files shall be written?

Each folder is looked at once, however many files go there, and is only read. A TargetFolder knows its names and its
*key*: the real path (links resolved) in the one spelling that names are compared in. The names of the latest folders
are at hand, those of the others are packed, since millions of files may be there.
"""

from __future__ import annotations

import marshal
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from imgbatch.core.errors import PlanError, one_line
from imgbatch.core.job import Target
from imgbatch.planning.names import NAME_BYTES, fill_example, is_late, key, too_long
from imgbatch.storage.below import Root
from imgbatch.storage.registry import absolute, storage_of

EntryKind = Literal["", "file", "folder"]
_NAMES_AT_HAND = 20_000  # a few MB


@dataclass(slots=True, repr=False, eq=False)
class TargetFolder:
    """One folder that files go to, or come from.

    Attributes
    ----------
    path : str
        Absolute.
    key : str
        What its files' keys begin with, separator included.
    names : dict of str to bool, or None
        What is there, and whether it is a folder; None where the folder may not be listed. Empty while packed.
    record : bytes
        The names while they are packed; empty while they are not.
    """

    path: str
    key: str
    names: dict[str, bool] | None = field(default_factory=dict)
    record: bytes = b""
    _keys: set[str] | None = None  # of the names, once one is not there in its own spelling

    def pack(self) -> None:
        """Hold the names in fewer bytes until they are asked for."""
        self.record, self.names, self._keys = marshal.dumps(self.names), {}, None

    def unpack(self) -> None:
        """Have the names at hand."""
        self.record, self.names = b"", marshal.loads(self.record)

    def entry_kind(self, name: str) -> EntryKind:
        """What is there under that name: nothing (""), a file (or anything that is no folder) or a folder."""
        if self.record:
            self.unpack()
        if self.names is not None:
            if not self.names:
                return ""
            folder = self.names.get(name)
            if folder is not None:
                return "folder" if folder else "file"
            if self._keys is None:
                self._keys = set(map(key, self.names))
            if key(name) not in self._keys:
                return ""
        path = os.path.join(self.path, name)  # perhaps in another spelling: does this file system tell them apart?
        store = storage_of(path)
        if not store.exists(path):
            return ""
        return "folder" if store.is_folder(path) else "file"


class TargetFolders:
    """The folders below one output folder, each looked at when it is first needed.

    Raises
    ------
    PlanError
        Where a file stands in the way of a folder, or a link leads out of the output folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = absolute(folder)
        self.inside = self.folder.rstrip(os.sep) + os.sep
        self._key = real_key(self.folder)
        self._places: dict[str, TargetFolder] = {}
        self._at_hand: deque[TargetFolder] = deque()  # those with names that are not packed
        self._name_count = 0  # of those
        store = storage_of(self.folder)
        if store.properties.folders and store.exists(self.folder) and not store.is_folder(self.folder):
            raise PlanError(f"{display_path(self.folder)}: not a folder; choose another one with -o")

    def __getitem__(self, path: str) -> TargetFolder:
        """The place of that absolute path, inside the output folder or the folder itself."""
        place = self._places.get(path)
        if place is None:
            place = self._places[path] = self._look(path)
            self._pack_others(place)
        elif place.record:
            place.unpack()
            self._pack_others(place)
        return place

    def locate(self, path: str) -> tuple[TargetFolder, str]:
        """Where an absolute path is: its folder's place, and its name there."""
        folder, _, name = path.rpartition(os.sep)
        return self[folder or os.sep], name

    def paths(self) -> list[str]:
        """All folders that were looked up, sorted."""
        return sorted(self._places)

    def ancestors(self) -> dict[str, str]:
        """The keys (without a separator at the end) of all folders that will be there, and their paths."""
        paths: dict[str, str] = {}
        for path, place in self._places.items():
            folder_key = place.key.rstrip(os.sep)
            while folder_key not in paths and path.startswith(self.inside):
                paths[folder_key] = path
                path, folder_key = os.path.dirname(path), folder_key.rpartition(os.sep)[0]
        return paths

    def _pack_others(self, place: TargetFolder) -> None:
        """Have a place's names at hand, and no more others than there is room for."""
        if not place.names:
            return
        self._at_hand.append(place)
        self._name_count += len(place.names)
        while self._name_count > _NAMES_AT_HAND and len(self._at_hand) > 1:
            other = self._at_hand.popleft()
            self._name_count -= len(other.names or ())
            other.pack()

    def _look(self, path: str) -> TargetFolder:
        names: dict[str, bool] | None = {}
        try:
            with storage_of(path).list(path) as entries:
                names = {entry.name: entry.is_dir() for entry in entries}
        except FileNotFoundError:
            pass
        except NotADirectoryError:
            raise PlanError(
                f"{display_path(self._file_above(path))}: a file stands where a folder is needed; move it away, or "
                "choose another folder with -o"
            ) from None
        except OSError:
            names = None
        place_key = real_key(path)
        if not place_key.startswith(self._key):
            raise PlanError(
                f"{display_path(path)} leads out of {display_path(self.folder)}, by a link on the way; remove it, or "
                "make what belongs there with an -o of its own"
            )
        return TargetFolder(path, place_key, names)

    @staticmethod
    def _file_above(path: str) -> str:
        while not storage_of(path).exists(path):
            path = os.path.dirname(path)
        return path


def late_folders(template: str) -> list[str]:
    """The existing folders that a folder template with late fields may stand for.

    From its first late part on any name will do: this is for looking into them, and what is not ours is left alone.
    """
    parts = template.split(os.sep)
    late = next((place for place, part in enumerate(parts) if is_late(part)), len(parts))
    folders = [fill_example(os.sep.join(parts[:late]))]
    for _ in parts[late:]:
        folders = [path for folder in folders for path in _folders_in(folder)]
    return folders


def folders_of(target: Target) -> list[str]:
    """The folder that a target's file is written in; with :func:`late_folders`, where the pixels give its name."""
    folder = os.path.dirname(target.path)
    return late_folders(folder) if target.late else [folder]


def sweep_folders(targets: Iterable[Target], pid: int | None, root: Root | None) -> None:
    """Remove the temporary files of a process, or of all that are dead, from the folders of some targets.

    Parameters
    ----------
    targets : iterable of Target
    pid : int or None
        Of the process; None: of all processes of this machine that are dead.
    root : Root or None
        What each folder must be or lie below.
    """
    from imgbatch.storage.temporary import sweep

    for folder in {folder for target in targets for folder in folders_of(target)}:
        sweep(folder, pid, root)


def _folders_in(folder: str) -> list[str]:
    try:
        with storage_of(folder).list(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def real_key(folder: str) -> str:
    """What the keys of a folder's files begin with."""
    return key(storage_of(folder).resolve(folder).rstrip(os.sep) + os.sep)


def unusable(path: str, inside: str) -> bool:
    """Whether a part of `path` below `inside` is longer than any file system takes."""
    return (len(path) - len(inside)) * 4 > NAME_BYTES and any(map(too_long, path.removeprefix(inside).split(os.sep)))


def too_long_sentence(path: str) -> str:
    """What is said of a path that is :func:`unusable`."""
    return f"the name {display_path(path)} is longer than the {NAME_BYTES} bytes of a name; shorten it with --name"


def and_more(count: int) -> str:
    """`` (and N more)`` for a message that names the first of `count` things; empty for one."""
    return f" (and {count - 1} more)" if count > 1 else ""


def display_path(path: str) -> str:
    """A path for messages: relative to the current folder when it lies below it, in one line."""
    try:
        here = os.getcwd().rstrip(os.sep) + os.sep
    except OSError:  # the folder one is in was removed
        here = ""
    return one_line(path.removeprefix(here), 120)
