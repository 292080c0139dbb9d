# Written by python -m tests.make_stubs; do not edit.

from imgbatch.core.errors import (
    DeclarationError,
    EngineError,
    ImageError,
    ImgbatchError,
    LockedError,
    MissingShardsError,
    PlanError,
    RecipeError,
    UsageError,
)
from imgbatch.core.job import Cost, Failure, Outcome, Source, Written
from imgbatch.core.report import ExitCode, Report
from imgbatch.core.run_settings import Filters, Settings
from imgbatch.datasets.duplicate_groups import Duplicate, DuplicateGroup, Duplicates
from imgbatch.datasets.duplicates import duplicates
from imgbatch.datasets.load import load
from imgbatch.datasets.loaded_images import Loaded
from imgbatch.datasets.sheets.sheet_run import sheet
from imgbatch.datasets.stats import stats
from imgbatch.ledger.history import past_runs
from imgbatch.operations.alpha import Alpha, Flatten
from imgbatch.operations.base import Operation
from imgbatch.operations.custom import operation
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
from imgbatch.originals.undo import Undone, undo
from imgbatch.pixels.statistics import Statistics
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.runs.apply import apply
from imgbatch.runs.background.async_process import aprocess
from imgbatch.runs.batch import Batch
from imgbatch.runs.check import check, verify
from imgbatch.runs.preview.estimate import Estimate, estimate
from imgbatch.runs.run import Handle, process, run, start
from imgbatch.runs.state.merge import ShardMerge, merge
from imgbatch.runs.watch.watch import watch
from imgbatch.testing import check_operation

__version__: str

__all__ = [
    "Alpha", "Autocontrast", "Batch", "Blur", "Border", "BoxBlur", "Brightness", "Clahe", "Contrast", "Cost", "Crop",
    "DarkFrame", "DeclarationError", "Denoise", "Duplicate", "DuplicateGroup", "Duplicates", "Edges", "Emboss",
    "EngineError", "Equalize", "Estimate", "ExitCode", "Failure", "Filters", "FlatField", "Flatten", "Flip", "Flop",
    "Gamma", "Grayscale", "Handle", "ImageError", "ImgbatchError", "Invert", "Levels", "Loaded", "LockedError", "Lut",
    "MatchHistogram", "Max", "Median", "Min", "MissingShardsError", "Modulate", "Operation", "Outcome", "Output",
    "Pad", "PlanError", "Posterize", "Recipe", "RecipeError", "Report", "Resize", "Rotate", "Saturation", "Sepia",
    "Settings", "ShardMerge", "Sharpen", "Sharpness", "Solarize", "Source", "Statistics", "Text", "Threshold", "Tint",
    "Trim", "Undone", "Unsharp", "UsageError", "Watermark", "WhiteBalance", "Written", "__version__", "apply",
    "aprocess", "check", "check_operation", "duplicates", "estimate", "load", "merge", "operation", "past_runs",
    "process", "run", "sheet", "start", "stats", "undo", "verify", "watch"
]  # fmt: skip
