"""Load: how do images become one array? Workers write their rows in place, and no pixels are pickled.

The array of shape (N, H, W, C) is made before the work, in shared memory, in a mapped file (`spill`), or is the
caller's own (`out`). Workers attach to it by name. Rows are in the order of the sources; the row of a file that failed
is zeros, and `valid` says so.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from imgbatch.core.errors import HostError, unknown
from imgbatch.core.job import Outcome
from imgbatch.core.parameter_kinds import check_path, check_type, python_scalar
from imgbatch.core.quantities import Duration
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.datasets.fixed_size import fixed_size
from imgbatch.datasets.loaded_images import Loaded, check_out, same_file
from imgbatch.memory.array_holder import ArrayHolder, LocalArray
from imgbatch.memory.shared_arrays import FileArray, SharedArray
from imgbatch.operations import Operation
from imgbatch.operations.plugins import refuse_immobile
from imgbatch.pipeline.fill_array_row import CHANNELS, ArrayRowTask
from imgbatch.planning.recipe import check_ops
from imgbatch.planning.reference_files import ReferenceFiles
from imgbatch.reporters.progress import carry_out
from imgbatch.runs.base import Run
from imgbatch.runs.workload import Path
from imgbatch.storage.temporary import sweep, temporary_name

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LoadRun(Run):
    """A run that loads images into an array; each Job is a row.

    Parameters
    ----------
    paths, settings, filters
        As of :class:`runs.base.Run`.
    ops : sequence of Operation
        They decide one size for all rows.
    mode : "RGB", "L" or "RGBA"
    out : numpy.ndarray, optional
        The caller's own array, (N, H, W, C) uint8.
    spill : path, optional
        A folder for a file that holds the array.
    auto_orient : bool
        Whether pictures are turned upright as EXIF says.
    timeout : float or str, optional
        For one file, instead of the settings' own: seconds, or text such as ``30s``.

    Attributes
    ----------
    rows : ArrayHolder or None
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
        super().__init__(paths, settings, filters)
        self.ops = check_ops(ops)
        if check_type("mode", mode, str, "RGB, L or RGBA") not in CHANNELS:
            raise unknown(mode, "mode", CHANNELS)
        self.mode = mode
        self.size = fixed_size(self.ops)
        self._out = out
        self._spill = None if spill is None else check_path("spill", spill, "a folder")
        self._auto_orient = check_type("auto_orient", auto_orient, bool, "true or false")
        if timeout is not None:
            self.settings = replace(self.settings, timeout=Duration().check("timeout", python_scalar(timeout)))
        self._copy = False  # whether the rows are copied into `out` at the end
        self.rows: ArrayHolder | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C) of the array."""
        return len(self.todo), self.size[1], self.size[0], CHANNELS[self.mode]

    # -- before the first file -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Find the sources; PlanError when one is missing, UsageError when `out` is no place for them."""
        if not self.executor_kind.in_this_process:
            refuse_immobile(self.ops)
        self._resources = ReferenceFiles(self.ops)
        super().prepare()
        if self._out is not None:
            check_out(self._out, self.shape)

    def allocate(self) -> ArrayHolder:
        """A place for the array that the workers can reach too."""
        import numpy

        if self._out is not None:
            if self.executor_kind.in_this_process:
                return LocalArray(self._out, own=False)
            file_array = same_file(self._out)
            if file_array is not None:
                return file_array
            self._copy = True
        if self._spill is not None:
            folder = os.path.abspath(self._spill)
            os.makedirs(folder, exist_ok=True)
            sweep(folder)
            return FileArray.create(temporary_name(folder), self.shape, numpy.uint8)
        if self.executor_kind.in_this_process:
            return LocalArray(numpy.zeros(self.shape, numpy.uint8))
        try:
            return SharedArray.create(self.shape, numpy.uint8)
        except HostError as error:
            raise HostError(f"{error}; gather the pictures in a file instead, with spill=DIR (--spill DIR)") from None

    # -- the work ------------------------------------------------------------------------------------------------------

    def _work(self) -> Iterator[Outcome]:
        import numpy

        self._choose_resampler(self.ops)
        self.valid: NDArray[Any] = numpy.zeros(len(self.todo), bool)
        with self._resources.lend(self.ops, self.executor_kind.borrower) as ops:
            rows = self.rows = self.allocate()
            work = ArrayRowTask(ops, self.size, self.mode, rows, self.settings.max_pixels, self._auto_orient)
            try:
                with contextlib.closing(self._do_all(work)) as outcomes:  # after that no worker writes any more
                    for outcome in outcomes:
                        self.valid[outcome.index] = outcome.ok
                        yield outcome
            finally:
                if rows.array is not None:
                    rows.array[~self.valid] = 0  # what a worker had begun when it died, or was there before

    def abort(self) -> None:
        """Stop at once, and leave nothing behind."""
        super().abort()
        if self.rows is not None:
            self.rows.release()

    def result(self) -> Loaded:
        """The result, when the outcomes have ended."""
        rows = self.rows
        assert rows is not None
        if self._out is not None and not isinstance(rows, LocalArray):
            if self._copy:
                self._out[...] = rows.array
            rows.release()
            rows = LocalArray(self._out, own=False)
        return Loaded(rows, self.valid, self.report)


def load(
    paths: Sequence[Path] | Path,
    *ops: Operation,
    mode: Literal["RGB", "L", "RGBA"] = "RGB",
    out: NDArray[Any] | None = None,
    spill: Path | None = None,
    workers: int | str = "auto",
    chunksize: int | str = "auto",
    timeout: float | str | None = None,
    max_pixels: int | str = 268_000_000,
    filters: Filters | None = None,
    auto_orient: bool = True,
    resampler: Literal["auto", "numpy", "cykooz"] = "auto",
    progress: bool = False,
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
    resampler : str
        What resizes: ``numpy``, ``cykooz`` (of ``imgbatch[fast]``), or ``auto``, which is the latter where it is
        installed.
    progress : bool
        Whether a bar of tqdm's shows how far it is, as of :func:`imgbatch.run`.

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
    from imgbatch.core.parameters import from_table

    wishes = {"workers": workers, "chunksize": chunksize, "max_pixels": max_pixels, "resampler": resampler}
    settings = from_table(Settings, wishes)
    run = LoadRun(
        paths, ops, mode=mode, out=out, spill=spill, settings=settings, filters=filters, auto_orient=auto_orient,
        timeout=timeout,
    )  # fmt: skip
    try:
        carry_out(run, progress)
        return run.result()
    except BaseException:
        if run.rows is not None:
            run.rows.release()
        raise
