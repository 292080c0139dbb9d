"""Resize, filter and convert folders of images: fast, exact, and honest about every file."""

from __future__ import annotations

from imgbatch.core.lazy_import import first_use as _first_use
from imgbatch.core.version import VERSION as __version__

TYPE_CHECKING = False  # typing has it, too, but takes 2 ms to load, for which the forkserver would have to wait
if TYPE_CHECKING:
    from typing import Any

    from imgbatch.core.errors import (
        EngineError,
        ImageError,
        ImgbatchError,
        LockedError,
        PlanError,
        RecipeError,
        UsageError,
    )
    from imgbatch.core.job import Cost, Failure, Outcome, Source, Written
    from imgbatch.core.report import ExitCode, Report
    from imgbatch.core.run_settings import Filters, Settings
    from imgbatch.datasets.load import load
    from imgbatch.datasets.loaded_images import Loaded
    from imgbatch.datasets.stats import Statistics, stats
    from imgbatch.ledger.history import Undone, past_runs, undo
    from imgbatch.operations import (
        Alpha,
        Autocontrast,
        Blur,
        Border,
        BoxBlur,
        Brightness,
        Clahe,
        Contrast,
        Crop,
        DarkFrame,
        Denoise,
        Edges,
        Emboss,
        Equalize,
        FlatField,
        Flatten,
        Flip,
        Flop,
        Gamma,
        Grayscale,
        Invert,
        Levels,
        Lut,
        MatchHistogram,
        Max,
        Median,
        Min,
        Modulate,
        Operation,
        Pad,
        Posterize,
        Resize,
        Rotate,
        Saturation,
        Sepia,
        Sharpen,
        Sharpness,
        Solarize,
        Text,
        Threshold,
        Tint,
        Trim,
        Unsharp,
        Watermark,
        WhiteBalance,
    )
    from imgbatch.operations.custom import operation
    from imgbatch.planning.recipe import Output, Recipe
    from imgbatch.runs.apply import apply
    from imgbatch.runs.batch import Batch
    from imgbatch.runs.check import check
    from imgbatch.runs.estimate import Estimate, estimate
    from imgbatch.runs.run import Handle, process, run, start
    from imgbatch.testing import check_operation

__all__ = [
    "Alpha", "Autocontrast", "Batch", "Blur", "Border", "BoxBlur", "Brightness", "Clahe", "Contrast", "Cost", "Crop",
    "DarkFrame", "Denoise", "Edges", "Emboss", "EngineError", "Equalize", "Estimate", "ExitCode", "Failure", "Filters",
    "FlatField", "Flatten", "Flip", "Flop", "Gamma", "Grayscale", "Handle", "ImageError", "ImgbatchError", "Invert",
    "Levels", "Loaded", "LockedError", "Lut", "MatchHistogram", "Max", "Median", "Min", "Modulate", "Operation",
    "Outcome", "Output", "Pad", "PlanError", "Posterize", "Recipe", "RecipeError", "Report", "Resize", "Rotate",
    "Saturation", "Sepia", "Settings", "Sharpen", "Sharpness", "Solarize", "Source", "Statistics", "Text", "Threshold",
    "Tint", "Trim", "Undone", "Unsharp", "UsageError", "Watermark", "WhiteBalance", "Written", "__version__", "apply",
    "check", "check_operation", "estimate", "load", "operation", "past_runs", "process", "run", "start", "stats",
    "undo",
]  # fmt: skip

_HOMES = {
    "apply": "runs.apply", "check": "runs.check", "check_operation": "testing", "operation": "operations.custom",
    "Loaded": "datasets.loaded_images", "load": "datasets.load",
    "Operation": "operations",
    "Undone": "ledger.history", "past_runs": "ledger.history", "undo": "ledger.history",
    "Recipe": "planning.recipe", "Output": "planning.recipe",
    "Report": "core.report", "ExitCode": "core.report",
    "Batch": "runs.batch", "Handle": "runs.run", "process": "runs.run", "run": "runs.run", "start": "runs.run",
    "Filters": "core.run_settings", "Settings": "core.run_settings",
    "Statistics": "datasets.stats", "stats": "datasets.stats",
    "Estimate": "runs.estimate", "estimate": "runs.estimate",
    "Cost": "core.job", "Failure": "core.job", "Outcome": "core.job", "Source": "core.job", "Written": "core.job",
    "EngineError": "core.errors", "ImageError": "core.errors", "ImgbatchError": "core.errors",
    "LockedError": "core.errors",
    "PlanError": "core.errors", "RecipeError": "core.errors", "UsageError": "core.errors",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Each public name is imported when it is first used, so that ``import imgbatch`` and ``--help`` are quick."""
    return _first_use(globals(), name, _HOMES.get(name, "operations") if name in __all__ else None)


def __dir__() -> list[str]:
    return sorted(__all__)
