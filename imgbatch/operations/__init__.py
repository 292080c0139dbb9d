"""Operations: which are there? Each is imported when it is first used: a worker loads those of its recipe, not all.

Type checkers read the names in ``__init__.pyi``, which ``python -m tests.make_stubs`` writes.
"""

from __future__ import annotations

from imgbatch.core.lazy_import import first_use
from imgbatch.operations.registry import MODULES

TYPE_CHECKING = False  # as in imgbatch/__init__.py
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    **MODULES,
    "Operation": "base", "apply_all": "base",
    "all_operations": "registry", "find_operation": "registry", "get_operation": "registry",
}  # fmt: skip
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    return first_use(globals(), name, _HOMES.get(name))


def __dir__() -> list[str]:
    return __all__
