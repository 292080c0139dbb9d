"""Which operations are there? The explicit list, in the order of the docs; the name in a recipe leads to the class."""

from __future__ import annotations

from imgbatch.errors import unknown
from imgbatch.operations.base import Operation, Size, through

__all__ = ["OPERATIONS", "Operation", "Size", "named", "through"]

#: Every operation, in the order of the docs.
OPERATIONS: tuple[type[Operation], ...] = ()


def named(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    for operation in OPERATIONS:
        if operation.word == word.replace("-", "_"):
            return operation
    raise unknown(word, "operation", [operation.word for operation in OPERATIONS])
