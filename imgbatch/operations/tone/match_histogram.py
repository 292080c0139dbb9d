"""Histogram matching: how does a picture get the tones of another one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.operations.base import Bands
from imgbatch.operations.file_backed import FileBackedOperation
from imgbatch.operations.support.curves import ByHistogram, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imgbatch.core.file_parameter import FilePath


@dataclass(frozen=True)
class MatchHistogram(ByHistogram, FileBackedOperation):
    """Give the image the tones of another picture: each band's histogram becomes that of the other.

    Histogram specification (R. Gonzalez, R. Woods, "Digital Image Processing"): a level becomes the one below which the
    other picture has as large a share of its samples. Fully transparent pixels do not count. The frames of an animation
    are measured together. Colors are matched band by band; a gray picture serves for all bands.

    Parameters
    ----------
    image : path
        The picture to be like; relative to the current folder, in a recipe relative to the recipe.
    """

    word: ClassVar[str] = "match_histogram"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "shared frames"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "best.png"

    image: Annotated[str, File("histogram", "the name of a picture", ("best.png",)), "the picture to be like"]

    if TYPE_CHECKING:

        def __init__(self, image: FilePath) -> None: ...

    def tables(self, bands: Sequence[Sequence[int]]) -> tuple[Table, ...]:
        target = self.file_content().array
        if len(bands) == 1 and len(target) == 3:
            target = target.sum(axis=0, keepdims=True)
        return tuple(_match_levels(counts, target[min(band, len(target) - 1)]) for band, counts in enumerate(bands))


def _match_levels(counts: Sequence[int], target: NDArray[Any]) -> Table:
    """The level of `target` for each level of `counts`, between 0 and the last level of `counts`."""
    import numpy

    have = numpy.array(counts, numpy.float64)
    if not have.sum() or not target.sum():
        return tuple(range(len(counts)))
    steps = numpy.flatnonzero(target)  # steps of the inverse lie where the other picture has samples
    below = numpy.cumsum(target)[steps] / target.sum()
    levels = numpy.interp(numpy.cumsum(have) / have.sum(), below, steps)
    levels = levels * (len(counts) - 1) / (len(target) - 1)
    return tuple((levels + 0.5).astype(int).tolist())
