"""What is a run? Discover, plan, ask the ledger, execute, record, report: here the steps are introduced to each other.

One image: :func:`discover.discover` finds its Source; :func:`planning.plan` names its outputs and refuses collisions;
the ledger says "unchanged" or lets it pass; an executor hands its Job to :class:`work.ImageWork`; the Outcome comes
back here, is counted by the Report, recorded by the ledger, and yielded to whoever asked.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from imgbatch import codecs, executors, planning
from imgbatch.discover import Skipped, discover
from imgbatch.executors import Executor, Work
from imgbatch.job import Job, Outcome, Source
from imgbatch.ledger import Ledger
from imgbatch.naming import STATE
from imgbatch.recipe import Recipe
from imgbatch.report import ExitCode, Report
from imgbatch.settings import Filters, Settings

if TYPE_CHECKING:
    import concurrent.futures

Path = str | os.PathLike[str]
IN_THE_WAY = "left alone: a file is in the way"


class SettingWords(TypedDict, total=False):
    """The keyword arguments of :func:`run`: the fields of :class:`settings.Settings`."""

    workers: int | str
    chunksize: int | str
    timeout: float | str | None
    max_pixels: int | str
    fail_on: str
    fail_fast: bool
    max_failures: str | int | None
    flat: bool
    overwrite: bool
    skip_existing: bool
    rename: bool
    force: bool


class Batch:
    """One run, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
    unchanged, kept : list of Outcome
        Files that are up to date, and files left alone because something is in the way (skip_existing).
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when :meth:`outcomes` has ended.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        output: Path,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        ledger: bool = True,
        executor: concurrent.futures.Executor | None = None,
    ) -> None:
        executors.refuse_import()
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.folder = os.path.abspath(os.fspath(output))
        self.recipe = recipe or Recipe()
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self._keep_ledger = ledger
        self._given = executor
        self._executor: Executor | None = None
        self._ledger: Ledger | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self.todo: list[Job] = []
        self.unchanged: list[Outcome] = []
        self.kept: list[Outcome] = []
        self.skipped: list[Skipped] = []
        self.report = Report(base=self.folder, fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many files the run has to say something about."""
        return len(self.todo) + len(self.unchanged) + len(self.kept)

    @property
    def total_bytes(self) -> int:
        """The bytes of the sources that are to be done."""
        return sum(job.source.size for job in self.todo)

    # -- before the first write ----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Find, plan and compare; writes nothing. PlanError when the plan is refused."""
        ledger = self._ledger = Ledger(self.folder, self._keep_ledger)
        sources = []
        for found in discover(self.paths, self.filters, avoid=self._avoid()):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            elif ledger.is_ours(found.path):
                self.skipped.append(Skipped(found.relative, found.root, "made by a former run"))
            else:
                sources.append(found)
        plan = planning.plan(
            sources,
            self.recipe,
            self.folder,
            flat=self.settings.flat,
            in_the_way=self.settings.in_the_way,
            owned=ledger.owned,
            made=ledger.made,
            format_of=_format_of,
        )
        digests = self._digests()
        for job in plan.jobs:
            done = None if self.settings.force else _up_to_date(ledger, job, digests)
            if done is None:
                self.todo.append(job)
            else:
                self.unchanged.append(done)
        if plan.kept:
            places = {source.path: index for index, source in enumerate(sources)}
            self.kept = [Outcome(places[kept.path], kept, "skipped", changes=(IN_THE_WAY,)) for kept in plan.kept]

    def _avoid(self) -> list[str]:
        """Folders that are never entered: the output folder, and those of the outputs, where they lie in a source."""
        folders = [os.path.join(self.folder, output.dir) for output in self.recipe.outputs]
        roots = {os.path.realpath(path) for path in self.paths}
        inside = [folder for folder in (self.folder, *folders) if not _holds(os.path.realpath(folder), roots)]
        return [os.path.join(self.folder, STATE), *inside]

    def _digests(self) -> list[str]:
        return [self.recipe.output_digest(index) for index in range(len(self.recipe.outputs))]

    # -- the run -------------------------------------------------------------------------------------------------------

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        if self._ledger is None:
            self.prepare()
        ledger = self._ledger
        assert ledger is not None
        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        digests = self._digests()
        try:
            for outcome in self._all(self._work()):
                self.report.add(outcome)
                ledger.record(outcome, digests)
                self._consider(outcome)
                yield outcome
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()
            ledger.close()

    def _all(self, work: Work) -> Iterator[Outcome]:
        yield from self.unchanged
        yield from self.kept
        if not self.todo:
            return
        if self._executor is None:
            self._executor = executors.make(
                self.settings.workers, self.settings.chunksize, self.settings.timeout, given=self._given
            )
        if self._stop is not None:
            return
        results = self._executor.run(work, self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def _work(self) -> Work:
        from imgbatch.work import ImageWork  # Pillow only where pixels are touched

        return ImageWork(self.recipe, self.settings.max_pixels, time.time_ns())

    def _consider(self, outcome: Outcome) -> None:
        """Whether this outcome ends the run."""
        if outcome.error is not None and outcome.error.kind == "no_space":
            self.stop(ExitCode.STOPPED, f"the disk is full: {outcome.error.message}")
        elif not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
            self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self._executor is not None:
            self._executor.stop()

    def abort(self) -> None:
        """Stop at once; files in hand are dropped whole."""
        if self._executor is not None:
            self._executor.abort()


def run(
    paths: Sequence[Path] | Path,
    output: Path,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: concurrent.futures.Executor | None = None,
    **settings: Unpack[SettingWords],
) -> Report:
    """Make what the recipe says of every image, and report.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    output : path
        The folder for the results; made when needed.
    recipe : Recipe, optional
        Without one, every image is written again in its own format.
    filters : Filters, optional
        Which files of folders and globs count.
    ledger : bool
        Whether to keep ``output/.imgbatch``, so that the next run knows what is up to date. Without it every file that
        exists is a foreign one.
    executor : concurrent.futures.Executor, optional
        Run in an executor of yours (a ProcessPoolExecutor, a ThreadPoolExecutor, loky's) instead of our own workers.
        It is as reliable as it is: when it breaks, every file in flight is blamed.
    **settings
        The fields of :class:`imgbatch.Settings`: workers, chunksize, max_pixels, ...

    Returns
    -------
    Report
        ``.ok``, ``.failed``, ``.outcomes``, ``.exit_code``, ``.to_json()``.

    Raises
    ------
    UsageError, PlanError
        Before the first image is opened: a wrong value, colliding names, a foreign file in the way.
    EngineError
        Workers cannot be started, or cannot take the recipe.
    """
    batch = Batch(paths, output, recipe, _settings(settings), filters, ledger=ledger, executor=executor)
    batch.prepare()
    for _ in batch.outcomes():
        pass
    return batch.report


def process(
    paths: Sequence[Path] | Path,
    output: Path,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: concurrent.futures.Executor | None = None,
    **settings: Unpack[SettingWords],
) -> Iterator[Outcome]:
    """As :func:`run`, but yields each :class:`Outcome` as it completes; closing the iterator stops cleanly.

    The plan is made, and refused if need be, by this call; the work begins with the first ``next()``.
    """
    batch = Batch(paths, output, recipe, _settings(settings), filters, ledger=ledger, executor=executor)
    batch.prepare()
    return batch.outcomes()


def start(
    paths: Sequence[Path] | Path,
    output: Path,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: concurrent.futures.Executor | None = None,
    **settings: Unpack[SettingWords],
) -> Handle:
    """As :func:`run`, but returns at once; the plan is made, and refused if need be, by this call."""
    batch = Batch(paths, output, recipe, _settings(settings), filters, ledger=ledger, executor=executor)
    batch.prepare()
    return Handle(batch)


class Handle:
    """A run in the background, in a thread of this process.

    Attributes
    ----------
    progress : (int, int)
        How many files have an outcome, and how many there are.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="imgbatch-run", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for _ in self._batch.outcomes():
                pass
        except BaseException as error:  # noqa: BLE001 - raised by result(), in the thread that asks
            self._error = error

    @property
    def progress(self) -> tuple[int, int]:
        return len(self._batch.report.outcomes), self._batch.total

    def done(self) -> bool:
        """Whether the run has ended."""
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Finish the files in hand and start nothing new; the report then counts what remains."""
        self._batch.stop(ExitCode.STOPPED, "cancelled")

    def result(self, timeout: float | None = None) -> Report:
        """The report, when the run has ended; TimeoutError when it has not within `timeout` seconds."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"the run has not ended within {timeout} s")
        if self._error is not None:
            raise self._error
        return self._batch.report


def _settings(words: SettingWords) -> Settings:
    from imgbatch.declare import from_table

    return from_table(Settings, words)


def _format_of(source: Source) -> str | None:
    """The format of a source whose outputs keep it, by its first bytes; None when it cannot be written or read."""
    try:
        descriptor = os.open(source.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        return codecs.format_of(os.read(descriptor, 64))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _up_to_date(ledger: Ledger, job: Job, digests: list[str]) -> Outcome | None:
    """The outcome "unchanged", when every target of the job is there, as this recipe would make it of this source."""
    if not job.targets:
        return None
    done = ledger.up_to_date(job.source, digests)
    if done is None:
        return None
    for target in job.targets:
        there = {written.path for written in done if written.output == target.output}
        if not target.late and not there & {target.path, target.other}:
            return None
    return Outcome(job.index, job.source, "unchanged", outputs=done)


def _holds(folder: str, roots: set[str]) -> bool:
    """Whether a folder is one of the roots, or has one of them inside."""
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for root in roots)

