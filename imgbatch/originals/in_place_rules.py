"""Rules of --in-place: may files be replaced as it was asked for, and which folder keeps the originals?

The folder that was given as SRC keeps them, or one above it that has kept some before: a tree has one past, whichever
part of it a command names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from imgbatch.core.errors import PlanError, UsageError
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.database import FILE
from imgbatch.ledger.rows import state_folder
from imgbatch.ledger.trust import BACKUPS
from imgbatch.planning.find import root_of
from imgbatch.planning.folders import display_path
from imgbatch.planning.recipe import Output, Recipe


def refuse_mixtures(settings: Settings, recipe: Recipe, ledger: bool) -> None:
    """UsageError for what has no meaning where files are replaced by themselves, or would be dangerous.

    Parameters
    ----------
    settings : Settings
    recipe : Recipe
        With exactly one output, of the format ``same`` and the usual name.
    ledger : bool
        Whether the run keeps a ledger, without which files would be changed twice.
    """
    output = recipe.outputs[0]
    if len(recipe.outputs) > 1:
        raise UsageError("--in-place makes one file of each; leave out --widths, several formats and several outputs")
    if output.format != "same":
        raise UsageError(f"--in-place keeps each file's format, got {output.format}; leave out -f, or use -o DIR")
    if output.name != Output().name or output.dir:
        raise UsageError("--in-place keeps each file's name; leave out --name and an output's dir, or use -o DIR")
    for name in ("flat", "overwrite", "skip_existing", "rename", "prune", "archive"):
        if getattr(settings, name):
            raise UsageError(f"expected --in-place or --{name.replace('_', '-')}, got both; leave one of them out")
    if not (settings.lock and ledger):
        raise UsageError("--in-place needs its ledger and its lock, so that nothing is done twice; leave out --no-lock")


def home_of(paths: Sequence[str | os.PathLike[str]], state: str | None) -> str:
    """The folder that holds the backups of what was typed: SRC itself, or one above it that was used so before.

    Raises
    ------
    PlanError
        The sources lie in several folders.
    """
    roots = sorted({root_of(os.fsdecode(path)) for path in paths}, key=len)
    if not roots:
        raise PlanError("expected SRC for --in-place, got none")
    first = roots[0]
    apart = next((root for root in roots if not within(root, first)), None)
    if apart is not None:
        raise PlanError(
            f"--in-place keeps the originals of one folder, got {display_path(first)} and {display_path(apart)}; "
            "run it once for each, or give the folder above them as SRC"
        )
    folder = first
    while not os.path.isdir(os.path.join(state_folder(folder, state), BACKUPS)):
        above = os.path.dirname(folder)
        if above == folder:
            return first
        folder = above
    return folder


def within(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder, or lies below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def refuse_inner_ledgers(folder: str, top: str, state: str | None, harmless: set[str]) -> None:
    """PlanError where a folder of sources, or one on the way up to `top`, keeps a ledger of its own.

    Parameters
    ----------
    folder, top : str
        Absolute.
    state : str or None
        As ``--state`` has it.
    harmless : set of str
        Folders that were looked at; those of this call are added.
    """
    while folder not in harmless and within(folder, top):
        harmless.add(folder)
        states = {state_folder(folder, None), state_folder(folder, state)}
        if any(os.path.lexists(os.path.join(place, FILE)) for place in states):
            raise PlanError(
                f"{display_path(folder)} keeps a ledger of its own, of outputs or originals; leave it out with "
                "--exclude, or run it by itself"
            )
        folder = os.path.dirname(folder)
