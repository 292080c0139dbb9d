"""Choice of the destination: do outputs go into a folder, or to the places of their sources?"""

from __future__ import annotations

import os
from collections.abc import Sequence

from imgbatch.core.errors import UsageError
from imgbatch.core.run_settings import Settings
from imgbatch.ledger.destination import Destination
from imgbatch.planning.recipe import Recipe
from imgbatch.runs.output_folder import OutputFolder
from imgbatch.runs.workload import Path


def choose_destination(
    paths: Sequence[Path], output: Path | None, recipe: Recipe, settings: Settings, ledger: bool
) -> tuple[type[Destination], str]:
    """The kind of destination that was asked for, and its folder (absolute).

    Parameters
    ----------
    paths, output, recipe, settings, ledger
        As of :func:`imgbatch.run`, checked; `output` None: in place.

    Raises
    ------
    UsageError
        Both are asked for, or neither, or what cannot be done in place.
    PlanError
        Sources that are replaced lie in several folders.
    """
    if not settings.in_place:
        if output is None:
            raise UsageError("expected an output folder, or in_place=True, got neither")
        return OutputFolder, os.path.abspath(os.fspath(output))
    if output is not None:
        raise UsageError("expected -o DIR or --in-place, got both; leave one of them out")
    from imgbatch.originals.in_place import InPlace
    from imgbatch.originals.in_place_rules import home_of, refuse_mixtures

    refuse_mixtures(settings, recipe, ledger)
    return InPlace, home_of(paths, settings.state)


def holds_root(folder: str, roots: set[str]) -> bool:
    """Whether a folder is one of the roots, or has one of them inside."""
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for root in roots)
