"""Which files are damaged, or not what their name says? ``check(paths)``: every frame of every file is decoded.

Nothing is written. The work of a file is inspecting.py's; finding files, workers, limits and the report are those of
every other command.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import TypedDict, Unpack

from imgbatch import executors
from imgbatch.discover import Skipped, discover
from imgbatch.errors import unknown
from imgbatch.inspecting import InspectWork
from imgbatch.job import Job, Outcome
from imgbatch.report import ExitCode, Report
from imgbatch.settings import Filters, Settings

Path = str | os.PathLike[str]
#: The settings that mean something where nothing is written.
SETTINGS = ("workers", "chunksize", "timeout", "memory", "max_pixels", "fail_on", "fail_fast", "max_failures")


class CheckWords(TypedDict, total=False):
    """The keyword arguments of :func:`check` that are fields of :class:`imgbatch.Settings`."""

    workers: int | str
    chunksize: int | str
    timeout: float | str | None
    memory: int | str
    max_pixels: int | str
    fail_on: str
    fail_fast: bool
    max_failures: str | int | None


class Checking:
    """One check, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when :meth:`outcomes` has ended.
    """

    def __init__(
        self, paths: Sequence[Path] | Path, settings: Settings | None = None, filters: Filters | None = None
    ) -> None:
        executors.refuse_import()
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self._executor: executors.Executor | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self.todo: list[Job] = []
        self.skipped: list[Skipped] = []
        self.report = Report(fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many files there are to check."""
        return len(self.todo)

    @property
    def total_bytes(self) -> int:
        """Their bytes."""
        return sum(job.source.size for job in self.todo)

    def prepare(self) -> None:
        """Find the files; PlanError when a path does not exist."""
        for found in discover(self.paths, self.filters):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            else:
                self.todo.append(Job(len(self.todo), found, ()))

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each file, as they complete; closing the iterator stops cleanly."""
        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        try:
            for outcome in self._all():
                self.report.add(outcome)
                if not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
                    self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")
                yield outcome
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()

    def _all(self) -> Iterator[Outcome]:
        if not self.todo:
            return
        held = self.settings
        self._executor = executors.make(held.workers, held.chunksize, held.timeout, None, held.memory)
        if self._stop is not None:
            return
        results = self._executor.run(InspectWork(held.max_pixels), self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self._executor is not None:
            self._executor.stop()

    def abort(self) -> None:
        """Stop at once; files in hand are not counted."""
        if self._executor is not None:
            self._executor.abort()


def check(paths: Sequence[Path] | Path, *, filters: Filters | None = None, **settings: Unpack[CheckWords]) -> Report:
    """Decode every frame of every file, and report what is damaged or mislabelled.

    A damaged file's Outcome is failed, with a kind (truncated, corrupt, unidentified, unsupported, too_large, ...).
    What is only odd is in its warnings: a suffix of another format, data after the end of the picture, a wrong
    checksum of a PNG chunk after the pixels, a GIF or JPEG without end mark.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    filters : Filters, optional
        Which files of folders and globs count.
    **settings
        The fields of :class:`imgbatch.Settings` that have a meaning here: workers, chunksize, timeout, memory,
        max_pixels, fail_on, fail_fast, max_failures.

    Returns
    -------
    Report
        ``.ok``, ``.failed``, ``.outcomes`` in the order of the sources, ``.exit_code``, ``.to_json()``.

    Raises
    ------
    UsageError, PlanError
        Before the first file is opened: a wrong value, a missing source.
    EngineError
        Workers cannot be started.

    Examples
    --------
    >>> import imgbatch as ib
    >>> ib.check("sample_images/travel", workers=0).ok
    True
    """
    from imgbatch.declare import from_table

    for word in settings:
        if word not in SETTINGS:
            raise unknown(word, "setting", SETTINGS)
    checking = Checking(paths, from_table(Settings, settings), filters)
    checking.prepare()
    for _ in checking.outcomes():
        pass
    return checking.report
