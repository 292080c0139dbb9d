"""Reach: where may a scheduled run write, may it speak to other machines, and as whom does it run?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.cli.environment.state_home import with_state
from imgbatch.cli.precedence import OUTPUT, below
from imgbatch.core.run_settings import Settings
from imgbatch.storage.registry import is_remote

if TYPE_CHECKING:
    from imgbatch.planning.recipe_file import RecipeFile


def reach(
    recipe: str, file: RecipeFile, output: str | None, report_files: Sequence[str] = ()
) -> tuple[list[str], bool]:
    """The folders (absolute) that a scheduled run writes to, each as far as it is there; whether it needs the network.

    Parameters
    ----------
    recipe : str
        Its path.
    file : RecipeFile
    output : str or None
        The output folder that was typed, if one.
    report_files : sequence of str
        What the run writes besides.
    """
    home = os.path.dirname(os.path.abspath(recipe))
    root = root_of_run(recipe, file, output)
    keys = [key for key in ("archive", "quarantine") if file.run.get(key)]
    places = [str(file.run[key]) for key in keys]
    paths = file.input.get("paths", [])
    sources = [below(home, path) for path in ([paths] if isinstance(paths, str) else paths)]
    moves = any(file.run.get(key) for key in ("in_place", "archive", "quarantine"))
    places += [path.partition("*")[0].partition("?")[0].partition("[")[0] for path in sources] if moves else []
    if not file.run.get("in_place"):
        places += [root, *(os.path.join(root, one.dir) for one in file.recipe.outputs if one.dir)]
    log = str(file.run.get("log") or "")
    if log and log != "syslog":
        places.append(os.path.dirname(os.path.abspath(log)))
    places += [os.path.dirname(os.path.abspath(path)) for path in report_files]
    if state := state_of_run(file, root):
        places.append(state)
    folders = []
    for path in places:
        folder = "" if is_remote(path) else os.path.abspath(path)
        while folder and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        folders.append(folder)
    speaks = file.run.get("on_finish") or str(file.run.get("executor", "")).startswith("dask")
    network = bool(speaks) or any(map(is_remote, (*places, *sources)))
    return list(dict.fromkeys(filter(None, folders))), network


def root_of_run(recipe: str, file: RecipeFile, output: str | None) -> str:
    """The output folder of a run of a recipe; of one in place, nothing that counts.

    Parameters
    ----------
    recipe, file, output
        As of :func:`reach`.
    """
    home = os.path.dirname(os.path.abspath(recipe))
    return output if output is not None else below(home, file.run.get(OUTPUT, os.curdir))


def state_of_run(file: RecipeFile, root: str) -> str | None:
    """Where the state of a run lies that is not in its output folder (absolute); None: in that.

    Parameters
    ----------
    file : RecipeFile
    root : str
        The output folder, from where the user stands.
    """
    settings = Settings(state=file.run.get("state"))
    state = settings.state if file.run.get("in_place") and settings.state is None else with_state(settings, root).state
    return None if state is None else os.path.abspath(state)


def account() -> str:
    """Whose files these are, as cron has it; "" for root, and where that cannot be known."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return ""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
