"""Entry points: how is a run started from Python? At once, streaming, or in the background."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Unpack

from imgbatch.core.errors import EngineError, sentence
from imgbatch.core.job import Outcome
from imgbatch.core.parameter_kinds import python_scalar
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters
from imgbatch.planning.recipe import Recipe
from imgbatch.reporters.progress import carry_out, outcomes_of
from imgbatch.runs.batch import Batch
from imgbatch.runs.keywords import RunKeywords, describe_settings, note_arguments, run_settings
from imgbatch.runs.workload import Path

if TYPE_CHECKING:
    from imgbatch.executors.base import ForeignExecutor


@describe_settings
def run(
    paths: Iterable[Path] | Path,
    output: Path | None = None,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: ForeignExecutor | None = None,
    progress: bool = False,
    **settings: Unpack[RunKeywords],
) -> Report:
    """Make what the recipe says of every image, and report.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (recursive) and globs. With ``stream=True`` they are asked for one by one, in a thread of its
        own and a window ahead, and work begins with the first; what an iterator raises is raised when all that came
        before is done.
    output : path
        The folder for the results; made when needed. None with ``in_place=True``.
    recipe : Recipe, optional
        Without one, every image is written again in its own format.
    filters : Filters, optional
        Which files of folders and globs count.
    ledger : bool
        Whether to keep ``output/.imgbatch``, so that the next run knows what is up to date. Without it every file that
        exists is a foreign one.
    executor : concurrent.futures.Executor, distributed.Client or str, optional
        Run in an executor of yours (a ProcessPoolExecutor, a ThreadPoolExecutor, loky's) or in your Dask cluster
        instead of our own workers, or in what a word of ``--executor`` means. A file whose worker is lost is tried
        again (``retries``); when the executor breaks, the run stops early, and the next one goes on.
    progress : bool
        Whether a bar of tqdm's shows how far the run is; in a notebook its own kind, where ipywidgets is installed.
    **settings
        The fields of :class:`imgbatch.Settings`, all listed below: workers, timeout, max_pixels, ...

    Returns
    -------
    Report
        ``.ok``, ``.failed``, ``.outcomes``, ``.exit_code``, ``.to_json()``.

    Raises
    ------
    UsageError, PlanError
        Before the first image is opened: a wrong value, colliding names, a foreign file in the way.
    LockedError
        Another run is at work in `output`.
    EngineError
        Workers cannot be started, or cannot take the recipe.

    Examples
    --------
    >>> import tempfile
    >>> import imgbatch as ib
    >>> recipe = ib.Recipe(ops=[ib.Resize(800)], outputs=[ib.Output(format="webp", quality=80)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ib.run("sample_images/travel", folder, recipe, workers=0).ok
    True

    What failed, and why:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = ib.run("sample_images/broken", folder, workers=0, fail_on="none")
    >>> sorted(outcome.error.kind for outcome in report.failed)
    ['corrupt', 'truncated', 'truncated', 'unidentified']
    """
    with note_arguments():
        batch = make_batch(paths, output, recipe, settings, filters, ledger, executor)
        carry_out(batch, progress)
    return batch.report


def process(
    paths: Iterable[Path] | Path,
    output: Path | None = None,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: ForeignExecutor | None = None,
    progress: bool = False,
    **settings: Unpack[RunKeywords],
) -> Iterator[Outcome]:
    """As :func:`run`, but yields each :class:`Outcome` as it completes; closing the iterator stops cleanly.

    The plan is made, and refused if need be, by this call; the work begins with the first ``next()``. No outcome is
    held here once it was yielded.

    Parameters
    ----------
    paths, output, recipe, filters, ledger, executor, progress, **settings
        As of :func:`run`, and so are the errors.

    Raises
    ------
    EngineError
        Also after the last outcome, where the run stopped early and files are left (the executor or the disk is lost):
        :func:`run` says so in its report, which nobody has here. The same call goes on with what is left. A failure
        limit of the caller's (`fail_fast`, `max_failures`) is no error.
    """
    with note_arguments():
        batch = make_batch(paths, output, recipe, settings, filters, ledger, executor)
        batch.keeps_outcomes = False
        outcomes = outcomes_or_error(batch, outcomes_of(batch, progress))
        batch.prepare()
    return outcomes


def start(
    paths: Iterable[Path] | Path,
    output: Path | None = None,
    recipe: Recipe | None = None,
    *,
    filters: Filters | None = None,
    ledger: bool = True,
    executor: ForeignExecutor | None = None,
    progress: bool = False,
    **settings: Unpack[RunKeywords],
) -> Handle:
    """As :func:`run`, but returns at once; the plan is made, and refused if need be, by this call.

    Parameters
    ----------
    paths, output, recipe, filters, ledger, executor, progress, **settings
        As of :func:`run`, and so are the errors.
    """
    with note_arguments():
        batch = make_batch(paths, output, recipe, settings, filters, ledger, executor)
        outcomes = outcomes_of(batch, progress)
        batch.prepare()
    return Handle(batch, outcomes)


class Handle:
    """A run in the background, in a thread of this process.

    Attributes
    ----------
    progress : (int, int)
        How many files have an outcome, and how many there are.
    """

    def __init__(self, batch: Batch, outcomes: Iterator[Outcome] | None = None) -> None:
        self._batch: Batch | None = batch  # None: a copy, which only tells how the run ended
        self._report, self._total = batch.report, 0
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(outcomes or batch.outcomes(),), name="imgbatch-run", daemon=True
        )
        self._thread.start()

    def __getstate__(self) -> dict[str, Any]:
        if not self.done():
            raise TypeError("the Handle of a run that has not ended cannot be copied; ask for its result() first")
        return {"_batch": None, "_report": self._report, "_total": self.progress[1], "_error": self._error}

    def __repr__(self) -> str:
        return f"<Handle: {self._words()}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: how far the run is, and once it has ended, its report."""
        from imgbatch.core.display.table import table

        return self._report._repr_html_() if self.done() and self._error is None else table(self._words(), (), ())

    def _words(self) -> str:
        if not self.done():
            count, total = self.progress
            return f"{count} of {total} files so far"
        if self._error is not None:
            return f"ended by {type(self._error).__name__}: {sentence(self._error)}"
        return self._report.sentence()

    def _run(self, outcomes: Iterator[Outcome]) -> None:
        try:
            for _ in outcomes:
                pass
        except BaseException as error:  # noqa: BLE001 - raised by result(), in the thread that asks
            self._error = error

    @property
    def progress(self) -> tuple[int, int]:
        """How many files have an outcome, and how many there are."""
        batch = self._batch
        return (len(self._report.outcomes), self._total) if batch is None else (len(batch.statuses), batch.total)

    def done(self) -> bool:
        """Whether the run has ended."""
        return self._batch is None or not self._thread.is_alive()

    def cancel(self) -> None:
        """Finish the files in hand and start nothing new; the report then counts what remains."""
        if self._batch is not None:
            self._batch.stop(ExitCode.STOPPED, "cancelled")

    def result(self, timeout: float | None = None) -> Report:
        """The report, when the run has ended; TimeoutError when it has not within `timeout` seconds."""
        if self._batch is not None:
            self._thread.join(python_scalar(timeout))
        if not self.done():
            raise TimeoutError(f"the run has not ended within {timeout} s")
        if self._error is not None:
            raise self._error
        return self._report


def outcomes_or_error(batch: Batch, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """The outcomes of a run without a report, and EngineError after them where it stopped early by no wish of anybody.

    Parameters
    ----------
    batch : Batch
    outcomes : generator of Outcome
        Its own.
    """
    with contextlib.closing(outcomes):  # type: ignore[type-var]  # it is a generator
        yield from outcomes
    report = batch.report
    if report.stopped == ExitCode.STOPPED and not batch.settings.too_many(report.wrong, batch.total):
        rest = f"; {report.remaining} files are left, and the same call goes on with them" if report.remaining else ""
        raise EngineError(f"the run stopped early: {report.reason}{rest}")


def make_batch(
    paths: Iterable[Path] | Path,
    output: Path | None,
    recipe: Recipe | None,
    words: RunKeywords,
    filters: Filters | None,
    ledger: bool,
    executor: ForeignExecutor | None,
) -> Batch:
    """The run of a call, be its paths all there or still to come.

    Parameters
    ----------
    paths, output, recipe, words, filters, ledger, executor
        As of :func:`run`; `words` are its settings.
    """
    settings = run_settings(words)
    if settings.stream:
        from imgbatch.runs.stream.stream_batch import StreamBatch

        sources = [paths] if isinstance(paths, (str, os.PathLike)) else paths
        return StreamBatch(sources, output, recipe, settings, filters, ledger=ledger, executor=executor)
    return Batch(paths, output, recipe, settings, filters, ledger=ledger, executor=executor)
