"""Distinct files: which paths of a search lead to one file, or to one that is no longer as it was compared?

Of paths that lead to one file (hard and symbolic links, a folder that is reached in two ways) only one may be in a
group: to delete the others would free nothing, or take the only copy.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from imgbatch.core.job import Job, Source
from imgbatch.storage.registry import is_remote


class DistinctFiles:
    """What the disk says of files that are alike.

    Parameters
    ----------
    jobs : sequence of Job
        The files of the search, by their indices.

    Attributes
    ----------
    other_names : int
        How many paths led to a file that another path led to, too.
    differences : int
        How many files were no longer as they were found.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._names: dict[object, int] = {}  # of each file, the index of the path that stands for it
        self._known: set[int] = set()
        self.other_names = self.differences = 0

    def refuse(self, indices: Iterable[int]) -> list[int]:
        """Of the files of some groups those that must be in none; each is asked for once."""
        outsiders = []
        for index in sorted(set(indices).difference(self._known)):
            self._known.add(index)
            identity, is_link = _identity(self._jobs[index].source)
            if identity is None:
                self.differences += 1
                outsiders.append(index)
                continue
            first = self._names.setdefault(identity, index)
            if first == index:
                continue
            self.other_names += 1
            stays = first
            if not is_link and _identity(self._jobs[first].source)[1]:  # rather the file than a link to it
                stays = self._names[identity] = index
            outsiders.append(first if stays == index else index)
        return outsiders

    def warnings(self) -> list[str]:
        """What there is to say about them."""
        result = []
        if self.other_names:
            paths = "1 path leads" if self.other_names == 1 else f"{self.other_names} paths lead"
            result.append(f"{paths} to a file that has another path here (links), and no group names it twice")
        if self.differences:
            files = "1 file has" if self.differences == 1 else f"{self.differences} files have"
            result.append(f"{files} changed or gone since the search began, and no group names what is not as it was")
        return result


def _identity(source: Source) -> tuple[object, bool]:
    """What two paths of one file have in common, None where it is not as it was; and whether the path is a link."""
    if is_remote(source.path):
        return source.path, False
    try:
        info = os.stat(source.path)
        is_link = stat.S_ISLNK(os.lstat(source.path).st_mode)
    except OSError:
        return None, False
    if (info.st_size, info.st_mtime_ns) != (source.size, source.mtime_ns):
        return None, False
    return ((info.st_dev, info.st_ino) if info.st_ino else os.path.realpath(source.path)), is_link
