"""Exact sums: how are the numbers of all pixels added up, and readable at any moment?

Integers only, so the order of adding does not matter: the same bits for any number of workers. What a file adds is
first written on a Sheet of its own; Totals take whole sheets, in the parent only, under a Lock that no worker ever
holds (executors/processes/staged_sums.py says how the sheets of a worker that may die get here). Who wants to look
while the work goes on, in another thread or, by the segment's name, in another process, needs no Lock: a counter, odd
while a record is being changed, says whether what was read is consistent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy

from imgbatch.core.errors import EngineError, HostError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.memory.shared_arrays import SharedArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Record = NDArray[Any]  # 0-d, of Layout.dtype

LEVELS = 256
_MAGIC = 0x696D6773756D7331  # "imgsums1"
_HEAD = numpy.dtype([("magic", "i8"), ("channels", "i8"), ("width", "i8"), ("height", "i8"), ("sequence", "i8")])
_NUMBERS = ("images", "pixels", "sum", "sum_squares", "min", "max", "histogram")
_ADDITIVE = ("images", "pixels", "sum", "sum_squares", "histogram", "grid")
_VALUES = numpy.arange(LEVELS, dtype=numpy.int64)
_SQUARES = _VALUES * _VALUES
_PAUSE = 0.0002  # seconds before a reader who met a writer looks again


@frozen
class Layout:
    """What is summed: the number of channels, and the grid of a mean image as (width, height) in px, or None."""

    channels: int = 3
    grid: tuple[int, int] | None = None

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """One record. All numbers are int64: enough for 10**14 pixels of 8 bits."""
        fields: list[tuple[Any, ...]] = [
            ("images", "i8"),
            ("pixels", "i8"),
            ("sum", "i8", (self.channels,)),
            ("sum_squares", "i8", (self.channels,)),
            ("min", "i8", (self.channels,)),
            ("max", "i8", (self.channels,)),
            ("histogram", "i8", (self.channels, LEVELS)),
        ]
        if self.grid is not None:
            fields.append(("grid", "i8", (self.grid[1], self.grid[0], self.channels)))
        return numpy.dtype(fields)


@frozen(eq=False)
class Sums:
    """A record that was read: plain arrays, nobody changes them any more.

    Attributes
    ----------
    images, pixels : int
        How many pictures, and how many pixels they have together.
    sum, sum_squares, min, max : (C,) int64
        Per channel, on the scale 0..255; min and max are 0 where there are no pixels.
    histogram : (C, 256) int64
        How many pixels have each value.
    grid : (H, W, C) int64 or None
        Sums of the pictures on the grid of the mean image; `images` says of how many.
    """

    images: int
    pixels: int
    sum: NDArray[numpy.int64]
    sum_squares: NDArray[numpy.int64]
    min: NDArray[numpy.int64]
    max: NDArray[numpy.int64]
    histogram: NDArray[numpy.int64]
    grid: NDArray[numpy.int64] | None

    @classmethod
    def of(cls, record: Record) -> Sums:
        """A record, copied."""
        names = record.dtype.names or ()
        return cls(
            images=int(record["images"]),
            pixels=int(record["pixels"]),
            sum=record["sum"].copy(),
            sum_squares=record["sum_squares"].copy(),
            min=record["min"].copy(),
            max=record["max"].copy(),
            histogram=record["histogram"].copy(),
            grid=record["grid"].copy() if "grid" in names else None,
        )

    def table(self) -> dict[str, Any]:
        """The numbers as JSON takes them, without a grid; :meth:`of_tables` reads them."""
        return {name: numpy.asarray(getattr(self, name)).tolist() for name in _NUMBERS}

    @classmethod
    def of_tables(cls, tables: Iterable[Mapping[str, Any]], layout: Layout) -> Sums:
        """The sums of several :meth:`table` of one layout together; ValueError or TypeError where one has another."""
        total: Record = numpy.zeros((), layout.dtype)
        for table in tables:
            one: Record = numpy.zeros((), layout.dtype)
            for name in _NUMBERS:
                one[name] = numpy.asarray(table[name], numpy.int64).reshape(one[name].shape)
            add(total, one)
        return cls.of(total)


class Sheet:
    """What one file adds to the sums; counted when its Outcome is "ok", as a whole or not at all."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.record: Record = numpy.zeros((), layout.dtype)

    def clear(self) -> None:
        """Begin with the next file."""
        zero(self.record)

    def add(self, histogram: NDArray[Any], picture: NDArray[Any] | None = None) -> None:
        """One picture.

        Parameters
        ----------
        histogram : (C, 256) integers
            How many of its pixels have each value; everything else follows from it.
        picture : (H, W, C) uint8, optional
            The picture on the grid of the mean image, when there is one.
        """
        counts = histogram.astype(numpy.int64)
        if counts.shape != (self.layout.channels, LEVELS):
            raise wrong_value(f"a histogram of shape {(self.layout.channels, LEVELS)}", "Sheet.add", counts.shape)
        one: Record = numpy.zeros((), self.record.dtype)
        one["images"] = 1
        one["pixels"] = counts[0].sum()
        one["sum"] = counts @ _VALUES
        one["sum_squares"] = counts @ _SQUARES
        present = counts > 0
        one["min"] = present.argmax(axis=1)
        one["max"] = LEVELS - 1 - present[:, ::-1].argmax(axis=1)
        one["histogram"] = counts
        if self.layout.grid is not None:
            if picture is None:
                raise wrong_value("the picture on the grid", "Sheet.add", picture)
            one["grid"] = picture
        add(self.record, one)


