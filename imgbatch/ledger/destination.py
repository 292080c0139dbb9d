"""Destination: where do the outputs of a run go, and what counts as done there?

There are two: the output folder (runs/output_folder.py), and the places of the sources themselves
(originals/in_place.py). Which one it is, is decided once, when a run is prepared; afterwards it is only asked.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from imgbatch import codecs
from imgbatch.codecs.registry import WRITTEN
from imgbatch.core.errors import ImageError, kind_of_errno, one_line
from imgbatch.core.job import Failure, Job, Outcome, Source, Status
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.ledger import Ledger
from imgbatch.planning.find import SkippedFile
from imgbatch.planning.jobs.job_list import JobList, Judge, judge_as_todo
from imgbatch.planning.names import split_name
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.registry import is_remote, storage_of

if TYPE_CHECKING:
    from imgbatch.ledger.renamed_sources import RenamedSources


@dataclass(repr=False, eq=False)
class Assignment:
    """The jobs of a run, in the order of the sources, and the sources that get none.

    Attributes
    ----------
    jobs : JobList
    folders : list of str
        Where files will be written (absolute, sorted).
    skipped : list of SkippedFile
        Sources that are not wanted here.
    """

    jobs: JobList
    folders: list[str]
    skipped: list[SkippedFile] = field(default_factory=list)


class Destination(ABC):
    """Where the outputs of one run go.

    Parameters
    ----------
    folder : str
        The folder (absolute) that holds the outputs, or the originals.
    ledger : Ledger
        What former runs did there.
    recipe : Recipe
    settings : Settings
    contents : mapping
        The SHA-256 of the files that operations name.
    """

    replaces_sources: ClassVar[bool]

    def __init__(
        self, folder: str, ledger: Ledger, recipe: Recipe, settings: Settings, contents: Mapping[str, str]
    ) -> None:
        self.folder, self._ledger, self._recipe, self._settings = folder, ledger, recipe, settings
        self.digests = [recipe.output_digest(index, contents) for index in range(len(recipe.outputs))]

    @staticmethod
    @abstractmethod
    def recipe_digest(recipe: Recipe, contents: Mapping[str, str]) -> str:
        """What the ledger knows the whole recipe by."""

    # -- before the run ------------------------------------------------------------------------------------------------

    @abstractmethod
    def is_output(self, path: str) -> bool:
        """Whether a file that was found as a source is an output of a former run."""

    @abstractmethod
    def jobs(self, sources: Iterable[Source], judge: Judge = judge_as_todo) -> Assignment:
        """What is to be made of the sources, and what is known of that, as `judge` says; PlanError when it is refused.

        `judge` may ask for :meth:`unchanged_outcome`.
        """

    @abstractmethod
    def unchanged_outcome(self, job: Job) -> Outcome | None:
        """The outcome "unchanged" where a former run did the job and nothing changed since."""

    # -- during the run ------------------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self) -> None:
        """Called once the ledger has opened the run."""

    def renamed_sources(self) -> RenamedSources | None:
        """What serves sources that were only renamed; None where nothing does."""
        return None

    def settle(self, outcome: Outcome) -> Outcome:
        """Put what a worker made where it belongs; the outcome, with that place."""
        return outcome

    def record(self, outcome: Outcome) -> None:
        """Write a settled outcome to the ledger; OSError when that is not possible."""
        self._ledger.record(outcome)

    def stop_reason(self, failure: Failure) -> str:
        """Why no more files can be written after a failure that is the disk's."""
        try:
            self._ledger.check_places()
        except OSError as error:
            return str(error.strerror)
        what = "the disk is full" if failure.kind == "no_space" else "the disk cannot be written to"
        if failure.phase == "read":
            what = "the sources cannot be read"
        elif is_remote(self.folder):
            what = "nothing can be written"
        return f"{what}: {failure.message}; what is finished is recorded"

    @abstractmethod
    def finish(self, jobs: Sequence[Job], status_of: Callable[[int], Status | None], complete: bool) -> None:
        """Take care of what workers left that did not come to an outcome.

        Parameters
        ----------
        jobs : sequence of Job
            All that were to be done.
        status_of : callable
            The status of a job by its index; None where it came to no outcome.
        complete : bool
            Whether the run came to its end, and did not break off.

        Raises
        ------
        OSError
            The ledger cannot be written.
        """

    def _format_of(self, source: Source) -> str | None:
        """The format of a source whose outputs keep it; None when it cannot be written or read.

        As the ledger has it for a source that is unchanged, so that a run without work opens no image; else by its
        first bytes. Where these would cost a request for each, by its suffix, if that is one that can be written.

        Raises
        ------
        ImageError
            It cannot be opened now, so that its format is not known: that is no other format.
        """
        format = self._ledger.own_format(source)
        if format is not None:
            return format or None
        if is_remote(source.path):
            suffix = split_name(source.relative)[1].lower()
            named = next((name for name, kind in WRITTEN.items() if suffix in kind.suffixes), None)
            if named is not None:
                return named
        try:
            return codecs.format_of(storage_of(source.path).read_prefix(source.path, codecs.PREFIX))
        except OSError as error:
            if error.errno == errno.EINVAL:  # something else than a file by now: who reads it says what
                return None
            raise ImageError(kind_of_errno(error.errno), one_line(error.strerror or str(error))) from error
