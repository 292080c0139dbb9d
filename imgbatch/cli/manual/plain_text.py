"""Plain text: how does a page that is written in Markdown look in a terminal?

It knows what the pages use: headings, paragraphs, lists, tables, code blocks, links, bold words and comments.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

#: Between the columns of a table.
_GAP = 2
_CODE = "    "
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITEM = re.compile(r"(\s*)([-*]|\d+\.) +")


def plain_text(page: str, width: int) -> str:
    """The page as a terminal of `width` columns shows it; ends with a line break."""
    text = "\n".join(_lines(_COMMENT.sub("", page), width))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _lines(page: str, width: int) -> Iterator[str]:
    paragraph: list[str] = []
    rest = iter([*page.split("\n"), ""])
    for line in rest:
        if line.startswith(("|", "```", "#")) or not line.strip():
            yield from _wrap(paragraph, width)
            paragraph = []
        elif _ITEM.match(line) and paragraph:
            yield from _wrap(paragraph, width)
            paragraph = [line]
            continue
        if line.startswith("```"):
            yield from _code(rest)
        elif line.startswith("|"):
            table = [line]
            for following in rest:
                if not following.startswith("|"):
                    break
                table.append(following)
            yield from [*_table(table, width), ""]
        elif line.startswith("#"):
            text = _inline(line.lstrip("#").strip())
            yield from (text, ("=" if line.startswith("# ") else "-") * len(text))
        elif line.strip():
            paragraph.append(line)
        else:
            yield ""


def _wrap(paragraph: Sequence[str], width: int) -> list[str]:
    """A paragraph or an item of a list, as wide as the terminal; words between backticks stay on a line."""
    if not paragraph:
        return []
    text = _inline(" ".join(line.strip() for line in paragraph))
    item = _ITEM.match(paragraph[0])
    return _fill(text, width, item[1] if item else "", " " * len(item[0]) if item else "")


def _fill(text: str, width: int, first: str = "", hanging: str = "") -> list[str]:
    lines = textwrap.wrap(
        _glue(text), width, initial_indent=first, subsequent_indent=hanging, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip
    return [line.replace("\0", " ") for line in lines] or [""]


def _glue(text: str) -> str:
    """`text` with another character for the blanks between backticks, which are no places to break a line."""
    return re.sub(r"`[^`]+`", lambda code: code[0].replace(" ", "\0"), text)


def _inline(text: str) -> str:
    return _BOLD.sub(r"\1", _LINK.sub(_link, text))


def _link(link: re.Match[str]) -> str:
    """A link to another page is what shows it; to elsewhere, its words and its address."""
    words, address = link.groups()
    page, is_page, _ = address.partition(".md")
    if is_page and "/" not in page:
        command = f"`imgbatch help {page}`"
        return command if words == page else f"{words} ({command})"
    return f"{words} ({address})"


def _code(rest: Iterator[str]) -> Iterator[str]:
    for line in rest:
        if line.startswith("```"):
            return
        yield (_CODE + line).rstrip()


def _table(lines: Sequence[str], width: int) -> Iterator[str]:
    """The rows of a table in columns that together are as wide as the terminal at most."""
    rows = [[_inline(_LINK.sub(r"\1", cell)) for cell in _cells(line)] for line in lines]
    del rows[1]  # of dashes
    widths = _column_widths(rows, width)
    parts = [[_fill(cell, wide) for cell, wide in zip(row, widths, strict=True)] for row in rows]
    wraps = any(len(row[0]) > 1 for row in parts[1:])  # elsewhere an empty first cell says that a row goes on
    for number, row in enumerate(parts):
        if number > 1 and wraps:
            yield ""
        for height in range(max(map(len, row))):
            cells = [cell[height] if height < len(cell) else "" for cell in row]
            yield (" " * _GAP).join(cell.ljust(wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()
        if number == 0:
            yield (" " * _GAP).join("-" * wide for wide in widths)


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _column_widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """As wide as the longest cell, the widest columns narrowed until all fit; no word is cut."""
    columns = list(zip(*rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    longest_words = [max(len(word) for cell in column for word in [*_glue(cell).split(" "), ""]) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        spare = [wide if wide > word else 0 for wide, word in zip(widths, longest_words, strict=True)]
        if not any(spare):
            break
        widths[spare.index(max(spare))] -= 1
    return widths