class Totals:
    """The sums of a whole run.

    Parameters
    ----------
    layout : Layout
    in_shared_memory : bool
        In shared memory, if there is any, so that another process can look on; else in this process only.

    Attributes
    ----------
    name : str
        What :meth:`attach` takes; "" when not shared.
    """

    def __init__(self, layout: Layout, in_shared_memory: bool = True) -> None:
        whole = _whole(layout)
        segment = None
        if in_shared_memory:
            with contextlib.suppress(HostError):  # no shared memory: then there are no workers either
                segment = SharedArray.create((1,), whole)
        self._hold(layout, segment, numpy.zeros((1,), whole) if segment is None else segment.array)
        head, _ = self._arrays()
        head["channels"] = layout.channels
        head["width"], head["height"] = layout.grid or (0, 0)
        head["magic"] = _MAGIC
        self._writer: int | None = os.getpid()

    @classmethod
    def attach(cls, name: str) -> Totals:
        """The sums that another process keeps, to be read; EngineError when there are none of that name."""
        try:
            front = SharedArray.attach(name, (1,), _HEAD)
        except (OSError, TypeError, ValueError):
            raise EngineError(f"no sums in shared memory are called {name!r}; has the run ended?") from None
        head = front.array[0].copy()
        front.release()
        if head["magic"] != _MAGIC:
            raise EngineError(f"the shared memory {name!r} holds no sums")
        grid = (int(head["width"]), int(head["height"]))
        layout = Layout(int(head["channels"]), grid if all(grid) else None)
        result = cls.__new__(cls)
        segment = SharedArray.attach(name, (1,), _whole(layout))
        result._hold(layout, segment, segment.array)
        result._writer = None
        return result

    def _hold(self, layout: Layout, segment: SharedArray | None, array: NDArray[Any]) -> None:
        self.layout = layout
        self.name = segment.name if segment is not None else ""
        self._segment = segment
        self._head: NDArray[Any] | None = array["head"][0, ...]
        self._record: Record | None = array["record"][0, ...]
        self._lock = threading.Lock()

    def sheet(self) -> Sheet:
        """A sheet for one file."""
        return Sheet(self.layout)

    def add(self, record: Record) -> None:
        """Add a record of the same layout; for threads of the owner only."""
        if self._writer != os.getpid():
            raise EngineError("sums are added up by the process that created them")
        with self._lock:
            head, totals = self._arrays()
            head["sequence"] += 1
            try:
                add(totals, record)
            finally:
                head["sequence"] += 1

    def read(self, patience: float = 5.0) -> Sums:
        """The sums as they are now, in one consistent state; EngineError when `patience` seconds do not suffice."""
        head, totals = self._arrays()
        deadline = time.monotonic() + patience
        while True:
            before = int(head["sequence"])
            if before % 2 == 0:
                copy = totals.copy()
                if int(head["sequence"]) == before:
                    return Sums.of(copy)
            if time.monotonic() > deadline:
                raise EngineError("the sums cannot be read: they are being changed all the time, or their owner died")
            time.sleep(_PAUSE)

    def take(self) -> bytes:
        """What was added since the last time, as the bytes of a record; for another process, which adds it there."""
        _, totals = self._arrays()
        with self._lock:
            data = totals.tobytes()
            zero(totals)
        return data

    def release(self) -> None:
        """Let go of the memory; the owner's call removes the segment. May be called again."""
        with self._lock:
            self._head = self._record = None
            if self._segment is not None:
                self._segment.release()

    def __enter__(self) -> Totals:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _arrays(self) -> tuple[NDArray[Any], Record]:
        if self._head is None or self._record is None:
            raise EngineError("the sums were released")
        return self._head, self._record


def add(into: Record, record: Record) -> None:
    """Add `record` to the record `into`, in place; both 0-d, of one layout."""
    if not record["pixels"]:
        return
    if into["pixels"]:
        numpy.minimum(into["min"], record["min"], out=into["min"])
        numpy.maximum(into["max"], record["max"], out=into["max"])
    else:  # zeros: no pixel so far
        into["min"] = record["min"]
        into["max"] = record["max"]
    for name in _ADDITIVE:
        if name in (into.dtype.names or ()):
            into[name] += record[name]


def zero(record: Record) -> None:
    """Make a record empty, in place."""
    for name in record.dtype.names or ():
        record[name] = 0


def _whole(layout: Layout) -> numpy.dtype[Any]:
    return numpy.dtype([("head", _HEAD), ("record", layout.dtype)])
