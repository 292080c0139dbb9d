"""What is there to do? Find, plan, ask the ledger: everything before the first write.

:func:`discover.discover` finds the Sources; :func:`planning.plan` names their outputs and refuses collisions; the
ledger says of each Job that it is unchanged, known to fail, or to do. The lock is taken first, where there is a state
folder to hold, so that what the ledger says stays true.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch import codecs
from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.job import Job, Outcome, Source
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.core.version import VERSION
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import state_folder
from imgbatch.ledger.up_to_date import known_to_fail, retried, suspicious, up_to_date
from imgbatch.operations.plugins import refuse_immobile
from imgbatch.originals.archive import Moves
from imgbatch.planning import plan as planning
from imgbatch.planning.find import Skipped, discover
from imgbatch.planning.names import STATE
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.planning.reference_files import Resources, gathered
from imgbatch.runs.workload import Path, Workload
from imgbatch.storage.lock import Lock
from imgbatch.storage.registry import storage_of

if TYPE_CHECKING:
    from imgbatch.originals.in_place import InPlace

_HUGE = (20_000, 20_000)  # px: a picture that shows what a recipe limits
IN_THE_WAY = "left alone: a file is in the way"


class Preparation:
    """Finds what there is to do, plans it, and compares it with the ledger.

    Attributes
    ----------
    folder, state : str
        The output folder, and the folder of ledger and lock (absolute).
    workload : Workload
        What was found, once it is prepared.
    ledger : Ledger or None
        As it is before the run, once it is prepared.
    moves : Moves
        Where sources go when they are done.
    in_place : InPlace or None
        Replaces the sources, where that was asked for.
    resources : Resources
        What the operations need from files.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        output: Path | None,
        recipe: Recipe,
        settings: Settings,
        filters: Filters,
        *,
        ledger: bool = True,
    ) -> None:
        self._paths, self._recipe, self._settings, self._filters = paths, recipe, settings, filters
        self.folder = self._root(output, ledger)
        self.state = state_folder(self.folder, settings.state)
        self.moves = Moves(settings.archive, settings.quarantine, self.folder, [os.fspath(path) for path in paths])
        self.in_place: InPlace | None = None
        self.resources = Resources(())
        self.workload = Workload()
        self.ledger: Ledger | None = None
        self._keep_ledger = ledger
        self._lock: Lock | None = None

    def _root(self, output: Path | None, ledger: bool) -> str:
        """The folder that holds the results, and the state."""
        if not self._settings.in_place:
            if output is None:
                raise UsageError("expected an output folder, or in_place=True, got neither")
            return os.path.abspath(os.fspath(output))
        if output is not None:
            raise UsageError("expected -o DIR or --in-place, got both; leave one of them out")
        from imgbatch.originals.in_place_rules import home_of, refuse_mixtures

        refuse_mixtures(self._settings, self._recipe, ledger)
        return home_of(self._paths, self._settings.state)

    @property
    def shortage(self) -> tuple[int, int] | None:
        """(bytes wanted, bytes free) when the disk may become full; None when there is room.

        Guessed roughly: in the ratio that former runs had, else each output as large as its source, or as its pixels
        where the recipe limits them.
        """
        workload = self.workload
        rows = [] if self.ledger is None else list(self.ledger.rows)
        if rows:
            read = sum({row.source: row.source_size for row in rows}.values())
            wanted = workload.total_bytes * sum(row.size for row in rows) // max(1, read)
        else:
            most = [_most_bytes(self._recipe, output) for output in self._recipe.outputs]
            wanted = sum(min(job.source.size, most[target.output]) for job in workload.todo for target in job.targets)
        folder = self.folder
        while not os.path.isdir(folder) and folder != os.path.dirname(folder):
            folder = os.path.dirname(folder)
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            return None
        return (wanted, free) if wanted > free else None

    def prepare(self, *, hold: bool = True) -> None:
        """Find, plan and compare; writes nothing.

        Parameters
        ----------
        hold : bool
            Whether the run will follow, so that the state folder is locked where there is one; to look only, it need
            not be.

        Raises
        ------
        PlanError
            The plan is refused, or the state folder cannot be written to.
        LockedError
            Another run is at work.
        EngineError
            An operation cannot be sent to worker processes.
        """
        if self._settings.workers != 0:
            refuse_immobile(self._recipe.every_op)
        self.resources = gathered(self._recipe)
        try:
            if hold and os.path.isdir(self.state):
                self._hold()
            self._compare()
        except BaseException:
            self.release()
            raise

    def lock_new_state(self) -> None:
        """Lock a state folder that was not there when the plan was made; a plan that is refused leaves none."""
        if self._lock is None and self.workload.todo:
            self._hold()
            if self.ledger is not None and os.path.exists(self.ledger.file):  # a run came and went meanwhile
                self._compare()

    def _hold(self) -> None:
        if not (self._keep_ledger and self._settings.lock):
            return
        try:
            self._lock = Lock(self.state, self._settings.wait, self.folder)
        except OSError as error:
            raise PlanError(
                f"the state folder {self.state} cannot be written to ({error.strerror or error}); choose another -o, "
                "or another place for it with --state DIR"
            ) from None

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _compare(self) -> None:
        """Ask the ledger what is left to do."""
        workload = self.workload = Workload()
        contents, in_place = self.resources.contents, self._settings.in_place
        digest = self._recipe.said(contents) if in_place else self._recipe.digest_with(contents)
        ledger = self.ledger = Ledger(
            self.folder, self._keep_ledger, self.state, digest, _versions(), mend=self._lock is not None
        )
        ledger.limit = self._settings.timeout
        if in_place:
            from imgbatch.originals.in_place import InPlace

            self.in_place = InPlace(self.folder, self._settings.state, digest, self._settings.force)
        sources = []
        for found in discover(self._paths, self._filters, avoid=self._avoid()):
            if isinstance(found, Skipped):
                workload.skipped.append(found)
            elif not in_place and ledger.is_ours(found.path):
                workload.skipped.append(Skipped(found.relative, found.root, "made by a former run"))
            else:
                sources.append(found)
        if self.in_place is not None:
            jobs, links = self.in_place.jobs(sources, lambda source: _format_of(source, ledger))
            workload.skipped += links
            workload.folders = sorted({os.path.dirname(job.source.path) for job in jobs})
            self._sort(jobs, ledger)
            return
        plan = planning.plan(
            sources,
            self._recipe,
            self.folder,
            flat=self._settings.flat,
            in_the_way=self._settings.in_the_way,
            owned=ledger.owned,
            made=ledger.made,
            format_of=lambda source: _format_of(source, ledger),
        )
        workload.folders = plan.folders
        if self._settings.prune:
            from imgbatch.ledger.prune import prunable

            workload.pruned = prunable(ledger, [os.fsdecode(path) for path in self._paths], sources, self._filters)
        self._sort(plan.jobs, ledger)
        if plan.kept:
            places = {source.path: index for index, source in enumerate(sources)}
            workload.skipped_existing = [
                Outcome(places[kept.path], kept, "skipped", changes=(IN_THE_WAY,)) for kept in plan.kept
            ]

    def _sort(self, jobs: list[Job], ledger: Ledger) -> None:
        """What is to be done, and in which order: what crashed or timed out before comes last."""
        workload, settings = self.workload, self._settings
        digests, now = self.digests(), time.time_ns()
        isolated: list[Job] = []
        retries: list[Job] = []
        force, retry = settings.force, settings.force or settings.retry_failed
        for job in jobs:
            if self.in_place is not None:
                done = self.in_place.done(job)
            else:
                done = None if force else up_to_date(ledger, job, self._recipe, digests)
            known = None if done or retry else known_to_fail(ledger, job, now)
            if done is not None:
                workload.unchanged.append(done)
            elif known is not None:
                workload.known_failures.append(known)
            elif suspicious(ledger, job):
                isolated.append(job)
            else:
                (retries if not retry and retried(ledger, job) else workload.todo).append(job)
        workload.retried_failures = frozenset(job.index for job in retries)
        todo = workload.todo
        todo += retries + isolated
        workload.later = max(0, len(todo) - (settings.max_files or len(todo)))
        del todo[len(todo) - workload.later :]
        workload.isolated_count = max(0, len(isolated) - workload.later)

    def _avoid(self) -> list[str]:
        """Folders that are never entered: the output folder, and those of the outputs, where they lie in a source."""
        folders = [os.path.join(self.folder, output.dir) for output in self._recipe.outputs]
        roots = {os.path.realpath(path) for path in self._paths}
        inside = [folder for folder in (self.folder, *folders) if not _holds(os.path.realpath(folder), roots)]
        return [os.path.join(self.folder, STATE), self.state, *inside, *self.moves.folders]

    def digests(self) -> list[str]:
        """The digests of the recipe's outputs, with the files that its operations name."""
        contents = self.resources.contents
        return [self._recipe.output_digest(index, contents) for index in range(len(self._recipe.outputs))]


def _format_of(source: Source, ledger: Ledger) -> str | None:
    """The format of a source whose outputs keep it; None when it cannot be written or read.

    As the ledger has it for a source that is unchanged, so that a run without work opens no image; else by its first
    bytes.
    """
    known = ledger.own_format(source)
    if known is not None:
        return known or None
    try:
        return codecs.format_of(storage_of(source.path).read_prefix(source.path, codecs.PREFIX))
    except OSError:
        return None


def _versions() -> str:
    """What makes files: imgbatch and Pillow."""
    from PIL import __version__

    return f"imgbatch {VERSION}, Pillow {__version__}"


def _holds(folder: str, roots: set[str]) -> bool:
    """Whether a folder is one of the roots, or has one of them inside."""
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for root in roots)


def _most_bytes(recipe: Recipe, output: Output) -> int:
    """Hardly any picture takes more than this as `output`: its pixels, where the recipe limits them."""
    size: tuple[int, int] | None = _HUGE
    for op in (*recipe.ops, *output.ops):
        size = None if size is None else op.after(size)
    width, height = size or _HUGE
    return width * height * (1 if output.format in ("jpeg", "webp", "avif") else 4)
