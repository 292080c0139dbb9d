"""Python functions: which does the library offer, and what does each do?"""

from __future__ import annotations

import inspect
import re

import imgbatch as ib
from imgbatch.cli.manual.blocks.markdown_table import markdown_table


def block() -> str:
    """A table of the public functions, each with the first line of its docstring."""
    functions = {name: value for name in ib.__all__ if inspect.isfunction(value := getattr(ib, name))}
    return markdown_table(["function", "does"], [[f"`ib.{name}`", _about(one)] for name, one in functions.items()])


def _about(function: object) -> str:
    """The first line, its roles and quotes as code."""
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return re.sub(r":\w+:`[~.]?(?:\w+\.)*(\w+)`", r"`\1`", first).replace("``", "`")
