"""Layout: where on its pages does a contact sheet have its pictures, captions and numbers?"""

# Without `from __future__ import annotations`, as core/run_settings.py.
import math
import re
from functools import cached_property
from typing import Annotated, ClassVar

from imgbatch.core.errors import UsageError
from imgbatch.core.file_parameter import File
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameter_kinds import Choice, Grammar, Switch
from imgbatch.core.parameters import Brief, Declaration
from imgbatch.core.quantities import Count, Size
from imgbatch.operations.support import text_placeholders
from imgbatch.operations.support.lengths import spell_size
from imgbatch.pixels.color import COLOR

ORDERS = ("name", "date", "size")
_CELL = re.compile(r"(\d{1,5})x(\d{1,5})(?:px)?")
_LEAST, _MOST = 16, 4000  # px of a side of a cell


def cell_word(word: str) -> str:
    """``WxH`` in its one spelling; ValueError for anything else."""
    match = _CELL.fullmatch(word.strip().lower())
    if match is None or not all(_LEAST <= int(side) <= _MOST for side in match.groups()):
        raise ValueError(word)
    return f"{int(match[1])}x{int(match[2])}"


def any_text(word: str) -> str:
    """A text of one line; ValueError where it has more."""
    if "\n" in word or "\0" in word:
        raise ValueError(word)
    return word


_CELL_KIND = Grammar(f"a size such as 300x300 ({_LEAST} to {_MOST} px)", cell_word, ("300x300",), spell_size)


@frozen
class SheetLayout(Declaration):
    """How a contact sheet looks."""

    word: ClassVar[str] = ""

    columns: Annotated[int, Count(1, 100, auto=False), "pictures side by side", Brief()] = 5
    rows: Annotated[int, Count(1, 100, auto=False), "pictures one below the other on a page", Brief()] = 6
    cell: Annotated[str, _CELL_KIND, "room of a picture, px", Brief()] = "300x300"
    caption: Annotated[
        str,
        text_placeholders.TEMPLATE,
        "below each picture, with fields as of --text; \\n begins a line; '': none",
        Brief("below each picture: '{stem}\\n{width}x{height}'"),
    ] = "{name}"
    title: Annotated[
        str, Grammar("a text of one line", any_text, ("Holidays",)), "above the pictures of a page", Brief()
    ] = ""
    order: Annotated[str, Choice(ORDERS), "by name, by the date they were taken (else modified), or by bytes"] = "name"
    reverse: Annotated[bool, Switch(), "the last first"] = False
    background: Annotated[str, COLOR, "color of the page"] = "#ffffff"
    font: Annotated[
        str | None, File("font", "the name of a TrueType or OpenType file", ("font.ttf",)), "for captions and title"
    ] = None

    @cached_property
    def box(self) -> Size:
        """Width and height in px of the room of a picture."""
        width, height = self.cell.split("x")
        return int(width), int(height)

    @cached_property
    def text_px(self) -> int:
        """The height of captions (the font's em), in px."""
        return max(10, self.box[0] // 20)

    @property
    def line_px(self) -> int:
        """From one line of a caption to the next."""
        return math.ceil(self.text_px * 1.3)

    @property
    def gap_px(self) -> int:
        """Between cells; at the edges of a page twice that."""
        return max(6, self.box[0] // 20)

    @property
    def caption_lines(self) -> int:
        """How many lines a caption has."""
        return 1 + self.caption.replace("\\n", "\n").count("\n") if self.caption else 0

    @property
    def cell_px(self) -> Size:
        """Width and height of a cell with its caption."""
        return self.box[0], self.box[1] + self.caption_lines * self.line_px

    @property
    def head_px(self) -> int:
        """The height of the title, with the gap below it."""
        return 2 * self.line_px + self.gap_px if self.title else 0

    @property
    def per_page(self) -> int:
        """How many pictures a page has."""
        return self.columns * self.rows

    def pages(self, count: int) -> int:
        """How many pages so many pictures take: at least one."""
        return max(1, math.ceil(count / self.per_page))

    def page_px(self, count: int) -> Size:
        """Width and height of each page of a sheet of so many pictures; one that is alone ends below its last row."""
        rows = self.rows if count > self.per_page else max(1, math.ceil(count / self.columns))
        columns = self.columns if count > self.columns else max(1, count)
        width, height = self.cell_px
        foot = self.line_px + self.gap_px if self.pages(count) > 1 else 0
        return (
            4 * self.gap_px + columns * width + (columns - 1) * self.gap_px,
            4 * self.gap_px + self.head_px + rows * height + (rows - 1) * self.gap_px + foot,
        )

    def corner(self, place: int) -> Size:
        """Where the cell of a place on a page (from 0) begins."""
        row, column = divmod(place, self.columns)
        width, height = self.cell_px
        margin = 2 * self.gap_px
        return margin + column * (width + self.gap_px), margin + self.head_px + row * (height + self.gap_px)

    def refuse_beyond(self, side: int, format: str) -> None:
        """UsageError where a full page has a side of more px than a format holds."""
        width, height = self.page_px(self.per_page + 1)
        if max(width, height) > side:
            raise UsageError(
                f"expected pages of at most {side} px for {format}, got {width}x{height}; take fewer rows or columns"
            )
