"""Find: which files are meant by what the user typed?

Folders, globs and files become Sources, in the order in which they were typed, each folder's sorted by the parts of
the relative path (as bytes), lazily, one folder at a time. What cannot be looked at (an unreadable folder, a broken
link, a pipe called ``x.jpg``) is a Source with a problem, never silence; what is no image or was made by another run is
a SkippedFile. Hidden names, linked folders and what include, exclude and depth leave out are not counted at all.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import operator
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence

from imgbatch.core.errors import PlanError, nearest, one_line
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Failure, Source
from imgbatch.core.run_settings import Filters
from imgbatch.planning.globs import Glob, Positions, has_magic, split_glob
from imgbatch.planning.source_filter import (
    OTHER_OUTPUT,
    OTHER_OUTPUTS,
    Candidate,
    FilterRules,
    OtherRuns,
    SkippedFile,
    SourceFilter,
    problem_of,
)
from imgbatch.storage.atomic_write import mtime
from imgbatch.storage.base import FolderEntry
from imgbatch.storage.below import Identity, identity_of
from imgbatch.storage.local import IRREGULAR
from imgbatch.storage.registry import absolute, ask_together, is_remote, storage_of, without_secrets

__all__ = ["Candidate", "SkippedFile", "discover"]

Path = str | os.PathLike[str]

_NAME = operator.attrgetter("name")  # in ASCII these come in the order of their bytes
_HINT_NAMES = 2_000  # how many names of a folder are looked at for "did you mean"


def discover(
    paths: Sequence[Path] | Path,
    filters: Filters | None = None,
    *,
    avoid: Sequence[str] = (),
    now: float | None = None,
    other_runs: OtherRuns | None = None,
) -> Iterator[Candidate]:
    """What `paths` stand for, as a stream; a file that several of them mean comes once.

    Parameters
    ----------
    paths : sequence of str or path
        Files (always candidates), folders, and globs (an existing path of that name wins).
    filters : Filters
        Apply to what is found in folders and globs, not to files that are named. Depth limits folders and ``**``.
    avoid : sequence of str
        Folders that are not entered on the way, however they are reached; one that is typed as a SRC is.
    now : float, optional
        Seconds since the epoch, for ages; the time of the call when not given.
    other_runs : OtherRuns, optional
        Whose outputs are left out, unless their folder is typed as a SRC.

    Raises
    ------
    PlanError
        At the call: a path does not exist, or a glob matches nothing.
    """
    arguments = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    rules = FilterRules(filters or Filters(), time.time() if now is None else now)
    words = [os.fsdecode(path) for path in arguments]
    starts = ask_together(_start, words) if any(map(is_remote, words)) else [_start(word) for word in words]
    identities = {identity for identity in map(_identity, avoid) if identity is not None}
    return _once(starts, rules, identities | {path for path in avoid if is_remote(path)}, other_runs)


def root_of(argument: str) -> str:
    """The folder (absolute) that everything lies below which a SRC stands for; need not exist."""
    if storage_of(argument).is_folder(argument):
        return _absolute(argument)
    if has_magic(argument) and not storage_of(argument).exists(argument):
        return _absolute(split_glob(_slashes(argument))[0])
    return os.path.dirname(_absolute(argument))


# -- what was typed ----------------------------------------------------------------------------------------------------


@frozen(slots=True)
class _Tree:
    """A folder, or a glob below its fixed part."""

    root: str
    path: str
    glob: Glob


def _start(argument: str) -> Source | _Tree:
    label = one_line(argument, 120)
    try:
        if not argument:
            raise ValueError(argument)
        info = storage_of(argument).stat(argument)
    except ValueError:
        raise PlanError(f"expected the path of a file or folder, got {argument!r}") from None
    except OSError as error:
        if is_remote(argument):
            if storage_of(argument).properties.listing and error.errno == errno.ENOENT:
                if has_magic(argument):
                    return _glob_tree(argument)
                if argument.endswith("/"):  # a folder without objects is none to a store, but may be one to its user
                    return _Tree(argument.rstrip("/"), _absolute(argument), Glob(["**"]))
            raise PlanError(f"{one_line(without_secrets(argument), 120)}: {error.strerror}") from None
        if storage_of(argument).exists(argument) or isinstance(error, PermissionError):
            return _typed_source(argument, 0, 0, problem_of(error))
        if has_magic(argument):
            return _glob_tree(argument)
        raise PlanError(f"{label}: no such file or folder{_hint(argument)}") from None
    if stat.S_ISDIR(info.st_mode):
        root = argument.rstrip("/" + os.sep) or "/"
        return _Tree(root, _absolute(argument), Glob(["**"]))
    odd = None if stat.S_ISREG(info.st_mode) else Failure("unsupported", "read", IRREGULAR)
    return _typed_source(argument, info.st_size, mtime(info), odd)


def _typed_source(argument: str, size: int, mtime_ns: int, problem: Failure | None) -> Source:
    path = _absolute(argument)
    folder, name = storage_of(path).split(argument)
    place = None if storage_of(path).is_link(path) else _identity(os.path.dirname(path))
    root = _slashes(folder) or "."
    return Source(path, root, name, size, mtime_ns, named=True, problem=problem, place=place)


def _glob_tree(argument: str) -> _Tree:
    root, parts = split_glob(_slashes(argument))
    label = one_line(argument, 120)
    if not storage_of(root).is_folder(root):
        raise PlanError(f"{label}: no such folder: {one_line(root, 120)}{_hint(root)}")
    tree = _Tree(root, _absolute(root), Glob(parts))
    if next(_walk(tree, FilterRules(Filters(), 0.0)), None) is None:
        raise PlanError(
            f"{label}: no file matches; a folder that matches is not entered: add /** for all that is in it, and .* "
            "where names are hidden"
        )
    return tree


def _absolute(argument: str) -> str:
    """Absolute, without ``.`` and ``//``; links stay, but for those that a ``..`` climbs out of."""
    if is_remote(argument):
        return absolute(argument)
    if ".." in _slashes(argument).split("/"):
        folder, name = os.path.split(argument)
        if name not in ("", ".."):
            return os.path.join(storage_of(folder).resolve(folder), name)
        return storage_of(argument).resolve(argument)
    return os.path.abspath(argument)


