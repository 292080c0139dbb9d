"""Who wins when a flag, the environment and a recipe say different things?

The flag, then the environment, then the recipe, then the default; decided field by field. The result is all that a
Batch needs.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from imgbatch.cli.parse import Typed
from imgbatch.core.errors import RecipeError, UsageError, expected
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import fields
from imgbatch.core.run_settings import Filters, Settings, Telling
from imgbatch.planning.recipe import Output, Recipe, RecipeFile, parse, to_toml
from imgbatch.storage.atomic_write import read_bytes, write_text

_IN_THE_WAY = ("overwrite", "skip_existing", "rename")  # one decision in three fields: the higher level has it whole


@frozen
class Wish:
    """What a run is made of, everything decided; `output` is "" where files are replaced in place."""

    paths: tuple[str, ...]
    output: str
    recipe: Recipe
    settings: Settings
    filters: Filters
    telling: Telling = Telling()


def decide(typed: Typed, environment: Mapping[str, str], stdin: BinaryIO) -> Wish:
    """The run that was asked for; UsageError when something is missing or makes no sense."""
    file = RecipeFile(Recipe())
    folder = ""
    if typed.recipe is not None:
        file, folder = load(typed.recipe), os.path.dirname(typed.recipe)
    settings = Settings(**_levels(_of(Settings, file.run), from_environment(Settings, environment), typed.settings))
    telling = Telling(**_levels(_of(Telling, file.run), from_environment(Telling, environment), typed.telling))
    written = {key: value for key, value in file.input.items() if key != "paths"}
    filters = Filters(**_levels(written, typed.filters))
    recipe = merged(file.recipe.relocated(functools.partial(os.path.join, folder)), typed)
    paths = list(typed.sources)
    if typed.files_from is not None:
        paths += listed(typed.files_from, typed.null, stdin)
    elif not paths:
        paths = [_below(folder, path) for path in file.input.get("paths", ())]
        if not paths:
            raise UsageError(f"expected SRC: a file, a folder or a quoted glob; see imgbatch {typed.command} --help")
    output = "" if settings.in_place and typed.output is None else _root(typed, recipe, folder)
    return Wish(tuple(paths), output, recipe, settings, filters, telling)


def load(path: str) -> RecipeFile:
    """A recipe file, its every value checked; RecipeError names the file."""
    try:
        with open(path, encoding="utf-8") as recipe:
            text = recipe.read()
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: expected UTF-8 in a recipe, got other bytes at {error.start}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"cannot read the recipe {path!r}: {why}") from None
    file = parse(text, path, [field.name for cls in (Settings, Telling) for field in fields(cls)])
    try:
        paths = file.input.get("paths", [])
        if isinstance(paths, str):
            paths = [paths]
        if not isinstance(paths, list) or not all(isinstance(item, str) and item for item in paths):
            raise expected("a list of paths", "paths of [input]", paths)
        filters = {key: value for key, value in file.input.items() if key != "paths"}
        Filters(**filters)
        Settings(**_of(Settings, file.run))
        Telling(**_of(Telling, file.run))
    except (UsageError, TypeError) as error:
        raise RecipeError(f"{path}: {error}") from None
    return dataclasses.replace(file, input={**({"paths": paths} if paths else {}), **filters})


def from_environment(cls: type[Settings] | type[Telling], environment: Mapping[str, str]) -> dict[str, Any]:
    """What ``IMGBATCH_WORKERS`` and its kin say; an empty variable says nothing."""
    made = {}
    for field in fields(cls):
        name = f"IMGBATCH_{field.name.upper()}"
        word = environment.get(name, "")
        if word:
            made[field.name] = field.kind.read(name, word)
    return made


def merged(recipe: Recipe, typed: Typed) -> Recipe:
    """The recipe with what was typed on top: operations replace its list, output flags apply to each of its outputs."""
    outputs: list[Output] = []
    for output in recipe.outputs:
        changed = dataclasses.replace(output, **typed.output_fields)
        several = [dataclasses.replace(changed, format=name) for name in typed.formats] or [changed]
        for one in several:
            outputs += one.renditions(typed.widths) if typed.widths else [one]
    return Recipe(typed.ops or recipe.ops, outputs, recipe.auto_orient and typed.auto_orient)


def listed(name: str, null: bool, stdin: BinaryIO) -> list[str]:
    """The paths in a list, one a line or separated by NUL; bytes that are no UTF-8 stay what they are."""
    try:
        data = stdin.read() if name == "-" else read_bytes(name)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read --files-from {name!r}: {why}") from None
    paths = [os.fsdecode(word) for word in data.split(b"\0" if null else b"\n") if word]
    if any("\0" in path for path in paths):
        raise UsageError(f"expected one path a line in --files-from {name!r}, got NUL; add -0 if NUL separates them")
    return paths if null else [path for path in map(_without_return, paths) if path]


def save(path: str, typed: Typed, wish: Wish) -> None:
    """Write the wish as the recipe `path`, so that loading it asks for the same."""
    if os.path.lexists(path):
        try:
            load(path)
        except RecipeError as error:
            raise UsageError(
                f"{path!r} is in the way and no recipe ({error}); give --save-recipe another name"
            ) from None
    folder = os.path.dirname(path) or "."
    paths = [_from(folder, item) for item in wish.paths]
    run = {**_said(wish.settings), **_said(wish.telling)}
    recipe = wish.recipe.relocated(lambda name: _from(folder, name))
    text = to_toml(RecipeFile(recipe, {"paths": paths, **_said(wish.filters)}, run), folder)
    try:
        write_text(path, text)
    except OSError as error:
        raise UsageError(f"the recipe {path!r} cannot be written: {error.strerror or error}") from None


def _of(cls: type[Settings] | type[Telling], table: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a recipe's ``[run]`` that a declaration knows."""
    known = {field.name for field in fields(cls)}
    return {key: value for key, value in table.items() if key in known}


def _said(value: Filters | Settings | Telling) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return {
        item.name: getattr(value, item.name)
        for item in dataclasses.fields(value)
        if getattr(value, item.name) != item.default
    }


def _levels(*levels: Mapping[str, Any]) -> dict[str, Any]:
    """The levels in one, the later the stronger."""
    made: dict[str, Any] = {}
    for level in levels:
        if any(level.get(key) for key in _IN_THE_WAY):
            made = {key: value for key, value in made.items() if key not in _IN_THE_WAY}
        made.update(level)
    return made


def _root(typed: Typed, recipe: Recipe, folder: str) -> str:
    if typed.output is not None:
        return typed.output
    if typed.recipe is None:
        where = "DIR" if typed.command == "run" else "OUT.npy"
        raise UsageError(f"expected -o {where}: where the results go; see imgbatch {typed.command} --help")
    if not all(output.dir for output in recipe.outputs):
        raise UsageError(f"expected -o DIR, or a dir in every [[output]] of {typed.recipe}: where the results go")
    return folder or "."


def _from(folder: str, path: str) -> str:
    """A path as a recipe in `folder` has it."""
    return path if os.path.isabs(path) else os.path.relpath(path, folder)


def _below(folder: str, path: str) -> str:
    """A recipe's path from where the user stands; the folder's own name is never taken for a glob."""
    joined = os.path.join(folder, path)
    if os.path.isabs(path) or os.path.lexists(joined) or not glob.has_magic(path):
        return joined
    return os.path.join(glob.escape(folder), path)


def _without_return(path: str) -> str:
    """A line of a list made on Windows ends in CR; a name may, too."""
    return path[:-1] if path.endswith("\r") and not os.path.lexists(path) else path
