"""Walk: which objects below a prefix are meant?

One listing of all keys, in their order, instead of one for each folder: what a glob, the filters and other runs say of
a folder is asked when the first key below it comes, and holds until the listing leaves it. No more than the folders on
the way to the present key are held, however many keys there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Source
from imgbatch.planning.globs import Glob, Positions
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
from imgbatch.storage.base import FolderEntry

_NOTHING: frozenset[str] = frozenset()


@frozen(slots=True)
class _Folder:
    """A folder on the way to the present key; without positions nothing in it is meant."""

    name: str
    positions: Positions
    outputs: frozenset[str]  # of other runs


class BucketWalk:
    """The candidates below one SRC.

    Parameters
    ----------
    root, path : str
        The folder as typed, and absolute.
    glob : Glob
        Of what lies below it.
    rules : FilterRules
    avoid : collection of str
        Folders (absolute) that are not entered.
    other_runs : OtherRuns or None
        Whose outputs are left out, but for what is `named` (absolute paths).
    """

    def __init__(
        self, root: str, path: str, glob: Glob, rules: FilterRules, avoid: Collection[str] = (),
        other_runs: OtherRuns | None = None, named: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._root, self._glob, self._rules, self._avoid = root, glob, rules, avoid
        self._other_runs, self._named, self._path = other_runs, named, path
        self._judge = SourceFilter(root, rules, None)
        self._folders_of_others: list[tuple[str, SkippedFile]] = []

    def candidates(self, listing: AbstractContextManager[Iterator[FolderEntry]]) -> Iterator[tuple[str, Candidate]]:
        """The path and the Candidate of each object that is meant, from a listing of all that is below."""
        outputs = _NOTHING if self._other_runs is None else self._other_runs.outputs_below(self._path, True)
        stack = [_Folder("", self._glob.start, outputs)]
        inside = self._path + "/"
        try:
            with listing as entries:
                for entry in entries:
                    relative = entry.path[len(inside) :]
                    *folders, name = relative.split("/")
                    self._descend(stack, folders, inside)
                    while self._folders_of_others:
                        yield self._folders_of_others.pop()
                    if len(stack) <= len(folders):
                        continue
                    candidate = self._candidate(entry, name, relative, stack)
                    if candidate is not None:
                        yield entry.path, candidate
        except OSError as error:
            problem = problem_of(error, "the folder cannot be listed: ")
            yield self._path, Source(self._path, self._root, ".", problem=problem)

    def _descend(self, stack: list[_Folder], folders: list[str], inside: str) -> None:
        """Make `stack` the way to a folder, as far as there is something meant in it."""
        common = 1
        while common < len(stack) and common <= len(folders) and stack[common].name == folders[common - 1]:
            common += 1
        del stack[common:]
        while len(stack) <= len(folders) and stack[-1].positions:
            stack.append(self._enter(stack[-1], folders[: len(stack)], inside, len(stack)))

    def _enter(self, above: _Folder, folders: list[str], inside: str, depth: int) -> _Folder:
        rules, name, relative = self._rules, folders[-1], "/".join(folders)
        deeper = rules.deepest is None or depth <= rules.deepest
        _, positions = self._glob.step(above.positions, name, False, deeper)
        path, outputs = inside + relative, above.outputs
        if not positions or rules.folder_out(relative) or path in self._avoid:
            return _Folder(name, (), outputs)
        if self._other_runs is not None and path not in self._named:
            if path in outputs or self._other_runs.owns(path):
                self._folders_of_others.append((path, SkippedFile(relative, self._root, OTHER_OUTPUTS)))
                return _Folder(name, (), outputs)
            outputs = outputs | self._other_runs.outputs_below(path, False)
        return _Folder(name, positions, outputs)

    def _candidate(self, entry: FolderEntry, name: str, relative: str, stack: list[_Folder]) -> Candidate | None:
        rules, folder = self._rules, stack[-1]
        if not folder.positions:
            return None
        deeper = rules.deepest is None or len(stack) <= rules.deepest
        is_match, _ = self._glob.step(folder.positions, name, False, deeper)
        if not is_match or not rules.let_in(relative) or rules.out(relative):
            return None
        if entry.path in folder.outputs:
            return SkippedFile(relative, self._root, OTHER_OUTPUT)
        return self._judge(entry, relative, False)
