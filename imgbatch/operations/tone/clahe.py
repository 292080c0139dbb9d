"""CLAHE: how is the contrast of each part of a picture raised by itself?

Contrast limited adaptive histogram equalization: K. Zuiderveld, in P. Heckbert (ed.), "Graphics Gems IV", Academic
Press 1994, pages 474-485. The picture is divided into tiles; each has a table that equalizes its tones, made from its
histogram after the counts above a limit were spread over all levels; between the centers of the tiles the tables are
blended bilinearly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.parameter_kinds import Number
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.operations.support.color_matrix import gray_image
from imgbatch.operations.support.curves import is_gray, tone_image
from imgbatch.pixels.alpha import GRAY_16_BIT, apply_to_colors, as_deep
from imgbatch.pixels.color import DEEP_COLOR
from imgbatch.pixels.deep.gray import has_16_bits
from imgbatch.pixels.frames import map_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.pixels.planes import PlanarImage

    Plane = NDArray[Any]  # (row, column)
    Curves = NDArray[Any]  # (row, column, level), float32

_LEVELS = 256  # of a tile's histogram; 16-bit samples are interpolated between them


@dataclass(frozen=True)
class Clahe(Operation):
    """Raise the contrast of each part of the image by itself, but not its noise (CLAHE).

    K. Zuiderveld's contrast limited adaptive histogram equalization (Graphics Gems IV, 1994) of the luma (ITU-R
    BT.601); the three color bands are moved by as much as the luma. Fully transparent pixels do not count, alpha is
    kept. The frames of an animation are measured together.

    Parameters
    ----------
    limit : float
        How steep a tone curve may get, 1 to 100: 1 changes next to nothing, 2 to 4 are usual. The same scale as
        OpenCV's ``clipLimit``.
    tiles : int
        Tiles along each side, 1 to 64.
    """

    word: ClassVar[str] = "clahe"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "3"
    on_planes: ClassVar[bool] = True

    limit: Annotated[float, Number(1, 100), "how steep a tone curve may get; 1 = next to unchanged"] = 2.0
    tiles: Annotated[int, Number(1, 64, whole=True), "tiles along each side"] = 8

    def apply(self, image: Image) -> Image:
        ready = tone_image(self, image)
        return self.apply_curves(ready, self._curves(self._counts(ready)))

    def apply_to_planes(self, image: PlanarImage) -> Image:
        return image.change_planes(self.apply, lambda plane: plane)

    def across(self, frames: Sequence[Image]) -> Operation:
        ready = map_frames(frames, lambda frame: tone_image(self, frame))
        if len({frame.size for frame in ready}) > 1 or len({has_16_bits(frame) for frame in ready}) > 1:
            return self  # pages of a document, no animation
        return _LocalTables(self, self._curves(sum(self._counts(frame) for frame in ready)))

    def grid(self, image: Image) -> tuple[list[int], list[int]]:
        """Where the rows and the columns of tiles begin and end, in px."""
        rows, columns = min(self.tiles, image.height), min(self.tiles, image.width)
        return (
            [image.height * index // rows for index in range(rows + 1)],
            [image.width * index // columns for index in range(columns + 1)],
        )

    def _counts(self, image: Image) -> Any:
        """How many visible pixels of each tile are of each level, 0..255: (row, column, level)."""
        import numpy

        luma = numpy.floor(_luma(image) + 0.5).astype(numpy.int64) if has_16_bits(image) else _luma(image)
        visible = samples(image.getchannel("A"))[..., 0] > 0 if "A" in image.getbands() else None
        rows, columns = self.grid(image)
        counts = numpy.zeros((len(rows) - 1, len(columns) - 1, _LEVELS), numpy.int64)
        for row, (top, bottom) in enumerate(pairwise(rows)):
            for column, (left, right) in enumerate(pairwise(columns)):
                tile = luma[top:bottom, left:right]
                tile = tile.ravel() if visible is None else tile[visible[top:bottom, left:right]]
                counts[row, column] = numpy.bincount(tile, minlength=_LEVELS)
        return counts

    def _curves(self, counts: Any) -> Curves:
        """The new level of each level, 0..255, for each tile: (row, column, level).

        The share of pixels below a level and of half of those at it, so that evenly spread tones stay as they are.
        """
        import numpy

        total = counts.sum(axis=2, keepdims=True)
        bins = numpy.minimum(counts, self.limit * total / _LEVELS)
        bins = bins + (total - bins.sum(axis=2, keepdims=True)) / _LEVELS  # what was cut off, spread over all levels
        share = (numpy.cumsum(bins, axis=2) - bins / 2) / numpy.maximum(total, 1)
        identity = (numpy.arange(_LEVELS) + 0.5) / _LEVELS
        curves: Curves = (numpy.where(total > 0, share, identity) * 255).astype(numpy.float32)
        return curves

    def apply_curves(self, image: Image, curves: Curves) -> Image:
        """`image` with its luma through `curves`."""
        import numpy

        luma = _luma(image)
        result = numpy.empty(luma.shape, numpy.float32)
        rows, columns = self.grid(image)
        for top, bottom, above, below, down in _stripes(rows):
            for left, right, before, after, across in _stripes(columns):
                part = luma[top:bottom, left:right]
                upper = _interpolate(_look(curves[above, before], part), _look(curves[above, after], part), across)
                lower = _interpolate(_look(curves[below, before], part), _look(curves[below, after], part), across)
                result[top:bottom, left:right] = _interpolate(upper, lower, down[:, None])
        if image.mode in GRAY_16_BIT:
            return picture(result[..., None] * 257, image)
        if image.mode in DEEP_COLOR:
            shift = (result - luma) * numpy.float32(257)
            return as_deep(image).change_colors(lambda band: picture(samples(band) + shift[..., None], band))
        if is_gray(image):
            return apply_to_colors(image, lambda gray: picture(result[..., None], gray))
        shift = (result - luma)[..., None]
        return apply_to_colors(image, lambda colors: picture(samples(colors) + shift, colors))


@dataclass(frozen=True)
class _LocalTables(Operation):
    """CLAHE with the curves of all frames of an animation."""

    origin: Clahe
    curves: Any  # (row, column, level), float32

    def apply(self, image: Image) -> Image:
        return self.origin.apply_curves(tone_image(self.origin, image), self.curves)


def _luma(image: Image) -> Plane:
    """How light each pixel is, 0..255: whole numbers, but floats for 16 bits."""
    import numpy

    if image.mode in DEEP_COLOR:
        image = gray_image(image).split()[0]
    if image.mode in GRAY_16_BIT:
        return samples(image)[..., 0].astype(numpy.float32) / numpy.float32(257)
    return samples(image.convert("L"))[..., 0]


def _look(curve: Plane, levels: Plane) -> Plane:
    """`levels` through one curve."""
    import numpy

    if levels.dtype != numpy.float32:
        return curve[levels]
    result: Plane = numpy.interp(levels, numpy.arange(_LEVELS), curve).astype(numpy.float32)
    return result


def _interpolate(start: Plane, end: Plane, share: Plane) -> Plane:
    result: Plane = start + (end - start) * share
    return result


def _stripes(edges: list[int]) -> Iterator[tuple[int, int, int, int, Plane]]:
    """The px between the centers of neighboring tiles: (first, end, one tile, other tile, the other's share)."""
    import numpy

    last = len(edges) - 2
    centers = [(start + end) / 2 for start, end in pairwise(edges)]
    starts = [0, *(int(center + 0.5) for center in centers), edges[-1]]
    for index, (first, end) in enumerate(pairwise(starts)):
        if first == end:
            continue
        one, other = max(index - 1, 0), min(index, last)
        width = max(centers[other] - centers[one], 1)
        share = (numpy.arange(first, end) + 0.5 - centers[one]) / width
        yield first, end, one, other, share.clip(0, 1).astype(numpy.float32)
