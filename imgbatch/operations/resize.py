"""How large does a picture become, and which part of it is kept? The arithmetic of sizes, and the resize itself."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from imgbatch.alpha import straight
from imgbatch.color import COLOR
from imgbatch.declare import Choice, Switch, Text
from imgbatch.errors import UsageError, expected
from imgbatch.operations.base import Operation, Size
from imgbatch.operations.canvas import affordable, in_floats, on_canvas
from imgbatch.operations.placing import (
    ANCHORS,
    GRAVITY,
    Length,
    anchored,
    decimal,
    half_up,
    pixels,
    read_sides,
    spell_length,
    squeezed,
)

if TYPE_CHECKING:
    from PIL.Image import Image

FITS = ("inside", "outside", "cover", "contain", "fill")
KERNELS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")

_SUFFIXES = {"!": "fill", "^": "outside"}
_AREA = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})mp")


class Geometry(NamedTuple):
    """A size as typed: lengths (None where left out), or an area in px; `single` when one number stands for both."""

    width: Length | None
    height: Length | None
    area: int | None = None
    single: bool = False
    suffix: str = ""

    @property
    def boxed(self) -> bool:
        """Whether both sides are said, so that there is a box to crop to, pad to or fill."""
        if self.area is not None or self.width is None or self.height is None:
            return False
        return not self.single or isinstance(self.width, Fraction)


ExactBox = tuple[Fraction, Fraction, Fraction, Fraction]  # left, top, right, bottom in px


class Fitting(NamedTuple):
    """What a resize does: the rectangle `box` of the source becomes `size`, which sits on a canvas of size `canvas`."""

    box: ExactBox
    size: Size
    canvas: Size


@functools.lru_cache(maxsize=256)
def geometry(word: str) -> Geometry:
    """The geometry that `word` means; ValueError when it means none."""
    text = squeezed(word)
    suffix = text[-1:] if text[-1:] in _SUFFIXES else ""
    text = text.removesuffix(suffix)
    if area := _AREA.fullmatch(text):
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
    wanted = geometry(word)
    if wanted.area is not None:
        return decimal(Fraction(wanted.area, 1_000_000)) + "MP"
    width = spell_length(wanted.width)
    return (width if wanted.single else f"{width}x{spell_length(wanted.height)}") + wanted.suffix


SIZE = Text(
    "a size such as 1600 (longest edge), 1600x, x1600, 1600x1200, 50% or 12MP, with ! to fill or ^ for outside",
    _canonical,
    ("1600x1200", "1600", "1600x", "x1600", "50%", "12MP"),
)


@functools.lru_cache(maxsize=4096)
def fitted(source: Size, wanted: Geometry, fit: str, upscale: bool = False, gravity: str = "center") -> Fitting:
    """What a picture of `source` px becomes: sizes are rounded half up, and no side is ever 0.

    Parameters
    ----------
    source : Size
        Width and height of the picture in px.
    wanted : Geometry
        Must be `boxed` for the fits cover, contain and fill.
    fit : str
        One of :data:`FITS`.
    upscale : bool
        Whether a side may become longer than the source's.
    gravity : str
        Where a cover crop is taken; one of the compass words.
    """
    whole = (Fraction(0), Fraction(0), Fraction(source[0]), Fraction(source[1]))
    if wanted.area is not None:
        size = _within_area(source, wanted.area, upscale)
        return Fitting(whole, size, size)
    if fit in ("inside", "outside"):
        lengths = zip((wanted.width, wanted.height), source, strict=True)
        factors = [_factor(length, side) for length, side in lengths if length is not None]
        size = _scaled(source, min(factors) if fit == "inside" else max(factors), upscale)
        return Fitting(whole, size, size)
    assert wanted.width is not None and wanted.height is not None  # boxed
    canvas = pixels(wanted.width, source[0]), pixels(wanted.height, source[1])
    if fit == "contain":
        factor = min(Fraction(canvas[0], source[0]), Fraction(canvas[1], source[1]))
        return Fitting(whole, _scaled(source, factor, upscale), canvas)
    size = canvas if upscale else (min(canvas[0], source[0]), min(canvas[1], source[1]))
    if fit == "fill":
        return Fitting(whole, size, size)
    factor = max(Fraction(canvas[0], source[0]), Fraction(canvas[1], source[1]))
    if factor == 1 or (factor > 1 and not upscale):  # nothing is scaled: whole pixels are cut off
        left, top = anchored(size, source, gravity)
        box = Fraction(left), Fraction(top), Fraction(left + size[0]), Fraction(top + size[1])
        return Fitting(box, size, size)
    width, height = canvas[0] / factor, canvas[1] / factor
    x, y = ANCHORS[gravity]
    left_edge, top_edge = (source[0] - width) * x, (source[1] - height) * y
    return Fitting((left_edge, top_edge, left_edge + width, top_edge + height), canvas, canvas)


def _factor(length: Length, side: int) -> Fraction:
    return length if isinstance(length, Fraction) else Fraction(length, side)


def _scaled(source: Size, factor: Fraction, upscale: bool) -> Size:
    if not upscale:
        factor = min(factor, Fraction(1))
    return max(1, half_up(source[0] * factor)), max(1, half_up(source[1] * factor))


def _within_area(source: Size, area: int, upscale: bool) -> Size:
    width, height = source
    if width * height == area or (width * height < area and not upscale):
        return source
    return max(1, math.isqrt(area * width // height)), max(1, math.isqrt(area * height // width))


@dataclass(frozen=True)
class Resize(Operation):
    """Resize to a longest edge, a box, a percentage or a number of megapixels.

    Nothing is enlarged unless `upscale` is set. Sides are rounded half up and are at least 1 px; megapixels are an
    upper limit. Transparency is respected: the colors of transparent pixels do not show in their neighbors. 1-bit
    pictures become gray and palettes RGB or RGBA, except where nothing is averaged (kernel ``nearest``, or nothing to
    resize).

    Parameters
    ----------
    size : str
        ``1600`` longest edge in px (shortest edge for fit=outside); ``1600x`` width; ``x1600`` height; ``1600x1200`` a
        box; ``50%`` or ``50%x25%`` a box relative to the picture; ``12MP`` at most so many million pixels. A ``!`` at
        the end stands for fit=fill, a ``^`` for fit=outside. Sides up to 1,000,000 px.
    fit : str
        ``inside`` the largest picture within the box; ``outside`` the smallest that covers it; ``cover`` as outside,
        then cropped to exactly the box; ``contain`` as inside, then padded to exactly the box; ``fill`` exactly the
        box, distorted. The last three need a box. Without `upscale`, cover only cuts off what exceeds the box of a
        picture that does not cover it, contain pads a small picture as it is, fill only shortens sides.
    gravity : str
        Which part a cover crop keeps, and where a contained picture sits.
    kernel : str
        How pixels are averaged; ``nearest`` averages none.
    upscale : bool
        Whether sides may become longer.
    background : str or None
        The padding of fit=contain. None: transparent where the picture has transparency, else white. A transparent
        color gives an opaque gray or RGB picture an alpha channel.

    Raises
    ------
    UsageError
        `size` and `fit` contradict each other.
    ImageError
        Kind ``too_large`` for a result of more than 1000 megapixels; kind ``mode`` when the picture's mode cannot hold
        the background (a color in 16-bit gray, transparency in CMYK).
    """

    word: ClassVar[str] = "resize"
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "1600x1200,fit=cover,gravity=north"

    size: Annotated[str, SIZE, "what to resize to"]
    fit: Annotated[str, Choice(FITS), "how the picture fits the box"] = "inside"
    gravity: Annotated[str, GRAVITY, "the part that cover keeps, the place where contain puts the picture"] = "center"
    kernel: Annotated[str, Choice(KERNELS), "how pixels are averaged"] = "lanczos"
    upscale: Annotated[bool, Switch(), "enlarge small pictures"] = False
    background: Annotated[
        str | None, COLOR, "the padding of contain; by default transparent where the picture has alpha, else white"
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = geometry(self.size)
        if wanted.suffix:
            stands_for = _SUFFIXES[wanted.suffix]
            if self.fit not in ("inside", stands_for):
                raise UsageError(f"resize size {self.size!r} means fit={stands_for}, which contradicts fit={self.fit}")
            object.__setattr__(self, "fit", stands_for)
            object.__setattr__(self, "size", self.size.removesuffix(wanted.suffix))
        if self.fit in ("cover", "contain", "fill") and not wanted.boxed:
            raise expected("both sides, such as 300x200,", f"resize size with fit={self.fit}", self.size)
        if self.fit == "outside" and wanted.area is not None:
            raise expected("sides, such as 300x200,", "resize size with fit=outside", self.size)

    def fitting(self, size: Size) -> Fitting:
        """What becomes of a picture of `size`."""
        return fitted(size, geometry(self.size), self.fit, self.upscale, self.gravity)

    def after(self, size: Size) -> Size:
        return self.fitting(size).canvas

    def apply(self, image: Image) -> Image:
        fitting = self.fitting(image.size)
        affordable(self, fitting.canvas)
        made = resampled(image, fitting.box, fitting.size, self.kernel)
        corner = anchored(fitting.size, fitting.canvas, self.gravity)
        return on_canvas(self, made, fitting.canvas, corner, self.background)


def resampled(image: Image, box: ExactBox, size: Size, kernel: str, gap: float | None = None) -> Image:
    """The rectangle `box` of `image` as `size` px, its transparency respected; `gap` as Pillow's ``reducing_gap``."""
    from PIL.Image import Resampling

    left, top, right, bottom = box
    unscaled = right - left == size[0] and bottom - top == size[1]
    if unscaled and left.denominator == top.denominator == 1:
        return image if size == image.size else image.crop((int(left), int(top), int(right), int(bottom)))
    part = float(left), float(top), float(right), float(bottom)
    if kernel == "nearest":
        return image.resize(size, Resampling.NEAREST, part)
    method = Resampling[kernel.upper()]
    return in_floats(straight(image), lambda plain: plain.resize(size, method, part, gap))
