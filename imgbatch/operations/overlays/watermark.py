"""Which operations put something on the picture? A watermark from a file, and text.

Both are sized by each picture, so that a small and a large one get the same look: a share (``3%``) of its shorter side,
or px. Where there is no room for the mark and its margins it becomes smaller.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.core.parameters import Choice, Switch
from imgbatch.core.parameters import Text as Words
from imgbatch.core.quantities import Share
from imgbatch.operations.base import Operation, Size
from imgbatch.operations.file_backed import FromFile
from imgbatch.operations.support import fonts, text_placeholders
from imgbatch.operations.support.composite import BLENDS, laid
from imgbatch.operations.support.lengths import (
    ANCHORS,
    GRAVITY,
    LENGTH,
    anchored,
    pixels,
    read_length,
    spell_length,
    squeezed,
)
from imgbatch.pixels.color import COLOR, rgba

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont


def _length(word: str) -> str:
    text = squeezed(word)
    if not re.fullmatch(LENGTH, text):
        raise ValueError(word)
    return spell_length(read_length(text))


def _side(word: str) -> str:
    text = _length(word)
    if text in ("0", "0%"):
        raise ValueError(word)
    return text


SIDE = Words("a length such as 200 (px) or 20% (of the picture)", _side, ("20%", "40", "5%"))
MARGIN = Words("a length such as 10 (px) or 2% (of the picture)", _length, ("2%", "3", "0"))


@dataclass(frozen=True)
class Watermark(FromFile):
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

    def apply(self, image: Image) -> Image:
        margin = _pixels(self.margin, image)
        mark = self._sized(self.given().array, image, margin)
        size = (mark.shape[1], mark.shape[0])
        corner = _inside(size, image.size, self.gravity, margin)
        if self.tile:
            mark, corner = _tiled(mark, corner, image.size, margin), (0, 0)
        return laid(self, image, mark, corner, self.opacity, self.blend)

    def _sized(self, mark: NDArray[Any], image: Image, margin: int) -> NDArray[Any]:
        import numpy
        from PIL import Image as Images

        height, width = mark.shape[:2]
        room = [max(1, side - 2 * margin) for side in image.size]
        factor = min(
            Fraction(_pixels(self.size, image), max(width, height)), Fraction(room[0], width), Fraction(room[1], height)
        )
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        if size == (width, height):
            return mark
        shrunk = Images.fromarray(mark, "RGBA").resize(size, Images.Resampling.LANCZOS, reducing_gap=3.0)
        return numpy.asarray(shrunk)


@dataclass(frozen=True)
class Text(FromFile):
    r"""Write on each image.

    The text may have fields in braces, filled in for each file: ``{stem}`` ``{name}`` ``{ext}`` ``{dir}`` of its name,
    ``{width}`` ``{height}`` of the original in px, ``{n}`` its number, ``{date}`` when it was taken (EXIF, else when
    the file was modified; ``{date:%d.%m.%Y}`` with a format), ``{exif.Artist}`` and every other EXIF tag. A tag that
    a file has not is left out, with a warning; ``{{`` is a brace. ``\n`` begins a new line.

    Parameters
    ----------
    text : str
        What to write. Quote it at the shell when it holds a comma: ``'"Hello, world",size=3%'``.
    size : str
        Height of the letters (the font's em): px, or a share of the picture's shorter side.
    color : str
        Of the letters; may be transparent in part.
    gravity : str
        Where the text sits, and to which side its lines are flush.
    margin : str
        The distance from the edges: px, or a share of the picture's shorter side.
    opacity : float or str
        0 to 1, or a share such as ``"50%"``.
    outline : str or None
        The color of a line around the letters, which keeps them legible on any ground. None: no line.
    outline_width : str
        Its width: px, or a share of `size`.
    font : path or None
        A TrueType or OpenType file. None: the font that comes with Pillow, which has Latin letters only.

    Raises
    ------
    ImageError
        Kind ``mode``: colors on 16-bit gray.
    """

    word: ClassVar[str] = "text"
    group: ClassVar[str] = "marks"
    on_screen: ClassVar[bool] = True
    example: ClassVar[str] = '"{stem}, {date:%Y}",size=4%,outline=black'

    text: Annotated[str, text_placeholders.TEMPLATE, "what to write, with fields such as {stem} {date} {exif.Artist}"]
    size: Annotated[str, SIDE, "height of the letters, px or a share of the picture's shorter side"] = "3%"
    color: Annotated[str, COLOR, "color of the letters"] = "white"
    gravity: Annotated[str, GRAVITY, "where it sits"] = "southeast"
    margin: Annotated[str, MARGIN, "distance from the edges"] = "2%"
    opacity: Annotated[float, Share(), "how much it covers"] = 1.0
    outline: Annotated[str | None, COLOR, "color of a line around the letters; by default there is none"] = None
    outline_width: Annotated[str, MARGIN, "its width, px or a share of the size"] = "8%"
    font: Annotated[
        str | None,
        File("font", "the name of a TrueType or OpenType file", ("font.ttf",)),
        "the font; by default the one that comes with Pillow",
    ] = None
    filled: str | None = field(default=None, compare=False, repr=False, kw_only=True)

    def of_file(self, facts: Mapping[str, Any]) -> Operation:
        return dataclasses.replace(self, filled=text_placeholders.filled(self.text, facts))

    def apply(self, image: Image) -> Image:
        import numpy

        text = text_placeholders.filled(self.text, {}) if self.filled is None else self.filled
        text = text.replace("\\n", "\n").strip("\n")
        if not text.strip():
            return image
        margin = _pixels(self.margin, image)
        face, style = self._set(text, image.size, margin, _pixels(self.size, image))
        unknown = fonts.missing(face, text)
        if unknown:
            warnings.warn(f"text: the font has no {unknown[:20]!r}; choose another with font=FILE", stacklevel=2)
        mark = numpy.asarray(fonts.drawn(face, text, style))
        corner = _inside((mark.shape[1], mark.shape[0]), image.size, self.gravity, margin)
        return laid(self, image, mark, corner, self.opacity)

    def _set(self, text: str, size: Size, margin: int, px: int) -> tuple[FreeTypeFont, fonts.Style]:
        """The font, as large as wished or as there is room for."""
        data = None if self.font is None else self.given().array.tobytes()
        room = [max(1, side - 2 * margin) for side in size]
        while True:
            face, style = fonts.font(data, px), self._style(px)
            left, top, right, bottom = fonts.extent(face, text, style.outline_px, style.align)
            share = min(room[0] / max(1, right - left), room[1] / max(1, bottom - top))
            if share >= 1 or px == 1:
                return face, style
            px = max(1, min(px - 1, int(px * share)))

    def _style(self, px: int) -> fonts.Style:
        x = ANCHORS[self.gravity][0]
        align = "left" if x == 0 else "right" if x == 1 else "center"
        width = 0 if self.outline is None else pixels(read_length(self.outline_width), px)
        return fonts.Style(rgba(self.color), rgba(self.outline or "black"), width, align)


def _pixels(word: str, image: Image) -> int:
    """A length in px: a share is one of the picture's shorter side."""
    return pixels(read_length(word), min(image.size))


def _inside(mark: Size, size: Size, gravity: str, margin: int) -> tuple[int, int]:
    """Left and top of the mark, in px: at `gravity` of what the margins leave."""
    room = (size[0] - 2 * margin, size[1] - 2 * margin)
    left, top = anchored(mark, room, gravity)
    return left + margin, top + margin


def _tiled(mark: NDArray[Any], corner: tuple[int, int], size: Size, gap: int) -> NDArray[Any]:
    """The mark all over a picture of `size`, one of them at `corner`, `gap` px apart."""
    import numpy

    cell = numpy.pad(mark, ((0, gap), (0, gap), (0, 0)))
    rows = (numpy.arange(size[1]) - corner[1]) % cell.shape[0]
    columns = (numpy.arange(size[0]) - corner[0]) % cell.shape[1]
    made: NDArray[Any] = cell[rows[:, None], columns]
    return made
