"""Topic list: which pages are there, and which question does each answer?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.cli.manual.pages import SUFFIX, TOPICS, source, title, topics


def block() -> str:
    """A table of all pages but the one that it stands in."""
    names = [topic for topic in topics() if topic != TOPICS]
    rows = [[f"[{name}]({name}{SUFFIX})", _question(title(source(name)))] for name in names]
    return markdown_table(["page", "answers"], rows)


def _question(title: str) -> str:
    """What stands after the noun, as a sentence."""
    question = title.partition(": ")[2]
    return question[:1].upper() + question[1:]
