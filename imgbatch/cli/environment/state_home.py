"""State home: where does the state of a run lie that is not in its output folder, and ``--state`` names no folder?

In the user's state folder, as XDG has it: ``$XDG_STATE_HOME/imgbatch``, else ``~/.local/state/imgbatch``; for
``--state auto``, for outputs that are in no folder of this machine, and for those whose ledger a former run put there.
Only the command looks there; the library is told.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence

from imgbatch.core.errors import PlanError
from imgbatch.core.run_settings import AUTO_STATE, Settings
from imgbatch.storage.registry import absolute, is_remote


def state_home() -> str:
    """The folder (absolute) for the state of runs of this user."""
    home = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):  # as XDG has it: then it counts for nothing
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "imgbatch")


def with_state(settings: Settings, folder: str = "") -> Settings:
    """The settings, with the user's state folder where that has the state.

    Parameters
    ----------
    settings : Settings
    folder : str
        The output folder, or the one whose files are replaced; "" where there is none, which has no other state.
    """
    if settings.state not in (None, AUTO_STATE) or settings.state is None and not _is_at_home(folder):
        return settings
    return dataclasses.replace(settings, state=state_home())


def folder_in_place(paths: Sequence[str]) -> str:
    """The folder whose files are replaced, as far as the user's state folder knows it; ".imgbatch" in it wins."""
    from imgbatch.originals.in_place_rules import home_of  # few runs are in place

    with contextlib.suppress(PlanError):  # which the run raises, too
        return home_of(paths, state_home())
    return os.curdir


def _is_at_home(folder: str) -> bool:
    if not folder or is_remote(folder):
        return True
    home = state_home()
    if not os.path.isdir(home):
        return False
    from imgbatch.ledger.rows import state_folder
    from imgbatch.runs.state.state_folder import holds_ledger

    place = absolute(folder)
    return holds_ledger(state_folder(place, home)) and not holds_ledger(state_folder(place, None))
