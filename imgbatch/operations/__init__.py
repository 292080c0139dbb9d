"""Which operations are there? The explicit list, in the order of the docs; the name in a recipe leads to the class."""

from __future__ import annotations

from imgbatch.errors import unknown
from imgbatch.operations.balance import WhiteBalance
from imgbatch.operations.base import Operation, Size, through
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
    Min,
    Max,
    Edges,
    Emboss,
    Denoise,
    Brightness,
    Contrast,
    Saturation,
    Sharpness,
    Gamma,
    Levels,
    Modulate,
    Autocontrast,
    Equalize,
    Clahe,
    Grayscale,
    Sepia,
    Tint,
    Invert,
    Posterize,
    Solarize,
    Threshold,
    Lut,
    WhiteBalance,
    Flatten,
    Alpha,
    Watermark,
    Text,
    FlatField,
    DarkFrame,
    MatchHistogram,
)


def named(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    for operation in OPERATIONS:
        if operation.word == word.replace("-", "_"):
            return operation
    raise unknown(word, "operation", [operation.word for operation in OPERATIONS])