def _identity(path: str) -> Identity | None:
    return None if is_remote(path) else identity_of(path)


def _slashes(path: str) -> str:
    return path if os.sep == "/" else path.replace(os.sep, "/")


def _hint(argument: str) -> str:
    if is_remote(argument):
        return ""
    folder, name = os.path.split(argument.rstrip("/"))
    if folder and folder != argument and not storage_of(folder).is_folder(folder):
        return _hint(folder)
    with contextlib.suppress(OSError), storage_of(folder).list(folder or ".") as entries:
        names = [entry.name for entry in itertools.islice(entries, _HINT_NAMES)]
        near = nearest(name, names)
        if near:
            return f"; did you mean {one_line(os.path.join(folder, near), 120)}?"
    return ""


# -- the walk ----------------------------------------------------------------------------------------------------------


def _once(
    starts: list[Source | _Tree], rules: FilterRules, avoid: set[Identity | str], other_runs: OtherRuns | None
) -> Iterator[Candidate]:
    paths: set[str] | None = set() if len(starts) > 1 else None
    named = {start.path for start in starts}
    for start in starts:
        candidates = (
            [(start.path, start)] if isinstance(start, Source) else _walk(start, rules, avoid, other_runs, named)
        )
        for path, candidate in candidates:
            if paths is not None:
                if path in paths:
                    continue
                paths.add(path)
            yield candidate


def _walk(
    tree: _Tree,
    rules: FilterRules,
    avoid: Collection[Identity | str] = (),
    other_runs: OtherRuns | None = None,
    named: Collection[str] = (),
) -> Iterator[tuple[str, Candidate]]:
    """The absolute path and the Candidate of each file that matches, in order.

    Parameters
    ----------
    tree : _Tree
    rules : FilterRules
    avoid : collection of Identity, or of str
        Folders that are not entered; the latter are URLs.
    other_runs : OtherRuns or None
        Whose outputs are left out, but for what is `named` (absolute paths).
    """
    glob, store = tree.glob, storage_of(tree.path)
    listing = store.walk(tree.path) if rules.deepest is None else None
    if listing is not None:
        from imgbatch.planning.buckets.walk import BucketWalk  # few sources are remote

        paths = {path for path in avoid if isinstance(path, str)}
        yield from BucketWalk(tree.root, tree.path, glob, rules, paths, other_runs, named).candidates(listing)
        return
    outputs = frozenset() if other_runs is None else other_runs.outputs_below(tree.path, True)
    judge = SourceFilter(tree.root, rules, _identity(tree.path))
    children, problem = _list(tree, tree.path, "")
    if problem is not None:
        yield tree.path, problem
    # a stack, not recursion: folders may lie deeper than Python's calls
    stack: list[tuple[Iterator[FolderEntry], str, Positions, bool, frozenset[str]]] = []
    stack.append((children, "", glob.start, False, outputs))
    while stack:
        entries, prefix, positions, is_linked, outputs = stack[-1]
        deeper = rules.deepest is None or len(stack) <= rules.deepest
        for entry in entries:
            is_link = entry.is_symlink()
            is_match, next_positions = glob.step(positions, entry.name, is_link, deeper)
            if not is_match and not next_positions:
                continue
            relative = prefix + entry.name
            if _is_folder(entry, is_link):
                is_avoided = bool(avoid) and (_identity(entry.path) or entry.path) in avoid
                if next_positions and not rules.folder_out(relative) and not is_avoided:
                    if other_runs is not None and entry.path not in named:
                        if entry.path in outputs or other_runs.owns(entry.path):
                            yield entry.path, SkippedFile(relative, tree.root, OTHER_OUTPUTS)
                            continue
                        outputs = outputs | other_runs.outputs_below(entry.path, False)  # of this folder only
                    children, problem = _list(tree, entry.path, relative)
                    if problem is not None:
                        yield entry.path, problem
                    stack.append((children, relative + "/", next_positions, is_linked or is_link, outputs))
                    break
            elif is_match and rules.let_in(relative) and not rules.out(relative):
                if entry.path in outputs:
                    yield entry.path, SkippedFile(relative, tree.root, OTHER_OUTPUT)
                else:
                    yield entry.path, judge(entry, relative, is_linked or is_link)
        else:
            stack.pop()


def _list(tree: _Tree, path: str, relative: str) -> tuple[Iterator[FolderEntry], Source | None]:
    """A folder's entries, sorted by their bytes; what went wrong is a Source of its own."""
    entries: list[FolderEntry] = []
    problem = None
    try:
        with storage_of(path).list(path) as listing:
            for entry in listing:
                entries.append(entry)
    except OSError as error:
        problem = Source(path, tree.root, relative or ".", problem=problem_of(error, "the folder cannot be listed: "))
    entries.sort(key=_NAME if "".join(map(_NAME, entries)).isascii() else _name_as_bytes)
    return iter(entries), problem


def _name_as_bytes(entry: FolderEntry) -> bytes:
    return os.fsencode(entry.name)


def _is_folder(entry: FolderEntry, is_link: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=is_link)
    except OSError:
        return False  # a look at the file says what is wrong
