"""Run: what have all runs over images in common, with and without outputs?

A run is prepared (:meth:`Run.prepare` makes its workload), then carried out (:meth:`Run.outcomes`): an executor does
the jobs, the report counts, and a stop from outside is heard. What is done with the jobs is said by those who inherit,
in `_work`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NoReturn

from imgbatch import executors
from imgbatch.core.errors import EngineError, HostError, LostEngineError, sentence
from imgbatch.core.job import Job, Outcome
from imgbatch.core.parameter_kinds import check_paths
from imgbatch.core.records.status_table import StatusTable
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.executors.base import Executor, ExecutorOptions, time_limit, warn_once
from imgbatch.executors.job_stream import JobStream
from imgbatch.operations.support.resampling import resampler
from imgbatch.pipeline.task import Task
from imgbatch.runs.keywords import check_arguments
from imgbatch.runs.resampler_choice import choose_resampler, is_wrong_choice
from imgbatch.runs.workload import Path, Workload, find_workload, list_workload
from imgbatch.storage.registry import is_remote, refuse_unknown_stores

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor
    from imgbatch.operations import Operation
    from imgbatch.pixels.exact_sums import Totals
    from imgbatch.planning.find import SkippedFile
    from imgbatch.reporters.logger import Logger


class Run(ABC):
    """One run over images, prepared and then carried out.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders and globs.
    settings, filters : Settings and Filters, optional
    executor : concurrent.futures.Executor, distributed.Client or str, optional
        Does the work instead of worker processes of its own; a word is that of ``--executor``.

    Raises
    ------
    UsageError
        An argument of another type, or an engine that resizes and cannot be used here.

    Attributes
    ----------
    workload : Workload
        What there is to do, once it is prepared.
    report : Report
        Complete when :meth:`outcomes` has ended.
    statuses : StatusTable
        What became of each job so far.
    keeps_outcomes : bool
        Whether the report will hold the outcomes; may be set before they are asked for.
    executor : Executor or None
        Does the work, once it has begun.
    executor_kind : ExecutorKind
        What that executor will promise.
    lists_meanwhile : bool
        Whether work begins before all files are listed, where there are many and nothing must be known of all.
    """

    lists_meanwhile: ClassVar[bool] = False

    def __init__(
        self,
        paths: Iterable[Path] | Path,
        settings: Settings | None = None,
        filters: Filters | None = None,
        executor: ForeignExecutor | None = None,
    ) -> None:
        executors.refuse_import()
        self.paths = check_paths("paths", paths)
        refuse_unknown_stores(*self.paths)
        self.settings, self.filters, executor = check_arguments(settings, filters, executor)
        if self.settings.resampler != "auto":
            resampler.choose(self.settings.resampler)
        self.workload = Workload()
        self.report = Report(fail_on=self.settings.fail_on, known_failures=self.settings.known_failures or "fail")
        self.statuses = StatusTable()
        self.keeps_outcomes = True
        self.executor: Executor | None = None
        self.executor_kind = executors.choose(self.settings.workers, executor, self.settings.executor)
        self._foreign_executor = executor
        self._cluster = executors.cluster_of(self.executor_kind, executor, self.settings)
        if self.settings.untrusted and self.settings.timeout is None and self.executor_kind.keeps_timeout:
            self.settings = replace(self.settings, timeout=Settings.untrusted_timeout_s)
        self.executor_kind.refuse(self.settings)
        self._began = time.monotonic()
        self._stop: tuple[ExitCode, str] | None = None
        self._is_prepared = self._is_failure = self._is_engine_lost = False
        self._logger: Logger | None = None
        self._host_warnings: set[str] = set()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} belongs to its process and cannot be copied; send its report instead")

    @property
    def todo(self) -> Sequence[Job]:
        """The jobs that are to be done; of a run that lists meanwhile, those so far."""
        return self.workload.todo

    @property
    def skipped(self) -> list[SkippedFile]:
        """What was found and is no image, or not wanted."""
        return self.workload.skipped

    @property
    def total(self) -> int:
        """How many files get an Outcome in this run; those so far, until it `is_listed`."""
        return self.workload.total

    @property
    def is_listed(self) -> bool:
        """Whether all of its files are known."""
        return self.workload.is_complete

    @property
    def total_bytes(self) -> int:
        """The bytes of the sources that are to be done."""
        return self.workload.total_bytes

    def prepare(self) -> None:
        """Find the images; PlanError when a path does not exist."""
        self.workload = self._find_workload()
        self._is_prepared = True

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; prepares what is not prepared. Closing it stops cleanly."""
        if not self._is_prepared:
            self.prepare()
        stop = functools.partial(self.stop, ExitCode.OK)
        cluster = contextlib.nullcontext() if self._cluster is None else contextlib.closing(self._cluster)
        with time_limit(self.settings.max_time, stop), self._session(), self._reporting(), cluster:
            yield from self._work()

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self.executor is not None:
            self.executor.stop()

    def fail(self, reason: str) -> None:
        """Stop, and say so (exit 4) though no file may be left: something around them is wrong."""
        self._is_failure = True
        self.stop(ExitCode.STOPPED, reason)

    def abort(self) -> None:
        """Stop at once; files in hand are dropped whole."""
        if self.executor is not None:
            self.executor.abort()

    # -- for those who inherit -----------------------------------------------------------------------------------------

    @abstractmethod
    def _work(self) -> Iterator[Outcome]:
        """Have the workload done; its outcomes, each of them counted."""

    def _find_workload(self) -> Workload:
        find = list_workload if self.lists_meanwhile and not self.settings.needs_total else find_workload
        return find(self.paths, self.filters)

    def _session(self) -> contextlib.AbstractContextManager[None]:
        """What a run holds from before its work until its report is complete."""
        return contextlib.nullcontext()

    def _do_all(self, task: Task, totals: Totals | None = None) -> Generator[Outcome, None, None]:
        """Have all jobs done, and count their outcomes."""
        with contextlib.closing(self._execute(task, self.todo, self.settings.workers, totals)) as outcomes:
            for outcome in outcomes:
                self._count(outcome)
                yield outcome

    def _choose_resampler(self, ops: Iterable[Operation]) -> None:
        """Choose the engine that resizes, and say so in the report, where there is something that `ops` may resize."""
        if self.workload.begins:
            own_processes = not self.executor_kind.in_this_process and self._foreign_executor is None
            self.report.resampler = choose_resampler(self.settings, ops, own_processes)

    def _is_stopping(self) -> bool:
        return self._stop is not None

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        """Within the block outcomes are counted; at its end the report is complete."""
        self._began = time.monotonic()
        self.report.counts["skipped"] += self.workload.new_skips()
        self._start_logger()
        try:
            yield
        except Exception as error:
            if self._logger is not None:
                self._logger.tell_break(error)
            raise
        finally:
            self.complete_report()
            if self._logger is not None:
                self._logger.finish(self.report)

    def complete_report(self) -> None:
        """Write into the report how the run ends, be it now: for who has to end while a file is in hand, too."""
        report = self.report
        report.counts["skipped"] += self.workload.new_skips()
        report.other_outputs = self.workload.other_outputs
        report.seconds = time.monotonic() - self._began
        report.remaining = self.workload.later + self.total - len(self.statuses)
        if self._stop is not None and (report.remaining or self._is_failure or not self.is_listed):
            code, report.reason = self._stop
            report.stopped = code or None  # a planned stop is no failure
        elif self.workload.later:
            report.reason = f"{self.settings.max_files} files are done (--max-files)"
        report.sort()

    def _start_logger(self) -> None:
        """Without ``logging`` loaded the program listens to nobody."""
        if "logging" in sys.modules:
            from imgbatch.reporters.logger import Logger

            self._logger = Logger(self.report.base)
            self._logger.start(self.total, self.total_bytes, self.is_listed)

    def _count(self, outcome: Outcome) -> None:
        """Count an outcome, and end the run where it is one failure too many."""
        self._add(outcome)
        if not outcome.ok:
            self._stop_after(self.report.wrong)

    def _add(self, outcome: Outcome) -> None:
        """Add an outcome to the report and the program's log; what its process lacks is said once."""
        warn_once(outcome.host_warnings, self._host_warnings)
        self.statuses.add(outcome.index, outcome.status)
        try:
            self.report.add(outcome, self.keeps_outcomes)
        except HostError as error:  # the disk has no room for what is reported; what is done is not lost
            self.stop(ExitCode.STOPPED, sentence(error))
        if self._logger is not None:
            self._logger.outcome(outcome)

    def _stop_after(self, failures: int) -> None:
        """End the run where so many failures are too many."""
        if self.settings.too_many(failures, self.total):
            count = f"{failures} of {self.total}" if self.is_listed else f"{failures} of {self.total} or more"
            self.stop(ExitCode.STOPPED, f"{count} files failed")

    def _execute(
        self, task: Task, jobs: Sequence[Job] | JobStream, workers: int | str, totals: Totals | None = None
    ) -> Generator[Outcome, None, None]:
        """Have jobs done by an executor with that many workers, unless the run is stopped.

        Where it turns out that their engine cannot resize, another one does. Where the executor is lost, the run stops.
        """
        if not jobs or self._is_stopping():
            return
        settings = self.settings
        options = ExecutorOptions(
            workers, settings.chunksize, settings.timeout, totals, settings.memory, self._foreign_executor,
            settings.retries, self._cluster,
        )  # fmt: skip
        self.executor = executors.make(self.executor_kind, options)
        if self._is_stopping():  # while it was made
            return
        ready = task.with_resampler(self.report.resampler)
        if any(is_remote(os.fspath(path)) for path in self.paths):
            from imgbatch.executors.processes.memory_budget import bytes_ahead

            ready = ready.with_bytes_ahead(bytes_ahead(settings.memory))
        results = self.executor.begin(ready.for_strangers_files() if settings.untrusted else ready, jobs)
        has_begun = False
        try:
            with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
                for outcome in results:
                    has_begun = True
                    yield outcome
            return
        except LostEngineError as error:
            self._is_engine_lost = True
            self.fail(str(error))
            return
        except EngineError:
            if has_begun or not is_wrong_choice(self.report.resampler, settings.resampler):
                raise
        self.report.resampler = "numpy"
        yield from self._execute(task, jobs, workers, totals)
