"""Preparation: what is there to do? Find, plan, ask the ledger: everything before the first write.

:func:`find.discover` finds the Sources; :func:`plan.plan` names their outputs and refuses collisions; the
ledger says of each Job that it is unchanged, known to fail, or to do. The lock is taken first, where there is a state
folder to hold, so that what the ledger says stays true.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from imgbatch.codecs.registry import OPTIONAL
from imgbatch.core.errors import PlanError
from imgbatch.core.job import Job, Outcome, Source
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.ledger.damage import LedgerDamageError
from imgbatch.ledger.database import FILE, salvage
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.trust import BACKUPS
from imgbatch.ledger.up_to_date import is_retried, is_suspicious, known_failure
from imgbatch.operations.registry import is_builtin
from imgbatch.planning.find import SkippedFile, discover
from imgbatch.planning.folders import display_path
from imgbatch.planning.jobs.job_list import Judge, Verdict
from imgbatch.planning.names import STATE
from imgbatch.planning.recipe import Recipe
from imgbatch.planning.reference_files import ReferenceFiles, reference_files_of
from imgbatch.runs.destination_choice import choose_destination, holds_root
from imgbatch.runs.other_runs import OtherRunsOutputs
from imgbatch.runs.state.state_folder import StateFolder
from imgbatch.runs.workload import Path, Workload, shortage
from imgbatch.storage.registry import absolute, is_remote, refuse_unknown_stores

if TYPE_CHECKING:
    from imgbatch.originals.archive import SourceMover


class Preparation:
    """Finds what there is to do, plans it, and compares it with the ledger.

    Parameters
    ----------
    paths, output, recipe, settings, filters
        As of :func:`imgbatch.run`, checked; `output` None: in place.
    ledger : bool
        Whether there is a ledger; without one every existing file is foreign.
    in_this_process : bool
        Whether jobs are done in this process; else operations that cannot be sent to another are refused.

    Attributes
    ----------
    folder, state : str
        The output folder, and the folder of ledger and lock (absolute); a shard's is below that of all shards.
    workload : Workload
        What was found, once it is prepared.
    ledger : Ledger or None
        As it is before the run, once it is prepared.
    source_mover : SourceMover or None
        Where sources go when they are done.
    destination : Destination
        Where the outputs go, once it is prepared.
    resources : ReferenceFiles
        What the operations need from files.
    warnings : list of str
        What was odd.
    state_home : str or None
        Where ledgers of other runs may lie besides those in their folders.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        output: Path | None,
        recipe: Recipe,
        settings: Settings,
        filters: Filters,
        ledger: bool = True,
        in_this_process: bool = False,
    ) -> None:
        refuse_unknown_stores(os.fspath(output or ""), *(wish.dir for wish in recipe.outputs))
        self._paths, self._recipe, self._settings, self._filters = paths, recipe, settings, filters
        self._destination_class, self.folder = choose_destination(paths, output, recipe, settings, ledger)
        self._state_folder = StateFolder(self.folder, settings, ledger)
        self.state = self._state_folder.path
        self.source_mover: SourceMover | None = None
        if settings.archive is not None or settings.quarantine is not None:
            roots = [os.fspath(path) for path in paths]
            self.source_mover = _source_mover(settings, self.folder, roots)
        self.resources = ReferenceFiles(())
        self.workload = Workload()
        self.ledger: Ledger | None = None
        self.warnings: list[str] = []
        self.state_home: str | None = None
        self._keep_ledger, self._in_this_process = ledger, in_this_process

    @property
    def shortage(self) -> tuple[int, int] | None:
        """(bytes wanted, bytes free) when the disk may become full; None when there is room."""
        return shortage(self.workload, [] if self.ledger is None else self.ledger.rows, self._recipe, self.folder)

    def prepare(self, *, hold: bool = True) -> None:
        """Find, plan and compare; writes nothing.

        Parameters
        ----------
        hold : bool
            Whether the run will follow, so that the state folder is locked where there is one.

        Raises
        ------
        PlanError
            The plan is refused, or the state folder cannot be written to.
        LockedError
            Another run is at work.
        EngineError
            An operation cannot be sent to worker processes.
        """
        custom = [op for op in self._recipe.every_op if not is_builtin(type(op))]
        if custom and not self._in_this_process:
            from imgbatch.operations.plugins import refuse_immobile

            refuse_immobile(custom)
        if any(output.format in OPTIONAL for output in self._recipe.outputs):
            from imgbatch.codecs.reading.optional_readers import refuse_missing

            refuse_missing([output.format for output in self._recipe.outputs])
        self.resources = reference_files_of(self._recipe)
        self._state_folder.refuse_strangers(writing=hold)
        try:
            if hold:
                self._state_folder.hold(make=False)
            else:
                self._state_folder.refuse_waiting_shards()
            self._go_on()
        except BaseException:
            self.close()
            raise

    def hold_places(self) -> None:
        """Make and lock what was not there when the plan was made, as a refused plan leaves none; hereafter, never."""
        begins = self.workload.begins or self._state_folder.shard is not None
        if begins and not self._state_folder.is_held:
            self._state_folder.hold()
            if self.ledger is not None and os.path.exists(self.ledger.file):  # a run came and went meanwhile
                self._go_on()
        if self.ledger is not None and begins:
            try:
                self.ledger.root.hold()
            except OSError as error:
                raise PlanError(
                    f"the output folder {self.folder} cannot be made or entered ({error.strerror}); choose another -o"
                ) from None

    def close(self) -> None:
        """Give the lock back."""
        self._state_folder.release()

    def _go_on(self) -> None:
        """Compare with the ledger; one that is damaged was set aside, and the run goes on with what is left of it."""
        try:
            self._compare()
        except LedgerDamageError as error:
            aside = self._note_damage(error)
            if len(self.warnings) == 1:  # what was salvaged is not salvaged again
                salvage(aside, os.path.join(self.state, FILE), self.folder)
            self._go_on()

    def _note_damage(self, error: LedgerDamageError) -> str:
        """Note that a ledger was set aside, and what that means; its new name. The error where it is still there."""
        if error.aside is None:
            raise error
        then = "an output that holds what is made now is known again, and no other one is replaced without --overwrite"
        if self._destination_class.replaces_sources:
            then = f"originals of former runs stay in {display_path(os.path.join(self.state, BACKUPS))}"
        self.warnings.append(f"{error}, and the run goes on: {then}")
        return error.aside

    def begin(self, command: str) -> None:
        """Open the run in the ledger; `command` is what was typed. A first run without work leaves nothing.

        A shard without files says so, too: else nobody knows that it ran.
        """
        assert self.ledger is not None
        if not (self.workload.begins or self._state_folder.shard is not None or os.path.exists(self.ledger.file)):
            return
        try:
            self.ledger.begin(self.destination.digests, command)
        except LedgerDamageError as error:  # of what is only written
            self._note_damage(error)
            self.ledger.begin(self.destination.digests, command)

    def _compare(self) -> None:
        """Ask the ledger what is left to do."""
        workload = self.workload = Workload()
        ledger = self._read_ledger()
        destination = self.destination
        assignment = destination.jobs(self._sources(workload), self._judge(ledger))
        workload.skipped += assignment.skipped
        shard = self._state_folder.shard
        if shard is not None:
            workload.skipped = [file for file in workload.skipped if shard.holds(file.relative)]
        workload.folders = assignment.folders
        if not assignment.jobs:
            self._warn_of_absence(ledger)
        if self._settings.prune:
            from imgbatch.ledger.prune import find_prunable

            paths = list(map(os.fsdecode, self._paths))
            workload.orphans = find_prunable(ledger, paths, assignment.jobs, self._filters)
        workload.sort(assignment.jobs, self._settings.max_files)

    def _warn_of_absence(self, ledger: Ledger) -> None:
        """Warn of a folder in which nothing is left: nobody would see by an empty night that a disk is not there."""
        for path in map(os.fsdecode, self._paths):
            root = os.path.join(absolute(path), "")
            if is_remote(path) or not os.path.isdir(root) or os.listdir(root):
                continue
            if any(row.source.startswith(root) and not row.moved for row in ledger.rows):
                self.warnings.append(f"no images are left in {display_path(root)}: is its disk mounted?")

    def _read_ledger(self) -> Ledger:
        """The ledger as it is now, and with it the destination."""
        contents = self.resources.contents
        digest = self._destination_class.recipe_digest(self._recipe, contents)
        ledger = self.ledger = self._state_folder.read_ledger(digest)
        if self._settings.in_the_way in ("skip", "rename"):
            ledger.trust_no_content()
        ledger.limit, ledger.durable = self._settings.timeout, self._settings.sync != "off"
        self.destination = self._destination_class(
            self.folder, ledger, self._recipe, self._settings, contents
        )
        return ledger

    def _sources(self, workload: Workload) -> Iterator[Source]:
        """The sources, as they are found; what is none goes to what the workload skips."""
        destination = self.destination
        own_state = None if destination.replaces_sources else self._state_folder.base
        other_runs = OtherRunsOutputs(self._settings.state or self.state_home, own_state)
        for item in discover(self._paths, self._filters, avoid=self._avoid(), other_runs=other_runs):
            if isinstance(item, SkippedFile):
                workload.skipped.append(item)
            elif destination.is_output(item.path):
                workload.skipped.append(SkippedFile(item.relative, item.root, "made by a former run"))
            else:
                yield item

    def _judge(self, ledger: Ledger) -> Judge:
        """What says what is to become of a job, as the ledger has it."""
        settings, destination, now = self._settings, self.destination, time.time_ns()
        retry, failing = settings.force or settings.retry_failed, bool(ledger.failing)  # on a first run nothing is

        def judge(job: Job) -> tuple[Verdict, Outcome | None]:
            outcome = destination.unchanged_outcome(job)
            if outcome is not None:
                return Verdict.UNCHANGED, outcome
            if not failing:
                return Verdict.TODO, None
            failure = None if retry else known_failure(ledger, job, now)
            if failure is not None:
                return Verdict.KNOWN_FAILURE, failure
            if is_suspicious(ledger, job):
                return Verdict.SUSPECT, None
            return Verdict.TODO if retry or not is_retried(ledger, job) else Verdict.RETRY, None

        return judge

    def _avoid(self) -> list[str]:
        """Folders that are never entered: the output folder, and those of the outputs, where they lie in a source."""
        folders = [os.path.join(self.folder, output.dir) for output in self._recipe.outputs]
        roots = {os.path.realpath(path) for path in self._paths}
        inside = [folder for folder in (self.folder, *folders) if not holds_root(os.path.realpath(folder), roots)]
        if self._state_folder.shard is not None and len(inside) <= len(folders):
            raise PlanError(
                f"the outputs of other shards in {display_path(self.folder)} would be taken for sources; "
                "choose another -o, outside of SRC or in a folder below it"
            )
        moving = [] if self.source_mover is None else self.source_mover.folders
        return [os.path.join(self.folder, STATE), self._state_folder.base, *inside, *moving]


def _source_mover(settings: Settings, output: str, roots: list[str]) -> SourceMover:
    """What moves sources; one that reads and writes them where a rename is not possible."""
    from imgbatch.originals.archive import SourceMover

    if any(map(is_remote, (settings.archive or "", settings.quarantine or "", *roots))):
        from imgbatch.originals.copy_between_stores import SourceCarrier

        return SourceCarrier(settings.archive, settings.quarantine, output, roots)
    return SourceMover(settings.archive, settings.quarantine, output, roots)
