"""Recipe rest: what can still be read of a recipe that is refused? Its ``[run]``, so that its own log hears of it.

A recipe that is scheduled is the only place for ``log`` and ``on_finish``. With a typo in another table they would be
dumb on the night on which there is most to say.
"""

from __future__ import annotations

import contextlib
import tomllib
from typing import TYPE_CHECKING, Any

from imgbatch.cli import precedence
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import parameters
from imgbatch.core.run_settings import UnattendedSettings
from imgbatch.storage.registry import absolute

if TYPE_CHECKING:
    from imgbatch.cli.arguments import RecipeArguments


def unattended_values(path: str, untrusted: bool | None) -> dict[str, Any]:
    """The values of ``[run]`` that report a run; of a recipe that is refused as far as each makes sense by itself.

    Parameters
    ----------
    path : str
        The recipe's.
    untrusted : bool or None
        Whether files are from strangers, as far as that was said beside the recipe: then one that is refused says
        nothing.
    """
    names = [field.name for field in parameters(UnattendedSettings)]
    with contextlib.suppress(UsageError):
        run = precedence.load(path, False, untrusted).run
        return {name: run[name] for name in names if name in run}
    run, values = _run_table(path), dict[str, Any]()
    if untrusted or run.get("untrusted"):
        return {}
    for name in names:
        with contextlib.suppress(UsageError, TypeError, KeyError):
            UnattendedSettings(**{name: run[name]})
            values[name] = run[name]
    if values.get("log", "syslog") != "syslog":
        values["log"] = precedence.below(precedence.home(path), str(values["log"]))
    return values


def output_of(arguments: RecipeArguments) -> str:
    """The output folder (absolute) of a run that was refused: as typed, else as its recipe has it; "": not said."""
    output, path = arguments.output, arguments.recipe_file
    if output is None and path is not None:
        word = _run_table(path).get(precedence.OUTPUT)
        output = precedence.below(precedence.home(path), word) if isinstance(word, str) else None
    with contextlib.suppress(UsageError):  # that is what was refused
        return absolute(output) if output else ""
    return output or ""


def _run_table(path: str) -> dict[str, Any]:
    try:
        run = tomllib.loads(precedence.recipe_bytes(path).decode("utf-8")).get("run", {})
    except (OSError, ValueError):
        return {}
    return run if isinstance(run, dict) else {}
