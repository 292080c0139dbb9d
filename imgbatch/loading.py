"""How do images become one array? ``load(paths, ops...)``: workers write their rows in place, no pixels are pickled.

The array of shape (N, H, W, C) is made before the work, in shared memory, in a mapped file (`spill`), or is the
caller's own (`out`). Workers attach to it by name. Rows are in the order of the sources; the row of a file that failed
is zeros, and `valid` says so.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgbatch import executors
from imgbatch.discover import Skipped, discover
from imgbatch.errors import EngineError, unknown
from imgbatch.files import sweep, temporary
from imgbatch.job import Job, Outcome
from imgbatch.loaded import Here, Loaded, check_out, same_file
from imgbatch.operations import Operation
from imgbatch.preparing import Path
from imgbatch.quantities import Duration
from imgbatch.recipe import checked_ops
from imgbatch.report import ExitCode, Report
from imgbatch.rows import CHANNELS, RowWork
from imgbatch.settings import Filters, Settings
from imgbatch.shared import FileArray, Holder, SharedArray
from imgbatch.sizing import fixed_size

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Loading:
    """One load, prepared and then carried out.

    Attributes
    ----------
    todo : list of Job
        One for each row.
    skipped : list of Skipped
        What was found and is no image, or not wanted.
    report : Report
        Complete when :meth:`outcomes` has ended.
    rows : Holder or None
        Holds the array, from the first outcome on.
    valid : numpy.ndarray
        (N,) bool; from the first outcome on.
    """

    def __init__(
        self,
        paths: Sequence[Path] | Path,
        ops: Sequence[Operation],
        *,
        mode: str = "RGB",
        out: NDArray[Any] | None = None,
        spill: Path | None = None,
        settings: Settings | None = None,
        filters: Filters | None = None,
        auto_orient: bool = True,
        timeout: float | str | None = None,
    ) -> None:
        executors.refuse_import()
        self.paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        self.ops = checked_ops(ops)
        if mode not in CHANNELS:
            raise unknown(mode, "mode", CHANNELS)
        self.mode = mode
        self.size = fixed_size(self.ops)
        self.settings = settings or Settings()
        self.filters = filters or Filters()
        self._out, self._spill, self._auto_orient = out, spill, auto_orient
        self._timeout = None if timeout is None else Duration().check("timeout", timeout)
        self._copy = False  # whether the rows are copied into `out` at the end
        self._executor: executors.Executor | None = None
        self._stop: tuple[ExitCode, str] | None = None
        self.rows: Holder | None = None
        self.todo: list[Job] = []
        self.skipped: list[Skipped] = []
        self.report = Report(fail_on=self.settings.fail_on)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.todo)

    @property
    def total_bytes(self) -> int:
        """The bytes of the sources."""
        return sum(job.source.size for job in self.todo)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C) of the array."""
        return len(self.todo), self.size[1], self.size[0], CHANNELS[self.mode]

    # -- before the first file -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Find the sources; PlanError when one is missing, UsageError when `out` is no place for them."""
        for found in discover(self.paths, self.filters):
            if isinstance(found, Skipped):
                self.skipped.append(found)
            else:
                self.todo.append(Job(len(self.todo), found, ()))
        if self._out is not None:
            check_out(self._out, self.shape)

    def allocate(self) -> Holder:
        """A place for the array that the workers can reach too."""
        import numpy

        if self._out is not None:
            if self.settings.workers == 0:
                return Here(self._out, lent=True)
            mapped = same_file(self._out)
            if mapped is not None:
                return mapped
            self._copy = True
        if self._spill is not None:
            folder = os.path.abspath(os.fspath(self._spill))
            os.makedirs(folder, exist_ok=True)
            sweep(folder)
            return FileArray.create(temporary(folder), self.shape, numpy.uint8)
        if self.settings.workers == 0:
            return Here(numpy.zeros(self.shape, numpy.uint8))
        try:
            return SharedArray.create(self.shape, numpy.uint8)
        except EngineError as error:
            raise EngineError(f"{error}; gather the pictures in a file instead, with spill=DIR (--spill DIR)") from None

    # -- the work ------------------------------------------------------------------------------------------------------

    def outcomes(self) -> Iterator[Outcome]:
        """One Outcome for each source, as they complete; closing the iterator stops cleanly."""
        import numpy

        began = time.monotonic()
        self.report.counts["skipped"] += len(self.skipped)
        self.valid: NDArray[Any] = numpy.zeros(len(self.todo), bool)
        rows = self.rows = self.allocate()
        work = RowWork(self.ops, self.size, self.mode, rows, self.settings.max_pixels, self._auto_orient)
        try:
            for outcome in self._all(work):
                self.valid[outcome.index] = outcome.ok
                self.report.add(outcome)
                self._consider(outcome)
                yield outcome
        finally:
            self.report.seconds = time.monotonic() - began
            self.report.remaining = self.total - len(self.report.outcomes)
            if self._stop is not None and self.report.remaining:
                self.report.stopped, self.report.reason = self._stop
            self.report.sort()
            if rows.array is not None:
                rows.array[~self.valid] = 0  # what a worker had begun when it died, or was there before

    def _all(self, work: RowWork) -> Iterator[Outcome]:
        if not self.todo:
            return
        self._executor = executors.make(self.settings.workers, self.settings.chunksize, self._timeout)
        if self._stop is not None:
            return
        results = self._executor.run(work, self.todo)
        with contextlib.closing(results):  # type: ignore[type-var]  # every executor's run is a generator
            yield from results

    def _consider(self, outcome: Outcome) -> None:
        """Whether this outcome ends the load."""
        if not outcome.ok and self.settings.too_many(self.report.wrong, self.total):
            self.stop(ExitCode.STOPPED, f"{self.report.wrong} of {self.total} files failed")

    def stop(self, code: ExitCode, reason: str) -> None:
        """Finish the files in hand and start nothing new; callable from any thread or signal handler."""
        if self._stop is None:
            self._stop = (code, reason)
        if self._executor is not None:
            self._executor.stop()

    def abort(self) -> None:
        """Stop at once, and leave nothing behind."""
        if self._executor is not None:
            self._executor.abort()
        if self.rows is not None:
            self.rows.release()

    def loaded(self) -> Loaded:
        """The result, when the outcomes have ended."""
        rows = self.rows
        assert rows is not None
        if self._out is not None and not isinstance(rows, Here):
            if self._copy:
                self._out[...] = rows.array
            rows.release()
            rows = Here(self._out, lent=True)
        return Loaded(rows, self.valid, self.report)


