"""Which operations are there? The explicit list, in the order of the docs; the name in a recipe leads to the class."""

from __future__ import annotations

from imgbatch.errors import unknown
from imgbatch.operations.base import Operation, Size, through
from imgbatch.operations.crop import Crop, Trim
from imgbatch.operations.filters import Blur, BoxBlur, Median, Sharpen, Unsharp
from imgbatch.operations.geometry import Border, Flip, Flop, Pad
from imgbatch.operations.resize import Resize
from imgbatch.operations.rotate import Rotate
from imgbatch.operations.tone import (
    Autocontrast,
    Brightness,
    Contrast,
    Equalize,
    Gamma,
    Grayscale,
    Invert,
    Saturation,
)
from imgbatch.operations.transparency import Flatten

__all__ = [
    "OPERATIONS",
    "Autocontrast",
    "Blur",
    "Border",
    "BoxBlur",
    "Brightness",
    "Contrast",
    "Crop",
    "Equalize",
    "Flatten",
    "Flip",
    "Flop",
    "Gamma",
    "Grayscale",
    "Invert",
    "Median",
    "Operation",
    "Pad",
    "Resize",
    "Rotate",
    "Saturation",
    "Sharpen",
    "Size",
    "Trim",
    "Unsharp",
    "named",
    "through",
]

#: Every operation, in the order of the docs.
OPERATIONS: tuple[type[Operation], ...] = (
    Resize,
    Crop,
    Trim,
    Pad,
    Border,
    Rotate,
    Flip,
    Flop,
    Blur,
    BoxBlur,
    Unsharp,
    Sharpen,
    Median,
    Brightness,
    Contrast,
    Saturation,
    Gamma,
    Autocontrast,
    Equalize,
    Grayscale,
    Invert,
    Flatten,
)


def named(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    for operation in OPERATIONS:
        if operation.word == word.replace("-", "_"):
            return operation
    raise unknown(word, "operation", [operation.word for operation in OPERATIONS])
