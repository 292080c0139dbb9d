"""In place: how is a source replaced by its output, once, and never lost? ``--in-place``.

A worker writes the new file beside the source under a temporary name. Then, file by file, the parent puts it on the
disk, writes down the content that will stand there and where the original will be (replacements.py), keeps the original
there (backups.py), and renames. So one whole file is always in the source's place, the original is there or in the
backup, and a run that was killed between two steps is understood by the content: the intended bytes are there, or not,
and then a backup that was begun goes again.

What was done is known by content, too, wherever the file is by now: a content that a recipe gave is not given that
recipe again, nor is what other recipes made of it since; what `undo` or others brought is new. The recipe is known by
what was said in it (Recipe.digest_of_explicit), so that an update of imgbatch does nothing again.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from imgbatch.codecs.errors import classify
from imgbatch.core.errors import ImageError
from imgbatch.core.job import Failure, Job, Outcome, Source, Status, Target, Written
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.destination import Assignment, Destination
from imgbatch.ledger.history import read_replacements, read_runs
from imgbatch.ledger.ledger import Ledger
from imgbatch.ledger.rows import Replacement, state_folder
from imgbatch.originals.backups import discard, forget_backups, keep_original, new_backup_folder, restore
from imgbatch.originals.in_place_rules import refuse_inner_ledgers, within
from imgbatch.originals.new_content import adopt
from imgbatch.originals.replacements import Replacements, settle_intentions
from imgbatch.planning.find import SkippedFile
from imgbatch.planning.jobs.job_list import JobList, Judge, jobs_where, judge_as_todo
from imgbatch.planning.recipe import Recipe
from imgbatch.storage.atomic_write import content_hash, mtime, refuse_another
from imgbatch.storage.below import Root
from imgbatch.storage.read_source import read_source
from imgbatch.storage.rename import rename_file
from imgbatch.storage.temporary import temporary_name

_RACY_NS = 50 * 10**6  # as in ledger_index.py: within it a file may change and keep its time
_EMPTY = Failure("truncated", "read", "the file is empty (0 bytes)")
_NO_WRITER = Failure(
    "unsupported", "read", "it is recognized as no format that can be written; make other files of it with -o DIR"
)
_LINK = "a link; name the file that it points to"


def _is(entry: Replacement, source: Source) -> bool:
    """Whether a source is what was put there, by size and time, where these leave no doubt."""
    same = (entry.size, entry.mtime_ns) == (source.size, source.mtime_ns)
    return same and not 0 <= entry.recorded_ns - entry.mtime_ns < _RACY_NS


class InPlace(Destination):
    """The places of the sources: each is replaced by what is made of it; the folder keeps the originals."""

    replaces_sources = True

    def __init__(
        self, folder: str, ledger: Ledger, recipe: Recipe, settings: Settings, contents: Mapping[str, str]
    ) -> None:
        super().__init__(folder, ledger, recipe, settings, contents)
        self.state = state_folder(folder, settings.state)
        self._root = ledger.root
        self._state_root = self._root if within(self.state, folder) else Root(self.state)
        self._replacements = Replacements(folder, self.state, self._root)
        self._digest_by_run: dict[int, str] = {}
        self._open_runs: set[int] = set()
        for run in read_runs(self.state, ledger.mend):
            self._digest_by_run[run.id] = run.digest
            if not run.ended:
                self._open_runs.add(run.id)
        self._by_hash: dict[str, list[Replacement]] = {}
        self._latest: dict[str, Replacement] = {}
        self._sizes: set[int] = set()
        self._intentions: list[Replacement] = []
        for entry in read_replacements(folder, self.state, ledger.mend):
            if entry.step != "undone":
                self._by_hash.setdefault(entry.hash, []).append(entry)
                self._latest[entry.path] = entry
                self._sizes.add(entry.size)
            if entry.step in ("intended", "undone"):
                self._intentions.append(entry)
        self._unchanged_outcome: Outcome | None = None  # of the job that is judged
        self._observations: list[Replacement] = []  # what was looked into, so that the next run need not
        self._now = time.time_ns()
        self._run, self._backups = 0, ""

    # -- what is to be done --------------------------------------------------------------------------------------------

    @staticmethod
    def recipe_digest(recipe: Recipe, contents: Mapping[str, str]) -> str:
        """The digest of what was said in the recipe, so that an update of imgbatch does nothing again."""
        return recipe.digest_of_explicit(contents)

    def is_output(self, path: str) -> bool:
        """False: whatever is found is to be replaced."""
        return False

    def jobs(self, sources: Iterable[Source], judge: Judge = judge_as_todo) -> Assignment:
        """A job for each source, whose target (none where it is done) is a temporary file beside it; and the links.

        Raises
        ------
        PlanError
            A folder on the way keeps outputs or backups of its own.
        """
        jobs = JobList(judge)
        skipped: list[SkippedFile] = []
        folders: set[str] = set()
        harmless = {self.folder}
        for source in sources:
            folder = os.path.dirname(source.path)
            if folder not in harmless:
                refuse_inner_ledgers(folder, self.folder, self._settings.state, harmless)
            targets: tuple[Target, ...] = ()
            if source.problem is None and os.path.islink(source.path):
                if not source.named:
                    skipped.append(SkippedFile(source.relative, source.root, "a link"))
                    continue
                source = replace(source, problem=Failure("unsupported", "read", _LINK))
            outcome = None
            if source.problem is None:
                try:
                    outcome = self._recognize(len(jobs), source)
                    format = None if outcome is not None else self._format_of(source)
                except ImageError as error:  # it cannot be opened now
                    source = replace(source, problem=Failure(error.kind, "read", str(error)))
                else:
                    if outcome is None and format is None:
                        source = replace(source, problem=_EMPTY if source.size == 0 else _NO_WRITER)
                    elif outcome is None:
                        assert format is not None
                        targets = (Target(0, temporary_name(os.path.dirname(source.path)), format, replace=True),)
            folders.add(folder)
            self._unchanged_outcome = outcome
            jobs.admit(Job(len(jobs), source, targets))
        return Assignment(jobs, sorted(folders), skipped)

    def unchanged_outcome(self, job: Job) -> Outcome | None:
        """The outcome "unchanged" where this recipe has made what stands there, or what others have made it of."""
        outcome = self._unchanged_outcome
        return outcome if outcome is not None and outcome.index == job.index else None

    def _recognize(self, index: int, source: Source) -> Outcome | None:
        content = self._content(source)
        entries = list(self._origins(content))
        if not any(self._counts(entry) for entry in entries):
            return None
        now = entries[0]
        self._observe(now, source)
        output = Written(
            0, source.path, now.format, now.width, now.height, source.size, now.quality, now.frames, source.mtime_ns
        )
        return Outcome(index, source, "unchanged", (output,))

    def _observe(self, now: Replacement, source: Source) -> None:
        last = self._latest.get(source.path)
        if last is not None and last.hash == now.hash:
            if not _is(last, source) and last.step == "done":
                self._observations.append(replace(last, mtime_ns=source.mtime_ns, recorded_ns=self._now))
            return
        self._observations.append(
            replace(
                now, run=0, path=source.path, step="done", original=now.hash, backup="", mtime_ns=source.mtime_ns,
                recorded_ns=self._now,
            )
        )  # fmt: skip

    def _counts(self, entry: Replacement) -> bool:
        if self._digest_by_run.get(entry.run) != self._ledger.digest:
            return False
        return not self._settings.force or entry.run in self._open_runs  # a forced run that was killed goes on, too

    def _content(self, source: Source) -> str:
        """The hash of a source's content; "" where it cannot be one that a run made."""
        last = self._latest.get(source.path)
        if last is not None and last.step == "done" and _is(last, source):
            return last.hash
        return content_hash(read_source(source)) if source.size in self._sizes else ""

    def _origins(self, content: str) -> Iterator[Replacement]:
        """All replacements that led to a content, the last first."""
        ancestors: set[str] = set()
        queue = [content]
        while queue:
            content = queue.pop()
            if content not in ancestors:
                ancestors.add(content)
                for entry in reversed(self._by_hash.get(content, ())):
                    yield entry
                    queue.append(entry.original)

    # -- doing it ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Settle what a killed run left."""
        run = self._run = self._ledger.run
        self._backups = new_backup_folder(self.state, run)
        settle_intentions(self._replacements, self._intentions, self.state)
        if self._observations and run:
            self._replacements.record([replace(entry, run=entry.run or run) for entry in self._observations])

    def settle(self, outcome: Outcome) -> Outcome:
        """Put what was made into the source's place; the outcome, with that place."""
        if outcome.status == "unchanged" or not outcome.outputs:
            return outcome
        (output,) = outcome.outputs
        try:
            if outcome.status != "ok":
                raise ImageError("internal", "a failed outcome with an output")
            changes = self._replace(outcome, output)
        except (OSError, ImageError) as error:
            kind, message = classify(error, "write")
            return replace(outcome, status="failed", outputs=(), error=Failure(kind, "write", message))
        finally:
            self._drop(output.path)
        return replace(
            outcome, outputs=(replace(output, path=outcome.source.path),), changes=(*outcome.changes, *changes)
        )

    def _replace(self, outcome: Outcome, output: Written) -> list[str]:
        source = outcome.source
        with self._root.parent(source.path) as (folder, name):
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if (info.st_size, mtime(info)) != (source.size, source.mtime_ns) or not stat.S_ISREG(info.st_mode):
                raise ImageError(
                    "changed", "it was changed while the run was at work; the next run takes it as it is then"
                )
            same = output.hash == outcome.source_hash
            backup = "" if same else os.path.join(self._backups, os.path.relpath(source.path, self.folder))
            entry = Replacement(
                self._run, source.path, "done" if same else "intended", outcome.source_hash, output.hash, backup,
                output.bytes, source.mtime_ns if same else output.mtime_ns, time.time_ns(), output.format, output.width,
                output.height, output.frames, output.quality,
            )  # fmt: skip
            if same:
                self._replacements.intend(entry)
                return []
            new = output.path if folder is None else os.path.basename(output.path)
            ready = adopt(new, folder, output, info)
            self._replacements.intend(entry)
            try:
                keep_original(source.path, backup, self._root, self._state_root)
                refuse_another(info, name, folder)
                refuse_another(ready, new, folder)
                rename_file(new, name, True, (folder, folder))
            except OSError as error:
                with contextlib.suppress(OSError):  # else the next run settles it
                    self._replacements.settle(entry, "")
                    if not isinstance(error, FileExistsError):  # else it is another file's: a disk that folds names
                        discard(backup, self.state)
                raise
            self._replacements.complete(entry)
            try:
                refuse_another(ready, name, folder)
            except OSError:  # somebody swapped it in the last moment
                restore(backup, source.path, self._state_root, self._root)
                self._replacements.close()  # writes down what is done, before it is undone
                self._replacements.settle(entry, "undone")
                raise
        notes = [f"hard link: its other name{'s keep' if info.st_nlink > 2 else ' keeps'} the original's bytes"]
        return [f"original kept: {backup}", *(notes if info.st_nlink > 1 else [])]

    def _drop(self, path: str) -> None:
        """Remove a temporary file, if it is there and can be reached."""
        with contextlib.suppress(OSError), self._root.parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def record(self, outcome: Outcome) -> None:
        """Write what became of a source to the ledger; its new content stands there already."""
        self._ledger.record(replace(outcome, outputs=()))

    def finish(self, jobs: Sequence[Job], status_of: Callable[[int], Status | None], complete: bool) -> None:
        """Remove what workers made and nobody took, and, of a complete run, backups older than keep_backups."""
        for job in jobs_where(jobs, lambda index: status_of(index) != "ok"):
            for target in job.targets:
                self._drop(target.path)
        self._replacements.close()
        if complete and self._settings.keep_backups is not None:
            before = time.time() - self._settings.keep_backups
            old = (run.id for run in read_runs(self.state) if run.started < before and run.id != self._run)
            forget_backups(self.state, set(map(str, old)))
