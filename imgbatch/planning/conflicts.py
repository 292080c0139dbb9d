"""Conflicts: what keeps a file from being written under its name?

Claims: two targets of one plan that some file system takes for one, a target that is a source, a file where another
target needs a folder. NameConflicts: what stands there already, and whether it is ours. All that is found of a sort is
one PlanError: the first, how many more, and how to go on.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence

from imgbatch.core.errors import PlanError, one_line
from imgbatch.core.job import Job, LedgerEntry, Source, Target
from imgbatch.core.run_settings import InTheWay
from imgbatch.planning.folders import TargetFolders, and_more, display_path, real_key
from imgbatch.planning.names import key, numbered_name, split_name
from imgbatch.storage.registry import storage_of

Claim = tuple[int, int]  # index of the job, number of the output


class Claims:
    """Which target claims which name.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs of the plan, filled while names are claimed.
    flat : bool
        Whether folders are not mirrored, for the advice.
    """

    def __init__(self, jobs: Sequence[Job], flat: bool) -> None:
        self._jobs, self._flat = jobs, flat
        self._by_key: dict[str, Claim] = {}
        self._doubles: list[tuple[Claim, Claim, str]] = []
        self._sources: set[str] = set()

    @functools.cached_property
    def source_paths(self) -> set[str]:
        """The paths of all sources; to be asked when all jobs are there."""
        return {job.source.path for job in self._jobs}

    def claim(self, name_key: str, claim: Claim, path: str) -> None:
        """Note that a target needs a name; :meth:`refuse_doubles` refuses a second one that does.

        Parameters
        ----------
        name_key : str
            The folder's key and the name's, which compare as file systems do.
        claim : (int, int)
            The job and the output.
        path : str
            As messages have it.
        """
        first = self._by_key.setdefault(name_key, claim)
        if first != claim:
            self._doubles.append((first, claim, path))

    def take(self, name_key: str, claim: Claim) -> bool:
        """Claim a name if it is free in the plan (or one's own), and no source's."""
        return name_key not in self._sources and self._by_key.setdefault(name_key, claim) == claim

    def refuse_doubles(self) -> None:
        """PlanError when two files would get one name."""
        if not self._doubles:
            return
        first, second, path = self._doubles[0]
        both = [self._source(first), self._source(second)]
        if first[0] == second[0]:
            raise PlanError(
                f"{label(both[0])}: outputs {first[1] + 1} and {second[1] + 1} of the recipe would both be "
                f"{display_path(path)}{and_more(len(self._doubles))}; give one another dir or name"
            )
        raise PlanError(
            f"{label(both[0])} and {label(both[1])} would both be {display_path(path)}{and_more(len(self._doubles))}; "
            + self._advice()
        )

    def refuse_sources(self, links: bool) -> None:
        """PlanError when a file would be written over a source; `links`: also over one that a linked source means."""
        folders: dict[str, str] = {}
        hits: list[tuple[Source, Claim]] = []
        for job in self._jobs:
            folder, _, name = job.source.path.rpartition(os.sep)
            if folder not in folders:
                folders[folder] = real_key(folder or os.sep)
            names = [folders[folder] + key(name)]
            if links and storage_of(job.source.path).is_link(job.source.path):
                names.append(key(storage_of(job.source.path).resolve(job.source.path)))
            self._sources.update(names)
            hits.extend((job.source, self._by_key[name_key]) for name_key in names if name_key in self._by_key)
        if hits:
            source, claim = hits[0]
            own = self._source(claim) is source
            what = "its own result" if own else f"what is made of {label(self._source(claim))}"
            raise PlanError(
                f"{label(source)} would be replaced by {what}{and_more(len(hits))}; sources are never overwritten: "
                "choose another folder with -o, or other names such as --name '{dir}/{stem}-new.{ext}'"
            )

    def refuse_folders(self, places: TargetFolders) -> None:
        """PlanError when a file would be written where another file needs a folder."""
        folders = places.ancestors()
        hits = [name for name in folders if name in self._by_key]
        if hits:
            raise PlanError(
                f"{label(self._source(self._by_key[hits[0]]))} would be {display_path(folders[hits[0]])}"
                f"{and_more(len(hits))}, which is also a folder for other files; choose other names, such as "
                "--name '{dir}/{name}.{ext}'"
            )

    def _source(self, claim: Claim) -> Source:
        return self._jobs[claim[0]].source

    def _advice(self) -> str:
        def distinct(name_of: Callable[[Source], str]) -> bool:
            pairs = ((self._source(first), self._source(second)) for first, second, _ in self._doubles)
            return all(key(name_of(one)) != key(name_of(other)) for one, other in pairs)

        if self._flat:
            if distinct(lambda source: os.path.basename(source.relative)):
                return "keep the source's suffix with --name '{name}.{ext}'"
            if distinct(lambda source: split_name(source.relative)[0]):
                return "leave out --flat, or number them with --name '{stem}-{n}.{ext}'"
            return "leave out --flat and use --name '{dir}/{name}.{ext}', or number them with --name '{stem}-{n}.{ext}'"
        if distinct(lambda source: source.relative):
            return "keep the source's suffix with --name '{dir}/{name}.{ext}'"
        return "number them with --name '{dir}/{stem}-{n}.{ext}', or give each folder its own -o"


class NameConflicts:
    """What stands in the output folder already, and what becomes of it.

    Parameters
    ----------
    places, claims
        The folders, and the names of the plan.
    owner_of : callable
        What the ledger knows of an existing file; None when it is foreign.
    policy : "refuse", "overwrite", "skip" or "rename"
        What happens when a file that is not ours to replace is in the way. It is ours when a former run made it of the
        same source, of a source that is gone, or of one that is in this plan too (and gets another name there), and
        nobody has changed it since.
    """

    def __init__(
        self, places: TargetFolders, claims: Claims, owner_of: Callable[[str], LedgerEntry | None], policy: InTheWay
    ) -> None:
        self._places, self._claims, self._owner_of, self._policy = places, claims, owner_of, policy
        self._refusals: list[str] = []
        self._folders: list[str] = []

    def resolve(self, job: Job, target: Target) -> tuple[str, str | None, bool] | None:
        """Path and other path to write to, and whether that replaces; None when the target is dropped.

        What has to be refused is collected for :meth:`refuse`.
        """
        paths = [target.path] if target.other is None else [target.path, target.other]
        there = []
        for path in paths:
            place, name = self._places.locate(path)
            kind = place.entry_kind(name)
            if kind == "folder":
                self._folders.append(path)
                return None
            if kind:
                there.append(path)
        foreign = [(path, why) for path in there if (why := self._foreign(path, job.source))]
        if not foreign or self._policy == "overwrite":
            return target.path, target.other, bool(there) and not any(map(self._doubtful, there))
        if self._policy == "rename":
            return self._free_name(job, target)
        if self._policy == "refuse":
            path, why = foreign[0]
            self._refusals.append(f"{display_path(path)} {why}")
        return None

    def refuse(self) -> None:
        """PlanError when something is in the way that must not be replaced."""
        if self._folders:
            raise PlanError(
                f"{display_path(self._folders[0])}: a folder stands where a file shall be written"
                f"{and_more(len(self._folders))}; move it away, or choose another folder with -o or other names "
                "with --name"
            )
        if self._refusals:
            raise PlanError(
                f"{self._refusals[0]}{and_more(len(self._refusals))}; add --skip-existing, --rename or --overwrite, or "
                "choose another folder with -o"
            )

    def _doubtful(self, path: str) -> bool:
        owner = None if self._policy == "overwrite" else self._owner_of(path)
        return owner is not None and owner.doubtful

    def _foreign(self, path: str, source: Source) -> str | None:
        """Why the file at `path` is not ours to replace with what is made of `source`; None when it is."""
        owner = self._owner_of(path)
        if owner is None:
            return "is in the way and was not written by imgbatch"
        if owner.is_edited:
            return "was changed since imgbatch wrote it"
        if source.path in (owner.source, owner.former_source) or owner.source in self._claims.source_paths:
            return None
        return f"is in the way and was made from {display_path(owner.source)}" if _is_there(owner.source) else None

    def _free_name(self, job: Job, target: Target) -> tuple[str, str | None, bool]:
        number = 0
        while True:
            number += 1
            path = _number(target.path, number)
            other = None if target.other is None else _number(target.other, number)
            paths = [path] if other is None else [path, other]
            verdicts = [self._free(one, job, target.output) for one in paths]
            if None not in verdicts and all(self._take(one, (job.index, target.output)) for one in paths):
                return path, other, True in verdicts

    def _take(self, path: str, claim: Claim) -> bool:
        place, name = self._places.locate(path)
        return self._claims.take(place.key + key(name), claim)

    def _free(self, path: str, job: Job, output: int) -> bool | None:
        """Whether a name is free: False nothing is there, True what an earlier run wrote for this; None it is not."""
        place, name = self._places.locate(path)
        kind = place.entry_kind(name)
        if not kind:
            return False
        owner = self._owner_of(path) if kind == "file" else None
        if owner is None or owner.is_edited or owner.doubtful or owner.output != output:
            return None
        return True if job.source.path in (owner.source, owner.former_source) else None


def _is_there(path: str) -> bool:
    return storage_of(path).exists(path)


def _number(path: str, number: int) -> str:
    folder, _, name = path.rpartition(os.sep)
    return f"{folder}{os.sep}{numbered_name(name, number)}"


def label(source: Source) -> str:
    """A source for messages: its path as the user typed it."""
    return one_line(source.relative if source.root == "." else os.path.join(source.root, source.relative), 120)
