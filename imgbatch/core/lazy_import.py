"""Lazy import: how is something loaded only when it is first used, and is it there at all?"""

from __future__ import annotations

import _thread
import importlib
import sys
import types
from importlib.machinery import PathFinder

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


def put_off(*names: str) -> None:
    """Have modules that are not loaded yet loaded when something in them is used, not when somebody imports them.

    For a process of our own: the standard library imports some for what we never ask of it. ``importlib.util`` has a
    LazyLoader, but with its modules a second ``import`` counts as use, in Python 3.11.

    Parameters
    ----------
    *names : str
        Of the standard library, none of them a package.
    """
    for name in names:
        spec = None if name in sys.modules else PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None:
            module = _Later(name)
            module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
            sys.modules[name] = module


class _Later(types.ModuleType):
    """A module whose code has not run yet. It runs in this very object, so whoever has imported it has the module."""

    def __getattr__(self, name: str) -> Any:  # as long as there is no such name
        if name == "__path__":  # `from` asks everybody whether this is a package
            raise AttributeError(name)
        self._run()
        return getattr(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name[:2] != "__" and self.__name__ not in _running:  # else its code would put its own value there
            self._run()
        types.ModuleType.__setattr__(self, name, value)  # it may be no _Later any more

    def _run(self) -> None:
        """Run its code, unless another thread has done so meanwhile."""
        with _lock:
            if type(self) is not _Later:
                return
            if self.__name__ in _running:  # what it imports imports it
                raise AttributeError(f"module {self.__name__!r} is being loaded")
            spec = self.__spec__
            assert spec is not None and spec.loader is not None
            _running.add(self.__name__)
            try:
                spec.loader.exec_module(self)
                self.__class__ = types.ModuleType  # type: ignore[assignment]  # what it is from now on
            finally:
                _running.discard(self.__name__)


_lock = _thread.RLock()
_running: set[str] = set()
