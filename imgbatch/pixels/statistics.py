"""Statistics: what are the pixel statistics of many images? The exact sums, and the figures that follow from them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.job import Outcome
from imgbatch.core.quantities import Size
from imgbatch.core.records.outcomes import Outcomes
from imgbatch.core.report import WRONG, dumps
from imgbatch.pixels.exact_sums import Sums
from imgbatch.pixels.histogram import MODES, Measurement
from imgbatch.pixels.moments import TOP, EqualWeightMoments, pool

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.core.job import FailedOutcome

WEIGHTS = ("pixel", "image")
#: The ratios that have a name; of a portrait they are turned.
_RATIOS = ((1, 1), (5, 4), (4, 3), (7, 5), (3, 2), (16, 10), (16, 9), (2, 1), (21, 9), (3, 1))
_NEAR = 0.015  # how far a picture may be from such a ratio, as a part of it


@frozen
class Spread:
    """The smallest, the middle and the largest of some numbers of px; of an even count the middle may be a half."""

    min: int
    median: float
    max: int

    @classmethod
    def of(cls, sides: Iterable[int]) -> Spread | None:
        """The spread of `sides`; None where there are none."""
        counts = sides if isinstance(sides, Counter) else Counter(sides)
        if not counts:
            return None
        numbers = sorted(counts)
        last_places = list(accumulate(counts[number] for number in numbers))  # of each number, from 1 on
        count = last_places[-1]
        low, high = (numbers[bisect_left(last_places, place)] for place in ((count + 1) // 2, count // 2 + 1))
        return cls(numbers[0], low if low == high else (low + high) / 2, numbers[-1])

    def table(self) -> dict[str, float]:
        """As it stands in JSON: a whole number has no point."""
        return {
            "min": self.min,
            "median": int(self.median) if self.median == int(self.median) else self.median,
            "max": self.max,
        }


@frozen(eq=False)
class Statistics:
    """The figures of all pixels of all images that could be read; C channels, those of `mode`.

    Attributes
    ----------
    mode : {"RGB", "L", "RGBA"}
        What was measured.
    weight : {"pixel", "image"}
        What counts the same in `mean` and `std`: every pixel, or every image, however large it is.
    images, failed, pixels : int
        Files that were measured, files that could not be, and the pixels of the former.
    mean, std : (C,) float64
        As parts of 1.0. The deviation is that of all pixels (``ddof=0``). NaN when there are none.
    min, max : (C,) float64
        As parts of 1.0; NaN when there are no pixels.
    sum, sum_squares : (C,) int64
        On the scale 0..255, exact.
    histogram : (C, 256) int64
        How many pixels have each value.
    width, height : Spread or None
        In px, of what was measured: upright, after the operations.
    aspects : dict
        How many pictures have which aspect ratio: ``"3:2"``, ``"2:3"``, ..., or ``"other"``.
    formats, modes : dict
        How many files have which format (our words) and mode (Pillow's).
    failures : sequence of Outcome
        Each with its error, in the order of the sources.
    mean_image : (H, W, C) float64 or None
        The mean of all images on the grid that was asked for, as parts of 1.0; every image counts the same.
    """

    mode: str
    weight: str
    images: int
    failed: int
    pixels: int
    mean: NDArray[Any]
    std: NDArray[Any]
    min: NDArray[Any]
    max: NDArray[Any]
    sum: NDArray[Any]
    sum_squares: NDArray[Any]
    histogram: NDArray[Any]
    width: Spread | None
    height: Spread | None
    aspects: dict[str, int]
    formats: dict[str, int]
    modes: dict[str, int]
    failures: Sequence[FailedOutcome]
    mean_image: NDArray[Any] | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Statistics):
            return NotImplemented
        import numpy

        def equal(one: object, another: object) -> bool:
            arrays = isinstance(one, numpy.ndarray) and isinstance(another, numpy.ndarray)
            return numpy.array_equal(one, another, equal_nan=True) if arrays else one == another  # type: ignore[arg-type]

        return all(equal(getattr(self, name), getattr(other, name)) for name in self.__match_args__)

    def __hash__(self) -> int:
        return hash((self.mode, self.weight, self.images, self.pixels))

    def __repr__(self) -> str:
        mean = ", ".join(f"{value:.4f}" for value in self.mean)
        return f"<Statistics: {self.images} images, {self.failed} failed, {self.pixels} px, {self.mode} mean {mean}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures of each channel."""
        from imgbatch.core.display.table import table

        figures = zip(self.channels, self.mean, self.std, self.min, self.max, strict=True)
        rows = [(name, *(f"{value:.4f}" for value in values)) for name, *values in figures]
        caption = f"{self.images} images, {self.failed} failed, {self.pixels} px; as parts of 1.0:"
        return table(caption, ("", "mean", "std", "min", "max"), rows)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels."""
        return MODES[self.mode]

    def to_json(self) -> str:
        """One JSON object in one line; equal bytes for any number of workers."""
        table = {
            "images": self.images,
            "failed": self.failed,
            "pixels": self.pixels,
            "mode": self.mode,
            "mean": _numbers(self.mean),
            "std": _numbers(self.std),
            "min": _numbers(self.min),
            "max": _numbers(self.max),
            "sum": self.sum.tolist(),
            "sum_squares": self.sum_squares.tolist(),
            "histogram": self.histogram.tolist(),
            "width": self.width and self.width.table(),
            "height": self.height and self.height.table(),
            "formats": self.formats,
            "modes": self.modes,
            "failures": [_failure(outcome) for outcome in self.failures],
        }
        return dumps(table) + "\n"

    def torch(self) -> str:
        """The line to paste for torchvision: ``transforms.Normalize(mean=[...], std=[...])``."""
        mean, std = (", ".join(f"{value:.4f}" for value in values) for values in (self.mean, self.std))
        return f"transforms.Normalize(mean=[{mean}], std=[{std}])"

    def picture(self) -> Image | None:
        """The mean image as a picture of `mode`, rounded to 8 bits; None when it was not asked for."""
        if self.mean_image is None:
            return None
        import numpy
        from PIL import Image as Images

        values = numpy.nan_to_num(self.mean_image * TOP + 0.5).astype(numpy.uint8)
        return Images.fromarray(values[:, :, 0] if values.shape[2] == 1 else values)


class PictureCounts:
    """What was said of each picture, counted: numbers for each size and each word, however many pictures there are.

    Parameters
    ----------
    channels : int
        With `weight` "image", how many sums each of them has.
    weight : str
        "pixel" or "image".
    """

    def __init__(self, channels: int, weight: str = "pixel") -> None:
        self.widths: Counter[int] = Counter()
        self.heights: Counter[int] = Counter()
        self.aspects: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.modes: Counter[str] = Counter()
        self.equally = EqualWeightMoments(channels) if weight == "image" else None

    def add(self, format: str, mode: str, size: Size) -> None:
        """Count a picture.

        Parameters
        ----------
        format, mode : str
            The format in our words, the mode in Pillow's.
        size : (int, int)
            Width and height in px.
        """
        width, height = size
        self.widths[width] += 1
        self.heights[height] += 1
        self.aspects[aspect(width, height)] += 1
        self.formats[format] += 1
        self.modes[mode] += 1

    def add_measurement(self, one: Measurement) -> None:
        """Count a picture that was measured."""
        self.add(one.format, one.mode, one.size)
        if self.equally is not None:
            self.equally.add(one.size[0] * one.size[1], one.sum, one.sum_squares)


def make_statistics(mode: str, sums: Sums, pictures: PictureCounts, failures: Sequence[FailedOutcome]) -> Statistics:
    """The figures that follow from the exact sums, and from what was said of each file.

    Parameters
    ----------
    mode : str
        A key of MODES.
    sums : Sums
    pictures : PictureCounts
        Each picture in `sums`.
    failures : sequence of Outcome
        The files that could not be measured.
    """
    import numpy

    count = len(MODES[mode])
    figure: Callable[[int], tuple[float, float]]
    if pictures.equally is not None:
        figure = pictures.equally.figures
    else:

        def figure(channel: int) -> tuple[float, float]:
            return pool(sums.pixels, int(sums.sum[channel]), int(sums.sum_squares[channel]))

    figures = numpy.array([figure(channel) for channel in range(count)], numpy.float64)
    part = TOP if sums.pixels else math.nan
    return Statistics(
        mode=mode,
        weight="pixel" if pictures.equally is None else "image",
        images=sums.images,
        failed=len(failures),
        pixels=sums.pixels,
        mean=figures[:, 0],
        std=figures[:, 1],
        min=sums.min / part,
        max=sums.max / part,
        sum=sums.sum,
        sum_squares=sums.sum_squares,
        histogram=sums.histogram,
        width=Spread.of(pictures.widths),
        height=Spread.of(pictures.heights),
        aspects=dict(sorted(pictures.aspects.items())),
        formats=dict(sorted(pictures.formats.items())),
        modes=dict(sorted(pictures.modes.items())),
        failures=failures,
        mean_image=None if sums.grid is None else sums.grid / (sums.images * TOP or math.nan),
    )


def output_statistics(sums: Sums, outcomes: Outcomes) -> Statistics:
    """The figures of the files that a run wrote; `sums` are those of the outcomes that are "ok"."""
    pictures = PictureCounts(len(MODES["RGB"]))
    for outcome in outcomes:
        for output in outcome.outputs if outcome.status == "ok" else ():
            pictures.add(output.format, output.mode or "unknown", (output.width, output.height))
    return make_statistics("RGB", sums, pictures, cast("Sequence[FailedOutcome]", outcomes.of_status(WRONG)))


def aspect(width: int, height: int) -> str:
    """The name of an aspect ratio: ``"3:2"``, of a portrait ``"2:3"``; "other" when none is near."""
    quotient = max(width, height) / min(width, height)
    long, short = min(_RATIOS, key=lambda ratio: abs(quotient * ratio[1] / ratio[0] - 1))
    if abs(quotient * short / long - 1) > _NEAR:
        return "other"
    return f"{long}:{short}" if width >= height else f"{short}:{long}"


def _numbers(values: NDArray[Any]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _failure(outcome: Outcome) -> dict[str, Any]:
    record = outcome.record()
    return {key: record[key] for key in ("status", "root", "source", "error")}
