# Written by python -m tests.make_stubs; do not edit.

from imgbatch.operations.alpha import Alpha, Flatten
from imgbatch.operations.base import Operation, apply_all
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
from imgbatch.operations.registry import all_operations, find_operation, get_operation
from imgbatch.operations.sensor.dark_frame import DarkFrame
from imgbatch.operations.sensor.flat_field import FlatField
from imgbatch.operations.tone.clahe import Clahe
from imgbatch.operations.tone.effects import Posterize, Solarize, Threshold
from imgbatch.operations.tone.grayscale import Grayscale
from imgbatch.operations.tone.levels import (
    Autocontrast,
    Brightness,
    Contrast,
    Equalize,
    Gamma,
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

__all__ = [
    "Alpha", "Autocontrast", "Blur", "Border", "BoxBlur", "Brightness", "Clahe", "Contrast", "Crop", "DarkFrame",
    "Denoise", "Edges", "Emboss", "Equalize", "FlatField", "Flatten", "Flip", "Flop", "Gamma", "Grayscale", "Invert",
    "Levels", "Lut", "MatchHistogram", "Max", "Median", "Min", "Modulate", "Operation", "Pad", "Posterize", "Resize",
    "Rotate", "Saturation", "Sepia", "Sharpen", "Sharpness", "Solarize", "Text", "Threshold", "Tint", "Trim",
    "Unsharp", "Watermark", "WhiteBalance", "all_operations", "apply_all", "find_operation", "get_operation"
]  # fmt: skip
