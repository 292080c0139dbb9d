"""Formats: which are written, which are only read, and what can each hold?"""

from __future__ import annotations

from collections.abc import Sequence

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.codecs import CODECS, codec
from imgbatch.codecs.reading.identify import READ_ONLY
from imgbatch.codecs.registry import OPTIONAL, WRITTEN


def block(which: str) -> str:
    """A table of the formats that are ``written``, or of those that are ``read`` only."""
    if which == "read":
        rows = [[f"`{name}`", _words(suffixes)] for name, suffixes in READ_ONLY.items() if name not in CODECS]
        return markdown_table(["format", "suffixes"], rows)
    return markdown_table(["format", "frames", "alpha", "suffixes", "needs"], [_row(name) for name in WRITTEN])


def _row(name: str) -> list[str]:
    one, entry = codec(name), WRITTEN[name]
    frames = ("animations" if one.plays else "pages") if entry.multiframe else "one"
    needs = f'`pip install "imgbatch[{name}]"`' if name in OPTIONAL else "-"
    alpha = "yes" if one.alpha else "-"
    return [f"`{name}`", frames, alpha, _words(entry.suffixes), needs]


def _words(suffixes: Sequence[str]) -> str:
    return " ".join(f"`{suffix}`" for suffix in suffixes)
