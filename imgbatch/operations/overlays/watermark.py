"""Watermark: how is a picture from a file laid over each image?

It is sized by each picture, so that a small and a large one get the same look: a share (``3%``) of its shorter side, or
px. Where there is no room for the mark and its margins it becomes smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.core.parameter_kinds import Choice, Switch
from imgbatch.core.quantities import Share, Size
from imgbatch.operations.file_backed import FileBackedOperation
from imgbatch.operations.support.composite import (
    BLENDS,
    MARGIN,
    SIDE,
    Blend,
    composite,
    inside_margins,
    share_px,
)
from imgbatch.operations.support.lengths import GRAVITY, Gravity

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgbatch.core.file_parameter import FilePath


@dataclass(frozen=True)
class Watermark(FileBackedOperation):
    """Lay a picture from a file over each image.

    The file's first frame, converted to sRGB and with its own transparency; composed by the rules of the W3C's
    "Compositing and Blending". Colors make a gray image RGB.

    Parameters
    ----------
    image : path
        The file; relative to the current folder, in a recipe relative to the recipe.
    size : str
        The mark's longest side: px, or a share of the picture's shorter side. Its aspect is kept.
    gravity : str
        Where it sits.
    margin : str
        The distance from the edges, between the tiles with `tile`: px, or a share of the picture's shorter side.
    opacity : float or str
        0 to 1, or a share such as ``"50%"``.
    tile : bool
        Repeat the mark over the whole picture, one of them at `gravity`.
    blend : str
        How colors mix; ``normal`` covers.

    Raises
    ------
    ImageError
        Kind ``mode``: a mark with colors on 16-bit gray.
    """

    word: ClassVar[str] = "watermark"
    group: ClassVar[str] = "marks"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = "logo.png,size=20%,opacity=60%"

    image: Annotated[str, File("picture", "the name of a picture", ("logo.png",)), "the picture to lay over"]
    size: Annotated[str, SIDE, "its longest side, px or a share of the picture's shorter side"] = "20%"
    gravity: Annotated[str, GRAVITY, "where it sits"] = "southeast"
    margin: Annotated[str, MARGIN, "distance from the edges, and between tiles"] = "2%"
    opacity: Annotated[float, Share(), "how much it covers"] = 1.0
    tile: Annotated[bool, Switch(), "repeat it over the whole picture"] = False
    blend: Annotated[str, Choice(tuple(BLENDS)), "how colors mix"] = "normal"

    if TYPE_CHECKING:

        def __init__(
            self, image: FilePath, size: int | str = "20%", gravity: Gravity = "southeast",
            margin: int | str = "2%", opacity: float = 1.0, tile: bool = False, blend: Blend = "normal",
        ) -> None: ...  # fmt: skip

    def apply(self, image: Image) -> Image:
        margin = share_px(self.margin, image)
        mark = self._resize(self.file_content().array, image, margin)
        size = (mark.shape[1], mark.shape[0])
        corner = inside_margins(size, image.size, self.gravity, margin)
        if self.tile:
            mark, corner = _tile(mark, corner, image.size, margin), (0, 0)
        return composite(self, image, mark, corner, self.opacity, self.blend)

    def _resize(self, mark: NDArray[Any], image: Image, margin: int) -> NDArray[Any]:
        import numpy
        from PIL import Image as Images

        height, width = mark.shape[:2]
        room = [max(1, side - 2 * margin) for side in image.size]
        factor = min(
            Fraction(share_px(self.size, image), max(width, height)),
            Fraction(room[0], width),
            Fraction(room[1], height),
        )
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        if size == (width, height):
            return mark
        shrunk = Images.fromarray(mark, "RGBA").resize(size, Images.Resampling.LANCZOS, reducing_gap=3.0)
        return numpy.asarray(shrunk)


def _tile(mark: NDArray[Any], corner: tuple[int, int], size: Size, gap: int) -> NDArray[Any]:
    """The mark all over a picture of `size`, one of them at `corner`, `gap` px apart."""
    import numpy

    cell = numpy.pad(mark, ((0, gap), (0, gap), (0, 0)))
    rows = (numpy.arange(size[1]) - corner[1]) % cell.shape[0]
    columns = (numpy.arange(size[0]) - corner[0]) % cell.shape[1]
    result: NDArray[Any] = cell[rows[:, None], columns]
    return result
