"""Precedence: what does a run do when a flag, the environment and a recipe say different things?

The flag wins over the environment, that over the recipe, and that over the default, field by field.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import glob
import io
import os
import stat
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from imgbatch.cli.arguments import RecipeArguments, SourceArguments, read_list
from imgbatch.cli.environment.presets import refuse_results
from imgbatch.core.errors import RecipeError, UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import on_top_of, parameters
from imgbatch.core.run_settings import AUTO_STATE, Filters, Settings, UnattendedSettings
from imgbatch.planning.recipe import Output, Recipe
from imgbatch.storage.pipe import read_all
from imgbatch.storage.registry import scheme_of

if TYPE_CHECKING:
    from imgbatch.planning.recipe_file import RecipeFile

NOT_IN_RECIPES = ("trust_state", "shard")  # a recipe may come from where the state folder came from; is for all shards
OUTPUT = "output"  # of [run]: what -o says; relative to the recipe, as its sources are
PLACES = ("archive", "quarantine", "state", "log")  # of [run]: relative to the recipe, too
_NO_PLACES = (("state", AUTO_STATE), ("log", "syslog"))
MOST_RECIPE = 10_000_000  # bytes
_IN_THE_WAY = ("overwrite", "skip_existing", "rename")  # one decision in three fields: the higher level has it whole


@frozen
class ReadRequest:
    """Which images are read, and how the work is done, everything decided."""

    paths: tuple[str, ...]
    settings: Settings
    filters: Filters


@frozen
class RunRequest:
    """What is made of which images, and how, everything decided; `output` is "" where files are replaced in place."""

    paths: tuple[str, ...]
    output: str
    recipe: Recipe
    settings: Settings
    filters: Filters
    unattended_settings: UnattendedSettings

    @property
    def run_settings(self) -> Settings:
        """The settings as the run has them: where nobody watches, failures that are known are no news."""
        settings = self.settings
        if not self.unattended_settings.unattended or settings.known_failures is not None:
            return settings
        return dataclasses.replace(settings, known_failures="ok")


def read_request(command: str, sources: SourceArguments, settings: Mapping[str, Any]) -> ReadRequest:
    """What a command without a recipe reads.

    Parameters
    ----------
    command : str
        Its name, for the message.
    sources : SourceArguments
    settings : mapping
        The fields of Settings that were typed.

    Raises
    ------
    UsageError
        There is no SRC, or a variable of the environment makes no sense.
    """
    all_settings = Settings(**_levels(from_environment(Settings), settings))
    UnattendedSettings(
        **from_environment(UnattendedSettings)
    )  # a variable that makes no sense is refused by every command
    filters = Filters(**sources.filters)
    return ReadRequest(tuple(_paths(command, sources, [])), all_settings, filters)


def run_request(sources: SourceArguments, arguments: RecipeArguments, execute: bool = True) -> RunRequest:
    """What a run makes; UsageError when something is missing or makes no sense, RecipeError of a recipe that does.

    Parameters
    ----------
    sources : SourceArguments
    arguments : RecipeArguments
    execute : bool
        Whether each ``FILE.py`` of the recipe is executed, as for :func:`load`.
    """
    recipe, inputs, run, folder = Recipe(), dict[str, Any](), dict[str, Any](), ""
    if arguments.recipe_file is not None:
        untrusted = _stated_trust(arguments.settings)
        file, folder = load(arguments.recipe_file, execute, untrusted), home(arguments.recipe_file)
        recipe, inputs, run = file.recipe, dict(file.input), dict(file.run)
    settings = Settings(**_levels(_of(Settings, run), from_environment(Settings), arguments.settings))
    unattended_settings = UnattendedSettings(
        **_levels(_of(UnattendedSettings, run), from_environment(UnattendedSettings), arguments.unattended_settings)
    )
    recipe_paths = inputs.pop("paths", ())
    filters = Filters(**_levels(inputs, sources.filters))
    recipe = merge_recipe(recipe.map_paths(functools.partial(os.path.join, folder)), arguments)
    paths = _paths("run", sources, [_source_below(folder, path) for path in recipe_paths], settings.stream)
    output = "" if settings.in_place and arguments.output is None else _root(arguments, recipe, folder, run.get(OUTPUT))
    return RunRequest(tuple(paths), output, recipe, settings, filters, unattended_settings)


def unattended_settings_of(arguments: RecipeArguments) -> UnattendedSettings:
    """The settings that report a refused run: of each level those that can be read."""
    levels: list[Mapping[str, Any]] = []
    path = arguments.recipe_file

    def of_recipe() -> Mapping[str, Any]:
        if path is None:
            return {}
        from imgbatch.cli.mistakes.recipe_rest import unattended_values

        return unattended_values(path, _stated_trust(arguments.settings))

    readers: tuple[Callable[[], Mapping[str, Any]], ...] = (
        of_recipe,
        lambda: from_environment(UnattendedSettings),
    )
    for read in readers:
        with contextlib.suppress(UsageError):
            levels.append(read())
    return UnattendedSettings(**_levels(*levels, arguments.unattended_settings))


def _paths(command: str, sources: SourceArguments, of_recipe: list[str], stream: bool = False) -> list[str]:
    """SRC and the list of --files-from; without both those of the recipe. In a stream the list is still to come."""
    paths = list(sources.operands)
    if sources.files_from is not None:
        stdin = sys.stdin.buffer if sys.stdin else io.BytesIO()
        paths += [] if stream else read_list(sources.files_from, sources.null, stdin)
    elif not paths:
        paths = of_recipe
        if not paths:
            raise UsageError(f"expected SRC: a file, a folder or a quoted glob; see imgbatch {command} --help")
    return paths


def recipe_bytes(path: str) -> bytes:
    """A recipe's bytes; those of a pipe, which can be read only once, are kept."""
    status = os.stat(path)
    if not stat.S_ISFIFO(status.st_mode):
        return read_all(path, MOST_RECIPE)
    return _bytes_of_pipe(path, status.st_dev, status.st_ino)


