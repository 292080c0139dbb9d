"""Which operations are there? The explicit list, in the order of the docs; the name in a recipe leads to the class.

Each is imported when it is first asked for: a worker loads those of its recipe, not all.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from imgbatch.core.errors import unknown
from imgbatch.core.lazy_import import first_use
from imgbatch.core.quantities import Size
from imgbatch.operations.base import Operation, through

if TYPE_CHECKING:
    from imgbatch.operations.alpha import Alpha, Flatten
    from imgbatch.operations.filters.blur import Blur, BoxBlur
    from imgbatch.operations.filters.denoise import Denoise
    from imgbatch.operations.filters.edges import Edges, Emboss
    from imgbatch.operations.filters.rank import Max, Median, Min
    from imgbatch.operations.filters.sharpen import Sharpen, Sharpness, Unsharp
    from imgbatch.operations.geometry.crop import Crop
    from imgbatch.operations.geometry.flip import Flip, Flop
    from imgbatch.operations.geometry.pad import Border, Pad
    from imgbatch.operations.geometry.resize import Resize
    from imgbatch.operations.geometry.rotate import Rotate
    from imgbatch.operations.geometry.trim import Trim
    from imgbatch.operations.overlays.text import Text
    from imgbatch.operations.overlays.watermark import Watermark
    from imgbatch.operations.sensor.dark_frame import DarkFrame
    from imgbatch.operations.sensor.flat_field import FlatField
    from imgbatch.operations.tone.clahe import Clahe
    from imgbatch.operations.tone.effects import Posterize, Solarize, Threshold
    from imgbatch.operations.tone.levels import (
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
    from imgbatch.operations.tone.lut import Lut
    from imgbatch.operations.tone.match_histogram import MatchHistogram
    from imgbatch.operations.tone.modulate import Modulate
    from imgbatch.operations.tone.sepia import Sepia
    from imgbatch.operations.tone.tint import Tint
    from imgbatch.operations.tone.white_balance import WhiteBalance

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
    "find_operation",
    "get_operation",
    "through",
]

#: Every operation, in the order of the docs, and the module that it is in.
_HOMES = {
    "Resize": "geometry.resize", "Crop": "geometry.crop", "Trim": "geometry.trim", "Pad": "geometry.pad",
    "Border": "geometry.pad", "Rotate": "geometry.rotate",
    "Flip": "geometry.flip", "Flop": "geometry.flip", "Blur": "filters.blur", "BoxBlur": "filters.blur",
    "Unsharp": "filters.sharpen",
    "Sharpen": "filters.sharpen", "Median": "filters.rank", "Min": "filters.rank", "Max": "filters.rank",
    "Edges": "filters.edges", "Emboss": "filters.edges",
    "Denoise": "filters.denoise", "Brightness": "tone.levels", "Contrast": "tone.levels",
    "Saturation": "tone.levels", "Sharpness": "filters.sharpen",
    "Gamma": "tone.levels", "Levels": "tone.levels", "Modulate": "tone.modulate",
    "Autocontrast": "tone.levels", "Equalize": "tone.levels",
    "Clahe": "tone.clahe", "Grayscale": "tone.levels", "Sepia": "tone.sepia",
    "Tint": "tone.tint", "Invert": "tone.levels",
    "Posterize": "tone.effects", "Solarize": "tone.effects", "Threshold": "tone.effects", "Lut": "tone.lut",
    "WhiteBalance": "tone.white_balance",
    "Flatten": "alpha", "Alpha": "alpha", "Watermark": "overlays.watermark", "Text": "overlays.text",
    "FlatField": "sensor.flat_field",
    "DarkFrame": "sensor.dark_frame", "MatchHistogram": "tone.match_histogram",
}  # fmt: skip


@functools.cache
def _all() -> tuple[type[Operation], ...]:
    return tuple(__getattr__(name) for name in _HOMES)


def __getattr__(name: str) -> Any:
    if name == "OPERATIONS":
        return _all()
    return first_use(globals(), name, _HOMES.get(name))


def find_operation(word: str) -> type[Operation] | None:
    """The operation of that name (dashes count as underscores), if there is one. No other is loaded."""
    word = word.replace("-", "_")
    name = "".join(map(str.capitalize, word.split("_")))  # box_blur is the BoxBlur
    operation: type[Operation] | None = __getattr__(name) if name in _HOMES else None
    return operation if operation is not None and operation.word == word else None


def get_operation(word: str) -> type[Operation]:
    """The operation of that name (dashes count as underscores); UsageError with the nearest name when there is none."""
    operation = find_operation(word)
    if operation is None:
        raise unknown(word, "operation", [operation.word for operation in _all()])
    return operation
