"""Stream batch: how is a run carried out whose sources come while it is at work? ``--stream``; a watch, too.

One image: the producer thread (arrivals.py) finds its Source and puts it into the queue; when the executor has room,
its names are claimed and the ledger is asked (stream_jobs.py), and it is a Job as any other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from imgbatch.core.errors import HostError, UsageError, sentence
from imgbatch.core.job import Outcome
from imgbatch.core.report import ExitCode
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.pipeline.task import Task
from imgbatch.planning.find import Candidate, discover, root_of
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.batch import Batch
from imgbatch.runs.other_runs import OtherRunsOutputs
from imgbatch.runs.output_folder import OutputFolder
from imgbatch.runs.prepare import Preparation
from imgbatch.runs.stream.arrivals import Arrivals
from imgbatch.runs.stream.stream_jobs import StreamJobs
from imgbatch.runs.stream.stream_workload import StreamWorkload
from imgbatch.runs.workload import Path
from imgbatch.storage.registry import is_remote

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor
    from imgbatch.pixels.exact_sums import Totals
    from imgbatch.runs.state.state_folder import StateFolder


class StreamPreparation(Preparation):
    """Prepares all but the files, which come later: ledger, names, lock.

    Attributes
    ----------
    stream : StreamJobs
        What the run will do.
    losses : collection of str
        Sources (absolute paths) that are gone, and whose outputs go, too.
    """

    stream: StreamJobs
    losses: Collection[str] = ()
    _is_lent: bool = False

    def borrow(self, state_folder: StateFolder) -> None:
        """Use a state folder that somebody else holds, from before this run until after it."""
        self._state_folder, self._is_lent = state_folder, True

    def close(self) -> None:
        if not self._is_lent:
            super().close()

    def find(self, path: str) -> Iterator[Candidate]:
        """What a SRC stands for; PlanError where it is nothing, UsageError where sources would be moved into it."""
        if self.source_mover is not None and not is_remote(path) and not os.path.isfile(path):
            self.source_mover.refuse_root(root_of(path))
        other_runs = OtherRunsOutputs(self._settings.state or self.state_home, self._state_folder.base)
        return discover([path], self._filters, avoid=self._avoid(), other_runs=other_runs)

    def _compare(self) -> None:
        ledger = self._read_ledger()
        destination = self.destination
        assert isinstance(destination, OutputFolder)  # else the settings were refused
        plan = destination.stream_plan(self._judge(ledger))
        self.stream = StreamJobs(self._settings.max_files, destination.is_output)
        self.stream.plan = plan
        self.workload = self.stream.workload = StreamWorkload(plan)
        if self.losses:
            rows = (row for row in ledger.rows if row.source in self.losses and not row.moved)
            orphans = (row for row in rows if not os.path.lexists(row.source) and row.intact())
            self.workload.orphans = sorted(orphans, key=lambda row: os.fsencode(row.path))


class StreamBatch(Batch):
    """One run with outputs over sources that come while it is at work.

    Parameters
    ----------
    words : iterable of str, path or Candidate
        What there is to do, asked for one by one, in another thread, as far ahead as a window: SRC, or what was found.
    output, recipe, settings, filters, ledger, executor, stats, placeholders
        As of :class:`imgbatch.runs.batch.Batch`.

    Raises
    ------
    UsageError
        An executor that wants to know all of its jobs.
    """

    def __init__(
        self,
        words: Iterable[object],
        output: Path | None,
        recipe: Recipe | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        *,
        ledger: bool = True,
        executor: ForeignExecutor | None = None,
        stats: bool = False,
        placeholders: bool = False,
    ) -> None:
        super().__init__(
            [], output, recipe, settings, filters, ledger=ledger, executor=executor, stats=stats,
            placeholders=placeholders,
        )  # fmt: skip
        if not self.executor_kind.takes_streams:
            raise UsageError(
                "expected --stream, a watch or an executor of others, got both: it is sent what is known when the "
                "run begins; leave one of them out"
            )
        self._words = words
        self._arrivals: Arrivals | None = None

    def _preparation(self, output: Path | None, ledger: bool) -> Preparation:
        return StreamPreparation(
            [], output, self.recipe, self.settings, self.filters, ledger, self.executor_kind.in_this_process
        )

    def stop(self, code: ExitCode, reason: str) -> None:
        super().stop(code, reason)
        if self._is_prepared:
            self._stream.close()

    def abort(self) -> None:
        super().abort()
        if self._is_prepared:
            self._stream.close()

    def complete_report(self) -> None:
        super().complete_report()
        if self._is_prepared and self._stream.is_cut and not self.is_listed and not self.report.reason:
            self.report.reason = f"{self.settings.max_files} files are done (--max-files)"

    @property
    def _stream(self) -> StreamJobs:
        preparation = self.preparation
        assert isinstance(preparation, StreamPreparation)
        return preparation.stream

    @contextlib.contextmanager
    def _session(self) -> Iterator[None]:
        """What comes is heard from here on; ledger and lock are made when something has, as a run without work does."""
        preparation = self.preparation
        assert isinstance(preparation, StreamPreparation)
        arrivals = self._arrivals = Arrivals(self._words, preparation.find, lambda: self._stream.ring())
        try:
            arrivals.start()
            self._await_first(arrivals)
            has_arrivals = arrivals.has_candidates
            self._workload.has_arrivals = has_arrivals
            with super()._session():  # where a run came and went meanwhile, that begins anew
                self._workload.has_arrivals = has_arrivals
                self._stream.arrivals = arrivals
                yield
        finally:
            arrivals.close()

    @property
    def _workload(self) -> StreamWorkload:
        return self._stream.workload

    def _await_first(self, arrivals: Arrivals) -> None:
        """Wait until something has come, or the run is stopped."""
        stream = self._stream
        stream.arrivals = arrivals
        while True:
            stream.silence()
            if not arrivals.is_empty or stream.has_ended:
                return
            stream.wait()

    def _work(self) -> Iterator[Outcome]:
        yield from super()._work()
        error = None if self._arrivals is None else self._arrivals.error
        if isinstance(error, HostError):
            self.fail(sentence(error))
        elif error is not None:
            raise error

    def _results(self, task: Task, totals: Totals | None) -> Generator[Outcome, None, None]:
        """Outcomes as they come; what cost a worker before is done last and alone."""
        stream, work = self._stream, self._workload
        renamed_sources = self._renamed_sources()
        if renamed_sources is not None:
            stream.shortcut = renamed_sources.copy_outputs
        try:
            yield from self._execute(task, stream, self.settings.workers, totals)
        finally:
            work.folders = stream.plan.folders
        for index in work.suspects:
            yield from self._execute(task, [stream.plan.jobs[index]], 1, totals)
