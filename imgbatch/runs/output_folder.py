"""Output folder: which files will a run write below it, and which are there already? ``-o DIR``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from imgbatch.core.job import Job, Outcome, Source, Status
from imgbatch.ledger.destination import Assignment, Destination
from imgbatch.ledger.up_to_date import up_to_date
from imgbatch.planning.jobs.job_list import Judge, jobs_where, judge_as_todo
from imgbatch.planning.plan import plan
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.ledger.renamed_sources import RenamedSources
    from imgbatch.planning.plan import PlanTerms
    from imgbatch.planning.stream import StreamPlan


class OutputFolder(Destination):
    """A folder for the outputs; the sources stay as they are."""

    replaces_sources = False

    @staticmethod
    def recipe_digest(recipe: Recipe, contents: Mapping[str, str]) -> str:
        """The digest of all that decides the outputs' bytes."""
        return recipe.digest_with(contents)

    def is_output(self, path: str) -> bool:
        """Whether a former run wrote that file."""
        return self._ledger.is_ours(path)

    def jobs(self, sources: Iterable[Source], judge: Judge = judge_as_todo) -> Assignment:
        """A job for each source, with the names of its outputs; some are left alone (:data:`plan.IN_THE_WAY`).

        Raises
        ------
        PlanError
            Names collide, or files are in the way.
        """
        shard = self._ledger.shard
        layout = plan(
            sources, self._recipe, self.folder, owns=None if shard is None else shard.holds_source, judge=judge,
            **self._plan_terms(),
        )  # fmt: skip
        if shard is not None:
            self._ledger.note_sources(job.source for job in layout.all_jobs)
        return Assignment(layout.all_jobs, layout.folders)

    def stream_plan(self, judge: Judge) -> StreamPlan:
        """As :meth:`jobs`, for sources that come one by one."""
        from imgbatch.planning.stream import StreamPlan

        return StreamPlan(self._recipe, self.folder, judge=judge, **self._plan_terms())

    def _plan_terms(self) -> PlanTerms:
        """What a plan has to know of this folder."""
        replaces_versions = storage_of(self.folder).properties.conditional_replace
        return {
            "flat": self._settings.flat,
            "in_the_way": self._settings.in_the_way,
            "owner_of": self._ledger.owner_of,
            "earlier": self._ledger.outputs_of,
            "format_of": self._format_of,
            "version_of": self._ledger.version_of if replaces_versions else None,
        }

    def unchanged_outcome(self, job: Job) -> Outcome | None:
        """The outcome "unchanged" where all outputs of a job are up to date."""
        if self._settings.force or not self._ledger.rows:
            return None
        return up_to_date(self._ledger, job, self._recipe, self._digest_by_output, self._outputs_with_mtime)

    @functools.cached_property
    def _digest_by_output(self) -> dict[int, str]:
        return dict(enumerate(self.digests))

    @functools.cached_property
    def _outputs_with_mtime(self) -> frozenset[int]:
        """Those whose files have the source's mtime."""
        return frozenset(number for number, output in enumerate(self._recipe.outputs) if output.preserve)

    def begin(self) -> None:
        """Nothing: what a killed run left here is known from the ledger."""

    def renamed_sources(self) -> RenamedSources | None:
        """What serves sources that were only renamed; None where no former run knew any."""
        if not self._ledger.rows:
            return None
        from imgbatch.ledger.renamed_sources import RenamedSources

        return RenamedSources(self._ledger, self._recipe, self.digests)

    def finish(self, jobs: Sequence[Job], status_of: Callable[[int], Status | None], complete: bool) -> None:
        """Remember what workers had finished that died, or were shot, before they could tell."""
        for job in jobs_where(jobs, lambda index: status_of(index) in (None, "timeout", "crashed")):
            self._ledger.adopt(job)
