"""Resize, filter and convert folders of images: fast, exact, and honest about every file."""

from __future__ import annotations

from imgbatch.core.lazy_import import first_use as _first_use
from imgbatch.core.version import VERSION as _VERSION
from imgbatch.operations.registry import MODULES as _MODULES

__version__ = _VERSION
TYPE_CHECKING = False  # typing has it, too, but takes 2 ms to load, for which the forkserver would have to wait
if TYPE_CHECKING:
    from typing import Any

#: The module of each public name. Type checkers read them in __init__.pyi, which python -m tests.make_stubs writes.
_HOMES = {
    **{name: f"operations.{module}" for name, module in _MODULES.items()},
    "DeclarationError": "core.errors", "EngineError": "core.errors", "ImageError": "core.errors",
    "ImgbatchError": "core.errors",
    "LockedError": "core.errors", "MissingShardsError": "core.errors", "PlanError": "core.errors",
    "RecipeError": "core.errors", "UsageError": "core.errors",
    "Cost": "core.job", "Failure": "core.job", "Outcome": "core.job", "Source": "core.job", "Written": "core.job",
    "ExitCode": "core.report", "Report": "core.report",
    "Filters": "core.run_settings", "Settings": "core.run_settings",
    "Duplicate": "datasets.duplicate_groups", "DuplicateGroup": "datasets.duplicate_groups",
    "Duplicates": "datasets.duplicate_groups", "duplicates": "datasets.duplicates",
    "load": "datasets.load",
    "Loaded": "datasets.loaded_images",
    "sheet": "datasets.sheets.sheet_run",
    "stats": "datasets.stats", "Statistics": "pixels.statistics",
    "Undone": "originals.undo", "past_runs": "ledger.history", "undo": "originals.undo",
    "Operation": "operations.base",
    "operation": "operations.custom",
    "Output": "planning.recipe", "Recipe": "planning.recipe",
    "apply": "runs.apply",
    "Batch": "runs.batch",
    "check": "runs.check", "verify": "runs.check",
    "Estimate": "runs.preview.estimate", "estimate": "runs.preview.estimate",
    "ShardMerge": "runs.state.merge", "merge": "runs.state.merge",
    "watch": "runs.watch.watch",
    "aprocess": "runs.background.async_process",
    "Handle": "runs.run", "process": "runs.run", "run": "runs.run", "start": "runs.run",
    "check_operation": "testing",
}  # fmt: skip
#: Commands that are no functions, and what there is instead.
_AT_THE_SHELL = {
    "pack": "in Python numpy.save(path, ib.load(...).images) writes the array",
    "dupes": "in Python it is ib.duplicates", "history": "in Python it is ib.past_runs",
    "schedule": "Python writes no crontab", "completion": "Python has its own",
    "ops": "in Python help(ib.Resize) shows an operation", "formats": "in Python help(ib.Output) has them",
    "recipes": "in Python a recipe is an ib.Recipe", "init": "in Python a recipe is an ib.Recipe",
}  # fmt: skip
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    """Each public name is imported when it is first used, so that ``import imgbatch`` and ``--help`` are quick."""
    if name in _AT_THE_SHELL:
        raise AttributeError(f"imgbatch.{name} is a command of the shell, imgbatch {name}; {_AT_THE_SHELL[name]}")
    return _first_use(globals(), name, _HOMES.get(name))


def __dir__() -> list[str]:
    return __all__
