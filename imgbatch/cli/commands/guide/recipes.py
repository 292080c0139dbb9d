"""Recipes commands: what do ``imgbatch init`` and ``recipes`` do? One writes a recipe, the other lists presets."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence

from imgbatch.cli.environment.presets import is_preset_name, preset_folder, preset_path, preset_paths
from imgbatch.core.errors import RecipeError, UsageError
from imgbatch.core.frozen_dataclass import frozen

_INIT_USAGE = """\
usage: imgbatch init FILE.toml | NAME

Write a recipe with all that can be said, commented out, to be filled in: FILE.toml, or the preset NAME, which is
NAME.toml in the folder of presets ($XDG_CONFIG_HOME/imgbatch, else ~/.config/imgbatch) and is used anywhere with
`imgbatch run -r NAME`. It runs as it is, and makes pictures of at most 1600 px. A file that is there is left alone.
To keep flags that were typed: imgbatch run ... --save-recipe FILE.toml"""
_RECIPES_USAGE = """\
usage: imgbatch recipes [--json]

List the presets, recipes that are used by their name (`imgbatch run -r NAME`): name, first line of comment, formats,
and path. They lie in $XDG_CONFIG_HOME/imgbatch, else ~/.config/imgbatch; `imgbatch init NAME` writes one. A file NAME
in the working folder wins over the preset. Paths in a preset are relative to its own file, as in every recipe.

  --json  print one JSON object for each preset"""


@frozen
class Preset:
    """A preset as the list shows it; `error` says why it cannot be used."""

    name: str
    title: str
    formats: tuple[str, ...]
    path: str
    error: str | None = None


def init(words: Sequence[str]) -> int:
    """``imgbatch init FILE.toml``; the exit code."""
    if "-h" in words or "--help" in words:
        print(_INIT_USAGE)
        return 0
    if len(words) != 1 or words[0].startswith("-"):
        raise UsageError(
            "expected FILE.toml, or the NAME of a preset for `imgbatch run -r NAME`, "
            f"got {' '.join(words) or 'nothing'}"
        )
    word = words[0]
    is_preset = is_preset_name(word)
    if not is_preset and not word.lower().endswith(".toml"):
        raise UsageError(f"expected a file name ending in .toml, or the plain name of a preset, for init, got {word!r}")
    from imgbatch.cli.manual.recipe_form import recipe_form

    path = preset_path(word) if is_preset else word
    try:
        if is_preset:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(recipe_form(word))
    except FileExistsError:
        raise UsageError(f"{path!r} is there already, and is left as it is; choose another name") from None
    except OSError as error:
        raise UsageError(f"the recipe {path!r} cannot be written: {error.strerror or error}") from None
    print(f"{path}: edit it, then imgbatch run -r {shlex.quote(word)} photos -o out")
    return 0


def recipes(words: Sequence[str]) -> int:
    """``imgbatch recipes``; the exit code."""
    if "-h" in words or "--help" in words:
        print(_RECIPES_USAGE)
        return 0
    if words not in ([], ["--json"]):
        raise UsageError(f"expected nothing or --json after recipes, got {' '.join(words)!r}")
    presets = [_preset(name, path) for name, path in preset_paths().items()]
    if words:
        for preset in presets:
            record = {name: getattr(preset, name) for name in ("name", "title", "formats", "path", "error")}
            print(json.dumps({key: value for key, value in record.items() if value is not None}))
        return 0
    from imgbatch.cli.standard_streams import print_stderr
    from imgbatch.reporters.base import printable

    if not presets:
        print_stderr(f"no presets in {preset_folder()}; `imgbatch init NAME` writes one")
        return 0
    rows = [(one.name, one.error or one.title, ", ".join(one.formats), one.path) for one in presets]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(printable("  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip()))
    return 0


def _preset(name: str, path: str) -> Preset:
    """What the file says of itself: the first line of comment, or else its operations."""
    from imgbatch.cli.precedence import load

    try:
        recipe = load(path, execute=False).recipe
        with open(path, encoding="utf-8") as file:
            first = file.readline().strip()
    except RecipeError as error:
        return Preset(name, "", (), path, str(error).removeprefix(f"{path}: "))
    title = first.lstrip("# ") if first.startswith("#") else ", ".join(op.word for op in recipe.every_op)
    return Preset(name, title, tuple(dict.fromkeys(output.format for output in recipe.outputs)), path)
