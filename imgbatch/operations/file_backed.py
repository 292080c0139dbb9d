"""File-backed operation: what is an operation that needs a file?

It declares a parameter of the kind :class:`~imgbatch.core.file_parameter.File`, and opens nothing: reference_files.py
reads the file before the first image and makes a copy of the operation that holds its :class:`FileContent`. Pictures
keep their size in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import ImageError
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.quantities import Size
from imgbatch.memory.array_holder import ArrayHolder
from imgbatch.operations.base import Operation

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen
class FileContent:
    """What a file holds, as numbers.

    Attributes
    ----------
    holder : ArrayHolder
        picture: (row, column, 4) uint8. frame: (row, column, channel) in the file's own depth. histogram: (band, level)
        int64. lut: (size, 3) or (blue, green, red, 3) float32. font, profile: (bytes,) uint8.
    mode : str
        Of a picture, frame or histogram: Pillow's mode of the file.
    span : ((float, ...), (float, ...))
        Of a LUT: the lowest and highest red, green and blue that it is for.
    """

    holder: ArrayHolder
    mode: str = ""
    span: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    @property
    def array(self) -> NDArray[Any]:
        """The numbers."""
        return self.holder.array


@dataclass(frozen=True)
class FileBackedOperation(Operation):
    """An operation that holds what a file says; ``content`` is no parameter, and no part of ``==``."""

    content: FileContent | None = field(default=None, compare=False, repr=False, kw_only=True)

    def after(self, size: Size) -> Size:
        return size

    def file_content(self) -> FileContent:
        """What the file says; ImageError when the operation was applied without it."""
        if self.content is None:
            message = f"{self.word} has not been given its file; apply it with imgbatch.apply(image, operation)"
            raise ImageError("operation", message)
        return self.content
