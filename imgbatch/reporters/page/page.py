"""Page: which HTML holds some sections, so that a browser shows them as text and runs nothing but our script?"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

#: The parts of the script and of the style, in their order in the page.
SCRIPTS = ("elements.js", "sections.js", "rows.js", "table.js", "search.js", "compare.js", "start.js")
STYLES = ("page.css", "table.css", "compare.css")
#: What HTML could take for the end of a script, or for markup, and what old scripts take for the end of a line.
_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


@dataclass
class Section:
    """One part of a page.

    Attributes
    ----------
    kind : str
        The function of the script that draws it; the list is in the room's docstring.
    place : int
        Sections are shown in the order of their places, and written in the order in which they are given.
    values : dict of str to JSON
        Written after the items, so that it may be filled in while they come.
    items : iterable of JSON
        Written one by one.
    """

    kind: str
    place: int
    values: dict[str, Any] = field(default_factory=dict)
    items: Iterable[Any] = ()

    def pieces(self) -> Iterator[str]:
        """The section's element, bit by bit."""
        yield '<script type="application/json" class="section">{"items":['
        separator = "\n"
        for item in self.items:
            yield separator + json_in_html(item)
            separator = ",\n"
        values = {"kind": self.kind, "place": self.place, **self.values}
        yield "\n]," + json_in_html(values)[1:] + "</script>\n"


@dataclass
class Page:
    """An HTML page.

    Attributes
    ----------
    title : str
        The heading, and the name of the window.
    lead : str
        One sentence below it; shown without the script, too.
    sections : iterable of Section
        Each is asked for when those before it are written.
    """

    title: str
    lead: str
    sections: Iterable[Section]

    def pieces(self) -> Iterator[str]:
        """The page, bit by bit."""
        script, style = _concatenate(SCRIPTS), _concatenate(STYLES)
        title = html.escape(self.title)
        yield (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
            f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            '<header class="top"><div>'
            f'<h1>{title}</h1>\n<p class="lead">{html.escape(self.lead)}</p></div></header>\n'
            '<main id="main"><noscript><p>The tables and pictures of this page are drawn by its own script, which '
            "needs no network; this browser has scripts switched off.</p></noscript></main>\n"
        )
        for section in self.sections:
            yield from section.pieces()
        yield f"<script>{script}</script>\n</body>\n</html>\n"


def json_in_html(value: Any) -> str:
    """`value` as JSON that may stand in an HTML script element: no character of it can end that, or be markup."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _policy(script: str, style: str) -> str:
    """The Content-Security-Policy: our script and our style, pictures from here, nothing else, and no markup by it."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src 'self' file: data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _concatenate(names: Iterable[str]) -> str:
    """Files of ``assets/`` as one text."""
    folder = resources.files(__package__).joinpath("assets")
    return "\n" + "".join(folder.joinpath(name).read_text("utf-8") for name in names)
