"""What do type checkers see of names that are imported when they are first used?

``python -m tests.make_stubs`` writes ``__init__.pyi`` of imgbatch and of imgbatch.operations, from their tables. Run it
after a line was added to one of them; test_registry.py fails until then.
"""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path

WIDTH = 120  # of a line
ROOMS = ("imgbatch", "imgbatch.operations")


def stub(room: str) -> str:
    """The text of a room's ``__init__.pyi``."""
    package = importlib.import_module(room)
    homes: dict[str, str] = package._HOMES
    modules: dict[str, list[str]] = {}
    for name, home in homes.items():
        modules.setdefault(f"{room}.{home}", []).append(name)
    lines = ["# Written by python -m tests.make_stubs; do not edit.", ""]
    for module, names in sorted(modules.items()):
        names.sort(key=lambda name: (name.islower(), name))  # classes before functions, as ruff sorts them
        line = f"from {module} import {', '.join(names)}"
        short = len(line) <= WIDTH
        lines += [line] if short else [f"from {module} import (", *(f"    {name}," for name in names), ")"]
    if hasattr(package, "__version__"):
        lines += ["", "__version__: str"]
    words = textwrap.wrap(", ".join(f'"{name}"' for name in package.__all__), WIDTH - 5)
    return "\n".join([*lines, "", "__all__ = [", *(f"    {line}" for line in words), "]  # fmt: skip", ""])


def place(room: str) -> Path:
    """Where a room's stub lies."""
    return Path(str(importlib.import_module(room).__file__)).with_suffix(".pyi")


if __name__ == "__main__":
    for room in ROOMS:
        place(room).write_text(stub(room))
