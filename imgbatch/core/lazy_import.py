"""Lazy import: how is something loaded only when it is first used, and is it there at all?"""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    from typing import Any


def first_use(package: dict[str, Any], name: str, home: str | None) -> Any:
    """`name` of the module `home` of a package, whose globals keep it for the next time.

    Parameters
    ----------
    package : dict
        The package's globals.
    name : str
        What is asked for.
    home : str or None
        The module inside the package.

    Raises
    ------
    AttributeError
        Without a home there is no such name.
    """
    if home is None:
        raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{package['__name__']}.{home}"), name)
    package[name] = value
    return value


def is_installed(package: str) -> bool:
    """Whether a package could be imported; it is not, and nor is importlib.util, which every start would pay for."""
    if package in sys.modules:
        return sys.modules[package] is not None  # which it is where somebody forbids it
    finders = [getattr(finder, "find_spec", None) for finder in sys.meta_path]  # of somebody's old one it is missing
    return any(find is not None and find(package, None) is not None for find in finders)
