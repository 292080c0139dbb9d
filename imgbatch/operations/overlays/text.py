"""Text: how large is it, and where on a picture? fonts.py draws its letters, support/composite.py lays them on."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from imgbatch.core.file_parameter import File
from imgbatch.core.quantities import Share, Size
from imgbatch.operations.base import Operation
from imgbatch.operations.file_backed import FileBackedOperation
from imgbatch.operations.overlays import fonts
from imgbatch.operations.support import text_placeholders
from imgbatch.operations.support.composite import MARGIN, SIDE, composite, inside_margins, share_px
from imgbatch.operations.support.lengths import ANCHORS, GRAVITY, Gravity, pixels, read_length
from imgbatch.pixels.color import COLOR, rgba

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

    from imgbatch.core.file_parameter import FilePath
    from imgbatch.pixels.color import Color


@dataclass(frozen=True)
class Text(FileBackedOperation):
    r"""Write on each image.

    The text may have fields in braces, filled in for each file: ``{stem}`` ``{name}`` ``{ext}`` ``{dir}`` of its name,
    ``{width}`` ``{height}`` of the original in px, ``{n}`` its number, ``{date}`` when it was taken (EXIF, XMP, PNG or
    IPTC, else as ``{mtime}`` when the file was modified; ``{date:%d.%m.%Y}`` with a format), ``{exif.Artist}`` and
    every other EXIF tag. A tag that a file has not is left out, with a warning; ``{{`` is a brace. ``\n`` begins a new
    line.

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
    caption: str | None = field(default=None, compare=False, repr=False, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, text: str, size: int | str = "3%", color: Color = "white", gravity: Gravity = "southeast",
            margin: int | str = "2%", opacity: float = 1.0, outline: Color | None = None,
            outline_width: int | str = "8%", font: FilePath | None = None,
        ) -> None: ...  # fmt: skip

    def of_file(self, facts: Mapping[str, Any]) -> Operation:
        return dataclasses.replace(self, caption=text_placeholders.fill(self.text, facts))

    def apply(self, image: Image) -> Image:
        import numpy

        text = text_placeholders.fill(self.text, {}) if self.caption is None else self.caption
        text = text.replace("\\n", "\n").strip("\n")
        if not text.strip():
            return image
        margin = share_px(self.margin, image)
        face, style = self._set(text, image.size, margin, share_px(self.size, image))
        unknown = fonts.missing_letters(face, text)
        if unknown:
            warnings.warn(f"text: the font has no {unknown[:20]!r}; choose another with font=FILE", stacklevel=2)
        mark = numpy.asarray(fonts.draw_text(face, text, style))
        corner = inside_margins((mark.shape[1], mark.shape[0]), image.size, self.gravity, margin)
        return composite(self, image, mark, corner, self.opacity)

    def _set(self, text: str, size: Size, margin: int, px: int) -> tuple[FreeTypeFont, fonts.Style]:
        """The font at the size of the parameter, or as large as there is room for."""
        data = None if self.font is None else self.file_content().array.tobytes()
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
