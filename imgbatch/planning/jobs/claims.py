"""Claims: which names do the jobs of a plan need, and does one of them need another's, or a source's?

Two targets of one plan that some file system takes for one, a target that is a source, a file where another target
needs a folder. Names are known by their hashes; where two are alike, the jobs themselves are looked at. All that is
found of a sort is one PlanError: the first, how many more, and how to go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from imgbatch.core.errors import PlanError, one_line
from imgbatch.core.job import Job, Source, Target
from imgbatch.core.records.hash_index import HashIndex, mark
from imgbatch.planning.folders import TargetFolders, and_more, display_path, real_key
from imgbatch.planning.names import key, split_name
from imgbatch.storage.registry import storage_of

Claim = tuple[int, int]  # index of the job, number of the output


class ClaimedName(NamedTuple):
    """A name that a target needs: the folder's key and the name's, which compare as file systems do."""

    key: str
    claim: Claim
    path: str  # as messages have it


class Claims:
    """Which target claims which name.

    Parameters
    ----------
    jobs : sequence of Job
        The jobs of the plan, by their index: filled while names are claimed.
    places : TargetFolders
    flat : bool
        Whether folders are not mirrored, for the advice.

    Attributes
    ----------
    is_complete : bool
        Whether all jobs have claimed their names.
    """

    def __init__(self, jobs: Sequence[Job], places: TargetFolders, flat: bool) -> None:
        self._jobs, self._places, self._flat = jobs, places, flat
        self._names, self._source_names = HashIndex(), HashIndex()
        self._extra_names: dict[str, Claim] = {}  # of --rename, which the jobs did not have when they claimed theirs
        self._folder_keys: dict[str, str] = {}
        self.is_complete = False

    def claim(self, job: Job) -> bool:
        """Note the names that a job needs, and its source's; whether its folders hold something already."""
        index, near = job.index, False
        for target in job.targets:
            for path in _paths_of(target):
                place, name = self._places.locate(path)
                self._names.add(place.key + key(name), index)
                near = near or place.names is None or bool(place.names)
        for source_name in self._names_of_source(job.source):
            self._source_names.add(source_name, index)
        return near

    def take(self, name_key: str, claim: Claim) -> bool:
        """Claim a name if it is free in the plan (or one's own), and no source's."""
        if any(name_key in self._names_of_source(job.source) for job in self._jobs_of(self._source_names, name_key)):
            return False
        is_free = self._claim_of(name_key) in (None, claim)
        if is_free:
            self._extra_names[name_key] = claim
        return is_free

    def conflict(self, job: Job) -> str:
        """Why a job cannot have the names that it needs, beside those that were claimed before; "" where it can.

        For jobs that come one after the other: the first that needs a name has it.
        """
        own_names: set[str] = set(self._names_of_source(job.source))
        for name in self._names_of(job):
            claim = self._claim_of(name.key)
            if claim is not None:
                return f"{label(self._source(claim))} would be {display_path(name.path)}, too, and came first"
            if name.key in own_names:
                return f"{display_path(name.path)} would be its source, or another of its outputs"
            own_names.add(name.key)
            for other in self._jobs_of(self._source_names, name.key):
                if name.key in self._names_of_source(other.source):
                    return f"{display_path(name.path)} would replace the source {label(other.source)}"
        return ""

    def is_target(self, path: str) -> bool:
        """Whether an absolute path is that of a target, in this very spelling."""
        name_key = self._folder_key(path.rpartition(os.sep)[0]) + key(path.rpartition(os.sep)[2])
        jobs = self._jobs_of(self._names, name_key)
        return any(path in _paths_of(target) for job in jobs for target in job.targets)

    def is_source(self, path: str) -> bool:
        """Whether an absolute path is that of a source; to be asked when all jobs are there."""
        name_key = self._folder_key(path.rpartition(os.sep)[0]) + key(path.rpartition(os.sep)[2])
        return any(job.source.path == path for job in self._jobs_of(self._source_names, name_key))

    def refuse_doubles(self) -> None:
        """PlanError when two files would get one name."""
        doubles: list[tuple[int, Claim, ClaimedName]] = []
        for hash_mark, numbers in self._names.repeats():
            first_claims: dict[str, Claim] = {}
            for place, name in self._names_with(hash_mark, numbers):
                first = first_claims.setdefault(name.key, name.claim)
                if first != name.claim:
                    doubles.append((place, first, name))
        if not doubles:
            return
        doubles.sort(key=lambda double: (double[2].claim[0], double[0]))
        _, first, (_, second, path) = doubles[0]
        both = [self._source(first), self._source(second)]
        if first[0] == second[0]:
            raise PlanError(
                f"{label(both[0])}: outputs {first[1] + 1} and {second[1] + 1} of the recipe would both be "
                f"{display_path(path)}{and_more(len(doubles))}; give one another dir or name"
            )
        raise PlanError(
            f"{label(both[0])} and {label(both[1])} would both be {display_path(path)}{and_more(len(doubles))}; "
            + self._advice([(first, name.claim) for _, first, name in doubles])
        )

    def refuse_sources(self) -> None:
        """PlanError when a file would be written over a source, or over one that a linked source means."""
        hits: list[tuple[int, int, Claim]] = []
        for hash_mark, source_numbers, numbers in self._source_names.common(self._names):
            first_claims: dict[str, Claim] = {}
            for _, name in self._names_with(hash_mark, numbers):
                first_claims.setdefault(name.key, name.claim)
            for number in source_numbers:
                for place, name_key in enumerate(self._names_of_source(self._jobs[number].source)):
                    if name_key in first_claims:
                        hits.append((number, place, first_claims[name_key]))
        if hits:
            number, _, claim = min(hits)
            own = claim[0] == number
            what = "its own result" if own else f"what is made of {label(self._source(claim))}"
            raise PlanError(
                f"{label(self._jobs[number].source)} would be replaced by {what}{and_more(len(hits))}; sources are "
                "never overwritten: choose another folder with -o, or other names such as --name "
                "'{dir}/{stem}-new.{ext}'"
            )

    def refuse_folders(self) -> None:
        """PlanError when a file would be written where another file needs a folder."""
        folders = self._places.ancestors()
        claims = {name: claim for name in folders if (claim := self._claim_of(name)) is not None}
        if claims:
            name, claim = next(iter(claims.items()))
            raise PlanError(
                f"{label(self._source(claim))} would be {display_path(folders[name])}"
                f"{and_more(len(claims))}, which is also a folder for other files; choose other names, such as "
                "--name '{dir}/{name}.{ext}'"
            )

    # -- names ---------------------------------------------------------------------------------------------------------

    def _names_of(self, job: Job) -> list[ClaimedName]:
        """The names that a job needs, but for those that only its pixels tell."""
        names = []
        for target in job.targets:
            for path in _paths_of(target):
                place, name = self._places.locate(path)
                names.append(ClaimedName(place.key + key(name), (job.index, target.output), path))
        return names

    def _names_with(self, hash_mark: int, numbers: Iterable[int]) -> Iterator[tuple[int, ClaimedName]]:
        """The names with that mark that jobs need, in their order, each with its place among its job's."""
        for number in numbers:
            for place, name in enumerate(self._names_of(self._jobs[number])):
                if mark(name.key) == hash_mark:
                    yield place, name

    def _names_of_source(self, source: Source) -> list[str]:
        """The key of a source's name, and that of the file that it points to where it may be a link."""
        folder, _, name = source.path.rpartition(os.sep)
        names = [self._folder_key(folder) + key(name)]
        if source.place is None and storage_of(source.path).is_link(source.path):
            names.append(key(storage_of(source.path).resolve(source.path)))
        return names

    def _folder_key(self, folder: str) -> str:
        folder_key = self._folder_keys.get(folder)
        if folder_key is None:
            folder_key = self._folder_keys[folder] = real_key(folder or os.sep)
        return folder_key

    def _claim_of(self, name_key: str) -> Claim | None:
        """Who claims a name."""
        claim = self._extra_names.get(name_key)
        if claim is not None:
            return claim
        names = (name for job in self._jobs_of(self._names, name_key) for name in self._names_of(job))
        return next((name.claim for name in names if name.key == name_key), None)

    def _jobs_of(self, index: HashIndex, name_key: str) -> Iterator[Job]:
        return (self._jobs[number] for number in index.numbers(name_key))

    def _source(self, claim: Claim) -> Source:
        return self._jobs[claim[0]].source

    def _advice(self, doubles: Sequence[tuple[Claim, Claim]]) -> str:
        def distinct(name_of: Callable[[Source], str]) -> bool:
            pairs = ((self._source(first), self._source(second)) for first, second in doubles)
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


def _paths_of(target: Target) -> tuple[str, ...]:
    """The paths that a target may have; none where only the pixels tell."""
    if target.late:
        return ()
    return (target.path,) if target.other is None else (target.path, target.other)


def label(source: Source) -> str:
    """A source for messages: its path as the user typed it."""
    return one_line(source.relative if source.root == "." else os.path.join(source.root, source.relative), 120)
