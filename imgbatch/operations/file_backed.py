"""What is an operation that needs a file?

It declares a parameter of the kind :class:`outside.File`, and opens nothing: reference_files.py reads the file before
the first image and makes a copy of the operation that holds what is in it. Pictures keep their size in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from imgbatch.core.errors import ImageError
from imgbatch.core.file_parameter import Held
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation


@dataclass(frozen=True)
class FromFile(Operation):
    """An operation that holds what a file says; ``held`` is no parameter, and does not count when two are compared."""

    held: Held | None = field(default=None, compare=False, repr=False, kw_only=True)

    def after(self, size: Size) -> Size:
        return size

    def given(self) -> Held:
        """What the file says; ImageError when the operation was applied without it."""
        if self.held is None:
            message = f"{self.word} has not been given its file; apply it with imgbatch.apply(image, operation)"
            raise ImageError("operation", message)
        return self.held