@functools.cache
def _bytes_of_pipe(path: str, device: int, number: int) -> bytes:
    return read_all(path, MOST_RECIPE)


def is_untrusted(settings: Mapping[str, Any], recipe_file: str | None) -> bool:
    """Whether files are from strangers, by the settings that were typed, the environment, or the recipe."""
    answer = _stated_trust(settings)
    if answer is None and recipe_file is not None:
        answer = load(recipe_file, execute=False).run.get("untrusted")
    return answer is True


def _stated_trust(settings: Mapping[str, Any]) -> bool | None:
    """What the settings that were typed, or else the environment, say of ``untrusted``; None: nothing."""
    return _levels(from_environment(Settings, only="untrusted"), settings).get("untrusted")


def load(path: str, execute: bool = True, untrusted: bool | None = None) -> RecipeFile:
    """A recipe file, its every value checked, and the places of its ``[run]`` as one would type them here; RecipeError
    names the file.

    Parameters
    ----------
    path : str
    execute : bool
        Whether each ``FILE.py`` that it names is executed; else the values of their operations are left unchecked.
    untrusted : bool or None
        Whether one that would run code is refused; None: as it says itself.
    """
    try:
        text = recipe_bytes(path).decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: expected UTF-8 in a recipe, got other bytes at {error.start}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"cannot read the recipe {path!r}: {why}") from None
    from imgbatch.planning.recipe_file import parse_recipe

    names = [field.name for cls in (Settings, UnattendedSettings) for field in parameters(cls)]
    keys = [OUTPUT, *(name for name in names if name not in NOT_IN_RECIPES)]
    file = parse_recipe(text, path, keys, execute, untrusted)
    try:
        paths = file.input.get("paths", [])
        if isinstance(paths, str):
            paths = [paths]
        if not isinstance(paths, list) or not all(isinstance(item, str) and item for item in paths):
            raise wrong_value("a list of paths", "paths of [input]", paths)
        if not isinstance(output := file.run.get(OUTPUT, "."), str) or not output or "\0" in output:
            raise wrong_value("a folder", "output of [run]", output)
        if file.run.get("in_place") and OUTPUT in file.run:
            raise UsageError("expected output or in_place in [run], got both; leave one of them out")
        filters = {key: value for key, value in file.input.items() if key != "paths"}
        Filters(**filters)
        Settings(**_of(Settings, file.run))
        UnattendedSettings(**_of(UnattendedSettings, file.run))
    except (UsageError, TypeError) as error:
        raise RecipeError(f"{path}: {error}") from None
    keys_of_places = [key for key in PLACES if key in file.run and (key, file.run[key]) not in _NO_PLACES]
    places = {key: below(home(path), file.run[key]) for key in keys_of_places}
    sources = {**({"paths": paths} if paths else {}), **filters}
    return dataclasses.replace(file, input=sources, run={**file.run, **places})


