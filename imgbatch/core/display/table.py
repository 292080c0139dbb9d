"""Table: how are words that came from outside shown in a notebook? As text of a bounded length, in cells of HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable

from imgbatch.core.report import is_shown

LONGEST = 200  # characters of one text: names have up to 4096, messages whatever a file holds
_CAPTION = 1000  # characters
_CELL = "text-align:left;vertical-align:top;white-space:normal"


def plain(text: str, longest: int = LONGEST) -> str:
    r"""`text` on one line, no longer than that many characters; what does not print is spelled out (``\n``)."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if cut.isprintable():
        return cut
    return "".join(
        character if is_shown(character) else character.encode("unicode_escape").decode("ascii") for character in cut
    )


def escape(text: str, longest: int = LONGEST) -> str:
    """`text`, of at most that many characters, as HTML: no part of it is markup."""
    return html.escape(plain(text, longest))


def table(caption: str, header: Iterable[str], rows: Iterable[Iterable[str]], more: str = "") -> str:
    """A table as HTML.

    Parameters
    ----------
    caption : str
        Above it.
    header : iterable of str
        The words above the columns.
    rows : iterable of iterable of str
        Plain text, which is escaped here. Without rows there is only the caption.
    more : str
        Below it: what was left out.
    """
    title = f"<div>{escape(caption, _CAPTION)}</div>"
    lines = ["".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row) for row in rows]
    if not lines:
        return title
    words = "".join(f'<th style="{_CELL}">{escape(word)}</th>' for word in header)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    rest = f"<div>{escape(more)}</div>" if more else ""
    return f"{title}<table><thead><tr>{words}</tr></thead><tbody>{body}</tbody></table>{rest}"
