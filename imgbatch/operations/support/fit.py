"""Fit: how large does a resized picture become, and which part of it is kept? Without pixels."""

from __future__ import annotations

import functools
import math
import re
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

from imgbatch.core.parameter_kinds import Grammar
from imgbatch.core.quantities import Size
from imgbatch.operations.support.lengths import (
    Length,
    Point,
    decimal,
    half_up,
    offset,
    pixels,
    place,
    read_sides,
    spell_length,
    spell_size,
    squeeze,
)

Kernel = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
Fit = Literal["inside", "outside", "cover", "contain", "fill"]
FITS: tuple[Fit, ...] = get_args(Fit)

SUFFIXES = {"!": "fill", "^": "outside"}
_AREA = r"([0-9]{1,4}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})mp"  # compiled where something is typed


class Geometry(NamedTuple):
    """A size as typed: lengths (None where left out), or an area in px; `single` when one number stands for both."""

    width: Length | None
    height: Length | None
    area: int | None = None
    single: bool = False
    suffix: str = ""

    @property
    def is_box(self) -> bool:
        """Whether both sides are said, so that there is a box to crop to, pad to or fill."""
        if self.area is not None or self.width is None or self.height is None:
            return False
        return not self.single or isinstance(self.width, Fraction)


Exact = Fraction | int
ExactBox = tuple[Exact, Exact, Exact, Exact]  # left, top, right, bottom in px


class Placement(NamedTuple):
    """What a resize does: the rectangle `box` of the source becomes `size`, which sits on a canvas of size `canvas`."""

    box: ExactBox
    size: Size
    canvas: Size


@functools.lru_cache(maxsize=256)
def geometry(word: str) -> Geometry:
    """The geometry that `word` means; ValueError when it means none."""
    text = squeeze(word)
    suffix = text[-1:] if text[-1:] in SUFFIXES else ""
    text = text.removesuffix(suffix)
    if area := re.fullmatch(_AREA, text):
        count = half_up(Fraction(area[1]) * 1_000_000)
        if not count or suffix:
            raise ValueError(word)
        return Geometry(None, None, area=count)
    sides = read_sides(text)
    if sides is None or sides[0] == 0 or sides[1] == 0:
        raise ValueError(word)
    width, height, single = sides
    return Geometry(width, height, single=single, suffix=suffix)


def _canonical(word: str) -> str:
    spec = geometry(word)
    if spec.area is not None:
        return decimal(Fraction(spec.area, 1_000_000)) + "MP"
    width = spell_length(spec.width)
    return (width if spec.single else f"{width}x{spell_length(spec.height)}") + spec.suffix


SIZE = Grammar(
    "a size such as 1600 (longest edge), 1600x, x1600, 1600x1200, 50% or 12MP, with ! to fill or ^ for outside",
    _canonical,
    ("1600x1200", "1600", "1600x", "x1600", "50%", "12MP"),
    spell_size,
)


@functools.lru_cache(maxsize=4096)
def fit_size(
    source: Size,
    spec: Geometry,
    fit: str,
    upscale: bool = False,
    gravity: str = "center",
    focal: Point | None = None,
) -> Placement:
    """What a picture of `source` px becomes: sizes are rounded half up, and no side is ever 0.

    Parameters
    ----------
    source : Size
        Width and height of the picture in px.
    spec : Geometry
        Must be a box for the fits cover, contain and fill.
    fit : str
        One of :data:`FITS`.
    upscale : bool
        Whether a side may become longer than the source's.
    gravity : str
        Where a cover crop is taken; one of the compass words.
    focal : Point or None
        What a cover crop is taken around, instead.
    """
    whole = (0, 0, *source)
    if spec.area is not None:
        size = _within_area(source, spec.area, upscale)
        return Placement(whole, size, size)
    if fit in ("inside", "outside"):
        lengths = zip((spec.width, spec.height), source, strict=True)
        factors = [_factor(length, side) for length, side in lengths if length is not None]
        size = _scale(source, min(factors) if fit == "inside" else max(factors), upscale)
        return Placement(whole, size, size)
    assert spec.width is not None and spec.height is not None  # a box
    canvas = pixels(spec.width, source[0]), pixels(spec.height, source[1])
    if fit == "contain":
        factor = min(Fraction(canvas[0], source[0]), Fraction(canvas[1], source[1]))
        return Placement(whole, _scale(source, factor, upscale), canvas)
    size = canvas if upscale else (min(canvas[0], source[0]), min(canvas[1], source[1]))
    if fit == "fill":
        return Placement(whole, size, size)
    factor = max(Fraction(canvas[0], source[0]), Fraction(canvas[1], source[1]))
    if factor == 1 or (factor > 1 and not upscale):  # nothing is scaled: whole pixels are cut off
        left, top = place(size, source, gravity, focal)
        return Placement((left, top, left + size[0], top + size[1]), size, size)
    width, height = canvas[0] / factor, canvas[1] / factor
    left_edge, top_edge = offset((width, height), source, gravity, focal)
    return Placement((left_edge, top_edge, left_edge + width, top_edge + height), canvas, canvas)


def _factor(length: Length, side: int) -> Fraction:
    return length if isinstance(length, Fraction) else Fraction(length, side)


def _scale(source: Size, factor: Fraction, upscale: bool) -> Size:
    if not upscale:
        factor = min(factor, Fraction(1))
    return max(1, half_up(source[0] * factor)), max(1, half_up(source[1] * factor))


def _within_area(source: Size, area: int, upscale: bool) -> Size:
    width, height = source
    if width * height == area or (width * height < area and not upscale):
        return source
    return max(1, math.isqrt(area * width // height)), max(1, math.isqrt(area * height // width))
