"""Conflicts: what stands already where a job would write, and is it ours to replace?

All that is found of a sort is one PlanError: the first, how many more, and how to go on.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from imgbatch.core.errors import PlanError
from imgbatch.core.job import Failure, Job, LedgerEntry, Source, Target
from imgbatch.core.run_settings import InTheWay
from imgbatch.planning.folders import TargetFolders, and_more, display_path, too_long_sentence, unusable
from imgbatch.planning.jobs.claims import Claim, Claims
from imgbatch.planning.names import key, numbered_name
from imgbatch.storage.registry import storage_of


class NamesMissingError(Exception):
    """What becomes of a job depends on names that others have yet to claim."""


class _Findings:
    """Things of one sort that refuse the plan: the first of them, in the order of the jobs, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self.first: tuple[int, str] | None = None

    def add(self, index: int, text: str) -> None:
        """One more, of the job with that index."""
        self.count += 1
        if self.first is None or index < self.first[0]:
            self.first = index, text


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
        self._folders, self._files = _Findings(), _Findings()
        self._findings_of_job: list[tuple[_Findings, str]] = []  # for the job in hand

    def resolve(self, job: Job) -> Job | None:
        """The job with the targets that what stands in the way leaves it; None where it has none left.

        What has to be refused is collected for :meth:`refuse`.

        Raises
        ------
        NamesMissingError
            Not all jobs have claimed their names, and that may count here.
        """
        self._findings_of_job.clear()
        result = self._resolve(job)
        for findings, text in self._findings_of_job:
            findings.add(job.index, text)
        return result

    def _resolve(self, job: Job) -> Job | None:
        targets = []
        inside = self._places.inside
        for target in job.targets:
            if not target.late:
                place = self._place(job, target)
                if place is None:
                    continue
                path, other, replace = place
                is_renamed = (path, other) != (target.path, target.other)  # else it is known to be a name
                if is_renamed and (unusable(path, inside) or unusable(other or "", inside)):
                    problem = Failure("io", "write", too_long_sentence(path))
                    return Job(job.index, dataclasses.replace(job.source, problem=problem), ())
                target = Target(target.output, path, target.format, other, False, replace, target.earlier_outputs)
            targets.append(target)
        if len(targets) not in (0, len(job.targets)):
            self._need_all_claims()  # another job may claim a name that this one gives up
        return Job(job.index, job.source, tuple(targets)) if targets else None

    def _need_all_claims(self) -> None:
        if not self._claims.is_complete:
            raise NamesMissingError

    def _place(self, job: Job, target: Target) -> tuple[str, str | None, bool] | None:
        """Path and other path to write to, and whether that replaces; None when the target is dropped."""
        paths = [target.path] if target.other is None else [target.path, target.other]
        there = []
        for path in paths:
            place, name = self._places.locate(path)
            kind = place.entry_kind(name)
            if kind == "folder":
                self._findings_of_job.append((self._folders, path))
                return None
            if kind:
                there.append(path)
        owners = [self._owner_of(path) for path in there]
        foreign = [
            (path, why) for path, owner in zip(there, owners, strict=True) if (why := self._foreign(owner, job.source))
        ]
        if self._policy == "overwrite":
            return target.path, target.other, bool(there)
        if not foreign:
            return target.path, target.other, bool(there) and not any(owner and owner.doubtful for owner in owners)
        if self._policy == "rename":
            return self._free_name(job, target)
        if self._policy == "refuse":
            path, why = foreign[0]
            self._findings_of_job.append((self._files, f"{display_path(path)} {why}"))
        return None

    def refuse(self) -> None:
        """PlanError when something is in the way that must not be replaced."""
        if self._folders.first is not None:
            raise PlanError(
                f"{display_path(self._folders.first[1])}: a folder stands where a file shall be written"
                f"{and_more(self._folders.count)}; move it away, or choose another folder with -o or other names "
                "with --name"
            )
        if self._files.first is not None:
            raise PlanError(
                f"{self._files.first[1]}{and_more(self._files.count)}; add --skip-existing, --rename or --overwrite, "
                "or choose another folder with -o"
            )

    def _foreign(self, owner: LedgerEntry | None, source: Source) -> str | None:
        """Why a file is not ours to replace with what is made of `source`; None when it is."""
        if owner is None:
            return "is in the way and was not written by imgbatch"
        if owner.is_edited:
            return "was changed since imgbatch wrote it"
        if source.path in (owner.source, owner.former_source) or not _is_there(owner.source):
            return None
        self._need_all_claims()
        is_here = self._claims.is_source(owner.source)
        return None if is_here else f"is in the way and was made from {display_path(owner.source)}"

    def _free_name(self, job: Job, target: Target) -> tuple[str, str | None, bool]:
        self._need_all_claims()
        claim = job.index, target.output
        for path in filter(None, (target.path, target.other)):
            self._take(path, claim)  # still its own, though it gets another one
        number = 0
        while True:
            number += 1
            path = _number(target.path, number)
            other = None if target.other is None else _number(target.other, number)
            paths = [path] if other is None else [path, other]
            verdicts = [self._free(one, job, target.output) for one in paths]
            if None not in verdicts and all(self._take(one, claim) for one in paths):
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
