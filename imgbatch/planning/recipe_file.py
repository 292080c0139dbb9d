"""Recipe file: how is a recipe read from TOML, and written as it?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from imgbatch.core.errors import RecipeError, UsageError, unknown, wrong_value
from imgbatch.core.frozen_dataclass import frozen
from imgbatch.core.parameters import from_table, parameters, to_table
from imgbatch.operations import Operation, plugins
from imgbatch.planning.recipe import Output, Recipe, op_table

INPUT_KEYS = ("paths", "include", "exclude", "recursive", "max_depth", "newer_than", "min_size", "max_size", "settle")


@frozen
class RecipeFile:
    """What a recipe file says: the recipe, where the images are (`input`), and how to run (`run`)."""

    recipe: Recipe
    input: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)


def parse_recipe(
    text: str, where: str, run_keys: Sequence[str], execute: bool = True, untrusted: bool | None = None
) -> RecipeFile:
    """A recipe file's text; RecipeError says where, what and the nearest known key.

    Parameters
    ----------
    text : str
        TOML as INTERFACE.md, section 7, has it.
    where : str
        The file's name, for messages; an operation ``FILE.py:NAME`` lies relative to it.
    run_keys : sequence of str
        The keys that ``[run]`` may hold.
    execute : bool
        Whether each ``FILE.py`` that it names is executed; else its operations have a name, and no parameters.
    untrusted : bool or None
        Whether a recipe that would run code is refused; None: as its ``[run]`` says.
    """
    import tomllib  # most runs have no recipe file

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: expected TOML, got {error}") from None
    except RecursionError:
        raise RecipeError(f"{where}: expected TOML, got lists or tables nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise RecipeError(f"{where}: expected TOML, got a value that cannot be: {error}") from None
    try:
        _refuse_unknown(table, ("input", "op", "output", "run", "auto_orient"), "key")
        inputs, run = _table(table, "input"), _table(table, "run")
        _refuse_unknown(inputs, INPUT_KEYS, "key of [input]")
        _refuse_unknown(run, run_keys, "key of [run]")
        if run.get("untrusted") is True if untrusted is None else untrusted:
            _refuse_code(table, run)
        folder = os.path.dirname(where)
        ops = [_operation(item, folder, execute) for item in _tables(table, "op")]
        outputs = [_output(item, folder, execute) for item in _tables(table, "output")] or [Output()]
        recipe = Recipe(ops, outputs, auto_orient=table.get("auto_orient", True))
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from None
    return RecipeFile(recipe, inputs, run)


def to_toml(file: RecipeFile, folder: str | None = None) -> str:
    """The text that :func:`parse_recipe` reads back to an equal RecipeFile; RecipeError for a path that is not UTF-8.

    Files of operations are named relative to `folder`, where the recipe will lie; without one from everywhere.
    """
    lines: list[str] = [] if file.recipe.auto_orient else ["auto_orient = false", ""]
    if file.input:
        lines += ["[input]", *_pairs(file.input), ""]
    for op in file.recipe.ops:
        lines += ["[[op]]", *_pairs(op_table(op, folder)), ""]
    for output in file.recipe.outputs:
        lines += ["[[output]]", *_pairs(to_table(output)), ""]
        for op in output.ops:
            lines += ["[[output.op]]", *_pairs(op_table(op, folder)), ""]
    if file.run:
        lines += ["[run]", *_pairs(file.run), ""]
    return "\n".join(lines)


def _refuse_code(table: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """UsageError for what would run code, before any of it does."""
    for item in (table, *_tables(table, "output")):
        for op in _tables(item, "op"):
            path, colon, _ = str(op.get("name")).rpartition(":")
            if colon and path.endswith(".py"):
                plugins.get_operation(str(op["name"]), allow_files=False)
    if run.get("on_finish"):
        raise UsageError("on_finish is a command, which --untrusted does not run; type --on-finish, or leave it out")


def _refuse_unknown(table: Mapping[str, Any], choices: Sequence[str], what: str) -> None:
    for key in table:
        if key not in choices:
            raise unknown(key, what, choices)


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise wrong_value(f"a table [{key}]", key, value)
    return value


def _tables(table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    tables = table.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        raise wrong_value(f"tables [[{key}]]", key, tables)
    return tables


def _operation(table: Mapping[str, Any], folder: str, execute: bool) -> Operation:
    word = table.get("name")
    if not isinstance(word, str):
        raise wrong_value("the name of an operation", "name of [[op]]", word if word is not None else "nothing")
    if not execute and (operation := plugins.operation_stub(word, folder)) is not None:
        return operation
    return from_table(
        plugins.get_operation(word, folder), {key: value for key, value in table.items() if key != "name"}
    )


def _output(table: Mapping[str, Any], folder: str, execute: bool) -> Output:
    ops = tuple(_operation(item, folder, execute) for item in _tables(table, "op"))
    plain = {key: value for key, value in table.items() if key != "op"}
    _refuse_unknown(plain, [item.name for item in parameters(Output)], "key of [[output]]")
    return Output(**plain, ops=ops)


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {toml_value(value)}" for key, value in table.items() if value is not None]


def toml_value(value: object) -> str:
    """A value as TOML has it; RecipeError for a text that is not UTF-8."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + "}"
    text = str(value)
    if re.search("[\ud800-\udfff]", text):
        raise RecipeError(f"expected UTF-8 for a recipe, got the name {text!r}; rename the file or leave it out")
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
