"""Recipe keys: which keys may a table of a recipe have, with which values?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.cli.precedence import NOT_IN_RECIPES
from imgbatch.core.parameters import Parameter, parameters
from imgbatch.core.run_settings import Filters, Settings, UnattendedSettings
from imgbatch.planning.recipe import Output

_TABLES = {"input": (Filters,), "output": (Output,), "run": (Settings, UnattendedSettings)}
#: Keys that are no parameters: lists.
_LISTS = {
    "input": [["`paths`", "a list of files, folders and globs"], ["`include`", "a list of globs"],
              ["`exclude`", "a list of globs"]],
    "output": [],
    "run": [["`output`", "a folder, for the results, as `-o` has it"]],
}  # fmt: skip


def block(table: str) -> str:
    """The keys of ``[input]``, ``[[output]]`` or ``[run]``; each says as much as the flag of its name."""
    fields = [field for cls in _TABLES[table] for field in parameters(cls) if field.name not in NOT_IN_RECIPES]
    rows = [*_LISTS[table], *([f"`{field.name}`", _value(field)] for field in fields)]
    return markdown_table(["key", "value"], rows)


def _value(field: Parameter) -> str:
    """``a whole number from 0 to 512, or auto (auto)``: what it may be, and the default."""
    default = field.default
    if default is None or default == "":
        return field.kind.describe()
    text = (
        str(default).lower() if isinstance(default, bool) else f"{default:g}" if isinstance(default, float) else default
    )
    return f"{field.kind.describe()} ({text})"
