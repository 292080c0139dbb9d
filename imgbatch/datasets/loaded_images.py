"""Loaded images: what does a load give back, and where may its rows lie? In shared memory, a file, or `out`.

The array is there as long as somebody looks at it: after :meth:`Loaded.close` a view that was taken before stays what
it was, and its memory goes with it.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.job import Outcome, Source
from imgbatch.core.report import Report
from imgbatch.memory.array_holder import ArrayHolder, LocalArray
from imgbatch.memory.shared_arrays import FileArray
from imgbatch.memory.shared_memory import reserve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imgbatch.core.job import FailedOutcome


class Loaded:
    """Images as one array, and what became of each file.

    A context manager; without ``with``, :meth:`close` or the end of the object's life gives the memory back.

    Parameters
    ----------
    rows : ArrayHolder
        Holds (N, H, W, C) uint8.
    valid, report
        As the attributes.

    Attributes
    ----------
    images : numpy.ndarray
        (N, H, W, C) uint8, a view of shared memory or of a file, or the caller's `out`. Rows are in the order of the
        sources; the row of a file that failed is zeros. ValueError after :meth:`close`; a view taken before keeps its
        memory alive and stays readable.
    valid : numpy.ndarray
        (N,) bool: whether a row holds its image. Stays after :meth:`close`, as all that follows.
    report : Report
        The counts, and the outcomes in the order of the sources.
    """

    def __init__(self, rows: ArrayHolder, valid: NDArray[Any], report: Report) -> None:
        self._rows = rows
        self.valid = valid
        self.report = report
        self._finalizer = weakref.finalize(self, rows.release)

    @property
    def images(self) -> NDArray[Any]:
        """(N, H, W, C) uint8."""
        images = self._rows.array
        if images is None:
            raise UsageError("the images were closed; copy them before, with .images.copy()")
        return images

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """One for each row, in order."""
        return self.report.outcomes

    @property
    def failed(self) -> Sequence[FailedOutcome]:
        """The outcomes of the rows that are not valid, each with its error."""
        return self.report.failed

    @property
    def sources(self) -> list[Source]:
        """The file of each row."""
        return [outcome.source for outcome in self.outcomes]

    @property
    def paths(self) -> list[str]:
        """The absolute path of each row's file."""
        return [outcome.source.path for outcome in self.outcomes]

    def __len__(self) -> int:
        return len(self.valid)

    def __repr__(self) -> str:
        return f"<Loaded: {len(self)} rows, {int(self.valid.sum())} valid{'' if self._finalizer.alive else ', closed'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied with the pixels, which then lie in ordinary memory."""
        return _restore_loaded, (self.images.copy(), self.valid.copy(), self.report)

    def close(self) -> None:
        """Give the memory back, and remove the file of `spill`. May be called again."""
        self._finalizer()

    def __enter__(self) -> Loaded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _restore_loaded(images: NDArray[Any], valid: NDArray[Any], report: Report) -> Loaded:
    return Loaded(LocalArray(images), valid, report)


def check_out(out: object, shape: tuple[int, ...]) -> None:
    """UsageError unless `out` is a writable uint8 array of that shape."""
    import numpy

    what = f"a writable array of shape {shape} and dtype uint8"
    if not isinstance(out, numpy.ndarray):
        raise wrong_value(what, "out", out)
    if out.shape != shape or out.dtype != numpy.uint8:
        raise UsageError(f"expected {what} for out, got shape {out.shape} and dtype {out.dtype}")
    if not out.flags.writeable:
        raise UsageError(f"expected {what} for out, got a read-only one")


def same_file(out: NDArray[Any]) -> FileArray | None:
    """The file of a memmap, mapped once more, its space reserved; None when workers cannot reach `out` so."""
    import numpy

    if not isinstance(out, numpy.memmap) or not out.filename or not out.flags.c_contiguous or not out.size:
        return None
    try:
        file_array = FileArray.attach(os.fspath(out.filename), out.shape, out.dtype, out.offset)
        with open(file_array.path, "r+b") as file:
            reserve(file.fileno(), file_array.offset + out.nbytes)
    except (ValueError, FileNotFoundError, PermissionError):  # shorter than that, renamed, or not ours to open
        return None
    return file_array if _same_memory(file_array.array, out) else None


def _same_memory(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays of uint8 are one: a slice or a private copy of a memmap has its file's name and offset, too.

    The first and the last value are changed in one, looked at in the other, and put back.
    """
    for place in ((0,) * one.ndim, (-1,) * one.ndim):
        before = int(other[place])
        values = [int(one[place])]
        other[place] = 255 - before
        values.append(int(one[place]))
        other[place] = before
        if values != [before, 255 - before]:
            return False
    return True