def load(
    paths: Sequence[Path] | Path,
    *ops: Operation,
    mode: str = "RGB",
    out: NDArray[Any] | None = None,
    spill: Path | None = None,
    workers: int | str = "auto",
    chunksize: int | str = "auto",
    timeout: float | str | None = None,
    max_pixels: int | str = 268_000_000,
    filters: Filters | None = None,
    auto_orient: bool = True,
) -> Loaded:
    """Images as one array in shared memory: decoded by worker processes, each into its row, no pixels pickled.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders (recursive) and globs.
    *ops : Operation
        Must give every image one size, whatever its own: ``Resize("224x224", fit="cover")``, say, or with
        ``fit="contain"`` or ``"fill"``, or a resize and a crop or pad. Nothing is enlarged unless asked: with
        ``fit="cover"`` a picture with a shorter side fails (kind ``target``); ``upscale=True`` enlarges it,
        ``fit="contain"`` pads it.
    mode : str
        ``RGB``, ``L`` or ``RGBA``. Without a channel for it, transparency is laid on white. CMYK and LAB become sRGB;
        RGB and gray keep their values, whatever their profile says; 16 bits become 8.
    out : numpy.ndarray, optional
        (N, H, W, C) uint8, to be filled. A ``numpy.memmap`` of a file is filled by the workers themselves; other arrays
        are filled at the end from shared memory (or from `spill`).
    spill : path, optional
        A folder for a memory-mapped file in place of shared memory, for more pictures than that holds. The file is
        removed by :meth:`Loaded.close`.
    workers : int or "auto"
        Worker processes; 0: in this process, in ordinary memory.
    chunksize : int or "auto"
        Files handed to a worker at a time.
    timeout : float or str, optional
        Seconds for a file (``"60s"``, ``"2m"``), enforced from outside; needs workers.
    max_pixels : int or str
        Pictures with more pixels fail.
    filters : Filters, optional
        Which files of folders and globs count.
    auto_orient : bool
        Whether the EXIF orientation is applied first.

    Returns
    -------
    Loaded
        ``.images`` (N, H, W, C) uint8, ``.valid`` (N,) bool, ``.outcomes``, ``.paths``. Of animations the first frame.

    Raises
    ------
    UsageError, PlanError
        Before the first file: no one size, a wrong value, a missing source.
    EngineError
        Shared memory has no room (said before the work, with what is needed and the way out), workers cannot be
        started, or cannot take the operations.
    OSError
        The folder of `spill` cannot be written, or its disk has no room.
    """
    from imgbatch.declare import from_table

    settings = from_table(Settings, {"workers": workers, "chunksize": chunksize, "max_pixels": max_pixels})
    loading = Loading(
        paths, ops, mode=mode, out=out, spill=spill, settings=settings, filters=filters, auto_orient=auto_orient,
        timeout=timeout,
    )  # fmt: skip
    loading.prepare()
    try:
        for _ in loading.outcomes():
            pass
        return loading.loaded()
    except BaseException:
        if loading.rows is not None:
            loading.rows.release()
        raise
