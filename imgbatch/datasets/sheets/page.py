"""Page: how are the cells of a contact sheet drawn? Pictures amid their room, texts below, numbers at the foot.

A picture that could not be read has a cell that says why. For a letter that the font has not, the letters that it is
made of stand, as far as the font has those.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.core.job import Outcome
from imgbatch.datasets.sheets.layout import SheetLayout
from imgbatch.operations.overlays import fonts
from imgbatch.pixels.color import rgba
from imgbatch.reporters.base import printable

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_DOTS = "..."


class PageArtist:
    """Draws the pages of one sheet.

    Parameters
    ----------
    layout : SheetLayout
    count : int
        Of all pictures of the sheet.
    font : bytes or None
        Of a font's file; None: the one that comes with Pillow.

    Attributes
    ----------
    missing_letters : set of str
        Those that the font had not so far.
    """

    def __init__(self, layout: SheetLayout, count: int, font: bytes | None) -> None:
        self._layout, self._pages = layout, layout.pages(count)
        self._size = layout.page_px(count)
        self._face, self._title_face = fonts.font(font, layout.text_px), fonts.font(font, 2 * layout.text_px)
        self.missing_letters: set[str] = set()
        self._spellings: dict[str, str] = {}
        red, green, blue, _ = rgba(layout.background)
        self._ground = (red, green, blue)
        is_light = 299 * red + 587 * green + 114 * blue > 127_000
        self._ink = (32, 32, 32) if is_light else (232, 232, 232)
        shift = -16 if is_light else 40
        self._shade = (max(0, red + shift), max(0, green + shift), max(0, blue + shift))

    def draw(self, cells: Sequence[tuple[Outcome, Image | None, str]], number: int) -> Image:
        """A page.

        Parameters
        ----------
        cells : sequence of (Outcome, Image or None, str)
            Of each picture: what became of it, its pixels (RGB), and its caption.
        number : int
            Of the page, from 0.
        """
        from PIL import Image as Images
        from PIL.ImageDraw import Draw

        layout = self._layout
        page = Images.new("RGB", self._size, self._ground)
        draw = Draw(page)
        width, height = self._size
        if layout.title:
            title = _cut(self._title_face, self._spell(layout.title), width - 4 * layout.gap_px)
            draw.text((width // 2, 2 * layout.gap_px), title, self._ink, self._title_face, anchor="ma")
        for place, (outcome, image, caption) in enumerate(cells):
            left, top = layout.corner(place)
            if image is None:
                self._draw_failure(draw, outcome, left, top)
            else:
                across, down = (room - side for room, side in zip(layout.box, image.size, strict=True))
                page.paste(image, (left + across // 2, top + down // 2))
            for line, text in enumerate(caption.split("\n")[: layout.caption_lines]):
                self._draw_line(draw, text, left, top + layout.box[1] + line * layout.line_px)
        if self._pages > 1:
            foot = (width // 2, height - layout.gap_px - layout.line_px)
            draw.text(foot, f"{number + 1} / {self._pages}", self._ink, self._face, anchor="ma")
        return page

    def _draw_line(self, draw: ImageDraw, text: str, left: int, top: int) -> None:
        room = self._layout.box[0]
        text = _cut(self._face, self._spell(text), room)
        below = self._layout.line_px - self._layout.text_px
        draw.text((left + room // 2, top + below), text, self._ink, self._face, anchor="ma")

    def _draw_failure(self, draw: ImageDraw, outcome: Outcome, left: int, top: int) -> None:
        """A plain cell with the kind of the failure, and its sentence as far as there is room."""
        layout, error = self._layout, outcome.error
        width, height = layout.box
        draw.rectangle((left, top, left + width - 1, top + height - 1), self._shade)
        words = self._spell(f"{error.kind}: {error.message}" if error is not None else outcome.status)
        letters = max(4, int((width - 2 * layout.gap_px) / max(1.0, self._face.getlength("n"))))
        lines = textwrap.wrap(words, letters)
        lines = lines[: max(1, (height - layout.gap_px) // layout.line_px)]
        y = top + (height - len(lines) * layout.line_px) // 2
        for line in lines:
            text = _cut(self._face, line, width - layout.gap_px)
            draw.text((left + width // 2, y), text, self._ink, self._face, anchor="ma")
            y += layout.line_px

    def _spell(self, text: str) -> str:
        """A text on one line, of letters that the font has; what stands for others is a box."""
        letters = unicodedata.normalize("NFC", printable(text))
        for letter in set(letters).difference(self._spellings):
            self._spellings[letter] = self._spelling(letter)
        return "".join(map(self._spellings.__getitem__, letters))

    def _spelling(self, letter: str) -> str:
        if not fonts.missing_letters(self._face, letter):
            return letter
        self.missing_letters.add(letter)
        plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))
        for other in (plain, letter.casefold()):
            if other != letter and not fonts.missing_letters(self._face, other):
                return other
        return letter


def _cut(face: FreeTypeFont, text: str, room: int) -> str:
    """`text`, or as much of its beginning and end as there is room for, in px: ends of names tell them apart."""
    if face.getlength(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:  # how many letters fit
        middle = (low + high + 1) // 2
        if face.getlength(_shorter(text, middle)) <= room:
            low = middle
        else:
            high = middle - 1
    return _shorter(text, low)


def _shorter(text: str, letters: int) -> str:
    end = letters // 3
    return text[: letters - end] + _DOTS + text[len(text) - end :]
