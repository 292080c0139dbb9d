"""Curves: how is each sample of a picture changed by itself? By a table: the new level of each level.

Alpha is kept. Palettes and 1-bit images become RGB or gray first. 16-bit gray keeps its 16 bits. A rule that depends on
how often each level occurs (:class:`ByHistogram`) is decided for all frames of an animation together.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imgbatch.operations.base import Operation, refuse_mode
from imgbatch.pixels.alpha import GRAY_16_BIT, apply_to_colors, as_deep, to_straight_alpha, with_header
from imgbatch.pixels.color import DEEP_COLOR, WIDE
from imgbatch.pixels.deep.gray import has_16_bits
from imgbatch.pixels.frames import map_frames

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.pixels.deep.bands import DeepImage

Bands = Sequence[Sequence[int]]  # how many samples are of each level, for each band
Table = tuple[int, ...]  # the new level of each level, 0..255 or 0..65535


@dataclass(frozen=True)
class ByHistogram(Operation):
    """A step whose tables depend on how often each level occurs: in one image, or in all frames of an animation."""

    @abstractmethod
    def tables(self, bands: Bands) -> tuple[Table, ...]:
        """The new level of each level, for each band, where ``bands[n][level]`` samples of band n are of that level."""

    def apply(self, image: Image) -> Image:
        ready = tone_image(self, image)
        return TableLookup(self, self.tables(histograms(ready))).apply(ready)

    def across(self, frames: Sequence[Image]) -> Operation:
        ready = map_frames(frames, lambda frame: tone_image(self, frame))
        if any(frame.mode in DEEP_COLOR for frame in ready):
            if len({frame.mode for frame in ready}) > 1:
                return self
        elif not any(frame.mode in GRAY_16_BIT for frame in ready):
            has_color = any(frame.mode in ("RGB", "RGBA") for frame in ready)
            ready = map_frames(ready, to_color) if has_color else ready
        elif not all(frame.mode in GRAY_16_BIT for frame in ready):
            return self  # 8-bit and 16-bit pages: a document, no animation
        bands: Iterator[Bands] = map(histograms, ready)
        return TableLookup(self, self.tables(functools.reduce(_add, bands)))


@dataclass(frozen=True)
class TableLookup(Operation):
    """Each sample through its band's table; one table serves every band. `origin` is the operation that made them."""

    origin: Operation
    tables: tuple[Table, ...]

    def apply(self, image: Image) -> Image:
        ready = tone_image(self.origin, image)
        if ready.mode in GRAY_16_BIT:
            return _look_up(ready, self.tables[0])
        if ready.mode in DEEP_COLOR:
            return self._look_up_bands(as_deep(ready))
        if len(self.tables) == 3:
            ready = to_color(ready)

        def change(colors: Image) -> Image:
            tables = self.tables * (len(colors.getbands()) // len(self.tables))
            return colors.point([level for table in tables for level in table])

        return apply_to_colors(ready, change)

    def _look_up_bands(self, image: DeepImage) -> Image:
        from imgbatch.pixels.deep.bands import DeepImage

        ready = image.to_color() if len(self.tables) == 3 else image
        tables = self.tables * (len(ready.colors) // len(self.tables))
        colors = [_look_up(band, table) for band, table in zip(ready.colors, tables, strict=True)]
        return DeepImage([*colors, *ready.bands[len(colors) :]], image.info)


def apply_curve(operation: Operation, image: Image, curve: Callable[[float], float]) -> Image:
    """Every color sample of `image` through one curve; alpha stays.

    Parameters
    ----------
    operation : Operation
        Named in the error for a mode that has no curve.
    image : Image
    curve : callable
        From 0..1 to 0..1; results beyond are cut.
    """
    ready = tone_image(operation, image)
    table = _curve_table(LevelCurve(operation, 65535 if has_16_bits(ready) else 255, curve))
    return TableLookup(operation, (table,)).apply(ready)


@dataclass(frozen=True)
class LevelCurve:
    """The curve that an operation has; the same for every picture."""

    operation: Operation
    top: int
    curve: Callable[[float], float] = field(compare=False)


@functools.lru_cache(maxsize=4)
def _curve_table(curve: LevelCurve) -> Table:
    """The table of a curve, made once: of 16 bits it has 65536 levels."""
    top = curve.top
    return tuple(int(min(max(curve.curve(level / top), 0.0), 1.0) * top + 0.5) for level in range(top + 1))


def tone_image(operation: Operation, image: Image) -> Image:
    """`image` as L, LA, RGB, RGBA, of 8 or 16 bits; anything else is refused."""
    if image.mode in ("CMYK", "LAB"):
        instead = "its colors need a profile conversion, which imgbatch does not do here; "
        raise refuse_mode(operation, image, instead + "leave the operation away or convert the file to sRGB first")
    if image.mode in WIDE:
        instead = "32-bit samples have no fixed white; leave the operation away or convert the file to 16 bits first"
        raise refuse_mode(operation, image, instead)
    return to_straight_alpha(image)


def is_gray(image: Image) -> bool:
    """Whether the samples of `image` are gray, in any depth; palettes are not."""
    return image.mode in ("1", "L", "LA", "La", "I", "F", "LA;16") or image.mode in GRAY_16_BIT


def to_color(image: Image) -> Image:
    """A gray, RGB or RGBA `image` as RGB, or RGBA where it has alpha; 16-bit gray without alpha excepted."""
    if image.mode in DEEP_COLOR:
        return as_deep(image).to_color()
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if image.mode == "LA" else "RGB")


def _add(one: Bands, other: Bands) -> Bands:
    """The sums of two frames' counts, level by level."""
    return [[sum(pair) for pair in zip(*bands, strict=True)] for bands in zip(one, other, strict=True)]


def histograms(image: Image) -> list[list[int]]:
    """How many visible samples are of each level, per color band."""
    if image.mode in GRAY_16_BIT:
        import numpy

        counts: list[int] = numpy.bincount(numpy.asarray(image).ravel(), minlength=65536).tolist()
        if "transparency" in image.info:
            counts[image.info["transparency"]] = 0
        return [counts]
    if image.mode in DEEP_COLOR:
        return _deep_histograms(as_deep(image))
    mask = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    bands = [band for band in image.getbands() if band != "A"]
    return [image.getchannel(band).histogram(mask) for band in bands]


def _deep_histograms(image: DeepImage) -> list[list[int]]:
    import numpy

    visible = None if image.alpha is None else numpy.asarray(image.alpha) > 0
    bands = [numpy.asarray(band) for band in image.colors]
    samples = [band.ravel() if visible is None else band[visible] for band in bands]
    return [numpy.bincount(levels, minlength=65536).tolist() for levels in samples]


def _look_up(image: Image, table: Table) -> Image:
    """16-bit gray through a table; its transparent level stays what it is, and no other becomes it."""
    import numpy
    from PIL import Image as Images

    samples = numpy.asarray(image)
    levels = numpy.array(table, dtype=samples.dtype)
    key = image.info.get("transparency")
    if key is not None:
        levels[levels == key] = key - 1 if key else 1
        levels[key] = key
    return with_header(Images.fromarray(levels[samples]), image)


def to_color_image(operation: Operation, image: Image) -> Image:
    """`image` as RGB or RGBA; ImageError of kind ``mode`` for 16-bit gray."""
    if image.mode in GRAY_16_BIT:
        raise refuse_mode(operation, image, "no mode holds 16 bits in color; convert the file to 8 bits first")
    return to_color(tone_image(operation, image))
