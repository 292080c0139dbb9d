"""Which operations are there? The explicit list, in the order of the docs; the name in a recipe leads to the class.

Each is imported when it is first asked for: a worker loads those of its recipe, not all.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import unknown
from imgbatch.core.lazy_import import first_use
from imgbatch.operations.base import Operation, Size, through

if TYPE_CHECKING:
    from imgbatch.operations.balance import WhiteBalance
    from imgbatch.operations.clahe import Clahe
    from imgbatch.operations.crop import Crop, Trim
    from imgbatch.operations.denoise import Denoise
    from imgbatch.operations.effects import Posterize, Solarize, Threshold
    from imgbatch.operations.filters import Blur, BoxBlur, Sharpen, Sharpness, Unsharp
    from imgbatch.operations.frames import DarkFrame, FlatField, MatchHistogram
    from imgbatch.operations.geometry import Border, Flip, Flop, Pad
    from imgbatch.operations.lut import Lut
    from imgbatch.operations.marks import Text, Watermark
    from imgbatch.operations.matrices import Modulate, Sepia, Tint
    from imgbatch.operations.ranks import Max, Median, Min
    from imgbatch.operations.relief import Edges, Emboss
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
        Levels,
        Saturation,
    )
    from imgbatch.operations.transparency import Alpha, Flatten

    OPERATIONS: tuple[type[Operation], ...]

__all__ = [
    "OPERATIONS",
    "Alpha",
    "Autocontrast",
    "Blur",
    "Border",
    "BoxBlur",
    "Brightness",
    "Clahe",
    "Contrast",
    "Crop",
    "DarkFrame",
    "Denoise",
    "Edges",
    "Emboss",
    "Equalize",
    "FlatField",
    "Flatten",
    "Flip",
    "Flop",
    "Gamma",
    "Grayscale",
    "Invert",
    "Levels",
    "Lut",
    "MatchHistogram",
    "Max",
    "Median",
    "Min",
    "Modulate",
    "Operation",
    "Pad",
    "Posterize",
    "Resize",
    "Rotate",
    "Saturation",
    "Sepia",
    "Sharpen",
    "Sharpness",
    "Size",
    "Solarize",
    "Text",
    "Threshold",
    "Tint",
    "Trim",
    "Unsharp",
    "Watermark",
    "WhiteBalance",
    "found",
    "named",
    "through",
]

#: Every operation, in the order of the docs, and the module that it is in.
_HOMES = {
    "Resize": "resize", "Crop": "crop", "Trim": "crop", "Pad": "geometry", "Border": "geometry", "Rotate": "rotate",
    "Flip": "geometry", "Flop": "geometry", "Blur": "filters", "BoxBlur": "filters", "Unsharp": "filters",
    "Sharpen": "filters", "Median": "ranks", "Min": "ranks", "Max": "ranks", "Edges": "relief", "Emboss": "relief",
    "Denoise": "denoise", "Brightness": "tone", "Contrast": "tone", "Saturation": "tone", "Sharpness": "filters",
    "Gamma": "tone", "Levels": "tone", "Modulate": "matrices", "Autocontrast": "tone", "Equalize": "tone",
    "Clahe": "clahe", "Grayscale": "tone", "Sepia": "matrices", "Tint": "matrices", "Invert": "tone",
    "Posterize": "effects", "Solarize": "effects", "Threshold": "effects", "Lut": "lut", "WhiteBalance": "balance",
    "Flatten": "transparency", "Alpha": "transparency", "Watermark": "marks", "Text": "marks", "FlatField": "frames",
    "DarkFrame": "frames", "MatchHistogram": "frames",
}  # fmt: skip


@functools.cache
def _all() -> tuple[type[Operation], ...]:
    return tuple(__getattr__(name) for name in _HOMES)


def __getattr__(name: str) -> Any:
    if name == "OPERATIONS":
        return _all()
    return first_use(globals(), name, _HOMES.get(name))


def found(word: str) -> type[Operation] | None:
    """The operation of that name (dashes count as underscores), if there is one. No other is loaded."""
    word = word.replace("-", "_")
    name = "".join(map(str.capitalize, word.split("_")))  # box_blur is the BoxBlur
    operation: type[Operation] | None = __getattr__(name) if name in _HOMES else None
    return operation if operation is not None and operation.word == word else None


def named(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    operation = found(word)
    if operation is None:
        raise unknown(word, "operation", [operation.word for operation in _all()])
    return operation
