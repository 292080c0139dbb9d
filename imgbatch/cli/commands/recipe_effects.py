"""Recipe effects: what would a recipe run, and where would it write beside its outputs? Said before it is carried out.

A recipe is a program: it can name Python files and a command, move or replace sources, and append to any file.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from imgbatch.cli.precedence import OUTPUT, PLACES
from imgbatch.cli.standard_streams import print_stderr
from imgbatch.core.run_settings import AUTO_STATE
from imgbatch.reporters.base import printable
from imgbatch.storage.registry import absolute, scheme_of

if TYPE_CHECKING:
    from imgbatch.cli.precedence import RunRequest
    from imgbatch.planning.recipe_file import RecipeFile

_RUN = {
    "on_finish": "run the command {} at the end",
    "log": "append to the log {}",
    "archive": "move sources that are done to {}",
    "quarantine": "move sources that failed to {}",
    "state": "keep its ledger in {}",
    "in_place": "replace the sources",
    "prune": "remove outputs whose sources are gone",
}


def tell_effects(path: str, file: RecipeFile, request: RunRequest | None = None) -> None:
    """Say on stderr what a recipe would run, and what it would write beside its outputs; nothing where it would not.

    Parameters
    ----------
    path : str
        The recipe's, as typed.
    file : RecipeFile
        As it was read, no file executed.
    request : RunRequest, optional
        What is asked for, flags included: what they replace is left out.
    """
    name = printable(path)
    start = f"note: each run of {name} will" if request is None else f"{name} would"
    for line in effects(file, request):
        print_stderr(f"{start} {printable(line)}")


def effects(file: RecipeFile, request: RunRequest | None = None) -> list[str]:
    """The ends of the sentences of :func:`tell_effects`."""
    recipe = file.recipe if request is None else request.recipe
    codes = dict.fromkeys(op.word for op in recipe.every_op if ".py:" in op.word)
    note = "" if request is None else " (not executed now: what is unchanged cannot be told)"
    lines = [f"execute {word}{note}" for word in codes]
    for key, words in _RUN.items():
        value = file.run.get(key)
        if request is not None:
            owner = request.settings if hasattr(request.settings, key) else request.unattended_settings
            value = value if getattr(owner, key) == value else None
        if value:
            lines.append(words.format(_value_text(key, value)))
    output = os.path.normpath(str(file.run.get(OUTPUT, os.curdir)))
    if request is None and (os.path.isabs(output) or output.startswith(os.pardir) or scheme_of(output)):
        lines.append(f"write its results to {shlex.quote(str(file.run[OUTPUT]))}")  # a plan that is printed shows it
    return lines


def _value_text(key: str, value: object) -> str:
    """A value of ``[run]`` in a sentence; a place in full, for what is scheduled starts elsewhere."""
    if (key, value) == ("state", AUTO_STATE):
        return "the user's state folder"
    is_place = key in PLACES and (key, value) != ("log", "syslog")
    return shlex.quote(absolute(str(value)) if is_place else str(value))
