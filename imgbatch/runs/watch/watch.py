"""Watch: how are folders kept up to date that fill while one looks? What is there is done, then what comes.

Whenever something may have changed (changes.py) one looks what is new and whole (folder_state.py). That is one round: a
run over these files only, carried out as ``--stream`` does it. Between two rounds there is no worker, no thread but the
listener's, and nothing in memory but an entry for each file; the state folder is held all the time.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from imgbatch.core.errors import UsageError, sentence, wrong_value
from imgbatch.core.job import Outcome, Source
from imgbatch.core.parameter_kinds import check_path, check_paths, python_scalar
from imgbatch.core.quantities import Duration
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.executors.base import time_limit
from imgbatch.planning.find import SkippedFile
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.keywords import RunKeywords, check_arguments, run_settings
from imgbatch.runs.state.state_folder import StateFolder
from imgbatch.runs.stream.stream_batch import StreamBatch, StreamPreparation
from imgbatch.runs.watch.changes import Changes
from imgbatch.runs.watch.folder_state import FolderState
from imgbatch.runs.workload import Path
from imgbatch.storage.below import Root
from imgbatch.storage.registry import absolute, is_remote

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor

SETTLE_S = 0.5  # where nobody said how long a file must rest
ROUND = 10_000  # files in a round, at most
HEARTBEAT_S = 5.0  # between two looks whether the folders are still there
REFUSALS = {  # settings that a watch cannot have: why, and how to go on
    "in_place": "what is replaced would come again and again; use imgbatch schedule",
    "overwrite": "what is in the way may be a source that is still to come; use --rename or --skip-existing",
    "shard": "each machine can watch folders of its own",
    "stream": "a watch is one; leave --stream out",
    "max_files": "a watch has no next run; leave it out",
}


def refuse_unwatchable(paths: Iterable[str], settings: Settings) -> None:
    """UsageError for what a watch cannot do."""
    for name, reason in REFUSALS.items():
        if getattr(settings, name):
            raise UsageError(f"expected a watch without --{name.replace('_', '-')}, got it: {reason}")
    if settings.needs_total:
        raise UsageError("expected a number of --max-failures for a watch: of how many a share is, nobody knows")
    for path in filter(is_remote, paths):
        raise UsageError(f"expected folders of this machine to watch, got {path!r}; use imgbatch schedule")


class Watch:
    """A run without an end, which is stopped from outside.

    Parameters
    ----------
    paths, output, recipe, settings, filters, executor
        As of :class:`imgbatch.runs.batch.Batch`; ``settle`` of the filters says when a file is whole.
    poll : float, str or None
        Time between two looks, for network disks; None: watchfiles tells when to look.

    Raises
    ------
    UsageError
        What cannot be watched, or watchfiles is missing.

    Attributes
    ----------
    report : Report
        The counts of all rounds.
    on_round : callable
        Called after each round, when the report has its outcomes.
    on_word : callable
        Gets what there is to say: that a folder is away, and that it is back.
    on_beat : callable
        Called when the watch begins, and then every few seconds, unless one file takes longer.
    """

    def __init__(
        self,
        paths: Iterable[Path] | Path,
        output: Path,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        poll: float | str | None = None,
        executor: ForeignExecutor | None = None,
    ) -> None:
        self.paths = check_paths("paths", paths)
        settings, filters, foreign = check_arguments(settings, filters, executor)
        self._filters, self._settle_s = replace(filters, settle=0.0), filters.settle or SETTLE_S
        refuse_unwatchable(self.paths, settings)
        self._recipe, self.settings, self._executor = recipe, settings, foreign
        self._root = Root(absolute(check_path("output", output, "a folder")))
        self.folder = self._root.path
        self._changes = Changes(None if poll is None else _seconds(poll))
        self._state_folder = StateFolder(self.folder, settings, True)
        self._first = self._round([], ())
        self._state = FolderState(self.paths, self._preparation(self._first).find, self._settle_s)
        self.report = Report(self.folder, settings.fail_on, settings.known_failures or "fail")
        self.skipped: list[SkippedFile] = []
        self.total = self.total_bytes = 0
        self.is_listed = False
        self.on_round: Callable[[], object] = _nothing
        self.on_beat: Callable[[], object] = _nothing
        self.on_word: Callable[[str], object] = _nothing
        self._stop: tuple[ExitCode, str] | None = None
        self._batch: StreamBatch | None = None
        self._began, self._next_beat = time.monotonic(), 0.0

    def prepare(self) -> None:
        """Take the state folder, and see whether a run could begin; the errors are those of a run."""
        preparation = self._preparation(self._first)
        self._state_folder.refuse_strangers(writing=True)
        self._state_folder.hold()
        try:
            preparation.prepare()
            list(itertools.islice(itertools.chain.from_iterable([*map(preparation.find, self.paths)]), 1))
        except BaseException:
            self._state_folder.release()
            raise

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file whenever it is done; closing it ends the watch."""
        if not self._state_folder.is_held:
            self.prepare()
        stop = lambda reason: self.stop(ExitCode.OK, reason)  # noqa: E731 - said once
        self._began = time.monotonic()
        try:
            with contextlib.closing(self._changes), time_limit(self.settings.max_time, stop):
                yield from self._rounds()
        finally:
            self.complete_report()
            self._state_folder.release()

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and end; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self._batch is not None:
            self._batch.stop(code, reason)
        self._changes.ring()

    def abort(self) -> None:
        """End at once; files in hand are dropped whole."""
        self.stop(ExitCode.INTERRUPTED, "interrupted")
        if self._batch is not None:
            self._batch.abort()

    def complete_report(self) -> None:
        """Write into the report how the watch ends; that it is told to is its planned end, if nothing is in hand."""
        report = self.report
        report.seconds = time.monotonic() - self._began
        if self._stop is not None:
            code, report.reason = self._stop
            report.stopped = code if report.remaining or code == ExitCode.STOPPED else None

    def _rounds(self) -> Iterator[Outcome]:
        roots = self._state.roots
        away: set[str] = set()
        self._changes.listen(roots.values())
        self.on_beat()
        while self._stop is None:
            began = time.monotonic()
            files = self._state.look()
            while self._stop is None and (part := list(itertools.islice(files, ROUND))):
                yield from self._carry_out(part)
            if self._stop is None and self._state.losses and self._state.has_settled:
                if self.settings.prune:
                    yield from self._carry_out([])
                self._state.losses.clear()
            if self._state.roots_away != away:
                self._tell(away, self._state.roots_away)
                away = set(self._state.roots_away)
                self._changes.listen(roots.values())
            self.on_beat()
            now = time.monotonic()
            next_look = now + min(self._changes.poll_s or 3600.0, self._state_due())
            rest_until = now + min(now - began, HEARTBEAT_S)  # half of the time, at most, is spent with looking
            while self._stop is None and (rest := next_look - time.monotonic()) > 0:
                if self._changes.wait(min(rest, HEARTBEAT_S)) or self._state.has_changed():
                    if self._stop is None and (rest := rest_until - time.monotonic()) > 0:
                        self._changes.wait(rest)
                    break
                self.on_beat()

    def _state_due(self) -> float:
        """Seconds until a file that is being written may be whole."""
        due = self._state.due_s
        return 3600.0 if due is None else due + 0.01

    def _carry_out(self, files: list[Source]) -> Iterator[Outcome]:
        """One round; none where the output folder is another one than in the round before, as in the midst of a run."""
        try:
            if not is_remote(self.folder):
                self._root.check()
                self._root.hold()
        except OSError as error:
            return self.stop(ExitCode.STOPPED, sentence(error))
        batch = self._batch = self._round(files, self._state.losses if self.settings.prune else ())
        if self._stop is not None:  # while it was made
            return
        batch.keeps_outcomes = False
        try:
            for outcome in batch.outcomes():
                self.report.add(outcome, keep=False)
                self.total += 1
                yield outcome
                if time.monotonic() > self._next_beat:
                    self._next_beat = time.monotonic() + HEARTBEAT_S
                    self.on_beat()
                if self.settings.too_many(self.report.wrong, self.total):
                    self.stop(ExitCode.STOPPED, f"{self.report.wrong} files failed")
        finally:
            self._batch = None
            self.report.remaining += batch.report.remaining
            self.report.resampler = batch.report.resampler or self.report.resampler
            self.report.warnings += batch.report.warnings
        stopped = batch.report.stopped
        if stopped is not None and self._stop is None:  # the disk is full, say
            self.stop(stopped, batch.report.reason)
        self.on_round()

    def _round(self, files: list[Source], losses: Iterable[str]) -> StreamBatch:
        settings = replace(self.settings, prune=False, max_time=None, max_failures=None, fail_fast=False)
        batch = StreamBatch(files, self.folder, self._recipe, settings, self._filters, executor=self._executor)
        batch.command = "imgbatch watch"
        preparation = self._preparation(batch)
        preparation.losses = frozenset(losses)
        preparation.borrow(self._state_folder)
        return batch

    @staticmethod
    def _preparation(batch: StreamBatch) -> StreamPreparation:
        preparation = batch.preparation
        assert isinstance(preparation, StreamPreparation)
        return preparation

    def _tell(self, before: set[str], now: set[str]) -> None:
        for path in sorted(now - before):
            self.on_word(f"{path} is not there now (not mounted?); waiting until it is back, nothing is pruned")
        for path in sorted(before - now):
            self.on_word(f"{path} is back")


