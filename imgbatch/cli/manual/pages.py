"""Reference pages: which topics does ``imgbatch help TOPIC`` know, and what does each page say?

A page is one Markdown file of ``imgbatch/reference/``, whose name is the topic. Its first line is its title: a noun and
the question that the page answers.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

from imgbatch.core.errors import UsageError

SUFFIX = ".md"
#: The page that lists all others.
TOPICS = "topics"


def folder() -> Traversable:
    """Where the pages lie."""
    return resources.files("imgbatch").joinpath("reference")


def topics() -> list[str]:
    """All topics, in the order of the alphabet."""
    return sorted(file.name.removesuffix(SUFFIX) for file in folder().iterdir() if file.name.endswith(SUFFIX))


def source(topic: str) -> str:
    """The Markdown of a topic's page."""
    return folder().joinpath(topic + SUFFIX).read_text(encoding="utf-8")


def title(page: str) -> str:
    """The title of a page: ``Exit codes: how did it end?``"""
    first = page.partition("\n")[0]
    if not first.startswith("# "):
        raise UsageError(f"expected a title for a page of the manual, got {first!r}")
    return first.removeprefix("# ")
