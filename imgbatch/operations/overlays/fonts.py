"""Fonts: how is a text drawn? With a font's bytes, or Pillow's own font, as a picture of the text alone."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

_NOWHERE = "\U0010fffe"  # no font has a picture for it, so it is drawn as what is missing


class Style(NamedTuple):
    """How a text looks: colors as (red, green, blue, alpha), the outline's width in px, 0 for none; how lines align."""

    color: tuple[int, int, int, int]
    outline: tuple[int, int, int, int]
    outline_px: int
    align: str


def font(data: bytes | None, px: int) -> FreeTypeFont:
    """The font at a size of `px` px to the em; OSError when the bytes are none. None: the one that Pillow brings."""
    from PIL import ImageFont

    if data is not None:
        return ImageFont.truetype(io.BytesIO(data), px)
    return _default_font(px)


@functools.lru_cache(maxsize=8)
def _default_font(px: int) -> FreeTypeFont:
    from PIL import ImageFont

    face = ImageFont.load_default(px)
    assert isinstance(face, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType; without it there is no text
    return face


def missing_letters(face: FreeTypeFont, text: str) -> str:
    """The characters of `text` that the font has no picture of, each once."""
    nothing = face.getmask(_NOWHERE)
    blank = (bytes(nothing), nothing.size)

    def is_missing(character: str) -> bool:
        result = face.getmask(character)
        return (bytes(result), result.size) == blank

    return "".join(sorted(character for character in set(text) if not character.isspace() and is_missing(character)))


def extent(face: FreeTypeFont, text: str, outline_px: int, align: str) -> tuple[int, int, int, int]:
    """What drawing at (0, 0) covers: left, top, right and bottom in px.

    Parameters
    ----------
    face : FreeTypeFont
    text : str
        One line or several.
    outline_px : int
    align : str
        "left", "center" or "right": how lines of unequal length lie.
    """
    from PIL import Image, ImageDraw

    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=face, stroke_width=outline_px, align=align)
    return int(left // 1), int(top // 1), int(-(-right // 1)), int(-(-bottom // 1))


def draw_text(face: FreeTypeFont, text: str, style: Style) -> Image:
    """A picture (RGBA) of the text and nothing else, its outline below.

    Parameters
    ----------
    face : FreeTypeFont
    text : str
    style : Style
    """
    from PIL import Image, ImageDraw

    left, top, right, bottom = extent(face, text, style.outline_px, style.align)
    size = (max(1, right - left), max(1, bottom - top))
    result = Image.new("RGBA", size, (*style.color[:3], 0))
    layers = [(style.color, 0)]
    if style.outline_px:
        layers.insert(0, (style.outline, style.outline_px))
    for color, width in layers:
        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        draw.multiline_text((-left, -top), text, color[3], face, stroke_width=width, align=style.align)
        layer = Image.new("RGBA", size, (*color[:3], 0))
        layer.putalpha(mask)
        result = Image.alpha_composite(result, layer)
    ink = result.getchannel("A").getbbox()  # without the blank beside the first and last letter
    return result if ink is None else result.crop((ink[0], 0, ink[2], size[1]))