def watch(
    paths: Iterable[Path] | Path,
    output: Path,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    poll: float | str | None = None,
    executor: ForeignExecutor | None = None,
    **settings: Unpack[RunKeywords],
) -> Iterator[Outcome]:
    """Make what the recipe says of every image that is there, then of every one that comes; closing it ends the watch.

    Parameters
    ----------
    paths, output, recipe, filters, executor, **settings
        As of :func:`imgbatch.run`; ``Filters(settle=...)`` says for how many seconds a file must not have changed to be
        whole (0: half a second).
    poll : float or str, optional
        Seconds between two looks, or ``"2s"``; without it ``watchfiles`` tells when to look (``imgbatch[watch]``).

    Yields
    ------
    Outcome
        Whenever a file is done.

    Raises
    ------
    UsageError, PlanError, LockedError, EngineError
        As :func:`imgbatch.run`; and what cannot be watched.
    """
    one = Watch(paths, output, recipe, run_settings(settings), filters, poll=poll, executor=executor)
    one.prepare()
    return one.outcomes()


def _seconds(poll: float | str) -> float:
    seconds = Duration(0.01).read("poll", poll) if isinstance(poll, str) else python_scalar(poll)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0.01 <= seconds < 1e6:
        raise wrong_value("a time such as 2s", "poll", poll)
    return float(seconds)


def _nothing(*words: object) -> None:
    pass
