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
from imgbatch.storage.registry import absolute, is_remote, refuse_remote, storage_of


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
    _refuse_remote_mixtures([os.fspath(path) for path in paths], os.fspath(output or ""), recipe, settings, ledger)
    if not settings.in_place:
        if output is None:
            raise UsageError("expected an output folder, or in_place=True, got neither")
        return OutputFolder, absolute(os.fspath(output))
    if output is not None:
        raise UsageError("expected -o DIR or --in-place, got both; leave one of them out")
    from imgbatch.originals.in_place import InPlace
    from imgbatch.originals.in_place_rules import home_of, refuse_mixtures

    refuse_mixtures(settings, recipe, ledger)
    return InPlace, home_of(paths, settings.state)


def _refuse_remote_mixtures(
    paths: Sequence[str], output: str, recipe: Recipe, settings: Settings, ledger: bool
) -> None:
    """UsageError for what cannot be done where sources or outputs are in an object store or on a web server."""
    refuse_remote("state", settings.state or "", "a folder on a disk of this machine")
    places = [output, *(wish.dir for wish in recipe.outputs), settings.archive or "", settings.quarantine or ""]
    for place in places:
        if is_remote(place) and not storage_of(place).properties.exclusive_create:
            raise UsageError(f"expected a folder or bucket to write to, got {place!r}: a web server is only read from")
    for wish in recipe.outputs:
        refuse_remote("dir", wish.dir, "a folder below -o")
    if settings.in_place and any(map(is_remote, (*paths, output))):
        raise UsageError("--in-place replaces files of disks, beside their originals; for objects choose an -o")
    if settings.archive is not None or settings.quarantine is not None:
        for path in paths:
            if is_remote(path) and not storage_of(path).properties.listing:
                raise UsageError(f"--archive and --quarantine move sources, and {path!r} is only read; leave them out")
    if not is_remote(output):
        return
    if any(wish.preserve for wish in recipe.outputs):
        raise UsageError("--preserve: object stores keep no times and modes of files; leave it out")
    if ledger and settings.state is None:
        raise UsageError(
            f"expected state, a folder on a disk for ledger and lock, for an output in {output!r}, got None"
        )


def holds_root(folder: str, roots: set[str]) -> bool:
    """Whether a folder is one of the roots, or has one of them inside."""
    return any(root == folder or root.startswith(folder.rstrip(os.sep) + os.sep) for root in roots)