def from_environment(cls: type[Settings] | type[UnattendedSettings], only: str = "") -> dict[str, Any]:
    """What ``IMGBATCH_WORKERS`` and its kin say, or `only` that of one field; an empty variable says nothing."""
    values = {}
    for field in parameters(cls):
        name = f"IMGBATCH_{field.name.upper()}"
        word = os.environ.get(name, "")
        if word and only in ("", field.name):
            values[field.name] = field.kind.read(name, word)
    return values


def merge_recipe(recipe: Recipe, arguments: RecipeArguments) -> Recipe:
    """The recipe with what was typed on top: operations replace its list, output flags apply to each of its outputs."""
    outputs: list[Output] = []
    for output in recipe.outputs:
        variant = on_top_of(output, arguments.output_fields)
        several = [dataclasses.replace(variant, format=name) for name in arguments.formats] or [variant]
        for one in several:
            outputs += one.renditions(arguments.widths) if arguments.widths else [one]
    return Recipe(arguments.operations or recipe.ops, outputs, recipe.auto_orient and arguments.auto_orient)


def _of(cls: type[Settings] | type[UnattendedSettings], table: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a recipe's ``[run]`` that a declaration knows."""
    names = {field.name for field in parameters(cls)}
    return {key: value for key, value in table.items() if key in names}


def _levels(*levels: Mapping[str, Any]) -> dict[str, Any]:
    """The levels in one, the later the stronger."""
    result: dict[str, Any] = {}
    for level in levels:
        if any(level.get(key) for key in _IN_THE_WAY):
            result = {key: value for key, value in result.items() if key not in _IN_THE_WAY}
        result.update(level)
    return result


def _root(arguments: RecipeArguments, recipe: Recipe, folder: str, output: str | None) -> str:
    if arguments.output is not None:
        return arguments.output
    if arguments.recipe_file is None:
        raise UsageError("expected -o DIR: where the results go; see imgbatch run --help")
    refuse_results(arguments.recipe_file, output or "")
    if output is not None:
        return below(folder, output)
    if not all(wish.dir for wish in recipe.outputs):
        raise UsageError(
            f"expected -o DIR, output in [run], or a dir in every [[output]] of {arguments.recipe_file}: where the "
            "results go"
        )
    return folder or "."


def home(recipe: str) -> str:
    """The folder from which a recipe's paths count; "", where the user stands, for one that comes through a pipe."""
    return "" if recipe.startswith("/dev/") or stat.S_ISFIFO(os.stat(recipe).st_mode) else os.path.dirname(recipe)


def below(folder: str, path: str) -> str:
    """A recipe's path from where the user stands, in the spelling of somebody who typed it there."""
    if not folder or os.path.isabs(path) or scheme_of(path):
        return path
    full_path = os.path.join(folder, path)
    simple = os.path.normpath(full_path)
    return simple if os.path.realpath(simple) == os.path.realpath(full_path) else full_path


def _source_below(folder: str, path: str) -> str:
    """The same of a SRC, which may be a glob; the folder's own name is never taken for one."""
    full_path = below(folder, path)
    if not glob.has_magic(path) or os.path.isabs(path) or scheme_of(path) or os.path.lexists(full_path):
        return full_path
    return below(glob.escape(folder), path)
