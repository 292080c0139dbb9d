"""Srcset page: which ``<picture>`` elements show the images of a run? ``--srcset FILE.html``: to be pasted into a page.

Each element has the entry of srcset.py: a ``<source>`` for each format but the one that browsers all know, which is the
``<img>``'s; width and height, so that nothing moves when it is loaded; its dominant color as background until then,
where nothing shines through; and its thumbhash for scripts (``data-thumbhash``). ``sizes`` says that the picture fills
the window, up to its own width: what your layout gives it is better. ``alt`` is empty: what a picture shows, only you
can say. Addresses are relative to the output folder, which the file's ``<base>`` names for a look at it.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import quote

from imgbatch.core.report import Report, is_shown
from imgbatch.reporters.files.json_csv import ReportFile
from imgbatch.reporters.files.srcset import entry, fallback, pictures

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pictures</title>
{base}<style>img {{ display: block; max-width: 100%; height: auto; margin-bottom: 1em }}</style>
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"
_ALPHA_BYTE, _ALPHA_BIT = 2, 0x80  # in a thumbhash: whether the picture has alpha


class SrcSetPage(ReportFile):
    """The renditions of all images as a page of ``<picture>`` elements."""

    def pieces(self, report: Report) -> Iterator[str]:
        """The page, an element for each picture of all images that went well."""
        yield _HEAD.format(base=self._base(report.base))
        for outcome in report.outcomes:
            for files in pictures(outcome.outputs) if outcome.ok else ():
                yield element(entry(outcome, files, report.base))
        yield _TAIL

    def _base(self, folder: str) -> str:
        """The element that leads from where the page is to the output folder (absolute); none to a bucket."""
        if "://" in folder or not folder:
            return ""
        way = os.path.relpath(folder, os.path.dirname(os.path.abspath(self.path)))
        address = quote(os.fsencode(way.replace(os.sep, "/"))) + "/"
        return f'<base href="{escape(address)}">\n'


def element(picture: dict[str, Any]) -> str:
    """The ``<picture>`` of one entry of srcset.py."""
    image = picture["img"]
    sizes = f"(max-width: {image['width']}px) 100vw, {image['width']}px"
    sources = {one["format"]: one for one in picture["sources"]}
    plain = sources.pop(fallback(list(sources)))
    lines = [f"<picture{_attributes({'data-source': picture['source']})}>"]
    for one in sources.values():
        lines.append(f"  <source{_attributes({'type': one['type'], 'srcset': one['srcset'], 'sizes': sizes})}>")
    attributes = {
        "src": image["src"], "srcset": plain["srcset"], "sizes": sizes, "width": image["width"],
        "height": image["height"], "alt": "", "loading": "lazy", "decoding": "async",
        "style": _background(picture), "data-thumbhash": picture["thumbhash"],
    }  # fmt: skip
    return "\n".join([*lines, f"  <img{_attributes(attributes)}>", "</picture>", ""])


def _background(picture: dict[str, Any]) -> str | None:
    """The style that shows the dominant color; None where the picture is transparent, which would let it through."""
    if picture["thumbhash"] is None or base64.b64decode(picture["thumbhash"])[_ALPHA_BYTE] & _ALPHA_BIT:
        return None
    return f"background-color:{picture['dominant_color']}"


def _attributes(values: dict[str, object]) -> str:
    """Attributes of an element, with a blank before each; those that are None are left out."""
    return "".join(f' {name}="{escape(_plain(str(value)))}"' for name, value in values.items() if value is not None)


def _plain(text: str) -> str:
    """Text without what no page may hold: control characters are spelled out."""
    if text.isprintable():
        return text
    return "".join(one if is_shown(one) else one.encode("unicode_escape").decode("ascii") for one in text)
