"""LUT: how are colors looked up in a table, as grading programs write them (.cube)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Choice
from imgbatch.operations.base import Bands, refuse_mode
from imgbatch.operations.file_backed import FileBackedOperation, FileContent
from imgbatch.operations.support.as_array import picture, samples
from imgbatch.operations.support.curves import to_color, tone_image
from imgbatch.pixels.alpha import GRAY_16_BIT, apply_to_colors, as_deep
from imgbatch.pixels.color import DEEP_COLOR
from imgbatch.pixels.deep.gray import has_16_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.core.file_parameter import FilePath
    from imgbatch.pixels.deep.bands import DeepImage

    Colors = NDArray[Any]  # (n, 3): red, green, blue of n pixels

_PIXELS = 1 << 18  # looked up at a time, so that a large picture needs little memory
Interpolation = Literal["tetrahedral", "trilinear"]
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
_PILLOW_MOST = 65  # points along a side that Pillow's own lookup takes


@dataclass(frozen=True)
class Lut(FileBackedOperation):
    """Change colors by a table from a .cube file, 1D or 3D.

    The samples as they are (in the picture's own color space) are looked up and interpolated; what lies outside of the
    table's domain counts as its edge. Gray images become RGB. Alpha is kept.

    Parameters
    ----------
    file : path
        The .cube file; relative to the current folder, in a recipe relative to the recipe.
    interpolation : str
        Between the points of a 3D table: ``tetrahedral`` (J. Kasson et al., "Performing color space conversions with
        three-dimensional linear interpolation", 1995; what grading programs use, grays stay gray) or ``trilinear``.
        1D tables are interpolated linearly.

    Raises
    ------
    ImageError
        Kind ``mode`` for gray of more than 8 bits: no mode holds such samples in color.
    """

    word: ClassVar[str] = "lut"
    bands: ClassVar[Bands] = "whole"
    group: ClassVar[str] = "tone and color"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "look.cube"

    file: Annotated[str, File("lut", "the name of a .cube file", ("look.cube",)), "the table"]
    interpolation: Annotated[str, Choice(INTERPOLATIONS), "between the points of a 3D table"] = "tetrahedral"

    if TYPE_CHECKING:

        def __init__(self, file: FilePath, interpolation: Interpolation = "tetrahedral") -> None: ...

    def apply(self, image: Image) -> Image:
        if image.mode in GRAY_16_BIT:
            raise refuse_mode(self, image, "no mode holds 16 bits in color; convert the file to 8 bits first")
        ready = to_color(tone_image(self, image))
        table = self.file_content()
        if ready.mode in DEEP_COLOR:
            return self._apply_deep(as_deep(ready), table)
        if table.array.ndim == 2:
            return apply_to_colors(ready, lambda colors: colors.point(_curves(table)))
        if self.interpolation == "trilinear" and _plain(table):
            return apply_to_colors(ready, lambda colors: colors.filter(_pillow(table)))
        return apply_to_colors(ready, lambda colors: self._look_up(colors, table))

    def _apply_deep(self, image: DeepImage, table: FileContent) -> Image:
        from imgbatch.pixels.deep.bands import DeepImage

        if table.array.ndim == 3 + 1:
            colors = self._look_up(DeepImage(image.colors), table).split()
        else:
            colors = tuple(_look_up_curve(band, table, number) for number, band in enumerate(image.colors))
        return DeepImage([*colors, *image.bands[3:]], image.info)

    def _look_up(self, colors: Image, table: FileContent) -> Image:
        import numpy

        top = 65535 if has_16_bits(colors) else 255
        array = samples(colors)
        flat = array.reshape(-1, 3)
        result = numpy.empty(flat.shape, numpy.float32)
        find = tetrahedral if self.interpolation == "tetrahedral" else trilinear
        low, high = (numpy.array(side, numpy.float32) for side in table.span)
        last = table.array.shape[0] - 1
        for start in range(0, len(flat), _PIXELS):
            values = flat[start : start + _PIXELS].astype(numpy.float32) / numpy.float32(top)
            places = ((values - low) / (high - low)).clip(0, 1) * last
            result[start : start + _PIXELS] = find(table.array, places)
        return picture(result.reshape(array.shape) * numpy.float32(top), colors)


def tetrahedral(table: NDArray[Any], places: Colors) -> Colors:
    """The colors at `places` (in points of the table) by the tetrahedron of the cell that each lies in.

    From the cell's darkest corner to its lightest one steps along the axes, the largest fraction first.
    """
    import numpy

    cell, part = _cells(table, places)
    order = numpy.argsort(-part, axis=1, kind="stable")
    at = cell.copy()
    rows = numpy.arange(len(cell))
    before = numpy.ones(len(cell), numpy.float32)
    result = numpy.zeros_like(part)
    for step in range(3):
        axis = order[:, step]
        share = part[rows, axis]
        result += (before - share)[:, None] * table[at[:, 2], at[:, 1], at[:, 0]]
        at[rows, axis] += 1
        before = share
    result += before[:, None] * table[at[:, 2], at[:, 1], at[:, 0]]
    return result


def trilinear(table: NDArray[Any], places: Colors) -> Colors:
    """The colors at `places` (in points of the table) by the eight corners of the cell that each lies in."""
    import numpy

    cell, part = _cells(table, places)
    result = numpy.zeros_like(part)
    for corner in range(8):
        step = numpy.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
        share = numpy.where(step, part, 1 - part).prod(axis=1, keepdims=True)
        at = cell + step
        result += share * table[at[:, 2], at[:, 1], at[:, 0]]
    return result


def _cells(table: NDArray[Any], places: Colors) -> tuple[NDArray[Any], Colors]:
    """The lowest corner of the cell of each place, and how far into the cell it lies (0..1)."""
    import numpy

    cell = numpy.minimum(places.astype(numpy.intp), table.shape[0] - 2)
    return cell, (places - cell).astype(numpy.float32)


def _curves(table: FileContent) -> list[int]:
    """The levels of red, then green, then blue, for each of their levels."""
    import numpy

    points, result = numpy.linspace(0, 1, len(table.array)), []
    for band in range(3):
        low, high = table.span[0][band], table.span[1][band]
        places = (numpy.arange(256) / 255 - low) / (high - low)
        values = numpy.interp(places, points, table.array[:, band])
        result += (values.clip(0, 1) * 255 + 0.5).astype(int).tolist()
    return result


def _look_up_curve(band: Image, table: FileContent, number: int) -> Image:
    """A band of 16 bits through the curve of that number."""
    import numpy

    from imgbatch.pixels.deep.bands import to_band

    low, high = table.span[0][number], table.span[1][number]
    places = (numpy.arange(65536) / 65535 - low) / (high - low)
    values = numpy.interp(places, numpy.linspace(0, 1, len(table.array)), table.array[:, number])
    levels = numpy.floor(values.clip(0, 1) * 65535 + 0.5).astype(numpy.uint16)
    return to_band(levels[numpy.asarray(band)])


def _plain(table: FileContent) -> bool:
    """Whether Pillow's own lookup takes the table."""
    return table.array.shape[0] <= _PILLOW_MOST and table.span == ((0.0,) * 3, (1.0,) * 3)


def _pillow(table: FileContent) -> Any:
    from PIL import ImageFilter

    return ImageFilter.Color3DLUT(table.array.shape[0], table.array.reshape(-1), _copy_table=False)
