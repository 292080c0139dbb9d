"""How does a package name what it loads only when it is first used? By its ``__getattr__``, which asks here."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    from typing import Any


def first_use(package: dict[str, Any], name: str, home: str | None) -> Any:
    """`name` of the module `home` of a package, given the package's globals, where it is kept for the next time.

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
