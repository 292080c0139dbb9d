"""Output folder: which files will a run write below it, and which are there already? ``-o DIR``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.core.job import Job, Outcome, Source, Status
from imgbatch.ledger.destination import Assignment, Destination
from imgbatch.ledger.up_to_date import up_to_date
from imgbatch.planning.plan import plan
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.ledger.renamed_sources import RenamedSources

IN_THE_WAY = "left alone: a file is in the way"


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

    def jobs(self, sources: Sequence[Source]) -> Assignment:
        """A job for each source, with the names of its outputs.

        Raises
        ------
        PlanError
            Names collide, or files are in the way.
        """
        shard, owns = self._ledger.shard, None
        if shard is not None:
            self._ledger.note_sources(sources)
            owns = shard.holds_source
        layout = plan(
            sources,
            self._recipe,
            self.folder,
            flat=self._settings.flat,
            in_the_way=self._settings.in_the_way,
            owner_of=self._ledger.owner_of,
            earlier=self._ledger.outputs_of,
            format_of=self._format_of,
            owns=owns,
        )
        places = {source.path: index for index, source in enumerate(sources)} if layout.skipped else {}
        skipped = [Outcome(places[source.path], source, "skipped", changes=(IN_THE_WAY,)) for source in layout.skipped]
        jobs = layout.jobs
        if storage_of(self.folder).properties.conditional_replace:
            jobs = [self._with_versions(job) for job in jobs]
        return Assignment(jobs, layout.folders, skipped_existing=skipped)

    def _with_versions(self, job: Job) -> Job:
        """The job, with what its targets must still be when they are replaced."""
        targets = []
        for target in job.targets:
            paths = {*target.earlier_outputs, *filter(None, (target.path, target.other))}
            pairs = ((path, self._ledger.version_of(path)) for path in sorted(paths))
            versions = tuple((path, version) for path, version in pairs if version is not None)
            targets.append(replace(target, versions=versions) if versions else target)
        return Job(job.index, job.source, tuple(targets))

    def unchanged_outcome(self, job: Job) -> Outcome | None:
        """The outcome "unchanged" where all outputs of a job are up to date."""
        if self._settings.force or not self._ledger.rows:
            return None
        return up_to_date(self._ledger, job, self._recipe, self.digests)

    def begin(self) -> None:
        """Nothing: what a killed run left here is known from the ledger."""

    def renamed_sources(self) -> RenamedSources | None:
        """What serves sources that were only renamed; None where no former run knew any."""
        if not self._ledger.rows:
            return None
        from imgbatch.ledger.renamed_sources import RenamedSources

        return RenamedSources(self._ledger, self._recipe, self.digests)

    def finish(
        self, jobs: Sequence[Job], status_of: Callable[[int], Status | None], began_ns: int, complete: bool
    ) -> None:
        """Remember what workers had finished that died, or were shot, before they could tell."""
        for job in jobs:
            if status_of(job.index) in (None, "timeout", "crashed"):
                self._ledger.adopt(job, began_ns)
