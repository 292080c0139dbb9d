"""Source filter: is a file that was found an image, and does it count?

By its suffix where that is enough, else by its first bytes; then by size and age. What cannot be looked at is a Source
with a problem when its suffix is an image's, or when there is something that may be one.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Protocol

from imgbatch.codecs.reading.identify import NOT_RASTER, PREFIX, RAW_SUFFIXES, is_image, is_raw
from imgbatch.core.errors import one_line
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Source
from imgbatch.core.run_settings import Filters
from imgbatch.planning.globs import exclude_filter, include_filter
from imgbatch.planning.names import split_name
from imgbatch.storage.atomic_write import mtime
from imgbatch.storage.base import FolderEntry
from imgbatch.storage.below import Identity
from imgbatch.storage.local import IRREGULAR
from imgbatch.storage.registry import storage_of

#: Why what another run made is left out.
OTHER_OUTPUTS = "outputs of another run, which are no sources unless their folder is named"
OTHER_OUTPUT = "an output of another run, which is no source unless it is named"
_RAW = "camera raw is not read; develop it to TIFF or JPEG first"
_NOT_RASTER = "a drawing, a document or data, not an image of pixels"


@frozen(slots=True)
class SkippedFile:
    """A file that was seen and left, or a folder with all in it; `relative` to `root`, as a Source's."""

    relative: str
    root: str
    reason: str


Candidate = Source | SkippedFile


class OtherRuns(Protocol):
    """What other runs made; asked while folders are walked."""

    def owns(self, folder: str) -> bool:
        """Whether a folder (absolute) holds outputs of another run and none of its sources."""

    def outputs_below(self, folder: str, is_named: bool) -> frozenset[str]:
        """The folders and files (absolute) below a folder that another run made, though originals are there, too.

        Of a folder that is named, folders only: what lies beside its originals was named with them.
        """


class FilterRules:
    """The filters, compiled for many files."""

    def __init__(self, filters: Filters, now: float) -> None:
        self.deepest = filters.max_depth if filters.recursive else 0
        self.let_in = include_filter(filters.include)
        self.out, self.folder_out = exclude_filter(filters.exclude)
        self._filters, self._now = filters, now

    def reason(self, info: os.stat_result) -> str | None:
        """Why a file of that size and age does not count; None when it does."""
        filters = self._filters
        if filters.min_size is not None and info.st_size < filters.min_size:
            return f"smaller than {filters.min_size} bytes"
        if filters.max_size is not None and info.st_size > filters.max_size:
            return f"larger than {filters.max_size} bytes"
        age = self._now - info.st_mtime
        if filters.newer_than is not None and age > filters.newer_than:
            return f"not modified in the last {filters.newer_than:g} s"
        if abs(age) < filters.settle:  # a writer's clock may be ahead of ours; a date far ahead is just wrong
            return f"modified {max(age, 0):.0f} s ago"
        return None


class SourceFilter:
    """Tells a Source from a SkippedFile: by suffix where that is enough, else by the first bytes."""

    def __init__(self, root: str, rules: FilterRules, place: Identity | None) -> None:
        self._root, self._rules, self._place, self._store = root, rules, place, storage_of(root)
        self._verdicts: dict[str, str | None] = {}

    def __call__(self, entry: FolderEntry, relative: str, is_linked: bool) -> Candidate:
        """What an entry is.

        Parameters
        ----------
        entry : FolderEntry
        relative : str
            To the root.
        is_linked : bool
            Whether it is a link, or one is on the way from the root.
        """
        suffix = split_name(entry.name)[1].lower()
        if suffix not in self._verdicts:
            self._verdicts[suffix] = _verdict(suffix)
        verdict = self._verdicts[suffix]
        try:
            info = entry.stat()
            if stat.S_ISREG(info.st_mode):
                reason = self._rules.reason(info)
                if reason is None and verdict != "":
                    reason = self._by_content(entry.path, suffix, verdict)
                if reason:
                    return SkippedFile(relative, self._root, reason)
                place = None if is_linked else self._place
                return Source(entry.path, self._root, relative, info.st_size, mtime(info), place=place)
            problem, doubtful = Failure("unsupported", "read", IRREGULAR), False
        except OSError as error:
            problem, doubtful = problem_of(error), not isinstance(error, FileNotFoundError)
        if verdict == "" or (verdict is None and doubtful):
            return Source(entry.path, self._root, relative, problem=problem)
        return SkippedFile(relative, self._root, verdict or problem.message)

    def _by_content(self, path: str, suffix: str, verdict: str | None) -> str:
        """What the first bytes say: "" that it is an image, or a reason why not, that of the suffix first."""
        prefix = self._store.read_prefix(path, PREFIX)
        if is_image(prefix, suffix):
            return ""
        return verdict or (_RAW if is_raw(prefix, suffix) else "not an image")


def looks_like_source(path: str) -> bool:
    """Whether there is a file that a walk may take for an image, by its suffix or its first bytes."""
    if not os.path.lexists(path):
        return False
    suffix = split_name(os.path.basename(path))[1].lower()
    try:
        return _verdict(suffix) == "" or is_image(storage_of(path).read_prefix(path, PREFIX), suffix)
    except OSError:  # it cannot be looked at
        return True


def _verdict(suffix: str) -> str | None:
    """What a suffix says: "" that it is an image, a reason why not, or None; unless "", the content is looked at."""
    if suffix in RAW_SUFFIXES:
        return _RAW
    if suffix in NOT_RASTER:
        return _NOT_RASTER
    return "" if is_image(b"", suffix) else None


def problem_of(error: OSError, before: str = "") -> Failure:
    """What the system said, as a Source's problem."""
    message = error.strerror or type(error).__name__
    name = error.filename
    if isinstance(error, PermissionError):
        return Failure("permission", "read", before + message)
    if isinstance(name, str) and storage_of(name).is_link(name):
        with contextlib.suppress(OSError):
            message = f"a broken link to {one_line(os.readlink(name), 120)}"
    return Failure("io", "read", before + message)
