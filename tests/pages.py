"""What do README and the pages of the manual hold? Their texts, and the blocks of code in them, for all tests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = "README"


def page(topic: str) -> str:
    """The Markdown of a page of the manual, or of README."""
    folder = ROOT if topic == README else ROOT / "imgbatch" / "reference"
    return (folder / f"{topic}.md").read_text(encoding="utf-8")


#: README, then every topic.
PAGES = [README, *sorted(file.stem for file in (ROOT / "imgbatch" / "reference").glob("*.md"))]


def blocks(topic: str, language: str) -> list[str]:
    """The blocks of code of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(topic), re.MULTILINE | re.DOTALL)


def commands(topic: str) -> list[str]:
    """The commands of a page's blocks of shell, each on one line; without comments."""
    lines: list[str] = []
    for block in blocks(topic, "sh"):
        lines += block.replace("\\\n", " ").split("\n")
    return [line for line in lines if line.strip() and not line.startswith("#")]


def spans(topic: str) -> list[str]:
    """The commands that stand in backticks within a page's prose."""
    prose = re.sub(r"^```.*?^```$", "", page(topic), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`(imgbatch [^`]+)`", " ".join(prose.split()))
