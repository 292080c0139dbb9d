"""Recipe writer: how does what was typed become a recipe that asks for the same, wherever and whenever it is read?

``--save-recipe`` writes all that a run needs: sources, the output folder, what is made, and how. A scheduled run has
neither the folder in which the command was typed nor anybody to type the rest.
"""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imgbatch.cli.precedence import NOT_IN_RECIPES, OUTPUT, RunRequest, load
from imgbatch.core.errors import RecipeError, UsageError
from imgbatch.core.run_settings import AUTO_STATE
from imgbatch.planning.recipe_file import RecipeFile, to_toml
from imgbatch.reporters.base import printable
from imgbatch.storage.atomic_write import write_text
from imgbatch.storage.registry import absolute, scheme_of
from imgbatch.storage.temporary import sweep

if TYPE_CHECKING:
    from imgbatch.cli.arguments import ReportArguments
    from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings

_FOLDERS = ("state", "archive", "quarantine")  # written absolute: a recipe that moves keeps them


def save(path: str, request: RunRequest, names_sources: bool = True) -> None:
    """Write a request as the recipe `path`, so that loading it asks for the same.

    Parameters
    ----------
    path : str
    request : RunRequest
    names_sources : bool
        Whether the recipe names the sources; not where they are those of a list, which is another one next time.

    Raises
    ------
    UsageError
        Something that is no recipe is in the way, or the file cannot be written.
    """
    if os.path.lexists(path):
        try:
            load(path, execute=False)
        except RecipeError as error:
            raise UsageError(
                f"{path!r} is in the way and no recipe ({error}); give --save-recipe another name"
            ) from None
    folder = os.path.dirname(path) or os.curdir
    paths = {"paths": [from_folder(folder, item) for item in request.paths]} if names_sources else {}
    recipe = request.recipe.map_paths(lambda name: from_folder(folder, name))
    text = to_toml(RecipeFile(recipe, {**paths, **_differences(request.filters)}, _run_table(request, folder)), folder)
    sweep(os.path.abspath(folder))
    try:
        write_text(path, text)
    except OSError as error:
        raise UsageError(f"the recipe {path!r} cannot be written: {error.strerror or error}") from None


def gaps(
    path: str, request: RunRequest, names_sources: bool, report: ReportArguments, *others: tuple[str, object]
) -> Iterator[str]:
    """What was typed and is not in a saved recipe, a line for each kind.

    Parameters
    ----------
    path, request, names_sources
        As of :func:`save`.
    report : ReportArguments
    others : (str, object)
        More flags, each with what was typed for it.
    """
    flags: list[tuple[str, object]] = [
        ("--report", report.report_files), ("--failed-list", report.failed_list), ("--json", report.json_lines),
        *others,
        *((f"--{name.replace('_', '-')}", getattr(request.settings, name)) for name in NOT_IN_RECIPES),
    ]  # fmt: skip
    if not names_sources:
        yield f"({printable(path)} names no sources, as they came from a list; with -r, type --files-from again)"
    words = [flag for flag, value in flags if value]
    if words:
        for_schedule = "; with schedule, --report" if report.report_files else ""
        yield f"({', '.join(words)} cannot stand in {printable(path)}; with -r, type that again{for_schedule})"


def from_folder(folder: str, path: str) -> str:
    """A path, or a glob, as a recipe in `folder` has it: relative to it where that leads to the same, else absolute.

    It may not: lexically ``..`` leads back out of a linked folder, on the disk it leads elsewhere.
    """
    if os.path.isabs(path) or scheme_of(path):
        return path
    try:
        relative = os.path.relpath(path, folder)
        is_same = os.path.realpath(os.path.join(folder, relative)) == os.path.realpath(path)
    except ValueError:  # on Windows: another drive
        relative, is_same = "", False
    result = relative if is_same else os.path.join(os.getcwd(), path)
    if not glob.has_magic(path) or os.path.lexists(path):
        return result
    parts = result.split(os.sep)  # the names that were not typed are no part of the glob
    count = sum(part not in ("", os.curdir, os.pardir) for part in path.split(os.sep))
    return os.sep.join([*map(glob.escape, parts[:-count]), *parts[-count:]])


def _run_table(request: RunRequest, folder: str) -> dict[str, Any]:
    """The ``[run]`` of a recipe in `folder`: where the results go, and every setting that is not its default."""
    table = {**_differences(request.settings), **_differences(request.unattended_settings)}
    table |= {key: absolute(table[key]) for key in _FOLDERS if table.get(key, AUTO_STATE) != AUTO_STATE}
    if table.get("log", "syslog") != "syslog":
        table["log"] = os.path.abspath(table["log"])
    output = from_folder(folder, request.output) if request.output else ""
    beside_it = output == os.curdir and all(wish.dir for wish in request.recipe.outputs)  # as a recipe has it anyway
    first = {OUTPUT: output} if output and not beside_it else {}
    return {**first, **{key: value for key, value in table.items() if key not in NOT_IN_RECIPES}}


def _differences(value: Filters | Settings | UnattendedSettings) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return dict(_differing_fields(value))


def _differing_fields(value: Filters | Settings | UnattendedSettings) -> Iterator[tuple[str, Any]]:
    for item in dataclasses.fields(value):
        if getattr(value, item.name) != item.default:
            yield item.name, getattr(value, item.name)
