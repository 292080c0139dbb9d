"""Rotate: how is a picture turned? By whole quarters exactly, by any other angle with smooth edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from imgbatch.core.parameter_kinds import Choice, Number, Switch
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Bands, Operation
from imgbatch.operations.support.canvas import RGBA, background, blank, convert_for_color, on_canvas, refuse_too_large
from imgbatch.operations.support.lengths import anchor
from imgbatch.pixels.alpha import as_deep, to_straight_alpha
from imgbatch.pixels.color import COLOR, DEEP_COLOR, FLOATS
from imgbatch.pixels.deep.gray import apply_as_float, is_deep

if TYPE_CHECKING:
    from PIL.Image import Image

    from imgbatch.core.places import PlaceMap
    from imgbatch.pixels.color import Color

Matrix = tuple[float, float, float, float, float, float]


def rotate_image(size: Size, degrees: float) -> Size:
    """The size in px of the smallest picture that holds a picture of `size` turned by `degrees`."""
    cosine, sine = _cosine_sine(degrees)
    width = size[0] * abs(cosine) + size[1] * abs(sine)
    height = size[0] * abs(sine) + size[1] * abs(cosine)
    return math.ceil(width - 1e-6), math.ceil(height - 1e-6)


def _cosine_sine(degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return math.cos(angle), math.sin(angle)


def _matrix(source: Size, target: Size, degrees: float) -> Matrix:
    """From a place in `target` to the place in `source` that lies there after a clockwise turn around the centers."""
    cosine, sine = _cosine_sine(degrees)
    x, y = target[0] / 2, target[1] / 2
    return (
        cosine,
        sine,
        source[0] / 2 - cosine * x - sine * y,
        -sine,
        cosine,
        source[1] / 2 + sine * x - cosine * y,
    )


@dataclass(frozen=True)
class Rotate(Operation):
    """Turn clockwise by an angle in degrees.

    Multiples of 90 move pixels and change none; palettes and bit depths are kept. For other angles palettes become RGB
    or RGBA and 1-bit pictures gray (not with kernel ``nearest``), transparency is respected, and the picture's edges
    are blended with the background. A JPEG that is only turned by quarters and mirrored is not encoded anew where its
    sides allow that, after ``pip install "imgbatch[turn]"``.

    Parameters
    ----------
    angle : float
        Degrees clockwise, -360 to 360.
    background : str or None
        The color of the corners. None: transparent where the picture has transparency, else white. A transparent color
        gives an opaque gray or RGB picture an alpha channel.
    expand : bool
        Whether the result grows so that all of the picture shows; otherwise it keeps its size and corners are cut off.
    kernel : str
        How pixels are averaged: ``nearest`` (not at all, with hard edges), ``bilinear`` or ``bicubic``.

    Raises
    ------
    ImageError
        Kind ``too_large`` for a result of more than 1000 megapixels; kind ``mode`` when the picture's mode cannot hold
        the background (a color in 16-bit gray, transparency in CMYK).
    """

    word: ClassVar[str] = "rotate"
    bands: ClassVar[Bands] = "whole"
    floats: ClassVar[bool] = True
    group: ClassVar[str] = "geometry"
    example: ClassVar[str] = "-90,background=red"

    angle: Annotated[float, Number(-360, 360, unit="degrees"), "clockwise"]
    background: Annotated[
        str | None, COLOR, "the color of the corners; by default transparent where the picture has alpha, else white"
    ] = None
    expand: Annotated[bool, Switch(), "grow so that all of the picture shows"] = True
    kernel: Annotated[str, Choice(("nearest", "bilinear", "bicubic")), "how pixels are averaged"] = "bicubic"

    if TYPE_CHECKING:

        def __init__(
            self, angle: float, background: Color | None = None, expand: bool = True,
            kernel: Literal["nearest", "bilinear", "bicubic"] = "bicubic",
        ) -> None: ...  # fmt: skip

    def after(self, size: Size) -> Size:
        return rotate_image(size, self.angle) if self.expand else size

    @property
    def memory_copies(self) -> int:
        return 3 if self.angle % 90 else 2

    def demand(self, wanted: Size, size: Size) -> Size:
        if self.angle % 180 == 0:
            return wanted
        return (wanted[1], wanted[0]) if self.angle % 90 == 0 and self.expand else size

    def place_map(self, size: Size) -> PlaceMap | None:
        from imgbatch.core.places import quarter_turns, shift

        if self.angle % 90:
            return None
        quarters = int(self.angle // 90)
        inner = (size[1], size[0]) if quarters % 2 else size
        return quarter_turns(quarters, size).then(shift(*anchor(inner, self.after(size), "center")))

    def apply(self, image: Image) -> Image:
        if self.angle % 90 == 0:
            return self._quarters(image, int(self.angle // 90) % 4)
        size = rotate_image(image.size, self.angle) if self.expand else image.size
        refuse_too_large(self, size)
        color = background(image, self.background)
        if self.kernel == "nearest":
            return self._hard(convert_for_color(self, image, color), size, color)
        return self._smooth(convert_for_color(self, to_straight_alpha(image), color), size, color)

    def _quarters(self, image: Image, quarters: int) -> Image:
        from PIL.Image import Transpose

        if quarters == 0:
            return image
        ways = (Transpose.ROTATE_270, Transpose.ROTATE_180, Transpose.ROTATE_90)  # Pillow counts counterclockwise
        result = image.transpose(ways[quarters - 1])
        if self.expand:
            return result
        return on_canvas(self, result, image.size, anchor(result.size, image.size, "center"), self.background)

    def _hard(self, plain: Image, size: Size, color: RGBA) -> Image:
        from PIL.Image import Resampling

        if plain.mode in DEEP_COLOR:
            return self._deep(plain, size, color)
        canvas, mask = blank(plain, size, color), self._mask(plain.size, size, hard=True)
        above = _transform(plain, size, _matrix(plain.size, size, self.angle), Resampling.NEAREST)
        if is_deep(plain):
            return _mix_deep(canvas, above, mask)
        canvas.paste(above, mask=mask)
        return canvas

    def _smooth(self, plain: Image, size: Size, color: RGBA) -> Image:
        """Edge pixels are repeated outward, so that no filter sees beyond the picture; a mask then cuts the shape."""
        from PIL.Image import Resampling

        if plain.mode in DEEP_COLOR:
            return self._deep(plain, size, color)
        kernel = Resampling[self.kernel.upper()]
        wide = _widen(plain)
        matrix = _matrix(wide.size, size, self.angle)
        canvas, mask = blank(plain, size, color), self._mask(plain.size, size)
        if is_deep(plain):
            return _mix_deep(canvas, apply_as_float(wide, lambda image: _transform(image, size, matrix, kernel)), mask)
        mode = {"RGBA": "RGBa", "LA": "La"}.get(plain.mode)
        if mode is None:
            canvas.paste(_transform(wide, size, matrix, kernel), mask=mask)
            return canvas
        whole = canvas.convert(mode)
        whole.paste(_transform(wide.convert(mode), size, matrix, kernel), mask=mask)
        return whole.convert(plain.mode)

    def _deep(self, plain: Image, size: Size, color: RGBA) -> Image:
        """The same with 16 bits of color."""
        import numpy
        from PIL.Image import Resampling

        from imgbatch.pixels.deep import bands

        hard = self.kernel == "nearest"
        wide = as_deep(plain) if hard else as_deep(plain).change_bands(_widen)
        matrix, kernel = _matrix(wide.size, size, self.angle), Resampling[self.kernel.upper()]
        change = wide.change_bands if hard else wide.change_by_alpha
        above = change(lambda band: _transform(band, size, matrix, kernel))
        share = numpy.asarray(self._mask(plain.size, size, hard, "F")) / numpy.float32(255)
        if plain.mode == FLOATS:
            from imgbatch.pixels.deep import floats

            return floats.lay(blank(plain, size, color), above, share)
        return bands.lay(as_deep(blank(plain, size, color)), above, share)

    def _mask(self, source: Size, size: Size, hard: bool = False, mode: str = "L") -> Image:
        """Where the turned picture is: 255 inside, 0 outside, and in between along the edges unless `hard`."""
        from PIL import Image as Images

        sheet = Images.new(mode, (source[0] + 2, source[1] + 2), 0)
        sheet.paste(255, (1, 1, source[0] + 1, source[1] + 1))
        kernel = Images.Resampling.NEAREST if hard else Images.Resampling.BILINEAR
        return _transform(sheet, size, _matrix(sheet.size, size, self.angle), kernel)


def _transform(image: Image, size: Size, matrix: Matrix, kernel: int) -> Image:
    from PIL.Image import Resampling, Transform

    return image.transform(size, Transform.AFFINE, matrix, Resampling(kernel))


def _widen(image: Image) -> Image:
    """`image` with its outermost pixels repeated once more on every side."""
    from PIL import Image as Images

    width, height = image.size
    wide = Images.new(image.mode, (width + 2, height + 2))
    wide.paste(image, (1, 1))
    wide.paste(image.crop((0, 0, width, 1)), (1, 0))
    wide.paste(image.crop((0, height - 1, width, height)), (1, height + 1))
    wide.paste(wide.crop((1, 0, 2, height + 2)), (0, 0))
    wide.paste(wide.crop((width, 0, width + 1, height + 2)), (width + 1, 0))
    return wide


def _mix_deep(below: Image, above: Image, mask: Image) -> Image:
    """`above` laid on `below` where `mask` is 255, for gray of more than 8 bits, which Pillow blends byte by byte."""
    import numpy
    from PIL import Image as Images

    share = numpy.asarray(mask).astype(numpy.float64) / 255
    samples = numpy.asarray(below)
    values = samples * (1 - share) + numpy.asarray(above) * share
    whole = values if below.mode == "F" else numpy.floor(values + 0.5)
    result = Images.frombytes(below.mode, below.size, whole.astype(samples.dtype).tobytes())
    result.info = dict(below.info)
    return result
